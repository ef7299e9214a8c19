"""Services: deployments, real target health, the circuit breaker, and what changes without a deployment."""

from __future__ import annotations

import threading
import urllib.request
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from . import launcher_fixture as fixture
from .launcher_fixture import Cloud, Cluster, until

pytestmark = pytest.mark.docker
cloud, cluster = fixture.cloud, fixture.cluster

#: A web server that answers every request with $STATUS and $BODY, and ends at SIGTERM.
SERVER = r"""
use IO::Socket; $SIG{TERM} = sub { exit 0 }; sleep $ENV{SLOW} || 0;
$s = IO::Socket::INET->new(LocalPort => 8080, Listen => 50, ReuseAddr => 1);
while (1) { $c = $s->accept or next; while (<$c>) { last if /^\r?$/ }
  print $c "HTTP/1.1 $ENV{STATUS} X\r\nContent-Length: " . length($ENV{BODY}) . "\r\nConnection: close\r\n\r\n$ENV{BODY}";
  close $c }
"""


class Site:
    """A load balancer with a target group, and a service behind it."""

    def __init__(self, cloud: Cloud, cluster: Cluster) -> None:
        self.cluster, self.ecs = cluster, cluster.ecs
        self.elb = cloud.client("elbv2")
        self.name = f"s{uuid.uuid4().hex[:8]}"
        balancer = self.elb.create_load_balancer(Name=self.name)["LoadBalancers"][0]["LoadBalancerArn"]
        self.group = self.elb.create_target_group(
            Name=self.name,
            Protocol="HTTP",
            Port=8080,
            TargetType="ip",
            HealthCheckPath="/ok",
            HealthCheckIntervalSeconds=5,
            UnhealthyThresholdCount=2,
        )["TargetGroups"][0]["TargetGroupArn"]
        self.elb.create_listener(
            LoadBalancerArn=balancer,
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self.group}],
        )
        self.url = f"{cloud.url}/_alb/{self.name}/"

    def definition(self, body: str, status: str = "200", slow: str = "0") -> str:
        environment = {"BODY": body, "STATUS": status, "SLOW": slow}
        return self.cluster.define(
            self.cluster.container(
                None,
                entryPoint=["perl", "-e", SERVER],
                portMappings=[{"containerPort": 8080}],
                environment=[{"name": k, "value": v} for k, v in environment.items()],
            )
        )

    def create(self, definition: str, *, balanced: bool = True, desired: int = 1, **more: Any) -> Any:
        behind = [{"targetGroupArn": self.group, "containerName": "app", "containerPort": 8080}]
        return self.ecs.create_service(
            **{
                "cluster": self.cluster.name,
                "serviceName": self.name,
                "taskDefinition": definition,
                "desiredCount": desired,
                "launchType": "FARGATE",
                "networkConfiguration": self.cluster.network,
                "loadBalancers": behind if balanced else [],
                **more,
            }
        )["service"]

    def update(self, **changes: Any) -> Any:
        return self.ecs.update_service(cluster=self.cluster.name, service=self.name, **changes)["service"]

    def delete(self) -> Any:
        return self.ecs.delete_service(cluster=self.cluster.name, service=self.name, force=True)["service"]

    def service(self) -> Any:
        return self.ecs.describe_services(cluster=self.cluster.name, services=[self.name])["services"][0]

    def stable(self, seconds: float = 60) -> Any:
        """The service once it has one deployment and it is complete."""

        def settled() -> Any:
            service = self.service()
            rollouts = [d["rolloutState"] for d in service["deployments"]]
            return service if rollouts == ["COMPLETED"] else None

        return until(settled, seconds)

    def get(self) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(self.url, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, ""

    def health(self) -> list[str]:
        answer = self.elb.describe_target_health(TargetGroupArn=self.group)
        return [d["TargetHealth"]["State"] for d in answer["TargetHealthDescriptions"]]

    def tasks(self) -> list[str]:
        return list(self.ecs.list_tasks(cluster=self.cluster.name, serviceName=self.name)["taskArns"])


@pytest.fixture
def site(cloud: Cloud, cluster: Cluster) -> Any:
    made = Site(cloud, cluster)
    yield made
    found = made.ecs.describe_services(cluster=cluster.name, services=[made.name])["services"]
    if found and found[0]["status"] == "ACTIVE":
        made.delete()


BREAKER = {
    "deploymentConfiguration": {
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        "maximumPercent": 200,
        "minimumHealthyPercent": 100,
    }
}
FAILS = {"name": "app", "command": ["sh", "-c", "exit 1"]}


def test_the_first_deployment_is_complete_when_its_task_is_healthy(site: Site) -> None:
    created = site.create(site.definition("one", slow="1"))
    assert [d["rolloutState"] for d in created["deployments"]] == ["IN_PROGRESS"]
    assert created["runningCount"] == 0
    until(lambda: "initial" in site.health())
    assert site.service()["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    service = site.stable()
    assert (service["runningCount"], service["pendingCount"], site.health()) == (1, 0, ["healthy"])
    assert site.get() == (200, "one")
    assert "has reached a steady state" in service["events"][0]["message"]


def test_boto_s_waiter_for_stable_services_succeeds(site: Site) -> None:
    site.create(site.definition("one"), balanced=False)
    site.ecs.get_waiter("services_stable").wait(
        cluster=site.cluster.name, services=[site.name], WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )


def test_a_rolling_update_never_leaves_the_site_without_an_answer(site: Site) -> None:
    site.create(site.definition("one"))
    site.stable()
    answers, end = [], threading.Event()

    def ask() -> None:
        while not end.wait(0.02):
            answers.append(site.get())

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        updated = site.update(taskDefinition=site.definition("two", slow="1"))
        assert [(d["status"], d["rolloutState"]) for d in updated["deployments"]] == [
            ("PRIMARY", "IN_PROGRESS"),
            ("ACTIVE", "COMPLETED"),
        ]
        service = site.stable()
    finally:
        end.set()
        asking.join()
    assert {answer for answer in answers if answer[0] != 200} == set()
    assert site.get() == (200, "two")
    assert service["deployments"][0]["id"] == updated["deployments"][0]["id"]
    assert len(site.tasks()) == 1


def test_a_deployment_whose_tasks_fail_is_rolled_back(site: Site) -> None:
    site.create(site.definition("one"), **BREAKER)
    first = site.stable()["deployments"][0]
    broken = site.cluster.define(site.cluster.container("exit 1", portMappings=[{"containerPort": 8080}]))
    second = site.update(taskDefinition=broken)["deployments"][0]

    def failed() -> Any:
        return next((d for d in site.service()["deployments"] if d["rolloutState"] == "FAILED"), None)

    seen = until(failed, 60)
    assert (seen["id"], seen["failedTasks"]) == (second["id"], 3)
    assert "circuit breaker: tasks failed to start" in seen["rolloutStateReason"]
    service = site.stable()
    assert service["deployments"][0]["id"] == first["id"]
    assert service["taskDefinition"] == first["taskDefinition"]
    assert site.get() == (200, "one")


def test_a_deployment_that_never_gets_healthy_is_rolled_back(site: Site) -> None:
    site.create(site.definition("one"), **BREAKER)
    first = site.stable()["deployments"][0]
    site.update(taskDefinition=site.definition("two", status="500"))
    until(lambda: any(d["rolloutState"] == "FAILED" for d in site.service()["deployments"]), 90)
    assert site.get() == (200, "one")
    assert site.stable()["deployments"][0]["id"] == first["id"]
    stopped = site.ecs.list_tasks(cluster=site.cluster.name, serviceName=site.name, desiredStatus="STOPPED")
    reasons = {site.cluster.task(arn)["stoppedReason"] for arn in stopped["taskArns"]}
    assert f"Task failed ELB health checks in (target-group {site.group})" in reasons


def test_without_a_circuit_breaker_failing_tasks_are_tried_on_and_on(site: Site) -> None:
    broken = site.cluster.define(site.cluster.container("exit 1"))
    site.create(broken, balanced=False)
    service = until(lambda: (s := site.service())["deployments"][0]["failedTasks"] >= 4 and s)
    assert service["deployments"][0]["rolloutState"] == "IN_PROGRESS"


def test_a_task_that_is_stopped_is_replaced(site: Site) -> None:
    site.create(site.definition("one"))
    site.stable()
    (gone,) = site.tasks()
    site.ecs.stop_task(cluster=site.cluster.name, task=gone)
    until(lambda: site.tasks() not in ([], [gone]))
    until(lambda: site.get() == (200, "one"))
    assert len(site.stable()["deployments"]) == 1


def test_scaling_changes_the_number_of_tasks_without_a_deployment(site: Site) -> None:
    site.create(site.definition("one"), balanced=False)
    first = site.stable()["deployments"][0]["id"]
    site.update(desiredCount=3)
    until(lambda: site.service()["runningCount"] == 3)
    site.update(desiredCount=1)
    until(lambda: site.service()["runningCount"] == 1)
    assert [d["id"] for d in site.service()["deployments"]] == [first]


def test_an_update_without_a_change_starts_no_deployment(site: Site) -> None:
    definition = site.definition("one")
    site.create(definition)
    first = site.stable()["deployments"][0]["id"]
    same = site.update(
        taskDefinition=definition,
        desiredCount=1,
        networkConfiguration=site.cluster.network,
        loadBalancers=[{"targetGroupArn": site.group, "containerName": "app", "containerPort": 8080}],
    )
    assert [d["id"] for d in same["deployments"]] == [first]
    forced = site.update(forceNewDeployment=True)
    assert forced["deployments"][0]["id"] != first


def test_targets_are_asked_and_say_why_they_are_unhealthy(site: Site) -> None:
    site.create(site.definition("one", status="503"), healthCheckGracePeriodSeconds=600)
    until(lambda: site.health() == ["unhealthy"])
    answer = site.elb.describe_target_health(TargetGroupArn=site.group)["TargetHealthDescriptions"][0]
    assert answer["TargetHealth"]["Reason"] == "Target.ResponseCodeMismatch"
    assert answer["TargetHealth"]["Description"] == "Health checks failed with these codes: [503]"


def test_a_stopping_task_drains_first(site: Site) -> None:
    site.create(site.definition("one"))
    site.stable()
    site.update(desiredCount=0)
    until(lambda: site.health() == ["draining"], pause=0.01)
    until(lambda: site.health() == [])


def test_deleting_a_service_stops_its_containers(site: Site) -> None:
    site.create(site.definition("one"), desired=2)
    site.stable()
    mine = [
        c
        for c in site.cluster.cloud.containers()
        if f"/{site.cluster.name}/" in c.labels["com.amazonaws.ecs.task-arn"]
    ]
    assert len(mine) == 2
    assert site.delete()["status"] == "DRAINING"
    until(lambda: site.service()["status"] == "INACTIVE")
    left = {c.id for c in site.cluster.cloud.containers()}
    assert left.isdisjoint({c.id for c in mine})


def test_services_tell_their_zone_rebalancing(site: Site) -> None:
    site.create(site.definition("one"), balanced=False, availabilityZoneRebalancing="DISABLED")
    assert site.service()["availabilityZoneRebalancing"] == "DISABLED"
    site.update(availabilityZoneRebalancing="ENABLED")
    assert site.service()["availabilityZoneRebalancing"] == "ENABLED"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"containerName": "web"}, "The container web does not exist in the task definition."),
        ({"containerPort": 81}, "The container app did not have a container port 81 defined."),
    ],
)
def test_a_load_balancer_that_does_not_fit_is_refused(
    site: Site, change: dict[str, Any], message: str
) -> None:
    behind = {"targetGroupArn": site.group, "containerName": "app", "containerPort": 8080, **change}
    with pytest.raises(ClientError, match=message):
        site.create(site.definition("one"), loadBalancers=[behind])


def test_a_target_group_without_a_listener_is_refused(site: Site) -> None:
    lonely = site.elb.create_target_group(
        Name=f"l{uuid.uuid4().hex[:8]}",
        Protocol="HTTP",
        Port=8080,
        TargetType="ip",
    )["TargetGroups"][0]["TargetGroupArn"]
    behind = {"targetGroupArn": lonely, "containerName": "app", "containerPort": 8080}
    with pytest.raises(ClientError, match="does not have an associated load balancer"):
        site.create(site.definition("one"), loadBalancers=[behind])


def test_a_failing_container_health_check_replaces_the_task(site: Site) -> None:
    sick = site.cluster.define(
        site.cluster.container(
            "touch /tmp/ok; sleep 4; rm /tmp/ok; sleep 300",
            stopTimeout=2,
            healthCheck={
                "command": ["CMD-SHELL", "test -f /tmp/ok"],
                "interval": 5,
                "timeout": 2,
                "retries": 1,
            },
        )
    )
    site.create(sick, balanced=False)
    first = until(site.tasks)[0]

    def replaced() -> Any:
        task = site.cluster.task(first)
        return task if task["lastStatus"] == "STOPPED" else None

    task = until(replaced, 60)
    assert (task["stopCode"], task["stoppedReason"]) == (
        "ServiceSchedulerInitiated",
        "Task failed container health checks",
    )
    assert first not in site.tasks()
