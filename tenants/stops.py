"""Where the way to a connection can end early: what the person at the other end is told, and what can be done.

One table by kind; Microsoft's codes and names, the kinds of `defender.errors` and our own refusals all lead into it. A
code that is not known here is shown as it came.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from defender import entra_errors, sign_in
from tenants.models import InvitationEvent

Kind = InvitationEvent.Kind
Words: TypeAlias = str | Promise


@dataclass(frozen=True)
class Stop:
    """Why it ended, in words for a customer's administrator; `kind` and `code` are for us, `event` for the log."""

    kind: str
    title: Words
    sentence: Words
    advice: Words
    event: Any = Kind.STOPPED
    code: str = ""


NOTHING = _("Nothing was connected.")
AGAIN = _("Start again. If it happens twice, tell us the code.")
OTHER_ACCOUNT = _("Start again with an account of the organisation that this link is for. In a private window "
                  "Microsoft asks which account to use.")  # fmt: skip

STOPS = {stop.kind: stop for stop in (
    Stop("declined", _("You have not approved"), _("Nothing was connected, and nothing has changed in your directory."),
         _("Start again when you like, and choose Accept on Microsoft's page."), Kind.DECLINED),
    Stop("not_administrator", _("An administrator has to approve"),
         _("Your account may not approve this for your whole organisation. Nothing was connected."),
         _("Send this link to a Privileged Role Administrator or a Global Administrator of your directory; other "
           "administrators cannot approve it."), Kind.NOT_ADMINISTRATOR),
    Stop("requested", _("Your request is with your administrators"),
         _("Microsoft has asked the administrators of your directory to look at it. Nothing was connected yet."),
         _("When they have approved, one of them opens this link and continues to Microsoft once more."),
         Kind.NOT_ADMINISTRATOR),
    Stop("risky", _("Microsoft wants an administrator to look first"),
         _("Microsoft considers the application a risk, for example since its publisher is not verified. "
           "Nothing was connected."),
         _("Ask a Global Administrator of your directory to open this link, and tell us the code.")),
    Stop("licence_missing", _("Microsoft Defender is not there yet"),
         _("Your directory lacks Microsoft Defender XDR, or nobody has opened it yet."),
         _("Check your licences, open security.microsoft.com once as an administrator, and start again.")),
    Stop("busy", _("Microsoft could not finish"), _("Microsoft had a passing fault. Nothing was connected."),
         _("Start again in a few minutes.")),
    Stop("wrong_account", _("Another account is needed"),
         _("The account you chose does not exist in this directory. Nothing was connected."), OTHER_ACCOUNT,
         Kind.WRONG_DIRECTORY),
    Stop("tenant_not_found", _("Microsoft does not know this directory"), NOTHING, OTHER_ACCOUNT, Kind.WRONG_DIRECTORY),
    Stop("wrong_cloud", _("Your directory is in another cloud"),
         _("It is in one of Microsoft's national clouds, where we cannot read it. Nothing was connected."),
         _("Tell us, so that we can look for another way.")),
    Stop("blocked_by_policy", _("A policy of your directory blocks this"), NOTHING,
         _("Ask the people who look after Conditional Access and tenant restrictions, and quote the code.")),
    Stop("ours", _("The fault is ours"), _("Our application is not set up as it should be. Nothing was connected."),
         _("You need not do anything: tell us the code, and we shall send you word.")),
    Stop("unknown", _("Microsoft stopped the approval"), NOTHING, AGAIN),
    Stop("not_signed_in", _("You were not signed in"), NOTHING, AGAIN, Kind.SIGN_IN_REFUSED),
    Stop("home", _("This is our own directory"),
         _("You signed in with an account of the provider, not of the customer. Nothing was connected."), OTHER_ACCOUNT,
         Kind.WRONG_DIRECTORY),
    Stop("personal", _("This is a personal account"),
         _("Only the account of an organisation can approve. Nothing was connected."), OTHER_ACCOUNT,
         Kind.WRONG_DIRECTORY),
    Stop("taken", _("This directory cannot be connected here"),
         _("The directory you signed in with already belongs to another customer. Nothing was connected."),
         OTHER_ACCOUNT, Kind.WRONG_DIRECTORY),
    Stop("mismatch", _("Another organisation was approved"),
         _("Microsoft's answer is about another directory than the one you signed in with. Nothing was connected."),
         OTHER_ACCOUNT, Kind.WRONG_DIRECTORY),
    Stop("stale", _("This answer cannot be used"),
         _("It was used already, is too old, or was not asked for by this browser. It has changed nothing."),
         _("Open your link and continue from there.")),
    # What only the proof can find.
    Stop("consent_missing", _("Microsoft does not show your approval"),
         _("We have asked Microsoft for 15 minutes, and it still knows of no approval."), AGAIN),
    Stop("role_missing", _("Only a part was approved"),
         _("We cannot read incidents and alerts with the permissions that were given."),
         _("Start again and approve all that Microsoft's page lists.")),
    Stop("app_disabled", _("Our application is switched off in your directory"), NOTHING,
         _("In the Entra admin center, under Enterprise applications, let users sign in to it; then start again.")),
)}  # fmt: skip
UNREADABLE = STOPS["unknown"]

BY_CODE = {code: kind for codes, kind in (
    ((65004,), "declined"),
    ((90093, 90094), "not_administrator"),
    ((90095, 900981), "requested"),
    ((900941,), "risky"),
    ((65005, 650052, 650054, 500011), "licence_missing"),
    ((90006, 90012, 90024, 90033, 90055, 90090, 50196), "busy"),
    ((16000, 50014, 50020, 50034, 51004), "wrong_account"),
    ((90002,), "tenant_not_found"),
    ((90038, 900382, 900432), "wrong_cloud"),
    ((53003, 530034, 500021, 500022), "blocked_by_policy"),
    ((50011, 50194, 650056, 650057, 700016, 70011, 900144, 900971), "ours"),
) for code in codes}  # fmt: skip
BY_NAME = {
    "access_denied": "declined",
    "permission_denied": "declined",
    "consent_required": "declined",
    "server_error": "busy",
    "temporarily_unavailable": "busy",
    "invalid_client": "ours",
    "invalid_request": "ours",
    "invalid_resource": "ours",
    "unauthorized_client": "ours",
    "unsupported_response_type": "ours",
}
# Kinds of `defender.errors` that have no row of their own: passing troubles of Microsoft, and the rest.
OF_PROOF = {"throttled": "busy", "microsoft_fault": "busy", "unreachable": "busy"}


def of_answer(given: Mapping[str, str]) -> Stop:
    """The stop for a redirect with an `error`; its texts are hostile, and only code or name are kept of them."""
    number = entra_errors.code_of(given)
    name = sign_in.printable(given.get("error"))[:40]
    stop = STOPS[BY_CODE.get(number) or (not number and BY_NAME.get(name)) or "unknown"]
    return replace(stop, code=f"AADSTS{number}" if number else name)


def of_sign_in(refused: sign_in.Refused) -> Stop:
    """The stop for a sign-in that proved nobody, in the words of the refusal."""
    return replace(STOPS["not_signed_in"], sentence=refused.sentence, advice=refused.advice, code=refused.code)


def of_proof(kind: str, code: str) -> Stop:
    """The stop for a proof that was given up."""
    return replace(STOPS.get(OF_PROOF.get(kind, kind), UNREADABLE), code=code)
