"""Alarms, the message of a rollback, and the dashboard with the runs marked."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from typing import Any

import pytest
from migratable_ecs import dashboard
from migratable_ecs.alarms import always_runs, history_pattern
from migratable_ecs.args import MigratableEcsServiceArgs, WatchingArgs, build
from migratable_ecs.migration.history import stream_name
from migratable_ecs.migration.spec import RunRecord

from tests.unit.component.cloud import ACCOUNT, REGION, Graph
from tests.unit.component.service import arguments, deployed
from tests.unit.component.test_scaling import BALANCER, NIGHT, Balanced

pytestmark = pytest.mark.thorough(keep=3)

ALARM, FILTER = "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/logMetricFilter:LogMetricFilter"
RULE, TARGET = "aws:cloudwatch/eventRule:EventRule", "aws:cloudwatch/eventTarget:EventTarget"
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"
RUN = {"status": "failed", "digest": "sha256:" + "a" * 64, "started_at": "2030-01-01T00:00:00Z"}


class WithRuns(Balanced):
    """A cloud in which the migration has run once."""

    def new_resource(self, args: Any) -> tuple[str, dict[str, Any]]:
        identifier, outputs = super().new_resource(args)
        if args.typ.endswith(":MigrationRun"):
            outputs["history"] = [RUN]
        return identifier, outputs


def watched(changes: dict[str, Any] | None = None, **watching: Any) -> Graph:
    given = {"topic_arn": TOPIC, **watching}
    return deployed(WithRuns(), watching=given, **{"ingress__listener_arn": BALANCER, **(changes or {})})


def alarms(graph: Graph) -> dict[str, Any]:
    return {each.name.removeprefix("web-"): each.inputs for each in graph.resources if each.type == ALARM}


WITHOUT_INGRESS: dict[str, Any] = {"ingress": ..., "ingress__listener_arn": ...}


def test_nothing_is_watched_unless_asked_for() -> None:
    assert not {ALARM, FILTER, RULE, DASHBOARD} & set(deployed().types())


def test_each_alarm_goes_to_the_topic_and_comes_back_when_all_is_well() -> None:
    found = alarms(watched())
    assert set(found) == {"migration-failed", "no-healthy-task", "cpu", "memory", "server-errors"}
    for name, alarm in found.items():
        assert alarm["alarmActions"] == alarm["okActions"] == [TOPIC], name
        assert alarm["name"] == f"web-{name}"
        assert "web" in alarm["alarmDescription"]


@pytest.mark.parametrize(
    ("name", "value", "gone"),
    [
        ("migration_failed", False, "migration-failed"),
        ("no_healthy_task", False, "no-healthy-task"),
        ("cpu", None, "cpu"),
        ("memory", None, "memory"),
        ("server_errors", None, "server-errors"),
    ],
)
@pytest.mark.thorough(keep=5)
def test_each_can_be_left_out(name: str, value: Any, gone: str) -> None:
    assert set(alarms(watched())) - set(alarms(watched(**{name: value}))) == {gone}


@pytest.mark.parametrize(
    ("name", "value", "alarm", "key"),
    [
        ("cpu", 50, "cpu", "threshold"),
        ("memory", 51, "memory", "threshold"),
        ("server_errors", 0, "server-errors", "threshold"),
        ("minutes", 7, "cpu", "evaluationPeriods"),
        ("minutes", 7, "server-errors", "evaluationPeriods"),
    ],
)
def test_it_arrives(name: str, value: int, alarm: str, key: str) -> None:
    assert alarms(watched(**{name: value}))[alarm][key] == value


def test_alarms_look_at_this_service_and_this_target_group() -> None:
    found = alarms(watched())
    of_service = {"ClusterName": "learning", "ServiceName": "web"}
    of_target = {"LoadBalancer": "app/shared/50dc6c", "TargetGroup": "targetgroup/web/73e2d6"}
    assert found["cpu"]["dimensions"] == found["memory"]["dimensions"] == of_service
    assert found["server-errors"]["dimensions"] == found["no-healthy-task"]["dimensions"] == of_target


def test_without_ingress_the_running_tasks_are_counted() -> None:
    found = alarms(watched(WITHOUT_INGRESS))
    alarm = found["no-healthy-task"]
    assert (alarm["metricName"], alarm["statistic"], alarm["threshold"]) == (
        "CPUUtilization",
        "SampleCount",
        1,
    )
    assert alarm["treatMissingData"] == "breaching"
    assert "server-errors" not in found


@pytest.mark.parametrize(
    ("changes", "always"),
    [
        ({"desired_count": 1}, True),
        ({"desired_count": 0}, False),
        ({"desired_count": 0, "scaling": {"minimum": 1, "maximum": 2, "cpu": 50}}, True),
        ({"desired_count": 1, "scaling": {"minimum": 0, "maximum": 2, "cpu": 50}}, False),
        ({"scaling": {"minimum": 1, "maximum": 2, "schedules": [{**NIGHT, "minimum": 0}]}}, False),
        (
            {
                "scaling": {
                    "minimum": 1,
                    "maximum": 2,
                    "schedules": [{**NIGHT, "minimum": None, "maximum": 1}],
                }
            },
            True,
        ),
    ],
)
def test_a_service_that_may_be_off_misses_no_task(changes: dict[str, Any], always: bool) -> None:
    given = arguments(**changes)
    assert always_runs(build(MigratableEcsServiceArgs, given)) is always


def test_a_service_that_is_off_has_no_such_alarm() -> None:
    assert "no-healthy-task" not in alarms(watched({"desired_count": 0}))


def test_with_blue_green_both_target_groups_count() -> None:
    """After a deployment the requests are at the other group: an alarm on one alone would go off for nothing, or not at all."""
    graph = watched({"rollout": {"blue_green": {}}})
    for name, statistic in (("no-healthy-task", "Maximum"), ("server-errors", "Sum")):
        alarm = alarms(graph)[name]
        both, *groups = alarm["metricQueries"]
        assert (both["expression"], both["returnData"]) == ("FILL(blue, 0) + FILL(green, 0)", True)
        assert [group["id"] for group in groups] == ["blue", "green"]
        assert {group["metric"]["stat"] for group in groups} == {statistic}
        assert [group["metric"]["dimensions"]["TargetGroup"] for group in groups] == [
            "targetgroup/web/73e2d6",
            "targetgroup/web-alternate/73e2d6",
        ]
        # What AWS does not take together with metric maths.
        assert not {"metricName", "namespace", "statistic", "period", "dimensions"} & set(alarm)
    (drawn,) = [
        w["properties"]["metrics"] for w in shown(graph) if "Response time" in w["properties"]["title"]
    ]
    assert [metric[3] for metric in drawn] == ["targetgroup/web/73e2d6", "targetgroup/web-alternate/73e2d6"]


def test_without_a_migration_none_is_counted() -> None:
    graph = watched({"migration": ...})
    assert FILTER not in graph.types()
    assert "migration-failed" not in alarms(graph)


def test_a_failed_migration_is_counted_in_its_log_group_and_alarms_at_once() -> None:
    graph = watched()
    counted = graph.one(FILTER, "web-migrations-failed").inputs
    assert counted["logGroupName"] == "/ecs/web-migrate"
    alarm = alarms(graph)["migration-failed"]
    made = counted["metricTransformation"]
    assert (made["namespace"], made["name"]) == (alarm["namespace"], alarm["metricName"])
    assert (alarm["threshold"], alarm["comparisonOperator"], alarm["evaluationPeriods"]) == (
        0,
        "GreaterThanThreshold",
        1,
    )


def test_a_failed_contract_is_counted_too() -> None:
    graph = watched({"contract": {"command": "contract"}})
    groups = {each.name: each.inputs["logGroupName"] for each in graph.resources if each.type == FILTER}
    assert groups["web-migrations-failed"] == "/ecs/web-migrate"
    assert groups["web-contracts-failed"] == "/ecs/web-contract"
    made = {
        graph.one(FILTER, f"web-{what}-failed").inputs["metricTransformation"]["name"]
        for what in ("migrations", "contracts")
    }
    assert made == {alarms(graph)["migration-failed"]["metricName"]}
    (table,) = [widget for widget in shown(graph) if widget["type"] == "log"]
    assert table["properties"]["query"].startswith(
        "SOURCE '/ecs/web-migrate' | SOURCE '/ecs/web-contract' | filter "
    )
    assert stream_name("web-contract") in table["properties"]["query"]
    assert {
        len(w["properties"]["annotations"]["vertical"]) for w in shown(graph) if w["type"] == "metric"
    } == {2}


def matches(pattern: str, event: dict[str, Any]) -> bool:
    """The part of CloudWatch's filter language that the pattern uses: `&&` of equalities, `*` for anything but missing or null."""
    terms = re.findall(r'\(\$\.(\w+) = "([^"]*)"\)', pattern)
    assert pattern == "{ " + " && ".join(f'($.{key} = "{value}")' for key, value in terms) + " }"
    return all(
        event.get(key) is not None and (value == "*" or event.get(key) == value) for key, value in terms
    )


def test_the_pattern_counts_the_history_and_no_line_of_the_migration_s_own() -> None:
    record = RunRecord(
        run="1", status="failed", digest="d", identity="i", task_definition_arn="arn"
    ).as_dict()
    assert matches(history_pattern("failed"), record)
    assert not matches(history_pattern("succeeded"), record)
    assert not matches(
        history_pattern("failed"), {"status": "failed", "message": "a line of the application"}
    )


def test_a_failed_deployment_of_this_service_is_told() -> None:
    graph = watched()
    pattern = json.loads(graph.one(RULE, "web-rollback").inputs["eventPattern"])
    assert pattern == {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Deployment State Change"],
        "resources": ["arn:aws:Service:web"],
        "detail": {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]},
    }
    target = graph.one(TARGET, "web-rollback").inputs
    assert (target["arn"], target["rule"]) == (TOPIC, "web-rollback")


@pytest.mark.parametrize("watching", [{"rollback": False}, {"topic_arn": None}])
def test_without_a_topic_or_on_request_no_rollback_is_told(watching: dict[str, Any]) -> None:
    assert RULE not in watched(**watching).types()


def test_without_a_topic_alarms_are_only_shown() -> None:
    assert {tuple(alarm["alarmActions"]) for alarm in alarms(watched(topic_arn=None)).values()} == {()}


# -- the dashboard --------------------------------------------------------------------------------------------------


def shown(graph: Graph) -> list[dict[str, Any]]:
    widgets = json.loads(graph.one(DASHBOARD).inputs["dashboardBody"])["widgets"]
    return [dict(widget) for widget in widgets]


def test_the_dashboard_can_be_left_out() -> None:
    assert DASHBOARD in watched().types()
    assert DASHBOARD not in watched(dashboard=False).types()


def test_it_shows_service_requests_and_migrations() -> None:
    titles = [widget["properties"]["title"] for widget in shown(watched())]
    assert titles == [
        "CPU and memory (%)",
        "Tasks running",
        "Requests and errors",
        "Response time, p95 (s)",
        "Migrations",
        "Runs of the migration",
    ]


def test_without_ingress_and_migration_it_shows_the_service() -> None:
    titles = [w["properties"]["title"] for w in shown(watched({**WITHOUT_INGRESS, "migration": ...}))]
    assert titles == ["CPU and memory (%)", "Tasks running"]


def test_runs_are_marked_in_every_graph() -> None:
    mark = {"label": f"migration failed: sha256:{'a' * 12}", "value": RUN["started_at"], "color": "#d62728"}
    graphs = [widget for widget in shown(watched()) if widget["type"] == "metric"]
    assert len(graphs) == 5
    for graph in graphs:
        assert graph["properties"]["annotations"] == {"vertical": [mark]}


def test_runs_are_listed_from_the_history() -> None:
    (table,) = [widget for widget in shown(watched()) if widget["type"] == "log"]
    query = table["properties"]["query"]
    assert query.startswith("SOURCE '/ecs/web-migrate'")
    assert stream_name("web-migrate") in query
    named = re.search(r"fields @timestamp, ([\w, ]+) \|", query)
    assert named
    assert set(named[1].split(", ")) <= {field.name for field in fields(RunRecord)}


def test_no_widget_covers_another() -> None:
    taken: set[tuple[int, int]] = set()
    for widget in shown(watched()):
        x, y = widget["x"], widget["y"]
        area = {(x + dx, y + dy) for dx in range(widget["width"]) for dy in range(widget["height"])}
        assert x + widget["width"] <= 24
        assert not area & taken
        taken |= area


def test_the_metrics_of_the_dashboard_are_those_that_are_counted() -> None:
    graph = watched()
    counted = {
        (each.inputs["metricTransformation"]["namespace"], each.inputs["metricTransformation"]["name"])
        for each in graph.resources
        if each.type == FILTER
    }
    (drawn,) = [w["properties"]["metrics"] for w in shown(graph) if w["properties"]["title"] == "Migrations"]
    assert {tuple(metric) for metric in drawn} == counted


def test_a_run_that_never_started_is_not_marked() -> None:
    assert dashboard.marks([{**RUN, "started_at": ""}]) == []


def test_no_argument_is_left_out() -> None:
    assert {field.name for field in fields(WatchingArgs)} == {
        *("topic_arn", "migration_failed", "no_healthy_task", "rollback", "cpu", "memory", "server_errors"),
        *("minutes", "dashboard"),
    }
