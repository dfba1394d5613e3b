from django.urls import path

from incidents import views

urlpatterns = [
    path("", views.queue, name="queue"),
    path("incidents/<uuid:pk>", views.incident, name="incident"),
    path("alerts", views.alerts, name="alerts"),
    path("alerts/<uuid:pk>", views.alert, name="alert"),
    path("sync", views.sync, name="sync"),
]
