from django.urls import path

from tenants import views

urlpatterns = [
    # A token has a dot in it, so these two are none.
    path("connect/identity", views.identity, name="connect-identity"),
    path("connect/callback", views.callback, name="connect-callback"),
    path("connect/<str:token>", views.connect, name="connect"),
    path("connect/<str:token>/continue", views.go_on, name="connect-continue"),
]
