from django.urls import include, path

from incidents import tenant_views, views

urlpatterns = [
    path("", include("incidents.triage.urls")),
    path("", views.queue, name="queue"),
    path("incidents/<uuid:pk>", views.incident, name="incident"),
    path("alerts", views.alerts, name="alerts"),
    path("alerts/<uuid:pk>", views.alert, name="alert"),
    path("sync", views.sync, name="sync"),
    path("tenants", tenant_views.tenants, name="tenants"),
    path("tenants/invite", tenant_views.invite, name="tenants-invite"),
    path("tenants/<int:pk>", tenant_views.tenant, name="tenant"),
    path("tenants/<int:pk>/disconnect", tenant_views.disconnect, name="tenant-disconnect"),
    path("tenants/invitations/<int:pk>", tenant_views.invitation, name="tenant-invitation"),
    path("tenants/invitations/<int:pk>/renew", tenant_views.renew, name="tenant-invitation-renew"),
    path("tenants/invitations/<int:pk>/cancel", tenant_views.cancel, name="tenant-invitation-cancel"),
]
