"""The hybrid Django system: two environments on one load balancer, in a network that neither makes; a way back to the earlier revision.
The tests follow one another.
"""

from __future__ import annotations

import urllib.error
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.e2e.systems.system import System, deployed
from tools.localcloud.instance import LocalCloud

pytestmark = pytest.mark.docker

STAGING, PRODUCTION = "staging.grape-app.jp", "grape-app.jp"
REPOSITORY = "django-ecs-app"
Base = dict[str, set[str]]


@pytest.fixture(scope="module")
def staging(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    cloud.prepare("django")
    cloud.push("django", "v1", "v1", REPOSITORY)
    names = {"cluster": "django-ecs-cluster-staging", "balancer": "django-ecs"}
    with deployed(cloud, tmp_path_factory.mktemp("staging"), "django", "staging", **names) as made:
        made.configure(image=f"{REPOSITORY}:v1")
        yield made


@pytest.fixture(scope="module")
def before(staging: System) -> Base:
    return base(staging)


@pytest.fixture(scope="module")
def production(
    cloud: LocalCloud, staging: System, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[System]:
    """The same file with the other name, and what must differ on one listener."""
    folder = tmp_path_factory.mktemp("production")
    names = {"cluster": "django-ecs-cluster-production", "balancer": "django-ecs"}
    with deployed(cloud, folder, "django", "production", **names) as made:
        file = folder / "Pulumi.production.yaml"
        file.write_text(file.read_text().replace("staging", "production"))
        rule = {"priority": 200, "hostHeaders": [PRODUCTION], "pathPatterns": ["/courses*", "/healthz"]}
        hosts = f"*.elb.amazonaws.com,{PRODUCTION}"
        changes = {
            **{f"ingress.{key}": value for key, value in rule.items()},
            "environment.ALLOWED_HOSTS": hosts,
        }
        made.configure(image=f"{REPOSITORY}:v1", **changes)
        yield made


def base(stack: System) -> Base:
    """What the account has of that which is made once, by kind."""
    ec2 = stack.client("ec2")
    return {
        "VPCs": {each["VpcId"] for each in ec2.describe_vpcs()["Vpcs"]},
        "subnets": {each["SubnetId"] for each in ec2.describe_subnets()["Subnets"]},
        "gateways": {each["NatGatewayId"] for each in ec2.describe_nat_gateways()["NatGateways"]},
        "groups": {each["GroupId"] for each in ec2.describe_security_groups()["SecurityGroups"]},
        "balancers": {
            each["LoadBalancerArn"]
            for each in stack.client("elbv2").describe_load_balancers()["LoadBalancers"]
        },
        "clusters": set(stack.client("ecs").list_clusters()["clusterArns"]),
        "roles": {each["RoleName"] for each in stack.client("iam").list_roles()["Roles"]},
    }


def service(stack: System) -> dict[str, Any]:
    name = f"django-ecs-service-{stack.name}"
    (found,) = stack.client("ecs").describe_services(cluster=stack.cluster, services=[name])["services"]
    return dict(found)


def newest_migration(stack: System) -> str:
    """As the environment's database has it."""
    server = stack.cloud.db_dsn().rpartition("/")[0]
    with psycopg.connect(f"{server}/grape_{stack.name}") as connection:
        found = connection.execute("SELECT name FROM django_migrations ORDER BY id DESC").fetchone()
    assert found
    return str(found[0])


def answer(stack: System, host: str, path: str = "/courses.json") -> int:
    try:
        stack.get(path, host)
    except urllib.error.HTTPError as error:
        return error.code
    return 200


def test_each_environment_migrates_a_database_of_its_own_and_runs_two_tasks(
    before: Base, staging: System, production: System
) -> None:
    for stack in (staging, production):
        up = stack.up()
        assert up.ok, up.output
        assert up.lines("Applying courses.0003_first_courses... OK")
        assert len(stack.migration_tasks(f"django-app-{stack.name}-migrate")) == 1
        assert newest_migration(stack) == "0003_first_courses"
        assert service(stack)["runningCount"] == 2


def test_no_vpc_was_made_and_nothing_else_that_is_made_once(before: Base, production: System) -> None:
    after = base(production)
    assert {kind: len(ids) for kind, ids in after.items()} == {kind: len(ids) for kind, ids in before.items()}
    assert after == before


def test_one_listener_leads_by_host_and_path_with_fixed_priorities(
    staging: System, production: System
) -> None:
    elb = staging.client("elbv2")
    (balancer,) = elb.describe_load_balancers(Names=["django-ecs"])["LoadBalancers"]
    (listener,) = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    rules = elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
    assert {each["Priority"] for each in rules} == {"100", "200", "default"}
    assert staging.get("/courses.json", STAGING)["version"] == "v1"
    assert production.get("/courses.json", PRODUCTION)["version"] == "v1"
    assert answer(staging, "somebody-else.jp") == 404
    assert answer(production, PRODUCTION, "/admin") == 404, "no path of this environment's"


def test_a_priority_that_another_environment_has_is_refused_in_preview(production: System) -> None:
    production.configure(**{"ingress.priority": 100})
    preview = production.preview()
    production.configure(**{"ingress.priority": 200})
    assert not preview.ok
    said = " ".join(preview.output.split())
    assert "ingress.priority is 100" in said
    assert "django-ecs-service-staging" in said
    assert "Traceback" not in preview.output


def test_its_task_definition_and_service_are_the_documents(staging: System) -> None:
    definition = staging.definition("django-app-staging")
    (container,) = definition["containerDefinitions"]
    assert (definition["cpu"], definition["memory"]) == ("256", "512")
    assert definition["executionRoleArn"].endswith(":role/ecsTaskExecutionRole")
    assert not definition.get("taskRoleArn")
    assert container["name"] == "django-app"
    assert [(each["containerPort"], each["protocol"]) for each in container["portMappings"]] == [
        (8000, "tcp")
    ]
    assert {each["name"]: each["value"] for each in container["environment"]} == {
        "DEBUG": "0",
        "ALLOWED_HOSTS": f"*.elb.amazonaws.com,{STAGING}",
    }
    options = container["logConfiguration"]["options"]
    assert options["awslogs-group"] == "/ecs/django-app-staging"
    assert options["awslogs-stream-prefix"] == "ecs"
    running = service(staging)
    assert (running["desiredCount"], running["healthCheckGracePeriodSeconds"]) == (2, 60)
    assert running["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] == "DISABLED"
    assert running["loadBalancers"][0]["containerName"] == "django-app"


def test_a_deployment_to_one_leaves_the_other_as_it_is(
    staging: System, production: System, cloud: LocalCloud
) -> None:
    """As the workflow does it: push under a tag of its own, name that in the configuration, `pulumi up`."""
    cloud.push("django", "v2", "v2", REPOSITORY)
    assert staging.run("config", "set", "image", f"{REPOSITORY}:v2", "--stack", "staging").ok
    other = service(production)["taskDefinition"]
    up = staging.up()
    assert up.ok, up.output
    assert up.lines("Applying courses.0004_course_level...")
    assert staging.get("/courses.json", STAGING)["courses"][0]["level"]
    assert production.get("/courses.json", PRODUCTION)["version"] == "v1"
    assert newest_migration(production) == "0003_first_courses"
    assert service(production)["taskDefinition"] == other
    assert production.preview("--expect-no-changes").ok


def test_looks_when_something_is_wrong(staging: System) -> None:
    status = staging.operate("status", "--check")
    assert status.ok, status.output
    logs = staging.operate("logs", "app", "--since", "1h")
    assert logs.ok, logs.output
    assert logs.lines("Listening at: http://0.0.0.0:8000")


def test_back_to_the_earlier_revision(staging: System, production: System) -> None:
    """The schema stays: what it brought is for the newer app, and the older one works with it."""
    newer, other = service(staging)["taskDefinition"], service(production)["taskDefinition"]
    number = int(newer.rpartition(":")[2])
    back = staging.operate("rollback", "--yes")
    assert back.ok, back.output
    after = service(staging)
    assert after["taskDefinition"] == f"{newer.rpartition(':')[0]}:{number - 1}"
    assert after["runningCount"] == 2
    assert staging.get("/courses.json", STAGING)["version"] == "v1"
    assert newest_migration(staging) == "0004_course_level"
    assert service(production)["taskDefinition"] == other
