"""An environment that the program makes, on the local cloud: cluster, load balancer, database, registry, and the service on them.

The network is looked up: awsx's plugin is a Node program, and its part is covered by mocks (tests/unit/environment/test_network.py).
Stacks that look everything up are what the other files of this folder start from.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL

from tests.e2e.stack import Stack, eventually
from tools.localcloud.instance import LocalCloud

pytestmark = pytest.mark.docker

NAME = "django-app"
GROUPS = {f"{NAME}-alb", f"{NAME}-db"}
MADE: dict[str, Any] = {
    "network": {"vpc": "local", "subnets": {"Tier": "private"}, "securityGroups": ["local-app"]},
    "cluster": {"create": {"capacity": ["FARGATE_SPOT", "FARGATE"]}},
    "loadBalancer": {"create": {"allowedCidrs": ["10.0.0.0/16"], "subnets": {"Tier": "public"}}},
    "database": {"create": {"version": "16", "name": "shop", "subnets": {"Tier": "private"}}},
    "registry": {"create": {"repository": "shop/app", "keep": 10}},
    "secrets": {
        "DB_HOST": "database:host",
        "DB_PORT": "database:port",
        "DB_NAME": "database:dbname",
        "DB_USER": "database:operator_user",
        "DB_PASSWORD": "database:operator_password",
        "DJANGO_SECRET_KEY": "learning-db-local:django_secret_key",
    },
}


def left_over(stack: Stack) -> dict[str, list[str]]:
    """What of the environment is in the cloud, by kind."""
    rds, logs = stack.client("rds"), stack.client("logs")
    secrets = stack.client("secretsmanager").list_secrets(IncludePlannedDeletion=True)["SecretList"]
    prefixes = ("/ecs/", "/aws/rds/", "/aws/ecs/")
    groups = [
        each
        for prefix in prefixes
        for each in logs.describe_log_groups(logGroupNamePrefix=prefix)["logGroups"]
    ]
    found = {
        "databases": [each["DBInstanceIdentifier"] for each in rds.describe_db_instances()["DBInstances"]],
        "subnet groups": [
            each["DBSubnetGroupName"] for each in rds.describe_db_subnet_groups()["DBSubnetGroups"]
        ],
        "snapshots": [each["DBSnapshotIdentifier"] for each in rds.describe_db_snapshots()["DBSnapshots"]],
        "secrets": [each["Name"] for each in secrets if each["Name"] != "learning-db-local"],
        "clusters": [
            each for each in stack.client("ecs").list_clusters()["clusterArns"] if not each.endswith("/local")
        ],
        "repositories": [
            each["repositoryName"]
            for each in stack.client("ecr").describe_repositories()["repositories"]
            if each["repositoryName"].startswith("shop/")
        ],
        "load balancers": [
            each["LoadBalancerName"]
            for each in stack.client("elbv2").describe_load_balancers()["LoadBalancers"]
            if each["LoadBalancerName"] != "local"
        ],
        "buckets": [each["Name"] for each in stack.client("s3").list_buckets()["Buckets"]],
        "log groups": [each["logGroupName"] for each in groups if NAME in each["logGroupName"]],
        "state machines": [
            each["name"] for each in stack.client("stepfunctions").list_state_machines()["stateMachines"]
        ],
        "rules": [each["Name"] for each in stack.client("events").list_rules()["Rules"]],
        "roles": [
            each["RoleName"]
            for each in stack.client("iam").list_roles()["Roles"]
            if each["RoleName"].startswith(NAME)
        ],
        "security groups": [
            each["GroupName"]
            for each in stack.client("ec2").describe_security_groups()["SecurityGroups"]
            if each["GroupName"] in GROUPS
        ],
    }
    return {kind: names for kind, names in found.items() if names}


@pytest.fixture(scope="module")
def stack(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    cloud.push("django", "v1")
    made = Stack(cloud, tmp_path_factory.mktemp("environment"))
    made.configure(**MADE)
    yield made
    # The last test destroys it; this is for a run that ended earlier.
    destroyed = made.destroy()
    assert destroyed.ok, destroyed.output
    assert made.run("stack", "rm", made.name, "--yes").ok


@pytest.fixture(scope="module")
def before(stack: Stack) -> dict[str, list[str]]:
    return left_over(stack)


def database(stack: Stack) -> dict[str, Any]:
    (found,) = stack.client("rds").describe_db_instances(DBInstanceIdentifier=f"{NAME}-db")["DBInstances"]
    return dict(found)


def password(stack: Stack) -> str:
    """As RDS keeps it."""
    arn = database(stack)["MasterUserSecret"]["SecretArn"]
    value = stack.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    return str(json.loads(value)["password"])


def connection(stack: Stack) -> dict[str, str]:
    """What the JSON secret says."""
    value = stack.client("secretsmanager").get_secret_value(SecretId=f"{NAME}-db")["SecretString"]
    return dict(json.loads(value))


def answers(stack: Stack) -> bool:
    """Whether the app finds its courses in its database."""
    url = f"{stack.env['AWS_ENDPOINT_URL']}/_alb/{NAME}/courses.json"
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:
            return "courses" in json.load(reply)
    except (urllib.error.URLError, TimeoutError):
        return False


def test_a_secret_that_is_scheduled_for_deletion_is_named_in_preview_with_the_remedy(
    stack: Stack, before: dict[str, list[str]]
) -> None:
    client = stack.client("secretsmanager")
    client.create_secret(Name=f"{NAME}-db", SecretString="{}")
    client.delete_secret(SecretId=f"{NAME}-db", RecoveryWindowInDays=7)
    preview = stack.preview()
    client.delete_secret(SecretId=f"{NAME}-db", ForceDeleteWithoutRecovery=True)
    assert not preview.ok
    assert f"the secret '{NAME}-db' is scheduled for deletion" in preview.output
    assert (
        f"aws secretsmanager delete-secret --secret-id {NAME}-db --force-delete-without-recovery"
        in preview.output
    )
    assert "Traceback" not in preview.output
    assert left_over(stack) == before


def test_everything_comes_up_at_once(stack: Stack) -> None:
    done = stack.up(timeout=600)
    assert done.ok, done.output
    assert stack.outputs()["migration_status"] == "succeeded"


def test_the_migration_ran_in_the_database_that_was_made(stack: Stack) -> None:
    found = database(stack)
    with psycopg.connect(
        host=found["Endpoint"]["Address"], port=5432, dbname="shop", user="operator", password=password(stack)
    ) as connection:
        tables = {
            name
            for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        }
    assert "django_migrations" in tables


def test_the_secret_has_all_that_it_takes_to_reach_the_database(stack: Stack) -> None:
    assert connection(stack) == {
        "host": database(stack)["Endpoint"]["Address"],
        "port": "5432",
        "dbname": "shop",
        "operator_user": "operator",
        "operator_password": password(stack),
    }


def test_the_tasks_get_the_password_from_there(stack: Stack) -> None:
    arn = stack.client("secretsmanager").describe_secret(SecretId=f"{NAME}-db")["ARN"]
    definition = stack.client("ecs").describe_task_definition(taskDefinition=NAME)["taskDefinition"]
    (container,) = definition["containerDefinitions"]
    given = {each["name"]: each["valueFrom"] for each in container["secrets"]}
    assert given["DB_PASSWORD"] == f"{arn}:operator_password::"
    assert eventually(lambda: answers(stack))


def test_the_password_is_in_no_state_and_no_output(stack: Stack) -> None:
    shown = stack.run("stack", "export", "--stack", stack.name, "--show-secrets").output
    assert "operator_user" in shown, (
        "the state with its secrets in the clear must hold the rest of the connection data"
    )
    assert password(stack) not in shown


def test_a_rotation_reaches_the_secret_and_then_the_tasks(stack: Stack) -> None:
    """What RDS does is done here by hand: another password in the database, and in the secret that it keeps. The rest is AWS's."""
    before, rotated = connection(stack), "rotated-" + password(stack)
    with psycopg.connect(
        host=before["host"],
        port=5432,
        dbname="shop",
        user="operator",
        password=password(stack),
        autocommit=True,
    ) as opened:
        opened.execute(SQL("ALTER USER operator PASSWORD {}").format(rotated))
        # The app keeps a connection for a minute; at some time each has to be made anew.
        opened.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'operator' AND pid <> pg_backend_pid()"
        )
    assert not any(answers(stack) for _ in range(4)), (
        "the running tasks must be refused, or this shows nothing"
    )
    kept = database(stack)["MasterUserSecret"]["SecretArn"]
    value = json.dumps({"username": "operator", "password": rotated})
    stack.client("secretsmanager").put_secret_value(SecretId=kept, SecretString=value)
    assert eventually(lambda: connection(stack) == {**before, "operator_password": rotated})
    assert eventually(lambda: answers(stack), timeout=90)
    shown = stack.run("stack", "export", "--stack", stack.name, "--show-secrets").output
    assert rotated not in shown


def test_the_database_is_private_encrypted_and_backed_up(stack: Stack) -> None:
    found = database(stack)
    assert (found["PubliclyAccessible"], found["StorageEncrypted"], found["BackupRetentionPeriod"]) == (
        False,
        True,
        7,
    )
    assert found["EnabledCloudwatchLogsExports"] == ["postgresql", "upgrade"]
    ec2 = stack.client("ec2")
    (group,) = found["VpcSecurityGroups"]
    (described,) = ec2.describe_security_groups(GroupIds=[group["VpcSecurityGroupId"]])["SecurityGroups"]
    (rule,) = described["IpPermissions"]
    assert (rule["FromPort"], rule["IpRanges"], len(rule["UserIdGroupPairs"])) == (5432, [], 1)


def test_nothing_changes_after_up(stack: Stack) -> None:
    for words in ((), ("--refresh",)):
        preview = stack.preview("--expect-no-changes", "--diff", *words)
        assert preview.ok, preview.output


def test_a_change_reaches_what_it_is_about_and_nothing_else(stack: Stack) -> None:
    stack.configure(**{"cluster.create": {**MADE["cluster"]["create"], "execRetentionDays": 7}})
    done = stack.up()
    assert done.ok, done.output
    (group,) = stack.client("logs").describe_log_groups(logGroupNamePrefix=f"/ecs/{NAME}/exec")["logGroups"]
    assert group["retentionInDays"] == 7
    assert done.lines("~ 1 updated"), done.output
    assert not done.lines(" replaced"), done.output


def test_destroy_leaves_nothing_behind(stack: Stack, before: dict[str, list[str]]) -> None:
    (bucket,) = set(left_over(stack)["buckets"]) - set(before.get("buckets", []))
    stack.client("s3").put_object(Bucket=bucket, Key="AWSLogs/1/a.log", Body=b"a request")
    done = stack.destroy()
    assert done.ok, done.output
    assert left_over(stack) == before
