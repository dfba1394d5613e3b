from django.urls import path

from tenants import group_views, people_views, trail_views, views

urlpatterns = [
    # A token has a dot in it, so these two are none.
    path("connect/identity", views.identity, name="connect-identity"),
    path("connect/callback", views.callback, name="connect-callback"),
    path("connect/<str:token>", views.connect, name="connect"),
    path("connect/<str:token>/continue", views.go_on, name="connect-continue"),
    path("audit", trail_views.audit_log, name="audit"),
    path("audit/csv", trail_views.audit_file, name="audit-file"),
    path("people", people_views.people, name="people"),
    path("people/grant", people_views.grant, name="people-grant"),
    path("people/<int:pk>", people_views.person, name="person"),
    path("people/<int:pk>/role", people_views.role, name="person-role"),
    path("people/<int:pk>/customers", people_views.customers, name="person-customers"),
    path("people/<int:pk>/deactivate", people_views.deactivate, name="person-deactivate"),
    path("people/<int:pk>/reactivate", people_views.reactivate, name="person-reactivate"),
    path("people/groups", group_views.groups, name="groups"),
    path("people/groups/new", group_views.make, name="group-new"),
    path("people/groups/<int:pk>", group_views.change, name="group"),
    path("people/groups/<int:pk>/remove", group_views.remove, name="group-remove"),
]
