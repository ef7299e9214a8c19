"""Tasks get their secrets when they start: when one of `rollout.restart_on` gets a new value, those of service and workers are replaced."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from .context import Context
from .iam import policy
from .names import Names
from .new_secret_value import Reaction, on_new_value, task


def definition(partition: str, cluster: str, services: Mapping[str, str]) -> str:
    """A new deployment of each of `services`, names by key, all at once: none waits for another that cannot be replaced. Pure.

    Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
    """
    branches = [
        {
            "StartAt": f"Replace the tasks of {key}"[:80],
            "States": {
                f"Replace the tasks of {key}"[:80]: task(
                    partition,
                    "ecs:updateService",
                    {"Cluster": cluster, "Service": service, "ForceNewDeployment": True},
                    ResultPath=None,
                    End=True,
                )
            },
        }
        for key, service in services.items()
    ]
    restart = {"Type": "Parallel", "Branches": branches, "ResultPath": None, "End": True}
    return json.dumps({"StartAt": "Restart", "States": {"Restart": restart}})


def restart_name(known: Names) -> str:
    """Of state machine, rule and alarm, as the other rules and alarms of the service."""
    return f"{known.alarms}-restart"


def allowed(service_arns: Sequence[str]) -> str:
    """Pure."""
    return policy([{"Effect": "Allow", "Action": ["ecs:UpdateService"], "Resource": sorted(service_arns)}])


def restarts(context: Context, service: aws.ecs.Service, workers: Mapping[str, aws.ecs.Service]) -> None:
    """The rule and its state machine, where `rollout.restart_on` names a secret."""
    args = context.args
    if not (args.rollout and args.rollout.restart_on):
        return
    secrets, services = list(args.rollout.restart_on), {"the app": service, **workers}
    known = pulumi.Output.all(secrets[0], args.cluster, {key: each.name for key, each in services.items()})
    on_new_value(
        Reaction(
            name=restart_name(context.names),
            description=f"Replaces the tasks of {context.name} when a secret of theirs has a new value",
            secrets=secrets,
            definition=known.apply(lambda got: definition(got[0].split(":")[1], *got[1:])),
            allowed=pulumi.Output.all(*(each.arn for each in services.values())).apply(allowed),
            topic=args.watching.topic_arn if args.watching else None,
            tags=context.tags,
            boundary=args.task.permissions_boundary if args.task else None,
            options=context.options,
        )
    )
