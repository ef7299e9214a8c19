"""The options of the service on the local cloud: scaling, ECS Exec, capacity, discovery, keys, alarms, dashboard, a taken priority.

After `up`, nothing is to change, with and without a refresh: what was asked for is what the cloud says it has. Not here, since the
Terraform AWS provider 5.100 or the local cloud lack it: ECS's own blue/green (test_rollout.py), a load balancer of the service's own, which
takes a minute to make (test_load_balancer.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.conftest import empty
from tests.e2e.stack import SERVICE, Stack
from tools.localcloud.instance import LocalCloud

pytestmark = pytest.mark.docker

PROGRAM = """
import json
import pulumi
import pulumi_aws as aws
from migratable_ecs import MigratableEcsService
from migratable_ecs.environment import load, look_up

settings = load(pulumi.Config())
environment = look_up(settings)
topic = aws.sns.Topic("alarms", name="alarms")
key = aws.kms.Key("logs", description="Logs of the service")
vpc = aws.ec2.get_vpc(tags={"Name": settings.vpc})
namespace = aws.servicediscovery.PrivateDnsNamespace("internal", name="internal.test", vpc=vpc.id)

service = MigratableEcsService(settings.service, {
    "cluster": environment.cluster_arn,
    "image": settings.image,
    "container_port": settings.container_port,
    "secrets": settings.secrets,
    "desired_count": settings.desired_count,
    "log_kms_key_arn": key.arn,
    "network": {"subnets": environment.subnet_ids, "security_groups": environment.security_group_ids},
    "ingress": {
        "listener_arn": environment.listener_arn, "vpc_id": environment.vpc_id, "priority": settings.priority,
        "path_patterns": ["/*"], "http_methods": ["GET", "HEAD"], "query_strings": None,
        "health_check_path": "/healthz", "healthy_threshold": 2, "slow_start": 30, "stickiness": {"seconds": 60},
    },
    "rollout": {
        "minimum_healthy_percent": 50, "maximum_percent": 150, "grace_period": 30, "execute_command": True,
        "zone_rebalancing": False, "propagate_tags": "TASK_DEFINITION", "redeploy_triggers": {"secret": "1"},
        "capacity_providers": [{"name": "FARGATE", "base": 1}, {"name": "FARGATE_SPOT", "weight": 3}],
    },
    "discovery": {"namespace_id": namespace.id, "ttl": 5},
    "scaling": {
        "minimum": 1, "maximum": 3, "cpu": 60, "memory": 70, "requests_per_target": 500,
        "schedules": [{"name": "night", "schedule": "cron(0 22 * * ? *)", "minimum": 1, "timezone": "Asia/Tokyo"}],
    },
    "watching": {"topic_arn": topic.arn, "cpu": 80, "server_errors": 5},
    "names": {"execution_role": "shop-start", "log_group": "/shop/app", "alarms": "shop"},
    "migration": {"command": settings.migration_command},
})
pulumi.export("url", service.url)
pulumi.export("service_link", service.service_link)
pulumi.export("dashboard_link", service.dashboard_link)
pulumi.export("topic", topic.arn)
"""


@pytest.fixture(scope="module")
def stack(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    empty(cloud.db_dsn())
    cloud.push("django", "v1")
    made = Stack(cloud, tmp_path_factory.mktemp("options"), program=PROGRAM)
    yield made
    assert made.destroy().ok
    assert made.run("stack", "rm", made.name, "--yes").ok


@pytest.fixture(scope="module")
def up(stack: Stack) -> Stack:
    done = stack.up()
    assert done.ok, done.output
    return stack


def service(stack: Stack) -> dict[str, Any]:
    found = stack.client("ecs").describe_services(cluster="local", services=[SERVICE])["services"]
    assert len(found) == 1
    return dict(found[0])


def test_nothing_changes_after_up(up: Stack) -> None:
    for words in ((), ("--refresh",)):
        preview = up.preview("--expect-no-changes", "--diff", *words)
        assert preview.ok, preview.output


def test_the_service_is_as_asked_for(up: Stack) -> None:
    found = service(up)
    assert found["enableExecuteCommand"] is True
    assert found["deploymentConfiguration"]["minimumHealthyPercent"] == 50
    assert found["deploymentConfiguration"]["maximumPercent"] == 150
    assert found["healthCheckGracePeriodSeconds"] == 30
    assert found["availabilityZoneRebalancing"] == "DISABLED"
    assert found["propagateTags"] == "TASK_DEFINITION"
    assert {each["capacityProvider"] for each in found["capacityProviderStrategy"]} == {
        "FARGATE",
        "FARGATE_SPOT",
    }
    assert "launchType" not in found


def test_the_migration_s_task_ran_on_the_same_capacity(up: Stack) -> None:
    (arn,) = up.migration_tasks()
    task = up.client("ecs").describe_tasks(cluster="local", tasks=[arn])["tasks"][0]
    assert task["capacityProviderName"] in ("FARGATE", "FARGATE_SPOT")


def test_a_scaled_count_is_no_drift(up: Stack) -> None:
    ecs = up.client("ecs")
    ecs.update_service(cluster="local", service=SERVICE, desiredCount=2)
    for words in ((), ("--refresh",)):
        preview = up.preview("--expect-no-changes", "--diff", *words)
        assert preview.ok, preview.output
    again = up.up()
    assert again.ok, again.output
    assert service(up)["desiredCount"] == 2


def test_scaling_follows_three_things_and_the_clock(up: Stack) -> None:
    scaling = up.client("application-autoscaling")
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    assert target["ResourceId"] == f"service/local/{SERVICE}"
    policies = scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
    assert {each["PolicyName"] for each in policies} == {
        f"{SERVICE}-{what}" for what in ("cpu", "memory", "requests")
    }
    (action,) = scaling.describe_scheduled_actions(ServiceNamespace="ecs")["ScheduledActions"]
    assert (action["Timezone"], action["ScalableTargetAction"]) == ("Asia/Tokyo", {"MinCapacity": 1})


def test_alarms_tell_the_topic(up: Stack) -> None:
    topic = up.outputs()["topic"]
    alarms = up.client("cloudwatch").describe_alarms(AlarmNamePrefix="shop-")["MetricAlarms"]
    assert {each["AlarmName"] for each in alarms} == {
        f"shop-{what}" for what in ("migration-failed", "no-healthy-task", "cpu", "memory", "server-errors")
    }
    assert {action for each in alarms for action in each["AlarmActions"]} == {topic}
    events = up.client("events")
    (target,) = events.list_targets_by_rule(Rule="shop-rollback")["Targets"]
    assert target["Arn"] == topic


def test_runs_are_counted_from_the_history(up: Stack) -> None:
    filters = up.client("logs").describe_metric_filters(logGroupName=f"/ecs/{SERVICE}-migrate")[
        "metricFilters"
    ]
    assert {each["filterName"] for each in filters} == {"shop-migrations-failed", "shop-migrations-succeeded"}


def test_the_run_is_marked_in_the_dashboard(up: Stack) -> None:
    body = json.loads(up.client("cloudwatch").get_dashboard(DashboardName=SERVICE)["DashboardBody"])
    marks = [
        mark["label"]
        for widget in body["widgets"]
        for mark in widget["properties"].get("annotations", {}).get("vertical", ())
    ]
    assert marks
    assert all(mark.startswith("migration succeeded: sha256:") for mark in marks)


def test_logs_are_encrypted_and_named_as_asked_for(up: Stack) -> None:
    logs = up.client("logs")
    for name in ("/shop/app", f"/ecs/{SERVICE}-migrate"):
        (group,) = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        assert ":key/" in group["kmsKeyId"]


def test_the_tasks_are_in_cloud_map(up: Stack) -> None:
    found = up.client("servicediscovery").list_services()["Services"]
    assert SERVICE in {each["Name"] for each in found}
    (registry,) = service(up)["serviceRegistries"]
    assert registry["registryArn"] in {each["Arn"] for each in found}


def test_the_links_name_the_service(up: Stack) -> None:
    outputs = up.outputs()
    assert f"/services/{SERVICE}/" in outputs["service_link"]
    assert outputs["dashboard_link"].endswith(f"/{SERVICE}")
    assert outputs["url"].startswith("http://")


def test_a_priority_taken_by_another_rule_is_named_in_preview(up: Stack, cloud: LocalCloud) -> None:
    elb = up.client("elbv2")
    (balancer,) = elb.describe_load_balancers(Names=["local"])["LoadBalancers"]
    (listener,) = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    made = elb.create_rule(
        ListenerArn=listener["ListenerArn"],
        Priority=77,
        Conditions=[{"Field": "path-pattern", "Values": ["/other/*"]}],
        Actions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
    )["Rules"][0]
    try:
        up.configure(**{"ingress.priority": 77})
        preview = up.preview()
    finally:
        up.configure(**{"ingress.priority": 100})
        elb.delete_rule(RuleArn=made["RuleArn"])
    assert not preview.ok
    assert "ingress.priority is 77, which another rule of the listener has (path /other/*; " in preview.output
    assert made["RuleArn"] in preview.output
    assert "give one that is free, such as 78" in preview.output
    assert "Traceback" not in preview.output
