"""Incident, alert and comment, with the properties of Graph's v1.0 schema."""

from typing import Any

import msgspec

from defender.shapes.base import Evidence, Shape


class Comment(Shape, frozen=True, kw_only=True):
    """A comment; old answers spell its author `createdBy` and its time `createdTime`."""

    comment: str | None = None
    created_by_display_name: str | None = None
    created_date_time: str | None = None
    created_by: str | None = None
    created_time: str | None = None

    @property
    def author(self) -> str:
        return self.created_by_display_name or self.created_by or ""

    @property
    def written(self) -> str:
        return self.created_date_time or self.created_time or ""


class Alert(Shape, frozen=True, kw_only=True):
    id: str | None = None
    actor_display_name: str | None = None
    additional_data: dict[str, Any] | None = None
    alert_policy_id: str | None = None
    alert_web_url: str | None = None
    assigned_to: str | None = None
    categories: list[str | None] | None = None
    category: str | None = None
    classification: str | None = None
    comments: list[Comment | None] | None = None
    created_date_time: str | None = None
    custom_details: dict[str, Any] | None = None
    description: str | None = None
    detection_source: str | None = None
    detector_id: str | None = None
    determination: str | None = None
    evidence: list[Evidence | None] | None = None
    first_activity_date_time: str | None = None
    incident_id: str | None = None
    incident_web_url: str | None = None
    investigation_state: str | None = None
    last_activity_date_time: str | None = None
    last_update_date_time: str | None = None
    mitre_techniques: list[str | None] | None = None
    product_name: str | None = None
    provider_alert_id: str | None = None
    recommended_actions: str | None = None
    resolved_date_time: str | None = None
    service_source: str | None = None
    severity: str | None = None
    status: str | None = None
    system_tags: list[str | None] | None = None
    tenant_id: str | None = None
    threat_display_name: str | None = None
    threat_family_name: str | None = None
    title: str | None = None


class Incident(Shape, frozen=True, kw_only=True):
    """An incident without its alerts: those stand beside it in the Record."""

    id: str | None = None
    assigned_to: str | None = None
    classification: str | None = None
    comments: list[Comment | None] | None = None
    created_date_time: str | None = None
    custom_tags: list[str | None] | None = None
    description: str | None = None
    determination: str | None = None
    display_name: str | None = None
    incident_web_url: str | None = None
    last_modified_by: str | None = None
    last_update_date_time: str | None = None
    priority_score: int | None = None
    redirect_incident_id: str | None = None
    resolving_comment: str | None = None
    severity: str | None = None
    status: str | None = None
    summary: str | None = None
    system_tags: list[str | None] | None = None
    tenant_id: str | None = None


class AlertWithRawEvidence(Alert, frozen=True, kw_only=True):
    """The alert as it is decoded: its evidence is told apart item by item, by its Record."""

    evidence: list[msgspec.Raw] | None = None  # type: ignore[assignment]
