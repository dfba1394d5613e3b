"""Lists show evidence of any kind by one word for its kind, a name and a second line."""

import json

import pytest

from defender.shapes import detail, kind, kinds, name, reading

FILE = {"fileName": "evil.exe", "filePath": "C:\\Temp", "sha256": "ab"}
SENT = {"subject": "Invoice", "p1Sender": {"emailAddress": "a@example.org"}, "recipientEmailAddress": "b@example.org"}


def read(entry: dict[str, object]):
    return reading.evidence(json.dumps(entry).encode())[0]


@pytest.mark.parametrize(
    ("short", "fields", "shown", "second"),
    [
        ("device", {"deviceDnsName": "pc1.example.org", "osPlatform": "Windows11"}, "pc1.example.org", "Windows11"),
        ("device", {"hostName": "pc1"}, "pc1", ""),
        (
            "user",
            {"userAccount": {"userPrincipalName": "ada@example.org", "displayName": "Ada"}},
            "ada@example.org",
            "Ada",
        ),
        ("user", {"userAccount": {"accountName": "ada"}}, "ada", ""),
        ("ip", {"ipAddress": "192.0.2.1", "countryLetterCode": "SE"}, "192.0.2.1", "SE"),
        ("url", {"url": "https://example.org"}, "https://example.org", ""),
        ("file", {"fileDetails": FILE}, "evil.exe", "C:\\Temp"),
        ("file", {"fileDetails": {"sha256": "ab"}}, "ab", ""),
        ("process", {"imageFile": FILE, "processCommandLine": "evil.exe -x"}, "evil.exe", "evil.exe -x"),
        ("process", {"processCommandLine": "evil.exe -x"}, "evil.exe -x", ""),
        ("mailbox", {"primaryAddress": "a@example.org"}, "a@example.org", ""),
        ("analyzedMessage", SENT, "Invoice", "a@example.org → b@example.org"),
        (
            "analyzedMessage",
            {"subject": "Invoice", "recipientEmailAddress": "b@example.org"},
            "Invoice",
            "b@example.org",
        ),
        ("oauthApplication", {"displayName": "App", "publisher": "P"}, "App", "P"),
        ("cloudApplication", {"displayName": "Box"}, "Box", ""),
        ("somethingNew", {"x": 1}, "", ""),
    ],
)
def test_an_item_has_kind_name_and_detail(short, fields, shown, second):
    item = read({"@odata.type": f"#microsoft.graph.security.{short}Evidence", **fields})
    assert (kind(item), name(item), detail(item)) == (short, shown, second)


def test_an_item_without_discriminator_is_of_unknown_kind():
    assert kind(read({"verdict": "malicious"})) == "unknown"


def test_every_kind_has_labels_that_lead_to_its_own_fields():
    assert {short + "Evidence" for short in kinds.LABELS} == set(kinds.KINDS)
    for short, paths in kinds.LABELS.items():
        shape = kinds.KINDS[short + "Evidence"]
        assert paths[0] and all(path.split(".")[0] in shape.__struct_fields__ for line in paths for path in line), short


def test_an_items_own_discriminator_counts_not_that_of_something_in_it() -> None:
    host = {"@odata.type": "#microsoft.graph.security.deviceEvidence", "hostName": "pc1"}
    item = read({"host": host, "sessionId": "7", "@odata.type": "#microsoft.graph.security.hostLogonSessionEvidence"})
    assert (kind(item), name(item), detail(item)) == ("hostLogonSession", "7", "pc1")
