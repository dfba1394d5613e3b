"""What is wrong is answered with a plain sentence: nothing of the request in it, nothing of another customer, no trace."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path

from accounts.models import User
from incidents.models import Alert, Incident
from tenants import invitations
from tenants.models import Customer, Tenant

pytestmark = pytest.mark.django_db
MARK = "c4n4ry<b>"
FORBIDDEN = ("Traceback", "Exception", "Error at", "DEBUG", "/work/", ".py", "Django", "django.", "SELECT", "postgres")


def boom(request: HttpRequest) -> HttpResponse:
    raise ValueError(f"{MARK} {request.get_full_path()}")


urlpatterns = [path("boom", boom), path("", include("portal.urls"))]


@pytest.fixture
def others() -> dict[str, Any]:
    """A customer that the analyst is not assigned to, with one of everything that has a page."""
    customer = Customer.objects.create(name="Lumière Studios")
    own = {"customer": customer, "tenant": Tenant.objects.create(customer=customer, entra_id=UUID(int=7))}
    row = {**own, "microsoft_id": "1", "title": "Secret", "raw": b"{}", "digest": b""}
    invitation = invitations.invite("Mora Clinics", "it@mora.example")
    return {
        "incidents": Incident.objects.create(**row).pk, "alerts": Alert.objects.create(**row).pk,
        "tenants": own["tenant"].pk, "tenants/invitations": invitation.pk,
    }  # fmt: skip


@pytest.fixture(params=["analyst", "stranger"])
def visitor(request: pytest.FixtureRequest, client: Client) -> Iterator[Client]:
    client.force_login(request.getfixturevalue(request.param))
    yield client


def test_what_is_anothers_and_what_is_not_there_are_the_same_page(visitor: Client, others: dict[str, Any]) -> None:
    unknown = {"incidents": uuid4(), "alerts": uuid4(), "tenants": 999_999, "tenants/invitations": 999_999}
    addresses = [f"/{kind}/{pk}" for one in (others, unknown) for kind, pk in one.items()]
    addresses += ["/sync", "/tenants/invite", f"/tenants/{others['tenants']}/disconnect", "/nowhere", f"/{MARK}"]
    answers = [visitor.get(address) for address in addresses]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    posts = [f"/tenants/invitations/{pk}/{verb}" for pk in (others["tenants/invitations"], 999_999) for verb in ("renew", "cancel")]  # fmt: skip
    answers = [visitor.post(address) for address in posts]
    assert {(answer.status_code, answer.content) for answer in answers} == {(404, visitor.get("/nowhere").content)}


@pytest.mark.parametrize(
    ("address", "options", "status"),
    [
        (f"/{quote(MARK)}?{quote(MARK)}=1", {}, 404),
        (f"/incidents/{quote(MARK)}", {}, 404),
        (f"/connect/{quote(MARK)}", {}, 404),
        ("/", {"headers": {"host": "c4n4ry.example"}}, 400),
        ("/", {"headers": {"host": "c4n4ry<b>"}}, 400),
        (f"/connect/callback?error={quote(MARK)}&error={quote(MARK)}", {}, 400),
        (f"/sign-in/callback?state={quote(MARK)}&code={quote(MARK)}", {}, 400),
        ("/boom", {}, 500),
        ("/boom", {"headers": {"user-agent": MARK, "referer": MARK}}, 500),
    ],
)
def test_an_error_page_says_nothing_of_what_was_asked(
    client: Client, operator: User, settings: Any, address: str, options: dict[str, Any], status: int
) -> None:
    settings.ROOT_URLCONF = "tests.walls.test_errors"
    settings.SIGN_IN_CLIENT_ID, settings.SIGN_IN_CLIENT_SECRET, settings.ENTRA_HOME_TENANT_ID = "x", "y", str(uuid4())
    client.raise_request_exception = False
    client.force_login(operator)
    answer = client.get(address, **options)
    text = answer.content.decode()
    assert answer.status_code == status
    assert "c4n4ry" not in text
    assert not [word for word in FORBIDDEN if word in text]
    assert "<h1>" in text and "<p" in text


def test_a_form_from_elsewhere_says_nothing_of_what_was_sent(operator: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(operator)
    answer = strict.post("/settings", {"time_zone": MARK}, headers={"referer": "https://c4n4ry.example"})
    assert answer.status_code == 403
    assert "c4n4ry" not in answer.content.decode()


@pytest.mark.parametrize(
    "data",
    [
        {"time_zone": "\0"}, {"time_zone": "x" * 5000}, {"theme": MARK}, {"language": MARK}, {"time_zone": ["UTC", "\ud800"]},
    ],
)  # fmt: skip
def test_bad_input_to_a_form_is_no_fault_of_ours(client: Client, operator: User, data: Any) -> None:
    client.force_login(operator)
    encoded = "&".join(f"{key}={quote(str(text), errors='surrogatepass')}" for key, value in data.items() for text in ([value] if isinstance(value, str) else value))  # fmt: skip
    answer = client.post("/settings", encoded, content_type="application/x-www-form-urlencoded")
    assert answer.status_code < 500


@pytest.mark.parametrize(
    ("address", "options"),
    [
        ("/", {}), ("/sign-in", {}), ("/nowhere", {}), ("/boom", {}), ("/", {"headers": {"host": "evil.example"}}), ("/connect/x", {}),
        ("/connect/callback", {}),
    ],
)  # fmt: skip
def test_every_answer_has_the_policy(client: Client, operator: User, settings: Any, address: str, options: Any) -> None:
    settings.ROOT_URLCONF = "tests.walls.test_errors"
    client.raise_request_exception = False
    if address != "/sign-in":
        client.force_login(operator)
    policy = client.get(address, **options).headers.get("Content-Security-Policy", "")
    for rule in (
        "default-src 'none'",
        "script-src 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    ):
        assert rule in policy
    assert "unsafe" not in policy
