"""Where acts arrive: one incident or all that match, with a result for each; and to whom the pages do not exist."""

import json
from uuid import UUID, uuid4

import pytest
from django.test import Client

from accounts.models import User
from incidents import sync
from incidents.models import Alert, Edit, Hold, Incident
from incidents.triage import chosen
from tenants import connecting
from tests.incidents.triage.conftest import carried, row, trail

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def staff(client: Client, ines):
    client.force_login(ines, "accounts.break_glass.Backend")
    return client


@pytest.fixture
def both(incident, world):
    """Incident 1 of Halden Energi, and 1 and 2 of Mora Clinics."""
    mora = world.tenant("Mora Clinics")
    for _ in range(2):
        mora.add_story(world.now, hostile=False)
    sync.pull(connecting.connect(mora.name, UUID(mora.id)))
    return list(Incident.objects.order_by("customer__name", "microsoft_id"))


def ask(client, *items, **form):
    return client.post("/triage", {"ids": [item.pk for item in items], **form})


def told(client, path="/"):
    """The toasts of the next page."""
    return list(client.get(path).context["toasts"])


def test_an_act_leads_back_and_is_said_on_the_next_page(staff, incident):
    answer = ask(staff, incident, act="assign", next=f"{incident.get_absolute_url()}?from=x")
    assert (answer.status_code, answer["Location"]) == (302, f"{incident.get_absolute_url()}?from=x")
    page = staff.get(incident.get_absolute_url())
    ((toast,), text) = page.context["toasts"], page.content.decode()
    assert toast["text"] == "1, Halden Energi: assigned to you" and toast["undo"]
    assert "Pending" in text and "ines" in text
    assert told(staff) == []
    assert trail() == [("edit", "asked", "local")]


def test_an_address_elsewhere_is_not_followed(staff, incident):
    for wrong in ("https://elsewhere.example/", "//elsewhere.example", "javascript:x", ""):
        assert ask(staff, incident, act="assign", next=wrong)["Location"] == "/"


def test_htmx_gets_the_toast_and_an_event(staff, incident):
    form = {"ids": incident.pk, "act": "status", "status": "inProgress"}
    answer = staff.post("/triage", form, headers=HTMX)
    assert answer.status_code == 200 and 'hx-swap-oob="beforeend:#toasts"' in answer.content.decode()
    assert json.loads(answer["HX-Trigger"]) == {"portal:changed": {"ids": [str(incident.pk)]}}
    assert told(staff) == []


def test_several_customers_at_once_with_a_result_for_each(staff, both, ines):
    type(both[0].tenant).objects.filter(customer__name="Halden Energi").update(can_write=False)
    ask(staff, *both, act="assign")
    (toast,) = told(staff)
    assert toast["text"] == "2 of 3 done: assigned to you" and toast["bad"]
    assert len(toast["failures"]) == 1 and toast["failures"][0].startswith("1, Halden Energi: ")
    assert Edit.objects.values("batch").distinct().count() == 1
    staff.post(f"/triage/undo/{toast['undo']}")
    assert not Incident.objects.exclude(assigned_to="").exists()
    assert told(staff)[0]["text"] == "2 of 2 done: undone"


def test_all_that_match_are_confirmed_first(staff, both):
    form = {"act": "unassign", "matching": "1", "query": "?view=all&q=halden"}
    for number, query in ((1, f"?tenant={both[0].customer_id}"), (3, ""), (3, "?view=all")):
        page = staff.post("/triage", form | {"query": query})
        assert page.status_code == 200 and page.context["count"] == number
    Incident.objects.update(assigned_to="x@y.example")
    staff.post("/triage", form | {"query": "", "confirmed": "2"})
    assert not Edit.objects.exists()
    assert staff.post("/triage", form | {"query": "", "confirmed": "3"}).status_code == 302
    assert Edit.objects.count() == 3 and not Incident.objects.exclude(assigned_to="").exists()


def test_more_than_a_page_s_half_is_confirmed_and_too_many_are_refused(staff, both, monkeypatch):
    monkeypatch.setattr(chosen, "UNASKED", 2)
    assert ask(staff, *both, act="assign").status_code == 200
    assert ask(staff, *both, act="assign", confirmed="3").status_code == 302
    monkeypatch.setattr(chosen, "MOST", 2)
    ask(staff, *both, act="assign")
    assert "narrow the filters" in told(staff)[-1]["text"]


@pytest.mark.parametrize(
    "form",
    [{}, {"act": "nonsense"}, {"act": "assign", "to": "x"}, {"act": "assign", "to": "999999"}, {"act": "status", "status": "redirected"},
     {"act": "classify", "pair": "falsePositive/malware"}, {"act": "classify"}, {"act": "resolve", "pair": "truePositive/malware"},
     {"act": "comment", "comment": " "}, {"act": "comment", "comment": "x" * 2001}, {"act": "tag"}, {"act": "tag", "add": "x" * 101},
     {"act": "snooze"}, {"act": "snooze", "for": "date", "until": "2026-99-99T00:00"}, {"act": "wait", "for": "date", "until": "x"}],
)  # fmt: skip
def test_what_cannot_be_understood_changes_nothing(staff, incident, form):
    assert ask(staff, incident, **form).status_code == 302
    (toast,) = told(staff)
    assert toast["bad"] and toast["text"]
    assert not Edit.objects.exists() and not Hold.objects.exists()


def test_every_act_arrives(staff, incident, directory):
    pair = "truePositive/malware"
    for form in (
        {"act": "assign"}, {"act": "status", "status": "inProgress"}, {"act": "classify", "pair": pair},
        {"act": "comment", "comment": "Looking\r\nat it"}, {"act": "tag", "add": "vip, p1"}, {"act": "unassign"},
        {"act": "wait", "reason": "Their answer", "for": "tomorrow"}, {"act": "wake"},
        {"act": "snooze", "for": "date", "until": "2099-01-01T08:00"},
        {"act": "resolve", "pair": pair, "note": "Cleaned"}, {"act": "reopen"},
    ):  # fmt: skip
        ask(staff, incident, **form)
        assert not told(staff)[0]["bad"], form
    assert set(carried()) == {"carried"}
    told_there = directory.incidents["1"]
    assert (told_there["status"], told_there["customTags"], told_there["assignedTo"]) == ("active", ["vip", "p1"], None)
    assert told_there["comments"][0]["comment"] == "Looking\nat it"
    assert Hold.objects.count() == 2 and not row(incident).held


def test_single_alerts_are_changed_by_the_same_address(staff, incident):
    alert = Alert.objects.first()
    ask(staff, alert, kind="alerts", act="status", status="active")
    assert told(staff)[0]["failures"] == []
    ask(staff, alert, kind="alerts", act="status", status="inProgress")
    assert row(alert).status == "inProgress"
    page = staff.get(f"/alerts/{alert.pk}").content.decode()
    assert "Pending" in page and 'name="kind" value="alerts"' in page
    assert "Pending" in staff.get(incident.get_absolute_url()).content.decode()


def test_the_most_urgent_one_that_nobody_has_is_claimed(staff, both, ines, world):
    Incident.objects.update(severity="low")
    Incident.objects.filter(pk=both[2].pk).update(severity="high")
    Incident.objects.filter(pk=both[1].pk).update(due_at=world.now)
    claimed = [staff.post("/triage/next")["Location"] for _ in both]
    assert claimed == [both[place].get_absolute_url() for place in (1, 2, 0)]
    assert staff.post("/triage/next")["Location"] == "/"
    assert Incident.objects.filter(assigned_to=ines.email).count() == 3


def test_a_conflict_is_shown_with_both_sides_and_settled(staff, incident, directory, ines):
    ask(staff, incident, act="assign")
    directory.touch("1", assignedTo="kim@halden.example", lastModifiedBy="kim@halden.example")
    carried()
    edit = Edit.objects.get()
    assert f"/triage/edits/{edit.pk}" in staff.get(incident.get_absolute_url()).content.decode()
    page = staff.get(f"/triage/edits/{edit.pk}").content.decode()
    assert all(text in page for text in ("kim@halden.example", ines.email, "Write mine over it", "Ines Ahlgren"))
    assert staff.post(f"/triage/edits/{edit.pk}", {"choice": "mine"})["Location"] == incident.get_absolute_url()
    assert carried() == ["carried"] and directory.incidents["1"]["assignedTo"] == ines.email
    staff.post(f"/triage/edits/{edit.pk}", {"choice": "theirs"})
    assert "settled already" in told(staff)[-1]["text"]


def test_the_marks_ask_again_until_nothing_is_pending(staff, incident):
    ask(staff, incident, act="comment", comment="x")
    first = staff.get(f"/triage/marks/{incident.pk}", headers=HTMX)
    assert "load delay:3s" in first.content.decode() and "HX-Trigger" not in first
    carried()
    last = staff.get(f"/triage/marks/{incident.pk}", headers=HTMX)
    assert "load delay" not in last.content.decode() and last["HX-Trigger"] == "portal:changed"


def addresses(incident, edit):
    return [
        ("post", "/triage", {"ids": str(incident.pk), "act": "unassign"}), ("post", "/triage/next", {}),
        ("post", f"/triage/undo/{edit.batch}", {}), ("get", f"/triage/edits/{edit.pk}", {}),
        ("post", f"/triage/edits/{edit.pk}", {"choice": "theirs"}), ("get", f"/triage/marks/{incident.pk}", {}),
    ]  # fmt: skip


@pytest.mark.parametrize("role", ["manager", "customer"])
def test_for_managers_and_customers_it_does_not_exist(staff, client, incident, role):
    ask(staff, incident, act="assign")
    ids = {"tid": incident.tenant.entra_id, "oid": uuid4()} if role == "customer" else {}
    user = User.objects.create_user("looks-on", role=role, **ids)
    client.force_login(user, "tenants.backends.CustomerBackend" if ids else "accounts.break_glass.Backend")
    before = list(Edit.objects.values())
    for method, address, form in addresses(incident, Edit.objects.get()):
        assert getattr(client, method)(address, form).status_code == 404, address
    assert list(Edit.objects.values()) == before
    page = client.get(incident.get_absolute_url()).content.decode()
    assert "data-acts" not in page and ("Pending" in page) is (role == "manager")


def test_an_analyst_changes_the_own_customers_only(client, both, analyst, ines):
    mine, theirs = both[0], both[1]
    analyst.customers.add(mine.customer)
    client.force_login(analyst, "accounts.break_glass.Backend")
    ask(client, mine, theirs, act="assign")
    assert told(client)[0]["text"] == "1, Halden Energi: assigned to you"
    assert (row(mine).assigned_to, row(theirs).assigned_to) == (str(analyst), "")
    ask(client, theirs, act="assign")
    assert told(client)[0]["text"] == "Nothing is selected."
    client.post("/triage", {"act": "wait", "matching": "1", "query": "?view=all", "confirmed": "1"})
    assert set(Hold.objects.values_list("customer", flat=True)) == {mine.customer_id}
    assert client.post("/triage/next")["Location"] == "/"
    edit = Edit.objects.create(
        customer=theirs.customer, tenant=theirs.tenant, incident=theirs, batch=uuid4(), by="x", user=analyst,
        changes={"status": "resolved"}, state="refused",
    )  # fmt: skip
    for method, address, form in addresses(theirs, edit)[3:]:
        assert getattr(client, method)(address, form).status_code == 404
    client.post(f"/triage/undo/{edit.batch}")
    assert Edit.objects.get(pk=edit.pk).state == "refused"
