"""`doctor`: what it gathers of the fakes, its screen, and its task. The checks themselves: tests/unit/doctor."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from migratable_ecs.doctor.gather import Asker, place, role, values
from migratable_ecs.testing import FakeClock, Roll, exits

from tests.unit.cli.answers import Answers
from tests.unit.cli.world import TARGET_GROUP, World
from tests.unit.doctor.healthy import SECRET, default, opens, security_group, subnet, table, target
from tests.unit.migration.scenario import Scenario

Golden = Callable[..., None]
Matches = Callable[[str, str], Any]
BALANCER = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:loadbalancer/app/web/0123"


def refused(operation: str, code: str = "AccessDeniedException") -> ClientError:
    return ClientError(
        {
            "Error": {
                "Code": code,
                "Message": "not authorized" if code != "ExpiredTokenException" else "it is over",
            }
        },
        operation,
    )


def around(world: World) -> World:
    """EC2 and the load balancer as they should be."""
    groups = [
        {**security_group("sg-1", opens(8000, "sg-alb"))},
        security_group("sg-alb", opens(80, cidr="0.0.0.0/0")),
    ]
    forward = {"Priority": "100", "Conditions": [], "Actions": [{"TargetGroupArn": TARGET_GROUP}]}
    world.others["ec2"] = Answers(
        describe_subnets={"Subnets": [subnet("subnet-1")]},
        describe_security_groups={"SecurityGroups": groups},
        describe_route_tables={"RouteTables": [table(default(NatGatewayId="nat-1"))]},
        describe_vpc_endpoints={"VpcEndpoints": []},
        describe_nat_gateways={"NatGateways": [{"NatGatewayId": "nat-1", "State": "available"}]},
    )
    group = {"TargetGroupArn": TARGET_GROUP, "TargetGroupName": "web", "LoadBalancerArns": [BALANCER]}
    world.others["elbv2"] = Answers(
        describe_target_groups={"TargetGroups": [group]},
        describe_target_health={"TargetHealthDescriptions": [target("healthy")]},
        describe_load_balancers={"LoadBalancers": [{"SecurityGroups": ["sg-alb"]}]},
        describe_listeners={"Listeners": [{"ListenerArn": "listener"}]},
        describe_rules={"Rules": [forward]},
    )
    world.others["rds"] = Answers(describe_db_instances={"DBInstances": []})
    (service,) = world.aws.ecs.describe_services(cluster="default", services=["web"])["services"]
    given = [{**service["loadBalancers"][0], "containerName": "app", "containerPort": 8000}]
    world.aws.ecs.update_service(cluster="default", service="web", loadBalancers=given)
    for definitions in world.aws.ecs._families.values():
        for each in definitions:
            each["executionRoleArn"] = ROLE
    world.others["iam"] = Answers(
        get_role={"Role": {"AssumeRolePolicyDocument": TRUST}},
        list_role_policies={"PolicyNames": ["start-tasks"]},
        get_role_policy={
            "PolicyDocument": {"Statement": {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}}
        },
        list_attached_role_policies={"AttachedPolicies": []},
    )
    return world


ROLE = "arn:aws:iam::123456789012:role/web-execution"
TRUST = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}]}


@pytest.fixture
def world() -> World:
    return around(World())


def with_database(world: World) -> World:
    """The migration knows its database."""
    world.aws.ecs._families["web-migrate"][0]["containerDefinitions"][0]["environment"] = [
        {"name": "DB_HOST", "value": "db.example"}
    ]
    return world


def test_nothing_wrong(world: World, golden: Golden) -> None:
    done = world.run("doctor", "-s", "stg")
    golden("doctor", done.stdout)
    assert done.exit_code == 0


def test_something_wrong(world: World, golden: Golden) -> None:
    """A health check that Django refuses, and a log group that somebody has deleted."""
    reason = target(
        "unhealthy", "Target.ResponseCodeMismatch", "Health checks failed with these codes: [400]"
    )
    world.others["elbv2"].answers["describe_target_health"] = {"TargetHealthDescriptions": [reason]}
    world.aws.logs.delete_log_group(logGroupName="/ecs/web")
    done = world.run("doctor", "-s", "stg")
    assert done.exit_code == 8
    golden("doctor_wrong", done.stdout)


def test_with_blue_green_both_target_groups_are_looked_at(world: World) -> None:
    elb = world.others["elbv2"].answers
    (service,) = world.aws.ecs.describe_services(cluster="default", services=["web"])["services"]
    given = {
        **service["loadBalancers"][0],
        "advancedConfiguration": {"alternateTargetGroupArn": "web-alternate"},
    }
    world.aws.ecs.update_service(cluster="default", service="web", loadBalancers=[given])
    both = {"TargetGroups": [{"TargetGroupArn": TARGET_GROUP}, {"TargetGroupArn": "web-alternate"}]}
    rule = {"Priority": "100", "Conditions": [], "Actions": [{"ForwardConfig": both}]}
    elb["describe_rules"] = {"Rules": [rule]}
    elb["describe_target_groups"] = lambda **asked: {
        "TargetGroups": [{"TargetGroupArn": asked["TargetGroupArns"][0], "LoadBalancerArns": [BALANCER]}]
    }
    health = {TARGET_GROUP: target("healthy"), "web-alternate": target("unhealthy", "Target.Timeout")}
    elb["describe_target_health"] = lambda **asked: {
        "TargetHealthDescriptions": [health[asked["TargetGroupArn"]]]
    }
    (found,) = json.loads(world.run("doctor", "--json").stdout)["findings"]
    assert (found["check"], "Target.Timeout" in found["what"]) == ("health", True)


def test_workers(matches: Matches) -> None:
    """Their services, and what their task definitions name; networks that are the app's are looked at once."""
    world = around(World(workers=("queue",)))
    assert matches("doctor", world.run("doctor", "--json").stdout)["findings"] == []
    world.aws.logs.delete_log_group(logGroupName="/ecs/web-queue")
    world.aws.ecs.roll("web-queue", Roll("failed", seconds=5))
    world.aws.ecs.update_service(cluster="default", service="web-queue", forceNewDeployment=True)
    world.clock.sleep(30)
    world.others["ec2"].answers["describe_subnets"] = {"Subnets": []}
    found = matches("doctor", world.run("doctor", "-s", "stg", "--json").stdout)["findings"]
    assert [each["check"] for each in found] == ["subnets", "subnets", "log-groups", "service"]
    assert "log group /ecs/web-queue does not exist" in found[2]["what"]
    assert "`migratable-ecs logs -s stg --service queue --since 1h`" in found[3]["remedy"]


def test_json(world: World, matches: Matches) -> None:
    world.others["ec2"].answers["describe_subnets"] = {"Subnets": []}
    done = world.run("doctor", "--json")
    assert done.exit_code == 8
    data = matches("doctor", done.stdout)
    assert {each["check"] for each in data["findings"]} == {"subnets"}
    assert [each["check"] for each in data["checks"] if not each["ok"]] == ["subnets"]


def test_what_may_not_be_looked_at_is_named_and_not_called_wrong(world: World, matches: Matches) -> None:
    for service, method in (
        ("ec2", "describe_route_tables"),
        ("iam", "get_role"),
        ("elbv2", "describe_rules"),
    ):
        world.others[service].answers[method] = refused(method)
    data = matches("doctor", world.run("doctor", "--json").stdout)
    assert data["findings"] == []
    assert {each.split(":")[0] for each in data["unknown"]} == {
        "DescribeRules",
        "DescribeRouteTables",
        "GetRole",
    }
    unknown = [each["check"] for each in data["checks"] if each["ok"] is None]
    assert unknown == ["routes", "roles", "permissions", "listener-rule"]


def test_aws_that_answers_nothing_is_no_healthy_stack(world: World) -> None:
    """Credentials that are over, for every question."""
    for service in ("ecs", "ec2", "iam", "elbv2", "ecr", "logs"):
        world.others[service] = Refusing()
    done = world.run("doctor")
    assert done.exit_code == 5
    assert (
        "AWS answered none of the questions (DescribeClusters: ExpiredTokenException: it is over)"
        in done.stderr
    )


def test_nobody_answers_the_first_question(world: World) -> None:
    """It ends there: each of the others would be waited for as long."""
    error = EndpointConnectionError(endpoint_url="http://127.0.0.1:9/")
    world.others["ecs"] = Answers(describe_clusters=error)
    done = world.run("doctor")
    assert (done.exit_code, len(world.others["ecs"].requests)) == (5, 4)


class Refusing:
    """Credentials that are over."""

    def __getattr__(self, method: str) -> Any:
        def ask(**_request: Any) -> Any:
            raise refused(method, "ExpiredTokenException")

        return ask


class TestFromTask:
    def test_it_gets_through(self) -> None:
        world = with_database(around(World(Scenario(exits(0)))))
        done = world.run("doctor", "--from-task")
        assert done.exit_code == 0
        (override,) = next(c for c in world.aws.calls if c.operation == "RunTask").params["overrides"][
            "containerOverrides"
        ]
        assert "host='db.example'; port='5432'" in override["command"][0]

    def test_it_does_not(self, matches: Matches) -> None:
        world = with_database(around(World(Scenario(exits(1, "TimeoutError: timed out")))))
        (finding,) = matches("doctor", world.run("doctor", "--from-task", "--json").stdout)["findings"]
        assert finding["what"] == "a task does not reach the database: TimeoutError: timed out"

    def test_an_image_without_any_tool(self, matches: Matches) -> None:
        world = with_database(
            around(World(Scenario(exits(97, "migratable-ecs: the image has none of python3"))))
        )
        data = matches("doctor", world.run("doctor", "--from-task", "--json").stdout)
        assert (data["findings"], len(data["unknown"])) == ([], 1)

    def test_a_database_that_nobody_names(self, world: World) -> None:
        done = world.run("doctor", "--from-task")
        assert done.exit_code == 3
        assert "--from-task does not know the database" in done.stderr


class TestGather:
    def test_secrets_their_keys_and_the_database(self) -> None:
        parameter = "arn:aws:ssm:ap-northeast-1:123456789012:parameter/shop/port"
        world = World()
        world.others["secretsmanager"] = Answers(
            describe_secret=lambda **request: {"DeletedDate": "soon"} if "old" in request["SecretId"] else {},
            get_secret_value={"SecretString": '{"host": "db.example", "password": "hunter2"}'},
        )
        world.others["ssm"] = Answers(get_parameter={"Parameter": {"Value": "5433"}})
        references = {
            "DB_HOST": f"{SECRET}:host::",
            "DB_PORT": parameter,
            "OLD": SECRET.replace("shop", "old"),
        }
        container = {"secrets": [{"name": name, "valueFrom": each} for name, each in references.items()]}
        found = values(Asker(world, FakeClock()), [container])
        assert {each.state for each in found.kept.values()} == {"there", "deleted"}
        assert found.kept[SECRET].keys == {"host", "password"}
        assert "hunter2" not in repr(found.kept)
        assert world.others["ssm"].requests[0][1]["Name"] == parameter, "`port` and `/port` have one ARN"
        assert place(found.settings) == ("db.example", 5433)

    def test_a_role_with_a_managed_policy_as_iam_encodes_it(self) -> None:
        world = World()
        world.others["iam"] = Answers(
            get_role={"Role": {"AssumeRolePolicyDocument": TRUST}},
            list_role_policies={"PolicyNames": []},
            list_attached_role_policies={"AttachedPolicies": [{"PolicyArn": "arn:policy"}]},
            get_policy={"Policy": {"DefaultVersionId": "v3"}},
            get_policy_version={
                "PolicyVersion": {
                    "Document": "%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%7D%5D%7D"
                }
            },
        )
        looked, found = role(Asker(world, FakeClock()), ROLE)
        assert looked
        assert found is not None
        assert list(found.statements) == [{"Effect": "Allow"}]

    def test_a_role_that_is_gone(self) -> None:
        world = World()
        world.others["iam"] = Answers(get_role=refused("GetRole", "NoSuchEntity"))
        assert role(Asker(world, FakeClock()), ROLE) == (True, None)

    @pytest.mark.parametrize(
        ("settings", "at"),
        [
            ({"DATABASE_URL": "postgresql://u:p@db.example:6432/shop"}, ("db.example", 6432)),
            ({"DATABASE_URL": "mysql2://u:p@db.example/shop"}, ("db.example", 3306)),
            ({"DB_HOST": "db.example", "DB_CONNECTION": "mysql"}, ("db.example", 3306)),
            ({"PGHOST": "db.example"}, ("db.example", 5432)),
            ({"APP_ENV": "stg"}, None),
        ],
    )
    def test_where_the_database_is(self, settings: dict[str, str], at: tuple[str, int] | None) -> None:
        assert place(settings) == at
