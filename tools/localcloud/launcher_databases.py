"""Databases of RDS: a real server at an address that tasks reach, with the password that RDS keeps in Secrets Manager."""

from __future__ import annotations

import json
import secrets
import uuid
from typing import Any

from ministack.services import rds, secretsmanager

Record = dict[str, Any]

_original_create = rds._create_db_instance
_original_delete = rds._delete_db_instance
_original_xml = rds._instance_xml
_original_image = rds._docker_image_for_engine
_original_run = rds._run_rds_container
_original_name = rds._rds_docker_name
_NO_LOGS = "<EnabledCloudwatchLogsExports/>"
_KEY = "alias/aws/secretsmanager"


def create_db_instance(parameters: Record) -> Any:
    """CreateDBInstance: a managed password and the exported logs are kept.

    Source: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
    """
    managed = rds._p(parameters, "ManageMasterUserPassword") == "true"
    password = secrets.token_urlsafe(24)
    answer = _original_create({**parameters, "MasterUserPassword": [password]} if managed else parameters)
    instance = rds._instances.get(rds._p(parameters, "DBInstanceIdentifier"))
    if answer[0] != 200 or instance is None:
        return answer
    instance["EnabledCloudwatchLogsExports"] = rds._parse_member_list(
        parameters, "EnableCloudwatchLogsExports"
    )
    if managed:
        value = json.dumps({"username": instance["MasterUsername"], "password": password})
        arn = secretsmanager.create_secret_in_process(
            f"rds!db-{uuid.uuid4()}", value, description="The database's password, kept by RDS"
        )
        instance["MasterUserSecret"] = {"SecretArn": arn, "SecretStatus": "active", "KmsKeyId": _KEY}
    return rds._single_instance_response("CreateDBInstanceResponse", "CreateDBInstanceResult", instance)


def delete_db_instance(parameters: Record) -> Any:
    """DeleteDBInstance: the password goes with the database, at once."""
    identifier = rds._p(parameters, "DBInstanceIdentifier")
    kept = (rds._instances.get(identifier) or {}).get("MasterUserSecret")
    answer = _original_delete(parameters)
    if kept and identifier not in rds._instances:
        secretsmanager.delete_secret_in_process(kept["SecretArn"])
    return answer


def instance_xml(instance: Record) -> str:
    """Every member of a database, its kept password and exported logs too.

    Source: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html
    """
    xml = str(_original_xml(instance))
    logs = instance.get("EnabledCloudwatchLogsExports") or ()
    if logs:
        members = "".join(f"<member>{log}</member>" for log in logs)
        xml = xml.replace(_NO_LOGS, f"<EnabledCloudwatchLogsExports>{members}</EnabledCloudwatchLogsExports>")
    kept = instance.get("MasterUserSecret")
    if kept:
        members = "".join(f"<{name}>{value}</{name}>" for name, value in kept.items())
        xml += f"<MasterUserSecret>{members}</MasterUserSecret>"
    return xml


class Containers:
    """What RDS starts, reached at the container's own address and the engine's port: PostgreSQL of any version from one image, MySQL and
    MariaDB of any version from another.

    Aurora, other engines, and those whose image is not there are records without a server.
    """

    def __init__(self, instance: str, postgres: str, mariadb: str) -> None:
        self._instance = instance
        self._images = {"postgres": postgres, "mysql": mariadb, "mariadb": mariadb}

    def image_for_engine(self, engine: str, version: str, user: str, password: str, name: str) -> Any:
        """Name of the image, its environment, port and data folder; all None for a record only."""
        image = self._images.get(engine)
        if not image or not rds._image_is_local(rds._get_docker(), image):
            return None, None, None, None
        found = _original_image(engine, version, user, password, name)
        if engine == "postgres":
            return (image, *found[1:])
        return (
            image,
            {"MARIADB_USER": user, "MARIADB_PASSWORD": password, "MARIADB_DATABASE": name},
            *found[2:],
        )

    def name(self, identifier: str, *rest: Any) -> str:
        """The container's: another local cloud may have a database of the same identifier."""
        return f"{self._instance}-{_original_name(identifier, *rest)}"

    def network(self, _client: Any) -> str:
        """The engine's default bridge, where the containers of tasks are too."""
        return "bridge"

    def run(self, client: Any, engine: str, arguments: Record, **named: Any) -> Any:
        """Without a port on this machine, which other local clouds would have too; and without options for a MySQL server, which
        MariaDB is not."""
        arguments.pop("ports", None)
        if engine != "postgres":
            arguments.pop("command", None)
        return _original_run(client, engine, arguments, **named)
