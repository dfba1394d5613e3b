from django.urls import path

from accounts import views

urlpatterns = [
    path("sign-in", views.sign_in, name="sign-in"),
    path("sign-in/microsoft", views.to_microsoft, name="sign-in-microsoft"),
    path("sign-in/callback", views.from_microsoft, name="sign-in-callback"),
    path("sign-out", views.sign_out, name="sign-out"),
    path("signed-out", views.signed_out, name="signed-out"),
    path("break-glass/noted", views.acknowledge_break_glass, name="acknowledge-break-glass"),
    path("settings", views.preferences, name="preferences"),
    path("theme", views.theme, name="theme"),
]
