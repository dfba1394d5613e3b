"""Two customers alike, with a word in every text column of every row that nothing else has: a canary."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchVectorField
from django.db import connection, models
from django.utils import timezone

from accounts.models import AuditEntry, User
from incidents.models import Alert, Change, Evidence, Incident, SyncState
from tenants import walls
from tenants.models import Customer, CustomerGroup, Invitation, Tenant

PASSWORD = "correct horse"
# What the rows are found by, in any search; the second word is in the rows of one customer only.
COMMON = "bothhaveit"


@dataclass
class Planted:
    """The rows of one customer, by their model's name, and where each canary stands."""

    letter: str
    canaries: dict[str, str] = field(default_factory=dict)
    rows: dict[str, Any] = field(default_factory=dict)

    @property
    def own_word(self) -> str:
        return f"only{self.letter}hasit"

    def canary(self, place: str) -> str:
        """A word for this place, short enough for any column and one token to a search."""
        word = f"qz{self.letter}{len(self.canaries):03d}zq"
        self.canaries[word] = place
        return word

    def values(self, model: type[models.Model], **given: Any) -> dict[str, Any]:
        """What a new row of the model needs: its owner, its parents, a canary in each text column."""
        return {
            column.name: value
            for column in model._meta.concrete_fields
            if column.name not in given and (value := self.value(model, column)) is not None
        } | given

    def value(self, model: type[models.Model], column: Any) -> Any:
        if (column.primary_key and not column.related_model) or isinstance(column, SearchVectorField) or column.choices:
            return None
        if column.related_model:
            return self.rows.get(column.related_model.__name__)
        place = f"{model._meta.db_table}.{column.column}"
        if isinstance(column, models.EmailField):
            return f"it@{self.canary(place)}.example"
        if isinstance(column, models.TextField | models.CharField):
            return self.text(place)
        if isinstance(column, ArrayField):
            return [self.canary(place)]
        if isinstance(column, models.BinaryField):
            return f'{{"id": "1", "comment": "{self.canary(place)}"}}'.encode()
        return self.other(column)

    def text(self, place: str) -> str:
        word = self.canary(place)
        if place.endswith(".words"):
            return f"{word} {COMMON} {self.own_word}"
        return f"https://security.microsoft.com/{word}" if place.endswith("_url") else word

    def other(self, column: Any) -> Any:
        """Of what is not text only what must be there."""
        if column.null or column.has_default() or column.has_db_default():
            return None
        if isinstance(column, models.UUIDField):
            return uuid4()
        if isinstance(column, models.DateTimeField):
            return timezone.now()
        return timezone.localdate() if isinstance(column, models.DateField) else 1

    def plant(self, model: type[models.Model], **given: Any) -> Any:
        row = model._base_manager.create(**self.values(model, **given))
        self.rows[model.__name__] = row
        return row


def planted(letter: str) -> Planted:
    """A connected customer with a row in every table of ours that has customers, a new one too."""
    own = Planted(letter)
    own.plant(Customer)
    own.plant(Tenant)
    own.plant(Invitation, tenant=None, used_at=None)
    own.plant(SyncState, stream="incidents", watermark="2026-11-01T00:00:00Z")
    own.plant(Incident)
    alone = own.plant(Alert, incident=None)
    own.plant(Evidence, position=0)
    own.plant(Alert)
    own.plant(Evidence, position=0)
    own.plant(Change, field="assigned_to")
    own.plant(CustomerGroup).customers.add(own.rows["Customer"])
    own.plant(AuditEntry, customer_id=own.rows["Customer"].pk, actor_kind="staff", outcome="done")
    made = {type(row) for row in own.rows.values()}
    for model in walls.ours():
        if walls.column_of(model) and model not in made and not model._meta.auto_created:
            own.plant(model)
    own.rows["alone"] = alone
    own.rows["person"] = person(own, "customer", tid=own.rows["Tenant"].entra_id)
    index()
    return own


def person(own: Planted | None, role: str, **given: Any) -> User:
    """Somebody of this role; the names of a customer's own people are canaries like all that is the customer's."""
    name = own.canary("accounts_user.name") if own else role
    email = f"{own.canary('accounts_user.email')}@customer.example" if own else f"{role}@provider.example"
    ids = {"oid": uuid4()} if "tid" in given else {}
    return User.objects.create_user(f"{role}-{uuid4()}", PASSWORD, role=role, name=name, email=email, **given, **ids)


def index() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE incidents_incident SET search = to_tsvector('simple', words)")
