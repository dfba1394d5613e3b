"""The public pages as they are served: opening one changes nothing, and a dead link says nothing."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from tenants import invitations
from tenants.models import Invitation, InvitationEvent, Tenant

from .conftest import standing

pytestmark = pytest.mark.django_db


def address(invitation):
    return f"/connect/{invitations.token(invitation)}"


def body(answer):
    return answer.content.decode()


def test_opening_changes_nothing_but_the_log(client, invitation):
    before = standing(invitation)
    for _ in range(2):
        answer = client.get(address(invitation), headers={"User-Agent": "Firefox/140.0"})
        assert answer.status_code == 200
    assert standing(invitation) == before
    assert client.cookies == {}
    assert not Session.objects.exists()
    assert list(invitation.events.values_list("kind", "detail")) == [("opened", "Firefox"), ("invited", "")]
    assert client.head(address(invitation)).status_code == 200
    assert client.post(address(invitation)).status_code == 405


def test_the_page_says_who_asks_for_whom_and_leads_on_by_a_link(client, invitation, settings):
    settings.PROVIDER_NAME, settings.PROVIDER_CONTACT = "Northwatch <Security>", "+46 8 555 010 20"
    page = body(client.get(address(invitation)))
    assert "Let Northwatch &lt;Security&gt; watch over Halden Energi" in page
    assert "Questions? +46 8 555 010 20" in page
    assert f'href="{address(invitation)}/continue"' in page
    assert settings.ENTRA_CLIENT_ID in page
    assert "<form" not in page


def test_no_page_is_kept_indexed_or_told_to_others(client, invitation):
    paths = [address(invitation), f"{address(invitation)}/continue", "/connect/x", "/connect/x/continue",
             "/connect/callback", "/connect/callback?error=access_denied", "/connect/identity"]  # fmt: skip
    for path in paths:
        answer = client.get(path)
        assert answer.headers["Referrer-Policy"] == "no-referrer", path
        assert answer.headers["X-Robots-Tag"] == "noindex, nofollow", path
        assert answer.headers["Cache-Control"] == "no-store", path


def test_unknown_forged_old_and_cancelled_links_look_alike(client, invitation):
    good = address(invitation)
    pages = [client.get("/connect/nonsense"), client.get(f"{good}x"), client.get("/connect/%00.%ff")]
    Invitation.objects.update(expires_at=timezone.now())
    pages.append(client.get(good))
    Invitation.objects.update(used_at=timezone.now())
    pages.append(client.get(good))
    Invitation.objects.update(expires_at=timezone.now() + timedelta(days=1), used_at=None, cancelled_at=timezone.now())
    pages += [client.get(good), client.get(f"{good}/continue", follow=True)]
    assert {page.status_code for page in pages} == {404}
    assert len({page.content for page in pages}) == 1
    assert "Halden" not in body(pages[0])


def test_a_proof_is_shown_to_its_end_although_the_link_is_over(client, invitation):
    Invitation.objects.update(proof_due_at=timezone.now(), proof_began_at=timezone.now(), expires_at=timezone.now())
    page = body(client.get(address(invitation)))
    assert "Checking your approval" in page
    assert "Start again" not in page


def test_the_page_asks_until_there_is_an_answer(client, invitation, tenant):
    Invitation.objects.update(proof_due_at=timezone.now(), proof_began_at=timezone.now())
    polled = {"HX-Request": "true"}
    asked = client.get(address(invitation), headers=polled)
    assert (asked.status_code, "<html" in body(asked)) == (200, False)
    Invitation.objects.update(proof_due_at=None, used_at=timezone.now(), tenant=tenant)
    answer = client.get(address(invitation), headers=polled)
    assert answer.status_code == 286
    assert "<title>Halden Energi is connected" in body(answer)
    Invitation.objects.update(used_at=None, cancelled_at=timezone.now())
    assert client.get(address(invitation), headers=polled).headers["HX-Refresh"] == "true"
    assert not InvitationEvent.objects.filter(kind="opened").exists()


def test_a_fault_of_ours_is_owned_on_the_page(client, invitation):
    Invitation.objects.update(proof_due_at=timezone.now(), proof_began_at=timezone.now(), error_kind="ours")
    assert "it is ours to mend" in body(client.get(address(invitation)))


def test_what_could_not_be_proved_is_named_with_a_way_on(client, invitation):
    sentence = "The consent lacks the application role SecurityAlert.Read.All."
    Invitation.objects.update(
        proof_began_at=timezone.now(), error_kind="role_missing", error=sentence, error_code="AADSTS1<b>"
    )
    page = body(client.get(address(invitation)))
    for words in ("Only a part was approved", sentence, "AADSTS1&lt;b&gt;", "/continue"):
        assert words in page


@pytest.mark.parametrize(
    ("kind", "title"),
    [("consent_missing", "Microsoft does not show your approval"), ("licence_missing", "Microsoft Defender is not there"),
     ("app_disabled", "switched off"), ("throttled", "Microsoft could not finish"), ("wrong_cloud", "another cloud"),
     ("blocked_by_policy", "A policy of your directory"), ("tenant_not_found", "does not know this directory"),
     ("taken", "cannot be connected here"), ("no such kind", "Microsoft stopped the approval")],
)  # fmt: skip
def test_each_failure_of_the_proof_has_its_words(client, invitation, kind, title):
    Invitation.objects.update(proof_began_at=timezone.now(), error_kind=kind, error="…")
    assert title in body(client.get(address(invitation)))


def test_without_a_sign_in_registration_nobody_is_sent_away(client, invitation, settings):
    settings.SIGN_IN_CLIENT_ID = ""
    answer = client.get(f"{address(invitation)}/continue")
    assert answer.status_code == 400
    assert "Sign-in with Microsoft is not set up here" in body(answer)
    assert not Session.objects.exists()


def test_an_answer_of_a_sign_in_that_nobody_began_changes_nothing(client, invitation):
    before = (standing(invitation), invitation.events.count())
    for query in ("", "?code=x&state=y", "?error=access_denied&error_description=AADSTS65004"):
        answer = client.get(f"/connect/identity{query}")
        assert answer.status_code == 400
        assert "You were not signed in" in body(answer)
    assert (standing(invitation), invitation.events.count()) == before
    assert not Tenant.objects.exists()


def test_the_words_that_a_directory_chose_are_only_words(client, invitation):
    Invitation.objects.update(
        proof_due_at=timezone.now(), proof_began_at=timezone.now(), approver="<script>alert(1)</script>@x"
    )
    assert "<script>alert" not in body(client.get(address(invitation)))
