"""The program, `__main__.py`, run against mocks with the configuration of each stack."""

from __future__ import annotations

from typing import Any

from tests.unit.component.cloud import DIGEST, MIGRATION_RUN
from tests.unit.environment.configured import ROOT, Run, run

SERVICE, RULE = "aws:ecs/service:Service", "aws:lb/listenerRule:ListenerRule"
LOCAL = ROOT / "Pulumi.local.yaml"


def local(**changes: Any) -> Run:
    return run(LOCAL, "local", **changes)


def test_it_adds_the_service_to_what_is_there() -> None:
    found = local()
    graph, outputs = found.graph, found.outputs
    service = graph.one(SERVICE, "django-app").inputs
    assert service["cluster"] == outputs["cluster"] == "arn:cluster"
    assert service["networkConfiguration"]["subnets"] == ["subnet-1"]
    assert service["networkConfiguration"]["securityGroups"] == ["sg-1"]
    assert graph.one(RULE, "django-app").inputs["listenerArn"] == "arn:listener"
    assert f"{MIGRATION_RUN}::django-app-migrate" in graph.one(SERVICE, "django-app").waits_for
    assert outputs["image_digest"] == DIGEST
    assert outputs["url"] == "http://lb.test/"
    assert outputs["migration_log_group"] == "/ecs/django-app-migrate"
    print(sorted(outputs))


def test_the_program_fits_a_page() -> None:
    assert len((ROOT / "__main__.py").read_text(encoding="utf-8").splitlines()) <= 60
