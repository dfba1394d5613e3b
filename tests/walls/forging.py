"""Answers that nobody at Microsoft has given: whatever is forged, no directory is linked and nobody is signed in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID

from django.contrib.auth import SESSION_KEY
from django.db import transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from accounts.models import User
from defender.sign_in import Person
from simulator.world import Tenant as Directory
from simulator.world import World
from tenants import consent, invitations, proving
from tenants.models import ConsentState, Customer, Invitation, Tenant

OTHER, OID = "99999999-9999-4999-8999-999999999999", "33333333-3333-4333-8333-333333333333"
BROWSER = "the value that the session of this browser keeps"
CONSENT, IDENTITY, SIGN_IN = "/connect/callback", "/connect/identity", "/sign-in/callback"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
# How one who has seen the state, or a part of it, may spoil it.
SPOILT: Mapping[str, Callable[[str], str]] = {
    "cut": lambda state: state[:-1], "longer": lambda state: f"{state}A", "other case": str.swapcase, "spaced": lambda state: f" {state}",
    "backwards": lambda state: state[::-1], "nul": lambda state: f"{state}\0", "like": lambda state: "%", "hash": consent.digest,
}  # fmt: skip
STATES = ("other invitation", "other directory", "other browser", "used", "expired", *SPOILT)
TENANTS = (
    "",
    OTHER,
    "common",
    "organizations",
    "consumers",
    "*",
    "../common",
    "00000000-0000-0000-0000-000000000000",
    consent.CONSUMERS,
)
ERRORS = ("access_denied", "consent_required", "interaction_required", "permission_denied", "server_error", "x")
# Where an answer of the consent page may depart from the one that was asked for; at least one of these it does.
FORGED = st.fixed_dictionaries(
    {},
    optional={
        "state": st.sampled_from(STATES) | TEXT,
        "tenant": st.sampled_from(TENANTS) | st.uuids().map(str) | TEXT,
        "admin_consent": st.sampled_from(["False", "", "1", "yes", "True ", "true,false", "[True]", "on"]),
        "error": st.sampled_from(ERRORS) | TEXT.filter(bool),
        "twice": st.sampled_from(["state", "tenant", "admin_consent", "scope"]),
        "without": st.sampled_from(["state", "tenant", "admin_consent"]),
        "renamed": st.sampled_from(["state", "tenant", "admin_consent"]),
        "stranger": st.just(True),
        "method": st.sampled_from(["POST", "PUT", "HEAD"]),
    },
).filter(lambda forged: forged and not is_another_journey(forged))
NOISE = st.dictionaries(st.sampled_from(["code", "nonce", "error_description", "session_state", "id_token"]), TEXT)
# The two answers that would prove who somebody is, to a flow that this browser has begun or to none.
PROOFS = st.fixed_dictionaries(
    {"address": st.sampled_from([IDENTITY, SIGN_IN]), "state": st.sampled_from(["none", *SPOILT]) | TEXT},
    optional={
        "code": TEXT,
        "error": st.sampled_from(ERRORS),
        "id_token": TEXT,
        "admin_consent": st.just("True"),
        "stranger": st.just(True),
    },
)
ANSWERS = st.lists(st.tuples(FORGED, NOISE) | PROOFS.map(lambda proof: (proof, None)), min_size=1, max_size=12)


def is_another_journey(forged: Mapping[str, Any]) -> bool:
    """The answer that another journey of the same person does wait for is not forged."""
    return forged.get("state") in ("other invitation", "other directory") and forged.get("tenant") == OTHER


@dataclass
class Forger:
    """One invitation that waits for its answer, another of somebody else, and who tries to answer in their place."""

    directory: Directory
    invitation: Invitation
    flows: dict[str, Any]  # as the session of a browser keeps them that has gone to sign in
    callbacks: int = 0
    linked: int = 0
    legal: int = 0
    wrong: list[Any] = field(default_factory=list)

    def attempt(self, answers: list[tuple[dict[str, Any], dict[str, str] | None]]) -> None:
        """Forge these answers, then give the legal one; all of it is undone."""
        sid = transaction.savepoint()
        second = invitations.invite("Somebody else", "it@else.example")
        for forged, noise in answers:
            self.prove(forged) if noise is None else self.consent(second, forged, noise)
            self.callbacks += 1
            if links() or User.objects.exists():
                self.linked += 1
                self.wrong.append((forged, noise))
                break
        else:
            assert self.legal_answer() == {self.invitation.pk: UUID(self.directory.id)}
            self.legal += 1
        transaction.savepoint_rollback(sid)

    def consent(self, second: Invitation, forged: dict[str, Any], noise: dict[str, str]) -> None:
        visitor = self.visitor()
        answer: dict[str, Any] = {"admin_consent": "True", "tenant": self.directory.id, "scope": consent.SCOPE, **noise,
                                  "state": state_of(self.invitation, self.directory.id)}  # fmt: skip
        answer |= {name: forged[name] for name in ("tenant", "admin_consent", "error") if name in forged}
        if "state" in forged:
            answer["state"] = self.state(forged["state"], answer["state"], second)
        if "twice" in forged:
            answer[forged["twice"]] = [answer[forged["twice"]]] * 2
        if "renamed" in forged:
            answer[forged["renamed"].upper()] = answer.pop(forged["renamed"])
        answer.pop(forged.get("without", ""), None)
        asked = f"{CONSENT}?{urlencode(answer, doseq=True)}"
        (Client() if "stranger" in forged else visitor).generic(forged.get("method", "GET"), asked)

    def state(self, wanted: str, own: str, second: Invitation) -> str:
        others: dict[str, Callable[[], str]] = {
            "other invitation": lambda: state_of(second, OTHER),
            "other directory": lambda: state_of(self.invitation, OTHER),
            "other browser": lambda: state_of(self.invitation, self.directory.id, "another browser"),
            "used": lambda: state_of(self.invitation, self.directory.id, used_at=timezone.now()),
            "expired": lambda: state_of(self.invitation, self.directory.id, expires_at=timezone.now()),
        }
        if wanted in SPOILT:
            return SPOILT[wanted](own)
        return others.get(wanted, lambda: wanted)()

    def prove(self, forged: dict[str, Any]) -> None:
        visitor = Client() if "stranger" in forged else self.visitor()
        flow = self.flows["connect-flow" if forged["address"] == IDENTITY else "sign-in"]
        answer = {name: forged[name] for name in ("code", "error", "id_token", "admin_consent") if name in forged}
        if forged["state"] != "none":
            answer["state"] = SPOILT.get(forged["state"], lambda _: forged["state"])(flow["state"])
        visitor.get(forged["address"], answer)
        if SESSION_KEY in visitor.session:
            self.wrong.append(forged)

    def legal_answer(self) -> dict[int, UUID]:
        state = state_of(self.invitation, self.directory.id)
        answer = {"admin_consent": "True", "tenant": self.directory.id, "scope": consent.SCOPE, "state": state}
        self.visitor().get(CONSENT, answer)
        return links()

    def visitor(self) -> Client:
        """The browser of the administrator, who is back from the sign-in and has not answered yet."""
        client = Client()
        session = client.session
        session.update({"connect-browser": BROWSER, "connect-invitation": self.invitation.pk, **self.flows})
        session.save()
        return client


def arrive(settings: Any, world: World, directory: Directory) -> Forger:
    """Utkik with a sign-in of its own, and somebody who has begun."""
    settings.SIGN_IN_CLIENT_ID, settings.SIGN_IN_CLIENT_SECRET = world.signin_client_id, world.signin_client_secret
    settings.ENTRA_HOME_TENANT_ID = world.home.id
    return begin(directory)


def begin(directory: Directory) -> Forger:
    """An invitation for the directory, and a browser that has gone to Microsoft by it and by the sign-in page."""
    invitation, client = invitations.invite(directory.name, "it@halden.example"), Client()
    for address in ("/sign-in/microsoft", f"/connect/{invitations.token(invitation)}/continue"):
        assert client.get(address).status_code == 302
    flows = {name: client.session[name] for name in ("sign-in", "connect-flow")}
    return Forger(directory, invitation, flows)


def state_of(invitation: Invitation, tid: str, browser: str = BROWSER, **age: Any) -> str:
    """The state with which the administrator was sent to the consent page."""
    address = consent.ask(invitation, Person(tid, OID, "Hanne", "hanne@halden.example"), browser)
    state = parse_qs(urlsplit(address).query)["state"][0]
    if age:
        ConsentState.objects.filter(state_hash=consent.digest(state)).update(**age)
    return state


def links() -> dict[int, UUID]:
    """The directories that an answer has led to, by invitation."""
    begun = Invitation.objects.exclude(entra_id=None) | Invitation.objects.exclude(proof_due_at=None)
    return dict(begun.values_list("pk", "entra_id"))


def forge(forger: Forger, batches: int) -> None:
    """Give so many batches of forged answers."""

    @examples(max_examples=batches, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(answers=ANSWERS)
    def batch(answers: list[Any]) -> None:
        forger.attempt(answers)
        assert not forger.wrong

    batch()


def told(forger: Forger) -> str:
    return f"{forger.callbacks} forged, {forger.linked} linked; {forger.legal + 1} legal, all linked"


def link_for_good(forger: Forger) -> Tenant:
    """The legal answer and its proof: after all that was forged it connects the customer."""
    assert forger.legal_answer() == {forger.invitation.pk: UUID(forger.directory.id)}
    claimed = proving.claim_due()
    assert claimed is not None
    assert proving.attempt(claimed) is None
    assert Customer.objects.count() == 1
    return Tenant.objects.get()
