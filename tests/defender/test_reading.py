"""One bad thing costs itself: a property, an evidence item or an entry, never the page around it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from defender import cutting, errors
from defender.graph import raw_page
from defender.shapes import Alert, Broken, Comment, GenericEvidence, reading

DEEP = b"[" * 100_000 + b"]" * 100_000
LONG = b"9" * 5_000


@pytest.mark.parametrize(
    ("raw", "partly"),
    [
        (b'{"id":"29"}', False),
        (b'{"id":29}', False),
        (b'{"id":"29","displayName":null,"new":[{"x":1}]}', False),
        (b'{"id":"29","status":"awaitingWhatever"}', False),
        (b'{"id":"29","displayName":"a\\ud800b"}', False),
        (b'{"id":"29","displayName":"a\\u0000b"}', False),
        (b'{"id":"29","displayName":"a\x00b"}', False),
        (b'{"id":"29","displayName":"\xff"}', False),
        (b'{"id":"29","other":' + LONG + b"}", False),
        (b'{"id":"29","priorityScore":"7"}', True),
        (b'{"id":"29","priorityScore":' + LONG + b"}", True),
        (b'{"id":"29","priorityScore":NaN}', True),
        (b'{"id":"29","customTags":"x"}', True),
        (b'{"id":"29","alerts":"x"}', True),
    ],
)
def test_whatever_has_an_id_is_an_item_and_keeps_its_bytes(raw, partly):
    record = reading.incident(raw)
    assert (record.id, record.raw, record.partly_read) == ("29", raw, partly)


@pytest.mark.parametrize(
    "raw",
    [
        b"{}",
        b"[]",
        b"null",
        b"7",
        b'"29"',
        b'{"id":null}',
        b'{"id":""}',
        b'{"id":true}',
        b'{"id":{}}',
        b"",
        b'{"id":"29"',
        b'{"id":"29","x":' + DEEP + b"}",
    ],
)
def test_what_has_no_usable_id_is_broken_and_says_why(raw):
    for read in (reading.incident, reading.alert):
        broken = read(raw)
        assert isinstance(broken, Broken) and broken.raw == raw and broken.reason.endswith(".")


def test_a_property_of_the_wrong_kind_leaves_the_others():
    value = reading.incident(b'{"id":"29","displayName":5,"severity":"high","comments":7}').value
    assert (value.display_name, value.severity, value.comments) == (None, "high", None)


def evidence(*entries: object):
    record = reading.alert(json.dumps({"id": "a", "title": "t", "evidence": entries}).encode())
    return record, record.evidence


def test_evidence_is_read_in_its_own_shape_and_unknown_kinds_stay_generic():
    new = {"@odata.type": "#microsoft.graph.security.newEvidence", "verdict": "malicious", "x": 1}
    known = {"@odata.type": "#microsoft.graph.security.ipEvidence", "ipAddress": "192.0.2.1"}
    record, found = evidence(new, known, {}, None)
    assert not record.partly_read and len(found) == 4 and found[3] is None
    assert isinstance(found[0], GenericEvidence) and found[0].odata_type == new["@odata.type"]
    assert found[0].verdict == "malicious" and found[1].ip_address == "192.0.2.1"


@pytest.mark.parametrize("bad", [5, "x", [], {"@odata.type": 5}, {"verdict": {}}])
def test_bad_evidence_costs_only_itself(bad):
    record, found = evidence(bad, {"@odata.type": "#microsoft.graph.security.urlEvidence", "url": "u"})
    assert record.partly_read and found[1].url == "u"


def test_a_number_given_as_text_is_null_and_partly_read():
    process = {"@odata.type": "#microsoft.graph.security.processEvidence", "processId": "12", "processCommandLine": "c"}
    record, found = evidence(process)
    assert record.partly_read and (found[0].process_id, found[0].process_command_line) == (None, "c")


def test_a_surrogate_in_an_alert_leaves_its_evidence():
    address = b'{"@odata.type":"#microsoft.graph.security.ipEvidence","ipAddress":"::1"}'
    raw = b'{"id":"a","title":"\\ud800","evidence":[' + address + b"]}"
    record = reading.alert(raw)
    assert record.evidence[0].ip_address == "::1" and record.raw == raw


@pytest.mark.parametrize(
    ("raw", "left"),
    [
        (b'{"id":"1","alerts":[{"id":"a"}],"x":1.50}', b'{"id":"1","x":1.50}'),
        (b'{ "alerts" : [ {"id":"a"} ] , "id":"1" }', b'{ "id":"1" }'),
        (b'{"id":"1" ,\n "alerts":[{"id":"a"}]}', b'{"id":"1"}'),
        (b'{"id":"1","displayName":"\\ud800","alerts":[{"id":"a"}]}', b'{"id":"1","displayName":"\\ud800"}'),
        (
            b'{"id":"1","displayName":"\xff,\\"alerts\\"","alerts":[{"id":"a"}]}',
            b'{"id":"1","displayName":"\xff,\\"alerts\\""}',
        ),
    ],
)
def test_expanded_alerts_are_cut_out_and_every_other_byte_stays(raw, left):
    record = reading.incident(raw)
    assert [alert.id for alert in record.alerts] == ["a"] and record.alerts[0].raw == b'{"id":"a"}'
    assert record.raw.replace(b" ", b"") == left.replace(b" ", b"") and not record.partly_read
    json.loads(record.raw.decode(errors="replace"))


def test_alerts_of_which_one_is_broken_are_not_cut_out():
    raw = b'{"id":"1","alerts":[{"id":"a"},{}]}'
    record = reading.incident(raw)
    assert record.raw == raw and record.partly_read and [alert.id for alert in record.alerts] == ["a"]


@pytest.mark.parametrize(
    "bad", [b'{"x":' + DEEP + b"}", b'{"id":"2","x":"\\ud800"}', b'{"id":"2","x":"\xff"}', b"nonsense", b"NaN", b"{}"]
)
def test_one_bad_entry_never_costs_its_page(bad):
    body = b'{"@odata.context":"c", "value" : [{"id":"1"} , ' + bad + b',{"id":"3"}],"@odata.nextLink":"n\\u0026"}'
    page = raw_page(body)
    assert page.entries == (b'{"id":"1"}', bad, b'{"id":"3"}') and page.next_link == "n&"
    good, broken = reading.incidents(page.entries)
    assert {"1", "3"} <= {record.id for record in good} and len(good) + len(broken) == 3


@pytest.mark.parametrize(
    "body", [b'{"value":[{"id":"1"}', b'{"value":[{"id":"\xff"},]', b'{"value"', b"{,}", b"<html>"]
)
def test_a_cut_page_is_microsofts_fault(body):
    with pytest.raises(errors.MicrosoftFault, match=r"\.$"):
        raw_page(body)


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=5), TREES, max_size=5), st.sampled_from([None, 1]), st.booleans())
def test_an_object_is_cut_where_a_parser_would(entry, indent, ascii_only):
    text = json.dumps(entry, indent=indent, ensure_ascii=ascii_only)
    assert {key: json.loads(text[begin:end]) for key, begin, end in cutting.members(text)} == entry


@given(st.lists(TREES, max_size=6), st.sampled_from([None, 1]))
def test_an_array_is_cut_where_a_parser_would(entries, indent):
    text = json.dumps(entries, indent=indent)
    assert [json.loads(text[begin:end]) for begin, end in cutting.elements(text, 0)] == entries


@given(st.text(alphabet='{}[]",:\\ a1', max_size=30))
def test_nonsense_is_cut_or_refused_but_never_loops_or_crashes(text):
    for parts in (cutting.members(text), cutting.elements(text, 0)):
        try:
            assert all(part[-2] < part[-1] <= len(text) for part in parts)
        except ValueError:
            continue


def test_comments_are_read_in_both_spellings():
    new = reading.comment(b'{"comment":"c","createdByDisplayName":"n","createdDateTime":"t"}')
    old = reading.comment(b'{"comment":"c","createdBy":"n","createdTime":"t"}')
    assert isinstance(new, Comment) and (new.author, new.written) == (old.author, old.written) == ("n", "t")
    assert reading.comment(b"5") is None and reading.comment(b'{"comment":5,"createdBy":"n"}').author == "n"


def test_a_wrong_comment_does_not_cost_the_alert():
    record = reading.alert(b'{"id":"a","title":"t","comments":[{"comment":5}]}')
    assert isinstance(record.value, Alert) and record.value.title == "t" and record.partly_read
