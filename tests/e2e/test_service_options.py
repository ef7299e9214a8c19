"""The options of the service on the local cloud: scaling, ECS Exec, capacity, discovery, keys, alarms, dashboard, a worker and a schedule
with all that belongs to them, another port, a taken priority.

After `up`, nothing is to change, with and without a refresh: what was asked for is what the cloud says it has. Not here, but with mocks
only: ECS's own blue/green, which the Terraform AWS provider 5.100 does not have, and Service Connect, whose proxy the local cloud does
not run (both tests/unit/component/test_rollout.py); a load balancer of the service's own, which takes a minute to make
(tests/unit/component/test_load_balancer.py).
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

RESOURCE = f"service/local/{SERVICE}"

PROJECT = "name: options\nruntime: python\n"

PROGRAM = """
import os
import pulumi
import pulumi_aws as aws
from migratable_ecs import MigratableEcsService

port, priority = int(os.environ.get("PORT", "8000")), int(os.environ.get("PRIORITY", "100"))
topic = aws.sns.Topic("alarms", name="alarms")
key = aws.kms.Key("logs", description="Logs of the service")
vpc = aws.ec2.get_vpc(tags={"Name": "local"})
subnets = aws.ec2.get_subnets(filters=[{"name": "vpc-id", "values": [vpc.id]}], tags={"Tier": "private"})
balancer = aws.lb.get_load_balancer(name="local")
namespace = aws.servicediscovery.PrivateDnsNamespace("internal", name="internal.test", vpc=vpc.id)
secrets = {"DB_HOST": "host", "DB_PORT": "port", "DB_NAME": "dbname", "DB_USER": "operator_user", "DB_PASSWORD": "operator_password",
           "DJANGO_SECRET_KEY": "django_secret_key"}

service = MigratableEcsService("django-app", {
    "cluster": aws.ecs.get_cluster(cluster_name="local").arn,
    "image": "django-app:latest",
    "container_port": port,
    "command": ["python", "-m", "gunicorn", f"--bind=0.0.0.0:{port}", "--worker-tmp-dir=/dev/shm", "config.wsgi"],
    "secrets": {name: f"learning-db-local:{name_in_json}" for name, name_in_json in secrets.items()},
    "log_kms_key_arn": key.arn,
    "network": {"subnets": sorted(subnets.ids), "security_groups": [aws.ec2.get_security_group(vpc_id=vpc.id, name="local-app").id]},
    "ingress": {
        "listener_arn": aws.lb.get_listener(load_balancer_arn=balancer.arn, port=80).arn, "vpc_id": vpc.id, "priority": priority,
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
        "minimum": 1, "maximum": int(os.environ.get("MAXIMUM", "3")), "cpu": 60, "memory": 70, "requests_per_target": 500,
        "schedules": [{"name": "night", "schedule": "cron(0 22 * * ? *)", "minimum": 1, "timezone": "Asia/Tokyo"}],
    },
    "watching": {"topic_arn": topic.arn, "cpu": 80, "server_errors": 5},
    "names": {"execution_role": "shop-start", "log_group": "/shop/app", "alarms": "shop"},
    "migration": {"command": "python manage.py migrate --noinput"},
    "workers": {"queue": {
        "command": ["sleep", "3600"], "container": {"stop_timeout": 2},
        "scaling": {"minimum": 1, "maximum": 2, "cpu": 70}, "watching": {"memory": None},
    }},
    "schedules": {"nightly": {"command": "true", "expression": "cron(0 3 * * ? *)", "timezone": "Asia/Tokyo"}},
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
    made = Stack(cloud, tmp_path_factory.mktemp("options"), name="options", program=PROGRAM, project=PROJECT)
    (made.folder / "Pulumi.options.yaml").write_text("config:\n  aws:region: ap-northeast-1\n")
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
    targets = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    assert {each["ResourceId"] for each in targets} == {RESOURCE, f"{RESOURCE}-queue"}
    policies = scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
    assert {each["PolicyName"]: each["ResourceId"] for each in policies} == {
        **{f"{SERVICE}-{what}": RESOURCE for what in ("cpu", "memory", "requests")},
        f"{SERVICE}-queue-cpu": f"{RESOURCE}-queue",
    }
    (action,) = scaling.describe_scheduled_actions(ServiceNamespace="ecs")["ScheduledActions"]
    assert (action["Timezone"], action["ScalableTargetAction"]) == ("Asia/Tokyo", {"MinCapacity": 1})


def test_alarms_tell_the_topic(up: Stack) -> None:
    topic = up.outputs()["topic"]
    alarms = up.client("cloudwatch").describe_alarms(AlarmNamePrefix="shop-")["MetricAlarms"]
    assert {each["AlarmName"] for each in alarms} == {
        f"shop-{what}"
        for what in (
            "migration-failed",
            "no-healthy-task",
            "cpu",
            "memory",
            "server-errors",
            "queue-cpu",
            "queue-no-healthy-task",
        )
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


def test_a_scheduled_task_is_of_the_same_image(up: Stack) -> None:
    schedule = up.client("scheduler").get_schedule(Name=f"{SERVICE}-nightly")
    assert (schedule["ScheduleExpression"], schedule["ScheduleExpressionTimezone"]) == (
        "cron(0 3 * * ? *)",
        "Asia/Tokyo",
    )
    ecs = up.client("ecs")
    definition = schedule["Target"]["EcsParameters"]["TaskDefinitionArn"]
    found = ecs.describe_task_definition(taskDefinition=definition)["taskDefinition"]
    (container,) = found["containerDefinitions"]
    assert container["image"].endswith(up.running_digest())
    assert (container["entryPoint"], container["command"]) == (["sh", "-c"], ["true"])


def test_limits_that_a_schedule_has_set_are_no_drift(up: Stack) -> None:
    """The local cloud's clock starts no schedule here, so this sets them as the schedule would."""
    up.client("application-autoscaling").register_scalable_target(
        ServiceNamespace="ecs",
        ScalableDimension="ecs:service:DesiredCount",
        ResourceId=RESOURCE,
        MinCapacity=2,
        MaxCapacity=2,
    )
    preview = up.preview("--expect-no-changes", "--diff", "--refresh")
    assert preview.ok, preview.output


def test_other_limits_and_another_port_take_effect_in_one_update(up: Stack) -> None:
    """The target group stays: it has a name that no second one can have."""
    (before,) = service(up)["loadBalancers"]
    up.extra_env |= {"MAXIMUM": "4", "PORT": "9000"}
    again = up.up()
    assert again.ok, again.output
    assert service(up)["loadBalancers"] == [{**before, "containerPort": 9000}]
    assert up.page()["courses"]
    targets = up.client("application-autoscaling").describe_scalable_targets(
        ServiceNamespace="ecs", ResourceIds=[RESOURCE]
    )["ScalableTargets"]
    assert [(each["MinCapacity"], each["MaxCapacity"]) for each in targets] == [(1, 4)]
    preview = up.preview("--expect-no-changes", "--diff", "--refresh")
    assert preview.ok, preview.output


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
        up.extra_env["PRIORITY"] = "77"
        preview = up.preview()
    finally:
        del up.extra_env["PRIORITY"]
        elb.delete_rule(RuleArn=made["RuleArn"])
    assert not preview.ok
    assert "ingress.priority is 77, which another rule of the listener has (path /other/*; " in preview.output
    assert made["RuleArn"] in preview.output
    assert "give one that is free, such as 78" in preview.output
    assert "Traceback" not in preview.output
