"""The database's secret, written whole: the copying that each rotation starts is started once by `pulumi up`, and waited for.

The password goes from the secret that RDS keeps to ours inside Step Functions (environment/password.py). It comes neither to this machine
nor into any state: what is told here is where the database is, and what comes back is the number of the version.

States refer to `migratable_ecs.password_copy.CopyProvider` by name: this path and the class without instance state are public for ever.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

import pulumi
from pulumi.dynamic import Resource

from .migration import plugin_process
from .migration.provider import fail
from .migration.session import connect
from .migration.state import aws_settings
from .told import Props, ToldProvider

COPY_TYPE = "pulumi-python:dynamic/ecs:PasswordCopy"

#: What stands in the secret beside the password. All text, as ECS injects it.
CONNECTION = ("host", "port", "dbname", "operator_user")

#: What a run is told: where the password goes, where it comes from, and the rest. A change of any writes the secret anew.
WATCHED = ("secret", "source", *CONNECTION)

#: Errors whose cause is AWS's own sentence. That of others may show what the state was given.
_TOLD = ("SecretsManager.", "States.TaskFailed", "States.Timeout")


class CopyProvider(ToldProvider):
    """Stateless; one for all databases of a stack."""

    identity = "secret"
    watched = WATCHED

    def tell(self, props: Props) -> Props:
        return {"version_id": copy_password(props)}


class PasswordCopy(Resource, module="ecs", name="PasswordCopy"):
    """Starts the copying once, and again when the database is elsewhere or called differently.

    `props`: machine (ARN of the state machine that copies), and WATCHED: secret and source (ARNs) and CONNECTION.
    """

    version_id: pulumi.Output[str]

    def __init__(
        self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(CopyProvider(), name, {"version_id": None, **props}, opts)


def copy_password(props: Props) -> str:
    """Run the state machine, and wait; the version that it has written.

    Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartSyncExecution.html
    """
    from botocore.exceptions import BotoCoreError, ClientError

    from .migration.errors import PreflightFailed

    machine = str(props["machine"])
    region = {"region": machine.split(":")[3]}
    try:
        client = connect(aws_settings(region, plugin_process.config)).client("stepfunctions")
        done = client.start_sync_execution(
            stateMachineArn=machine, input=json.dumps({key: str(props[key]) for key in WATCHED})
        )
    except (BotoCoreError, ClientError, PreflightFailed) as error:
        _refuse(props, str(error))
    if done["status"] != "SUCCEEDED":
        what = str(done.get("error") or done["status"])
        cause = str(done.get("cause") or "") if what.startswith(_TOLD) else ""
        _refuse(props, f"{what}: {cause}" if cause else what)
    return str(json.loads(done["output"])["VersionId"])


def _refuse(props: Props, why: str) -> NoReturn:
    fail(
        "password not copied",
        f"{props['secret']} was to get the password that RDS keeps in {props['source']}, by way of {props['machine']}, and did not: "
        f"{' '.join(why.split())}; `pulumi up` tries again",
    )
