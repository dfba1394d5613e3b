"""Why a person could not be signed in, as one tree, and what an AADSTS code of a sign-in means.

Refused
  Declined             the person went back, or has to try again
  NotAllowed           the person's own directory does not let the person in
  Stale                the answer belongs to no sign-in that this browser has open
  TokenRefused         the ID token does not hold
  Misconfigured        the fault is ours
  Unavailable          Microsoft could not answer
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from defender import entra_errors, errors


class Refused(errors.DefenderError):
    """Nobody was signed in; `sentence` says why, `advice` what to do. Neither holds text that came from outside."""

    kind: ClassVar[str] = "refused"
    owner: ClassVar[str] = "person"

    def __init__(self, sentence: str, advice: str = "", *, code: str = "") -> None:
        super().__init__(sentence, code=code)
        self.sentence = sentence
        self.advice = advice


class Declined(Refused):
    kind = "declined"


class NotAllowed(Refused):
    kind = "not_allowed"
    owner = "customer"


class Stale(Refused):
    kind = "stale"


class TokenRefused(Refused):
    """What exactly does not hold is in `reason`, for the log: the person can do nothing about it."""

    kind = "token_refused"
    owner = "microsoft"

    def __init__(self, reason: str) -> None:
        super().__init__("Microsoft's answer does not prove who you are, so nobody was signed in.", AGAIN)
        self.reason = reason


class Misconfigured(Refused):
    kind = "misconfigured"
    owner = "us"


class Unavailable(Refused):
    kind = "unavailable"
    owner = "microsoft"


AGAIN = "Start again; when it happens twice, tell whoever runs Utkik."
LATER = "Try again in a few minutes."
OPERATOR = "Tell whoever runs Utkik."
ASK = "Ask an administrator of your directory to approve the application Utkik signs you in with."

KNOWN: tuple[tuple[tuple[int, ...], type[Refused], str, str], ...] = (
    ((65004,), Declined, "You did not accept what Microsoft asked you.", "Start again and choose Accept."),
    ((50105,), NotAllowed, "Your directory lets only assigned people use this application.",
     "Ask an administrator of your directory to assign you to it."),
    ((65001, 90093, 90094, 900941, 650056), NotAllowed,
     "Your directory wants an administrator's approval first.", ASK),
    ((90095, 900981), NotAllowed, "Your request for approval was sent to the administrators of your directory.",
     "Start again when they have approved it."),
    ((53000, 53001, 53002, 53003, 53004, 530032, 530034, 50097), NotAllowed,
     "A policy of your directory blocks this sign-in.", "Ask an administrator of your directory, and quote the code."),
    ((7000112, 50002, 500021, 500022, 500212, 500213), NotAllowed, "Your directory has blocked this application.",
     "Ask an administrator of your directory to allow it."),
    ((16000, 50020, 50034, 500208, 51004, 90072), NotAllowed,
     "This account does not exist in the directory that you chose.", "Start again with your work account."),
    ((50055, 50072, 50074, 50076, 50079, 50126, 50132, 50133, 50144, 50158, 50173), Declined,
     "Microsoft wants you to sign in anew.", "Start again and answer everything that Microsoft asks."),
    ((50058, 16001, 50196), Declined, "Microsoft could not tell which account is meant.",
     "Start again and choose your account."),
    ((54005, 70000, 70008, 9002313), Stale, "This sign-in was used already or has taken too long.", "Start again."),
    ((7000215, 7000222, 700027, 700023, 700024), Misconfigured,
     "Microsoft does not accept the credential that Utkik signs people in with.", OPERATOR),
    ((50011, 50194, 501481, 65005, 70001, 70011, 650052, 650057, 700016, 7000218, 9002325, 900144, 900971),
     Misconfigured, "Microsoft refuses the way Utkik asked; its registration needs mending.", OPERATOR),
    ((90006, 90012, 90024, 90033, 90055), Unavailable, "Microsoft is too busy to sign you in.", LATER),
)  # fmt: skip
MEANING = {code: (kind, sentence, advice) for codes, kind, sentence, advice in KNOWN for code in codes}
# Entra's `error` where there is no code, or none that is known here.
BY_NAME: dict[str, tuple[type[Refused], str, str]] = {
    "access_denied": (Declined, "The sign-in was cancelled.", "Start again when you like."),
    "consent_required": (NotAllowed, "Your directory wants an approval first.", ASK),
    "login_required": MEANING[50058],
    "interaction_required": MEANING[50074],
    "invalid_grant": MEANING[54005],
    "invalid_client": MEANING[7000215],
    "unauthorized_client": MEANING[700016],
    "server_error": MEANING[90033],
    "temporarily_unavailable": MEANING[90033],
}
UNKNOWN = (Unavailable, "Microsoft did not sign you in.", AGAIN)


def error_of(answer: Mapping[str, Any]) -> Refused:
    """The refusal for an answer with an `error`: of the redirect, or of the token endpoint."""
    code = entra_errors.code_of(answer)
    kind, sentence, advice = MEANING.get(code) or BY_NAME.get(str(answer.get("error")), UNKNOWN)
    return kind(sentence, advice, code=f"AADSTS{code}" if code else "")
