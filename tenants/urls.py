from django.urls import path

from tenants import views

urlpatterns = [
    path("connect/<str:token>", views.connect, name="connect"),
]
