"""What every shape has in common: frozen, every property optional, Microsoft's camelCase on the wire."""

import msgspec


class Shape(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel"):
    """An object of Microsoft's; what it does not name is ignored, what is missing is None."""


class Evidence(Shape, frozen=True, kw_only=True):
    """What all evidence items share; enum members are Microsoft's own words, unknown ones included."""

    odata_type: str | None = msgspec.field(default=None, name="@odata.type")
    created_date_time: str | None = None
    detailed_roles: list[str | None] | None = None
    remediation_status: str | None = None
    remediation_status_details: str | None = None
    roles: list[str | None] | None = None
    tags: list[str | None] | None = None
    verdict: str | None = None
