"""The JSON secret of a database that is made: where it is, who owns it, and the password, which follows that of RDS.

RDS makes the password and has it rotated, in a secret whose keys it fixes. Ours has the keys that the systems use. Step Functions copies
the password from the one to the other, once when the secret is made and then whenever RDS's has a new value, so that it passes through no
other machine and stands in no state, plan, log or history.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from ..iam import policy
from ..new_secret_value import Reaction, on_new_value, task
from ..password_copy import CONNECTION, PasswordCopy
from .making import Making


def definition(partition: str) -> str:
    """Read one secret, write another; which ones, and the rest of the connection, is what the run is given. Pure.

    That is not in the definition because AWS lets a changed one take effect only some seconds later: of a database that has just taken
    the place of another, the other's password would be copied.

    Sources: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-read-consistency.html,
    https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html and
    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
    """
    read = task(
        partition,
        "secretsmanager:getSecretValue",
        {"SecretId.$": "$.source"},
        ResultSelector={"secret.$": "States.StringToJson($.SecretString)"},
        ResultPath="$.kept",
        Next="Complete",
    )
    value = {
        **{f"{key}.$": f"$.{key}" for key in CONNECTION},
        "operator_password.$": "$.kept.secret.password",
    }
    complete = {"Type": "Pass", "Parameters": {"secret.$": "$.secret", "value": value}, "Next": "Write"}
    write = task(
        partition,
        "secretsmanager:putSecretValue",
        {
            "SecretId.$": "$.secret",
            "ClientRequestToken.$": "States.UUID()",
            "SecretString.$": "States.JsonToString($.value)",
        },
        ResultSelector={"VersionId.$": "$.VersionId"},
        End=True,
    )
    return json.dumps({"StartAt": "Read", "States": {"Read": read, "Complete": complete, "Write": write}})


def allowed(source: str, secret: str) -> str:
    """Pure. Both secrets are encrypted with the account's own key of Secrets Manager, which takes no right of its own."""
    return policy(
        [
            {"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"], "Resource": [source]},
            {"Effect": "Allow", "Action": ["secretsmanager:PutSecretValue"], "Resource": [secret]},
        ]
    )


def connection_secret(
    making: Making,
    name: str,
    source: pulumi.Output[str],
    connection: Sequence[pulumi.Input[str]],
    topic: pulumi.Input[str] | None,
) -> pulumi.Output[str]:
    """The ARN of the JSON secret `name`, known once all its keys are there: a task that starts before could not be given any.

    Args:
        source: ARN of the secret that RDS keeps.
        connection: values of CONNECTION.
        topic: SNS topic that is told when the password could not be copied.
    """
    secret = aws.secretsmanager.Secret(
        making.called("db"),
        name=name,
        description=f"How the database of {making.name} is reached; its password follows the one that RDS keeps",
        # 0: gone at once, so that the name is free for the next environment.
        recovery_window_in_days=30 if making.protected else 0,
        tags=making.tagged("db"),
        opts=making.options(),
    )
    both = pulumi.Output.all(source, secret.arn)
    told = {"secret": secret.arn, "source": source, **dict(zip(CONNECTION, connection, strict=True))}
    machine = on_new_value(
        Reaction(
            name=making.called("db-password"),
            description=f"Copies the password of the database of {making.name} into {name}",
            secrets=[source],
            definition=source.apply(lambda arn: definition(arn.split(":")[1])),
            allowed=both.apply(lambda arns: allowed(*arns)),
            input=pulumi.Output.json_dumps(told),
            topic=topic,
            tags=making.tagged("db-password"),
            boundary=making.permissions_boundary,
            options=lambda depends_on: pulumi.ResourceOptions(depends_on=list(depends_on)),
        )
    )
    copied = PasswordCopy(making.called("db"), {"machine": machine.arn, **told})
    return pulumi.Output.all(secret.arn, copied.version_id).apply(lambda known: str(known[0]))
