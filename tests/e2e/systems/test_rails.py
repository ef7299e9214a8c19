"""The Rails system, whole: cluster, load balancer, database and registry are made with it, and nothing of them is left at the end;
`db:migrate` as a task and in a running one, status, scaling, cost. The tests follow one another.

The network is looked up: awsx, which makes it, is no part of the local cloud (tests/unit/environment/test_network.py).
"""

from __future__ import annotations

import json
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.systems import ecs_exec
from tests.e2e.systems.system import System, deployed
from tools.localcloud import base_images
from tools.localcloud.docker_api import Docker
from tools.localcloud.instance import LocalCloud

pytestmark = pytest.mark.docker

CLUSTER, SERVICE, KEY = "rails-app-cluster", "rails-app-service", "rails-app-rails-master-key"
FIRST = ["20250101000001", "20250101000002", "20250101000003"]
#: What AWS's answers call the name of a thing.
NAMES = (
    "Name", "logGroupName", "repositoryName", "DBSnapshotIdentifier", "DBInstanceIdentifier", "DBSubnetGroupName", "RoleName", "GroupId",
    "LoadBalancerArn", "TargetGroupArn", "AllocationId", "name",
)  # fmt: skip


@pytest.fixture(scope="module")
def rails(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The stack, the MySQL that RDS is to run, and the key that the document has the operator bring along."""
    base_images.mariadb(Docker(cloud.env()["DOCKER_HOST"]))
    with deployed(cloud, tmp_path_factory.mktemp("rails"), "rails", "rails-app") as made:
        secrets = made.client("secretsmanager")
        secrets.create_secret(Name=KEY, SecretString=uuid.uuid4().hex)
        yield made
        secrets.delete_secret(SecretId=KEY, ForceDeleteWithoutRecovery=True)


def there(rails: System) -> dict[str, list[str]]:
    """What costs or holds something in this cloud, by kind."""
    ecs, rds = rails.client("ecs"), rails.client("rds")
    balancing, ec2 = rails.client("elbv2"), rails.client("ec2")
    found = {
        "clusters": ecs.list_clusters()["clusterArns"],
        "databases": rds.describe_db_instances()["DBInstances"],
        "subnet groups": rds.describe_db_subnet_groups()["DBSubnetGroups"],
        "snapshots": rds.describe_db_snapshots()["DBSnapshots"],
        "secrets": rails.client("secretsmanager").list_secrets(IncludePlannedDeletion=True)["SecretList"],
        "repositories": rails.client("ecr").describe_repositories()["repositories"],
        "load balancers": balancing.describe_load_balancers()["LoadBalancers"],
        "target groups": balancing.describe_target_groups()["TargetGroups"],
        "security groups": ec2.describe_security_groups()["SecurityGroups"],
        "addresses": ec2.describe_addresses()["Addresses"],
        "buckets": rails.client("s3").list_buckets()["Buckets"],
        "log groups": rails.client("logs").describe_log_groups()["logGroups"],
        "roles": rails.client("iam").list_roles()["Roles"],
        "state machines": rails.client("stepfunctions").list_state_machines()["stateMachines"],
    }

    def name(each: Any) -> str:
        return each if isinstance(each, str) else next(str(each[key]) for key in NAMES if key in each)

    return {kind: sorted(map(name, each)) for kind, each in found.items()}


@pytest.fixture(scope="module")
def before(rails: System) -> dict[str, list[str]]:
    return there(rails)


def service(rails: System) -> dict[str, Any]:
    return dict(rails.client("ecs").describe_services(cluster=CLUSTER, services=[SERVICE])["services"][0])


def get(rails: System, path: str) -> dict[str, Any]:
    """The application's JSON through the load balancer that was made."""
    url = f"{rails.env['AWS_ENDPOINT_URL']}/_alb/rails-app{path}"
    with urllib.request.urlopen(url, timeout=10) as reply:
        return dict(json.load(reply))


def test_the_first_update_makes_the_environment_and_says_what_to_push(
    rails: System, before: dict[str, list[str]]
) -> None:
    up = rails.up(timeout=600)
    assert up.ok, up.output
    assert "push the image rails-app:latest to the new registry, then `pulumi up` again" in up.output
    made = rails.client("rds").describe_db_instances(DBInstanceIdentifier="rails-app-db")["DBInstances"][0]
    assert (made["Engine"], made["EngineVersion"], made["DBInstanceClass"]) == ("mysql", "8.0", "db.t3.micro")
    assert (made["AllocatedStorage"], made["DBName"], made["MasterUsername"]) == (
        20,
        "myapp_production",
        "myapp",
    )
    assert (made["BackupRetentionPeriod"], made["PubliclyAccessible"]) == (7, False)
    (balancer,) = rails.client("elbv2").describe_load_balancers(Names=["rails-app"])["LoadBalancers"]
    assert balancer["Scheme"] == "internet-facing"
    now = there(rails)
    assert "rails-app" in now["repositories"]
    assert "rails-app-db" in now["secrets"]
    assert set(now["clusters"]) - set(before["clusters"]) == {rails.outputs()["cluster_arn"]}


def test_the_image_is_pushed_and_the_migration_has_run_when_the_app_starts(
    rails: System, cloud: LocalCloud
) -> None:
    cloud.push("rails", "v1")
    rails.configure(desiredCount=2)
    up = rails.up()
    assert up.ok, up.output
    assert up.lines("FirstPosts: migrated")
    assert up.lines("-- post: ようこそ")
    shown = get(rails, "/")
    assert (shown["version"], shown["schema"]) == ("v1", int(FIRST[-1]))
    assert [post["title"] for post in shown["posts"]] == ["Draft", "Second post", "ようこそ"]
    (group,) = rails.client("elbv2").describe_target_groups(Names=["rails-app-tg"])["TargetGroups"]
    assert service(rails)["loadBalancers"][0]["targetGroupArn"] == group["TargetGroupArn"]
    assert service(rails)["enableExecuteCommand"]
    assert service(rails)["runningCount"] == 2, "as the settings have it"


def test_status_of_service_targets_images_logs_and_schema(rails: System) -> None:
    status = rails.operate("status", "--check")
    assert status.ok, status.output
    assert status.lines("2 of 2 run")
    assert status.lines("healthy")
    (image,) = rails.ask("images")["images"]
    assert (image["tags"], image["runs"][0]) == (["latest"], f"service {SERVICE}, 2 tasks")
    assert rails.operate("logs", "app", "--since", "30m").lines("Listening on http://0.0.0.0:8000")
    pending = rails.operate("pending")
    assert [line.split()[:2] for line in pending.lines("20250101")] == [["up", each] for each in FIRST]


def test_what_it_costs_a_month(rails: System) -> None:
    """The database at the price of its class with MySQL in Tokyo; nothing of the stack is without a price."""
    table = rails.ask("cost")
    lines = {line["what"]: line["usd"] for line in table["lines"]}
    assert {"rails-app, vCPU", "rails-app, memory", "load balancer", "rails-app-db, storage"} <= set(lines)
    assert lines["rails-app-db, db.t3.micro"] == pytest.approx(730 * 0.026, abs=0.01)
    assert table["without_price"] == []
    assert table["total"] == pytest.approx(sum(usd for usd in lines.values() if usd), abs=0.05)
    assert "NAT gateway" not in lines, "the network is not of this stack"


def test_more_tasks(rails: System) -> None:
    scaled = rails.operate("scale", "3")
    assert scaled.ok, scaled.output
    assert service(rails)["runningCount"] == 3


def test_the_schema_is_taken_back_and_migrated_again_in_a_running_task(rails: System, tmp_path: Path) -> None:
    """`exec` hands the command to the AWS CLI; what stands in for that runs it in the container that was named."""
    back = rails.operate("rollback", "schema", "--yes")
    assert back.ok, back.output
    assert "FirstPosts: reverted" in back.output
    shown = get(rails, "/")
    assert (shown["schema"], shown["posts"]) == (int(FIRST[-2]), [])
    rails.extra_env["PATH"] = f"{ecs_exec.install(tmp_path)}:{rails.env['PATH']}"
    migrated = rails.operate("exec", "rails", "db:migrate")
    assert migrated.ok, migrated.output
    assert "FirstPosts: migrated" in migrated.output
    shown = get(rails, "/")
    assert (shown["schema"], len(shown["posts"])) == (int(FIRST[-1]), 3)


def test_destroy_leaves_nothing(rails: System, before: dict[str, list[str]]) -> None:
    gone = rails.destroy()
    assert gone.ok, gone.output
    assert there(rails) == before
