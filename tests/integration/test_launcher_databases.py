"""RDS in the local cloud: a PostgreSQL that tasks reach, with the password that RDS keeps."""

from __future__ import annotations

import json

import psycopg
import pytest

from tools.localcloud import base_images, engine
from tools.localcloud.docker_api import Docker

from . import launcher_fixture as fixture
from .launcher_fixture import Cloud, until

pytestmark = pytest.mark.docker
cloud = fixture.cloud


def test_rds_keeps_the_password_of_a_database_that_tasks_reach(cloud: Cloud) -> None:
    cloud.close()
    image = base_images.postgres(Docker(engine.ensure()[0]))
    cloud.start(LOCALCLOUD_POSTGRES_IMAGE=image)
    rds, secrets = cloud.client("rds"), cloud.client("secretsmanager")
    rds.create_db_instance(
        DBInstanceIdentifier="shop-db",
        Engine="postgres",
        EngineVersion="16",
        DBInstanceClass="db.t4g.micro",
        AllocatedStorage=20,
        DBName="shop",
        MasterUsername="operator",
        ManageMasterUserPassword=True,
        EnableCloudwatchLogsExports=["postgresql", "upgrade"],
        Port=5432,
    )

    def described() -> dict[str, object] | None:
        (found,) = rds.describe_db_instances(DBInstanceIdentifier="shop-db")["DBInstances"]
        return dict(found) if found["DBInstanceStatus"] == "available" else None

    found = until(described, 60)
    assert found["EnabledCloudwatchLogsExports"] == ["postgresql", "upgrade"]
    assert found["Endpoint"]["Port"] == 5432
    arn = found["MasterUserSecret"]["SecretArn"]
    kept = json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])
    assert kept["username"] == "operator"
    with psycopg.connect(
        host=found["Endpoint"]["Address"],
        port=5432,
        dbname="shop",
        user="operator",
        password=kept["password"],
        connect_timeout=5,
    ) as connection:
        assert connection.execute("SELECT current_user").fetchall() == [("operator",)]

    rds.delete_db_instance(DBInstanceIdentifier="shop-db", SkipFinalSnapshot=True)
    with pytest.raises(secrets.exceptions.ResourceNotFoundException):
        secrets.describe_secret(SecretId=arn)
    assert not cloud.containers()
