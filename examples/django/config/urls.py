"""Addresses: the page, its data as JSON, and the health check."""

from courses import views
from django.urls import path

urlpatterns = [
    path("", views.page),
    path("courses.json", views.data),
    path("healthz", views.healthz),
]
