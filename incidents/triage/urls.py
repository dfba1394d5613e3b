from django.urls import path

from incidents.triage import views

urlpatterns = [
    path("triage", views.bulk, name="triage-bulk"),
    path("triage/next", views.claim_next, name="triage-next"),
    path("triage/undo/<uuid:batch>", views.undo, name="triage-undo"),
    path("triage/edits/<int:pk>", views.edit, name="triage-edit"),
    path("triage/marks/<uuid:pk>", views.item_marks, name="triage-marks"),
]
