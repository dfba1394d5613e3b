"""The tables of the floor: what any store of incidents would have at least, evidence as rows, and no search."""

from django.db import models
from django.db.models import CompositePrimaryKey, Index


class Row(models.Model):
    """One table of the floor, by the natural key that its upsert goes by."""

    tenant_id = models.IntegerField()
    microsoft_id = models.TextField()

    class Meta:
        abstract = True


class Item(Row):
    title = models.TextField()
    status = models.TextField()
    severity = models.TextField()
    classification = models.TextField(null=True)
    determination = models.TextField(null=True)
    assigned_to = models.TextField(null=True)
    web_url = models.TextField()
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        abstract = True


class FloorIncident(Item):
    pk = CompositePrimaryKey("tenant_id", "microsoft_id")
    tags = models.JSONField()

    class Meta:
        indexes = [
            Index(fields=["updated_at", "microsoft_id"], name="floor_newest"),
            Index(fields=["tenant_id", "updated_at", "microsoft_id"], name="floor_tenant_newest"),
            Index(fields=["status", "updated_at", "microsoft_id"], name="floor_status_newest"),
        ]


class FloorAlert(Item):
    pk = CompositePrimaryKey("tenant_id", "microsoft_id")
    incident_id = models.TextField()
    category = models.TextField(null=True)
    service_source = models.TextField()
    detection_source = models.TextField()

    class Meta:
        indexes = [Index(fields=["tenant_id", "incident_id"], name="floor_alert_incident")]


class FloorEvidence(Row):
    """`microsoft_id` is the alert's; `raw` the whole item, as a peer would keep it."""

    pk = CompositePrimaryKey("tenant_id", "microsoft_id", "position")
    position = models.IntegerField()
    kind = models.TextField()
    verdict = models.TextField(null=True)
    updated_at = models.DateTimeField()
    raw = models.JSONField()
