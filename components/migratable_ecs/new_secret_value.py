"""A state machine that runs whenever a secret gets a new value, as after a rotation: Step Functions, started by an EventBridge rule.

It is an Express one without logging: what passes through a run, a password maybe, is in no history and in no log.

Sources: https://docs.aws.amazon.com/secretsmanager/latest/userguide/event-detail-secret-label-updated-secretsmanager.html (Secrets
Manager's own event, which needs no CloudTrail) and
https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws

from . import names
from .iam import policy

#: Any error, a right that has just been given and is not yet known everywhere among them: four times, after 5, 10, 20 and 40 s. Two tasks
#: that need it all stay within the five minutes of an Express run.
RETRY = ({"ErrorEquals": ["States.ALL"], "IntervalSeconds": 5, "BackoffRate": 2, "MaxAttempts": 4},)

#: What the alarms say.
_WHY = {"failed": "Has failed", "not-started": "Was not started when the secret got a new value"}


@dataclass(frozen=True, kw_only=True)
class Reaction:
    """What is to be done, and where.

    Args:
        name: of state machine and rule, shortened where AWS wants it; those of the roles begin with it.
        description: what it does.
        secrets: ARNs.
        definition: of the state machine, in the Amazon States Language.
        allowed: policy document of what it may do.
        input: JSON that each run gets; default the event.
        topic: SNS topic that is told when a run has failed, or could not be started; default nobody is.
        tags, boundary: of what is made; permissions boundary of the roles.
        options: of each resource, from what it depends on.
    """

    name: str
    description: str
    secrets: Sequence[pulumi.Input[str]]
    definition: pulumi.Input[str]
    allowed: pulumi.Input[str]
    input: pulumi.Input[str] | None = None
    topic: pulumi.Input[str] | None = None
    tags: Mapping[str, Any] = field(default_factory=dict)
    boundary: pulumi.Input[str] | None = None
    options: Callable[[Sequence[pulumi.Resource]], pulumi.ResourceOptions]


def event_pattern(secrets: Sequence[str]) -> str:
    """Another version of one of `secrets`, ARNs, has become the current one. Pure."""
    return json.dumps(
        {
            "source": ["aws.secretsmanager"],
            "detail-type": ["Secret Label Updated"],
            "resources": sorted(secrets),
            "detail": {"labelUpdated": ["AWSCURRENT"]},
        }
    )


def assumed_by(service: str, source_arn: str) -> str:
    """Trust of a role: `service` on behalf of `source_arn` and of nothing else. Pure.

    Sources: https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html and
    https://docs.aws.amazon.com/eventbridge/latest/userguide/cross-service-confused-deputy-prevention.html
    """
    only = {"aws:SourceArn": source_arn, "aws:SourceAccount": source_arn.split(":")[4]}
    return policy(
        [
            {
                "Effect": "Allow",
                "Principal": {"Service": service},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": only},
            }
        ]
    )


def task(partition: str, call: str, parameters: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A state that makes `call`, such as `ecs:updateService`, with `parameters`, and again when it fails. Pure.

    Args:
        partition: `aws`, `aws-cn`, …

    Source: https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
    """
    resource = f"arn:{partition}:states:::aws-sdk:{call}"
    return {"Type": "Task", "Resource": resource, "Parameters": parameters, "Retry": list(RETRY), **more}


def machine_name(name: str) -> str:
    """At most 80 characters."""
    return names.shortened(name, 80)


def rule_name(name: str) -> str:
    """At most 64 characters."""
    return names.shortened(name, 64)


def role_names(name: str) -> tuple[str, str]:
    """That of the state machine, and that with which the rule starts it."""
    return names.role(name, "run"), names.role(name, "start")


def on_new_value(wanted: Reaction) -> aws.sfn.StateMachine:
    """Make state machine, rule and roles; the machine can be started once it is there.

    EventBridge tries for a day to start a run where Step Functions is out of reach or busy, which is its default, and not at all again
    where it may not. There is no queue for events that were lost: the next run, whatever starts it, makes up for them, as each reads the
    value that is current then.

    Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
    """
    known = pulumi.Output.from_input(wanted.secrets[0])
    runs, starts = role_names(wanted.name)
    trusted = known.apply(lambda arn: assumed_by("states.amazonaws.com", _machine_arn(arn, wanted.name)))
    role, may = _role(wanted, "run", runs, trusted, wanted.allowed)
    machine = aws.sfn.StateMachine(
        wanted.name,
        name=machine_name(wanted.name),
        type="EXPRESS",
        definition=wanted.definition,
        role_arn=role.arn,
        tags=wanted.tags,
        opts=wanted.options([may]),
    )
    rule = aws.cloudwatch.EventRule(
        wanted.name,
        name=rule_name(wanted.name),
        description=wanted.description,
        event_pattern=pulumi.Output.all(*wanted.secrets).apply(event_pattern),
        tags=wanted.tags,
        opts=wanted.options([]),
    )
    trusted = known.apply(lambda arn: assumed_by("events.amazonaws.com", _rule_arn(arn, wanted.name)))
    role, may = _role(wanted, "start", starts, trusted, machine.arn.apply(_start))
    aws.cloudwatch.EventTarget(
        wanted.name,
        rule=rule.name,
        target_id="run",
        arn=machine.arn,
        role_arn=role.arn,
        input=wanted.input,
        opts=wanted.options([may]),
    )
    if wanted.topic is not None:
        _alarms(wanted, wanted.topic, machine, rule)
    return machine


def _role(
    wanted: Reaction, what: str, name: str, trusted: pulumi.Input[str], allowed: pulumi.Input[str]
) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
    role = aws.iam.Role(
        f"{wanted.name}-{what}",
        name=name,
        description=wanted.description,
        assume_role_policy=trusted,
        permissions_boundary=wanted.boundary,
        tags=wanted.tags,
        opts=wanted.options([]),
    )
    may = aws.iam.RolePolicy(
        f"{wanted.name}-{what}", name=what, role=role.name, policy=allowed, opts=wanted.options([])
    )
    return role, may


def _alarms(
    wanted: Reaction, topic: pulumi.Input[str], machine: aws.sfn.StateMachine, rule: aws.cloudwatch.EventRule
) -> None:
    """A run that has failed, and an event for which none could be started, as where the rule's role may not.

    Sources: https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html and
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
    """
    for what, namespace, metric, dimensions in (
        ("failed", "AWS/States", "ExecutionsFailed", {"StateMachineArn": machine.arn}),
        ("not-started", "AWS/Events", "FailedInvocations", {"RuleName": rule.name}),
    ):
        aws.cloudwatch.MetricAlarm(
            f"{wanted.name}-{what}",
            name=names.shortened(f"{wanted.name}-{what}", 255),
            alarm_description=f"{_WHY[what]}, and will not be tried again by itself: {wanted.description}",
            namespace=namespace,
            metric_name=metric,
            dimensions=dimensions,
            statistic="Sum",
            period=60,
            evaluation_periods=1,
            comparison_operator="GreaterThanThreshold",
            threshold=0,
            treat_missing_data="notBreaching",
            alarm_actions=[topic],
            ok_actions=[topic],
            tags=wanted.tags,
            opts=wanted.options([]),
        )


def _start(machine_arn: str) -> str:
    return policy([{"Effect": "Allow", "Action": ["states:StartExecution"], "Resource": [machine_arn]}])


def _machine_arn(near: str, name: str) -> str:
    """Of the state machine in partition, region and account of the ARN `near`."""
    _, partition, _, region, account = near.split(":")[:5]
    return f"arn:{partition}:states:{region}:{account}:stateMachine:{machine_name(name)}"


def _rule_arn(near: str, name: str) -> str:
    _, partition, _, region, account = near.split(":")[:5]
    return f"arn:{partition}:events:{region}:{account}:rule/{rule_name(name)}"
