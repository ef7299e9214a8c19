"""Databases of RDS: a real PostgreSQL at an address that tasks reach, with the password that RDS keeps in Secrets Manager."""

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
    """What RDS starts: PostgreSQL of any version from `image`, reached at the container's own address and the engine's port.

    Other engines, Aurora, and PostgreSQL where there is no image are records without a server.
    """

    def __init__(self, image: str) -> None:
        self._image = image

    def image_for_engine(self, engine: str, *rest: Any) -> Any:
        """Name of the image, its environment, port and data folder; all None for a record only."""
        found = _original_image(engine, *rest)
        if not self._image or engine != "postgres":
            return None, None, None, None
        return (self._image, *found[1:])

    def network(self, _client: Any) -> str:
        """The engine's default bridge, where the containers of tasks are too."""
        return "bridge"

    def run(self, client: Any, engine: str, arguments: Record, **named: Any) -> Any:
        """Without a port on this machine: other local clouds would have the same."""
        arguments.pop("ports", None)
        return _original_run(client, engine, arguments, **named)
