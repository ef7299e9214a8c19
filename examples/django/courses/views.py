"""The page with the courses, the same as JSON, and the health check."""

from django.conf import settings
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from courses.models import Course


def _rows() -> list[dict[str, object]]:
    """The courses as rows; the level only in the versions that have one."""
    columns = ["title", "slug", *(["level"] if settings.VERSION != "v1" else [])]
    counted = Course.objects.annotate(lesson_count=Count("lessons")).order_by("title")
    return list(counted.values(*columns, "lesson_count"))


def page(request: HttpRequest) -> HttpResponse:
    """The courses in a table, and the application's version."""
    return render(request, "courses/page.html", {"version": settings.VERSION, "courses": _rows()})


def data(request: HttpRequest) -> JsonResponse:
    """What the page shows."""
    return JsonResponse({"version": settings.VERSION, "courses": _rows()})


def healthz(request: HttpRequest) -> JsonResponse:
    """Whether the process serves. The database is not asked: a load balancer must not stop all tasks with
    it.
    """
    return JsonResponse({"status": "ok", "version": settings.VERSION})
