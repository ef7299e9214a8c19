"""The number of tasks follows the load or the clock, and a scaled count is no drift."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from migratable_ecs.args import ScalingArgs, ScheduledScalingArgs
from migratable_ecs.scaling_limits import LIMITS_TYPE as LIMITS
from migratable_ecs.scaling_limits import WATCHED

from tests.unit.component.cloud import ACCOUNT, REGION, Cloud, Graph
from tests.unit.component.service import arguments, deployed
from tests.unit.component.test_refusals import refusal

pytestmark = pytest.mark.thorough(keep=3)

TARGET, POLICY, SCHEDULE = (
    "aws:appautoscaling/target:Target",
    "aws:appautoscaling/policy:Policy",
    "aws:appautoscaling/scheduledAction:ScheduledAction",
)
SERVICE = "aws:ecs/service:Service"
CLUSTER = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/learning"
NIGHT = {"name": "night", "schedule": "cron(0 22 * * ? *)", "minimum": 1, "timezone": "Asia/Tokyo"}
BALANCER = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:listener/app/shared/50dc6c/f2f7dc"


class Balanced(Cloud):
    """Target groups get the suffix of their ARN, as AWS gives it."""

    def new_resource(self, args: Any) -> tuple[str, dict[str, Any]]:
        identifier, outputs = super().new_resource(args)
        return identifier, {**outputs, "arnSuffix": f"targetgroup/{args.name}/73e2d6"}


def scaled(cluster: str = "learning", desired_count: int = 1, **scaling: Any) -> Graph:
    given = {"minimum": 2, "maximum": 6, **scaling}
    return deployed(
        Balanced(),
        cluster=cluster,
        desired_count=desired_count,
        scaling=given,
        ingress__listener_arn=BALANCER,
    )


def configuration(graph: Graph, what: str) -> dict[str, Any]:
    found: dict[str, Any] = graph.one(POLICY, f"web-{what}").inputs[
        "targetTrackingScalingPolicyConfiguration"
    ]
    return found


@pytest.mark.parametrize("cluster", ["learning", CLUSTER])
def test_the_target_is_the_service_whatever_way_the_cluster_is_named(cluster: str) -> None:
    target = scaled(cluster, cpu=60).one(TARGET).inputs
    assert target["resourceId"] == "service/learning/web"
    assert (target["serviceNamespace"], target["scalableDimension"]) == ("ecs", "ecs:service:DesiredCount")
    assert (target["minCapacity"], target["maxCapacity"]) == (2, 6)


@pytest.mark.parametrize(
    ("name", "what", "metric"),
    [
        ("cpu", "cpu", "ECSServiceAverageCPUUtilization"),
        ("memory", "memory", "ECSServiceAverageMemoryUtilization"),
        ("requests_per_target", "requests", "ALBRequestCountPerTarget"),
    ],
)
def test_each_thing_that_is_followed_has_a_policy(name: str, what: str, metric: str) -> None:
    graph = scaled(**{name: 70}, scale_in_cooldown=11, scale_out_cooldown=12)
    assert graph.types().count(POLICY) == 1
    found = configuration(graph, what)
    assert found["targetValue"] == 70
    assert found["predefinedMetricSpecification"]["predefinedMetricType"] == metric
    assert (found["scaleInCooldown"], found["scaleOutCooldown"]) == (11, 12)
    assert graph.one(POLICY, f"web-{what}").inputs["resourceId"] == "service/learning/web"


def test_requests_are_those_of_this_target_group_behind_this_load_balancer() -> None:
    specification = configuration(scaled(requests_per_target=500), "requests")[
        "predefinedMetricSpecification"
    ]
    assert specification["resourceLabel"] == "app/shared/50dc6c/targetgroup/web/73e2d6"


def test_a_schedule_sets_other_limits() -> None:
    action = scaled(schedules=[NIGHT]).one(SCHEDULE, "web-night").inputs
    assert (action["schedule"], action["timezone"]) == ("cron(0 22 * * ? *)", "Asia/Tokyo")
    assert action["scalableTargetAction"] == {"minCapacity": 1}


@pytest.mark.parametrize(("desired", "first"), [(1, 2), (4, 4), (9, 6)])
def test_the_first_deployment_is_within_the_limits(desired: int, first: int) -> None:
    assert scaled(desired_count=desired, cpu=60).one(SERVICE).inputs["desiredCount"] == first


def test_a_scaled_count_is_no_drift() -> None:
    assert scaled(cpu=60).one(SERVICE).ignored == ("desiredCount",)
    assert deployed().one(SERVICE).ignored == ()


def test_limits_that_a_schedule_has_set_are_no_drift() -> None:
    assert scaled(schedules=[NIGHT]).one(TARGET).ignored == ("minCapacity", "maxCapacity")
    assert scaled(cpu=60).one(TARGET).ignored == ()


def test_with_schedules_a_resource_of_its_own_sets_the_limits_once_target_and_schedules_are_there() -> None:
    graph = scaled(schedules=[NIGHT])
    limits = graph.one(LIMITS)
    assert {key: limits.inputs[key] for key in WATCHED} == {
        "service_namespace": "ecs",
        "scalable_dimension": "ecs:service:DesiredCount",
        "resource_id": "service/learning/web",
        "minimum": 2,
        "maximum": 6,
        "schedules": [["cron(0 22 * * ? *)", "Asia/Tokyo", 1, None]],
    }
    assert limits.inputs["region"] == REGION
    assert {f"{TARGET}::web", f"{SCHEDULE}::web-night"} <= graph.waits_for(LIMITS)
    assert LIMITS not in scaled(cpu=60).types()


def test_no_argument_is_left_out() -> None:
    assert {field.name for field in fields(ScalingArgs)} == {
        *(
            "minimum",
            "maximum",
            "cpu",
            "memory",
            "requests_per_target",
            "scale_in_cooldown",
            "scale_out_cooldown",
        ),
        "schedules",
    }
    assert {field.name for field in fields(ScheduledScalingArgs)} == {*NIGHT, "maximum"}


#: Changed arguments of the scaling, and the whole sentence.
REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        {},
        "scaling has nothing to follow: give cpu, memory, requests_per_target or schedules, such as cpu=60",
    ),
    (
        {"cpu": 60, "minimum": 9},
        "scaling.minimum is 9, above scaling.maximum, which is 6: exchange them",
    ),
    ({"cpu": 0}, "scaling.cpu is 0; give a whole number from 1 to 100 percent"),
    ({"cpu": 60, "minimum": ...}, "scaling lacks 'minimum': give a value, see ScalingArgs"),
    (
        {"schedules": [{**NIGHT, "schedule": "cron(0 22 * * *)"}]},
        "scaling.schedules[0].schedule is 'cron(0 22 * * *)'; give cron(…) with six fields, rate(…) or at(yyyy-mm-ddThh:mm:ss)",
    ),
    (
        {"schedules": [{"name": "x", "schedule": "rate(1 hour)"}]},
        "scaling.schedules[0] has neither minimum nor maximum: give at least one",
    ),
    (
        {"schedules": [{**NIGHT, "timezone": "Tokio"}]},
        "scaling.schedules[0].timezone is 'Tokio'; give a name such as 'Asia/Tokyo'",
    ),
    ({"schedules": [NIGHT, NIGHT]}, "scaling.schedules has the names ['night', 'night']; give each its own"),
]


@pytest.mark.parametrize(("changes", "sentence"), REFUSED, ids=[str(n) for n in range(len(REFUSED))])
def test_it_is_refused(changes: dict[str, Any], sentence: str) -> None:
    given = {"minimum": 2, "maximum": 6, **changes}
    scaling = {name: value for name, value in given.items() if value is not ...}
    assert refusal("web", arguments(scaling=scaling)) == sentence


def test_requests_cannot_be_followed_without_ingress() -> None:
    scaling = {"minimum": 1, "maximum": 2, "requests_per_target": 10}
    assert refusal("web", arguments(scaling=scaling, ingress=...)) == (
        "scaling.requests_per_target needs ingress, whose requests it counts: give ingress, or leave it out"
    )
