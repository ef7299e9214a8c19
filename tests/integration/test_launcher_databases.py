"""RDS in the local cloud: databases that tasks reach, with the password that RDS keeps."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pymysql
import pytest

from tools.localcloud import base_images, engine
from tools.localcloud.docker_api import Docker

from . import launcher_fixture as fixture
from .launcher_fixture import Cloud, until

pytestmark = pytest.mark.docker
cloud = fixture.cloud


def made(cloud: Cloud, **asked: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """The database `shop-db` once it is available, and the login that RDS keeps."""
    rds = cloud.client("rds")
    rds.create_db_instance(
        DBInstanceIdentifier="shop-db",
        DBInstanceClass="db.t4g.micro",
        AllocatedStorage=20,
        DBName="shop",
        MasterUsername="operator",
        ManageMasterUserPassword=True,
        **asked,
    )

    def described() -> dict[str, Any] | None:
        (found,) = rds.describe_db_instances(DBInstanceIdentifier="shop-db")["DBInstances"]
        return dict(found) if found["DBInstanceStatus"] == "available" else None

    found = until(described, 60)
    arn = found["MasterUserSecret"]["SecretArn"]
    return found, json.loads(cloud.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])


def test_rds_keeps_the_password_of_a_database_that_tasks_reach(cloud: Cloud) -> None:
    cloud.close()
    cloud.start(LOCALCLOUD_POSTGRES_IMAGE=base_images.postgres(Docker(engine.ensure()[0])))
    logs = ["postgresql", "upgrade"]
    found, login = made(
        cloud, Engine="postgres", EngineVersion="16", EnableCloudwatchLogsExports=logs, Port=5432
    )
    assert found["EnabledCloudwatchLogsExports"] == logs
    assert found["Endpoint"]["Port"] == 5432
    assert login["username"] == "operator"
    with psycopg.connect(
        host=found["Endpoint"]["Address"],
        port=5432,
        dbname="shop",
        user="operator",
        password=login["password"],
        connect_timeout=5,
    ) as connection:
        assert connection.execute("SELECT current_user").fetchall() == [("operator",)]

    secrets = cloud.client("secretsmanager")
    cloud.client("rds").delete_db_instance(DBInstanceIdentifier="shop-db", SkipFinalSnapshot=True)
    with pytest.raises(secrets.exceptions.ResourceNotFoundException):
        secrets.describe_secret(SecretId=found["MasterUserSecret"]["SecretArn"])
    assert not cloud.containers()


def test_a_mysql_database_takes_logins_of_its_master_user(cloud: Cloud) -> None:
    cloud.close()
    cloud.start(LOCALCLOUD_MARIADB_IMAGE=base_images.mariadb(Docker(engine.ensure()[0])))
    found, login = made(cloud, Engine="mysql", EngineVersion="8.0", Port=3306, BackupRetentionPeriod=0)
    assert found["Endpoint"]["Port"] == 3306
    connection = pymysql.connect(
        host=found["Endpoint"]["Address"], user="operator", password=login["password"], database="shop"
    )
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE seen (id INT PRIMARY KEY)")
        cursor.execute("SHOW TABLES")
        assert list(cursor.fetchall()) == [("seen",)]
    cloud.client("rds").delete_db_instance(DBInstanceIdentifier="shop-db", SkipFinalSnapshot=True)
    assert not cloud.containers()
