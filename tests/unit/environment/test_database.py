"""A database that is made: its password, its secret, who reaches it, what production adds."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from migratable_ecs import InvalidArgument
from migratable_ecs.environment.database import Database, database
from migratable_ecs.environment.database_args import PORTS, DatabaseArgs
from migratable_ecs.environment.ground import Network
from migratable_ecs.environment.making import Making

from tests.unit.component.cloud import Graph
from tests.unit.environment.conftest import Secrets
from tests.unit.environment.made import NETWORK, PASSWORD, PROD, PROD_TO_GO, STG, make

INSTANCE, CLUSTER, MEMBER = (
    "aws:rds/instance:Instance",
    "aws:rds/cluster:Cluster",
    "aws:rds/clusterInstance:ClusterInstance",
)
SECRET = "aws:secretsmanager/secret:Secret"
ROTATION = "aws:secretsmanager/secretRotation:SecretRotation"
IN = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
OUT = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
GROUPS, PLACE = "aws:cloudwatch/logGroup:LogGroup", "aws:rds/subnetGroup:SubnetGroup"


def made(making: Making = STG, network: Network = NETWORK, **args: Any) -> Graph:
    def program() -> Any:
        found: Database = database(making, DatabaseArgs(**args), network)
        return {"secret": found.secret_arn, "password": found.password_secret_arn, "host": found.host}

    return make(program, get_subnets={"ids": ["subnet-b", "subnet-a"]})


@cache
def stg() -> Graph:
    return made()


@cache
def prod() -> Graph:
    return made(PROD)


@pytest.mark.parametrize("engine", sorted(PORTS))
def test_rds_makes_the_password_and_nobody_else_ever_has_it(engine: str) -> None:
    graph = made(engine=engine)
    kind = CLUSTER if engine.startswith("aurora-") else INSTANCE
    inputs = graph.one(kind, "shop-stg-db").inputs
    assert inputs["manageMasterUserPassword"] is True
    assert not {"password", "passwordWo", "masterPassword", "masterPasswordWo"} & set(inputs)
    assert graph.result["password"] == PASSWORD


def test_only_the_tasks_reach_it_on_its_own_port() -> None:
    graph = stg()
    (rule,) = [each.inputs for each in graph.resources if each.type == IN]
    assert (rule["referencedSecurityGroupId"], rule["fromPort"], rule["toPort"]) == ("sg-tasks", 5432, 5432)
    assert not {"cidrIpv4", "cidrIpv6"} & set(rule)
    assert OUT not in graph.types()
    assert graph.one(INSTANCE, "shop-stg-db").inputs["publiclyAccessible"] is False


def test_it_stands_in_private_subnets_or_in_those_with_given_tags() -> None:
    assert stg().one(PLACE, "shop-stg-db").inputs["subnetIds"] == ["subnet-private-a", "subnet-private-c"]
    tagged = made(subnets={"Tier": "data"}).one(PLACE, "shop-stg-db")
    assert tagged.inputs["subnetIds"] == ["subnet-a", "subnet-b"]


def test_outside_production_nothing_outlives_a_destroy() -> None:
    graph = stg()
    inputs = graph.one(INSTANCE, "shop-stg-db").inputs
    assert (inputs["deletionProtection"], inputs["skipFinalSnapshot"], inputs["multiAz"]) == (
        False,
        True,
        False,
    )
    assert inputs["deleteAutomatedBackups"] is True
    assert graph.one(SECRET, "shop-stg-db").inputs["recoveryWindowInDays"] == 0
    # RDS would make them itself, and they would stay.
    names = {each.inputs["name"] for each in graph.resources if each.type == GROUPS}
    assert names == {"/aws/rds/instance/shop-stg-db/postgresql", "/aws/rds/instance/shop-stg-db/upgrade"}
    assert {f"{GROUPS}::shop-stg-db-{log}" for log in ("postgresql", "upgrade")} <= graph.waits_for(
        INSTANCE, "shop-stg-db"
    )
    assert not [each.name for each in graph.resources if each.protected]


def test_production_keeps_it_until_the_switch_is_turned() -> None:
    inputs = prod().one(INSTANCE, "shop-db").inputs
    assert (inputs["deletionProtection"], inputs["multiAz"], inputs["storageEncrypted"]) == (True, True, True)
    assert (inputs["skipFinalSnapshot"], inputs["finalSnapshotIdentifier"]) == (False, "shop-db-final")
    assert (inputs["backupRetentionPeriod"], inputs["deleteAutomatedBackups"]) == (7, False)
    assert inputs["applyImmediately"] is False
    kept = {(each.type, each.name) for each in prod().resources if each.protected}
    assert kept == {(INSTANCE, "shop-db"), (SECRET, "shop-db")}
    assert prod().one(SECRET, "shop-db").inputs["recoveryWindowInDays"] == 30


def test_the_switch_lets_go_of_it_and_what_it_can_be_made_anew_from_stays() -> None:
    graph = made(PROD_TO_GO)
    inputs = graph.one(INSTANCE, "shop-db").inputs
    assert (inputs["deletionProtection"], inputs["skipFinalSnapshot"]) == (False, False)
    assert inputs["deleteAutomatedBackups"] is False
    assert graph.one(SECRET, "shop-db").inputs["recoveryWindowInDays"] == 30
    assert not [each.name for each in graph.resources if each.protected]


def test_aurora_has_a_writer_and_in_production_a_reader_in_another_zone() -> None:
    alone = made(engine="aurora-postgresql", version="16.4")
    assert [each.name for each in alone.resources if each.type == MEMBER] == ["shop-stg-db-0"]
    graph = made(PROD, engine="aurora-postgresql", readers=2)
    members = [each for each in graph.resources if each.type == MEMBER]
    assert [each.inputs["promotionTier"] for each in members] == [0, 1, 2]
    assert {each.inputs["engine"] for each in members} == {"aurora-postgresql"}
    assert graph.result["host"] == "cluster.test"
    assert all(each.protected for each in members)


def test_serverless_is_measured_in_capacity_units() -> None:
    graph = made(engine="aurora-mysql", min_capacity=0.5, max_capacity=4)
    scaling = graph.one(CLUSTER, "shop-stg-db").inputs["serverlessv2ScalingConfiguration"]
    assert scaling == {"minCapacity": 0.5, "maxCapacity": 4}
    assert graph.one(MEMBER, "shop-stg-db-0").inputs["instanceClass"] == "db.serverless"


def test_another_rotation_than_rds_s_own_is_asked_for_on_rds_s_secret() -> None:
    assert ROTATION not in stg().types()
    inputs = made(rotate_days=30).one(ROTATION, "shop-stg-db").inputs
    assert (inputs["secretId"], inputs["rotationRules"]) == (PASSWORD, {"automaticallyAfterDays": 30})
    assert inputs["rotateImmediately"] is False


def test_a_name_that_is_scheduled_for_deletion_is_refused_with_both_remedies(secrets: Secrets) -> None:
    secrets.deleted.add("shop-stg-db")
    with pytest.raises(InvalidArgument) as refused:
        made()
    assert str(refused.value) == (
        "the secret 'shop-stg-db' is scheduled for deletion, and its name is taken until then: bring it back with `aws secretsmanager "
        "restore-secret --secret-id shop-stg-db` and `pulumi import` it, or delete it for good with `aws secretsmanager delete-secret "
        "--secret-id shop-stg-db --force-delete-without-recovery`"
    )


def test_a_secret_of_the_stack_s_own_is_no_obstacle(secrets: Secrets) -> None:
    secrets.kept.add("shop-stg-db")
    assert made().one(SECRET, "shop-stg-db")


def test_where_aws_cannot_be_asked_it_is_left_to_aws(secrets: Secrets) -> None:
    secrets.error = RuntimeError("no credentials")
    assert made().one(SECRET, "shop-stg-db")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            {"engine": "postgresql"},
            "engine is 'postgresql'; allowed are 'postgres', 'mysql', 'mariadb', 'aurora-postgresql', 'aurora-mysql' (did you mean "
            "'postgres'?)",
        ),
        ({"storage_gb": 10}, "storage_gb is 10; give a whole number from 20 to 65536 GiB"),
        (
            {"storage_gb": 50, "max_storage_gb": 40},
            "max_storage_gb is 40; give a whole number from 51 to 65536 GiB, more than storage_gb",
        ),
        ({"backup_days": 0}, "backup_days is 0; give a whole number from 1 to 35"),
        (
            {"user": "admin"},
            "user is 'admin', which the engine keeps for itself: give another, such as 'operator'",
        ),
        (
            {"name": "my-app"},
            "name is 'my-app'; give up to 63 letters, digits and underscores, a letter first",
        ),
        (
            {"identifier": "Shop_DB"},
            "identifier is 'Shop_DB'; give up to 63 lower-case letters, digits and single hyphens, a letter first",
        ),
        (
            {"readers": 1},
            "readers is of Aurora only, and db.engine is 'postgres': leave it out, or give 'aurora-postgresql'",
        ),
        (
            {"engine": "aurora-mysql", "max_capacity": 4},
            "min_capacity and db.max_capacity go together: give both, or neither",
        ),
        (
            {"engine": "aurora-mysql", "min_capacity": 0.3, "max_capacity": 4},
            "min_capacity is 0.3; give 0 to 256 capacity units, in steps of 0.5",
        ),
        (
            {"engine": "aurora-mysql", "min_capacity": 8, "max_capacity": 4},
            "min_capacity is 8, more than max_capacity: give less",
        ),
        (
            {"engine": "aurora-mysql", "instance_class": "db.serverless"},
            "instance_class is 'db.serverless': give db.min_capacity and db.max_capacity too",
        ),
    ],
)
def test_what_rds_would_refuse_is_refused_first(args: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        DatabaseArgs(**args).validate("db")
    assert str(refused.value) == f"db.{message}"


@pytest.mark.parametrize(
    ("engine", "user"),
    [
        ("postgres", "postgres"),
        ("aurora-postgresql", "postgres"),
        ("mysql", "admin"),
        ("aurora-mysql", "admin"),
    ],
)
def test_the_user_that_the_console_proposes_is_allowed(engine: str, user: str) -> None:
    DatabaseArgs(engine=engine, user=user).validate("db")


@pytest.mark.parametrize(("engine", "user"), [("postgres", "pg_owner"), ("mysql", "rdsadmin")])
def test_a_user_that_is_rds_s_own_is_refused(engine: str, user: str) -> None:
    with pytest.raises(InvalidArgument, match="which the engine keeps for itself"):
        DatabaseArgs(engine=engine, user=user).validate("db")
