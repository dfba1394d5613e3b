"""A link can be shown again, cannot be made from the database, and ends when it is cancelled, used or old."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import User
from tenants import invitations
from tenants.connecting import Refused
from tenants.models import Customer, Invitation, InvitationEvent

pytestmark = pytest.mark.django_db
State = Invitation.State


@pytest.fixture
def invitation(operator):
    return invitations.invite("Vesper Hotels", "it@vesper.example", by=operator)


def token_of(address):
    return address.rpartition("/")[2]


def test_the_link_leads_to_its_invitation_and_is_the_same_each_time(invitation, settings):
    address = invitations.link(invitation)
    assert address.startswith(f"{settings.PUBLIC_URL}/connect/")
    assert invitations.link(Invitation.objects.get()) == address
    assert invitations.found(token_of(address)) == invitation


def test_no_link_can_be_made_from_the_database(invitation, settings):
    token = token_of(invitations.link(invitation))
    assert invitations.found(invitation.nonce) is None
    assert invitations.found(token[:-1] + ("A" if token[-1] != "A" else "B")) is None
    assert token not in str(Invitation.objects.values().get())
    settings.SECRET_KEY = "another"
    assert invitations.found(token) is None


@pytest.mark.parametrize("token", ["", ".", "a.b", "\0", "é.ü", "x" * 5000, "callback", "../x"])
def test_nonsense_is_no_link(invitation, token):
    assert invitations.found(token) is None


def test_a_known_customer_is_invited_again_in_any_case_of_letters(invitation):
    again = invitations.invite("  VESPER   hotels ", "ceo@vesper.example")
    assert again.customer == invitation.customer
    assert Customer.objects.count() == 1
    assert again.created_by is None


@pytest.mark.parametrize(
    ("name", "email"),
    [("", "a@b.example"), ("x" * 201, "a@b.example"), ("Ves\0per", "a@b.example"), ("Ves\u202eper", "a@b.example"),
     ("Vesper", ""), ("Vesper", "nonsense"), ("Vesper", "a@b.example\nBcc: c@d.example"), ("Vesper", "a\0@b.example")],
)  # fmt: skip
def test_what_cannot_be_used_is_one_sentence_and_leaves_nothing(name, email):
    with pytest.raises(Refused) as caught:
        invitations.invite(name, email)
    assert "\n" not in str(caught.value)
    assert not Customer.objects.exists()


def test_the_state_follows_from_what_happened(invitation):
    now = timezone.now()
    assert invitation.state == State.WAITING
    invitation.expires_at = now - timedelta(seconds=1)
    assert invitation.state == State.EXPIRED
    invitation.proof_began_at = invitation.proof_due_at = now
    assert invitation.state == State.PROVING
    invitation.expires_at, invitation.proof_due_at = now + timedelta(days=1), None
    assert invitation.state == State.FAILED
    invitation.cancelled_at = now
    assert (invitation.state, invitation.is_open) == (State.CANCELLED, False)
    invitation.cancelled_at, invitation.used_at = None, now
    assert (invitation.state, invitation.is_open) == (State.CONNECTED, False)


def test_cancelling_ends_a_proof_and_happens_once(invitation, operator):
    invitation.proof_began_at = invitation.proof_due_at = timezone.now()
    invitation.save()
    assert invitations.cancel(invitation, operator)
    assert invitation.state == State.CANCELLED
    assert not invitations.cancel(invitation, operator)
    assert [event.kind for event in invitation.events.all()] == ["cancelled", "invited"]
    assert invitation.events.first().detail == "Operator"


def test_a_new_link_takes_the_place_of_the_old_one(invitation, operator):
    fresh = invitations.renew(invitation, operator)
    assert Invitation.objects.get(pk=invitation.pk).state == State.CANCELLED
    assert (fresh.customer, fresh.email, fresh.state) == (invitation.customer, invitation.email, State.WAITING)
    assert invitations.link(fresh) != invitations.link(invitation)


def test_a_used_link_stays_used_when_one_asks_again(invitation, operator):
    Invitation.objects.update(used_at=timezone.now())
    fresh = invitations.renew(invitation, operator)
    assert Invitation.objects.get(pk=invitation.pk).state == State.CONNECTED
    assert fresh.is_open


def test_visits_are_noted_once_in_a_while_for_each_kind_of_browser(invitation):
    opened = InvitationEvent.Kind.OPENED
    edge = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0"
    for agent in (edge, edge, "Mozilla/5.0 Gecko/20100101 Firefox/140.0", "scanner", "scanner 2"):
        invitations.note_visit(invitation, opened, agent)
    assert sorted(invitation.events.filter(kind=opened).values_list("detail", flat=True)) == ["", "Edge", "Firefox"]
    invitation.events.update(at=timezone.now() - timedelta(minutes=11))
    invitations.note_visit(invitation, opened, edge)
    assert invitation.events.filter(kind=opened, detail="Edge").count() == 2


def test_invitations_are_seen_by_the_people_of_the_provider_who_see_the_customer(
    invitation, operator, analyst, stranger
):
    def seen(user):
        return (Invitation.objects.visible_to(user).count(), InvitationEvent.objects.visible_to(user).count())

    assert seen(operator) == (1, 1)
    assert seen(analyst) == (0, 0)
    invitation.customer.analysts.add(analyst)
    assert seen(analyst) == (1, 1)
    assert seen(stranger) == (0, 0)


def test_a_customers_own_person_never_sees_an_invitation(tenant, directory):
    ids = {"tid": tenant.entra_id, "oid": tenant.entra_id}
    reader = User.objects.create_user("reader", role=User.Role.CUSTOMER, **ids)
    invitations.invite(directory.name, "it@halden.example")
    assert Customer.objects.visible_to(reader).exists()
    assert not Invitation.objects.visible_to(reader).exists()


def test_the_command_prints_the_link_and_cancels_it(capsys):
    call_command("invite", "Vesper Hotels", "it@vesper.example")
    assert invitations.found(token_of(capsys.readouterr().out.strip())) == Invitation.objects.get()
    call_command("invite", "vesper hotels", "--cancel")
    assert Invitation.objects.get().state == State.CANCELLED
    with pytest.raises(CommandError, match="no open link"):
        call_command("invite", "Vesper Hotels", "--cancel")
    with pytest.raises(CommandError, match="e-mail address"):
        call_command("invite", "Vesper Hotels", "nonsense")
