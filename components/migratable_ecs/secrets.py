"""From what the user calls a secret to the `valueFrom` of a container definition. Values are never read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from .plugin_errors import refusal
from .validation import InvalidArgument

_IN_SECRETS_MANAGER = re.compile(
    r"^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[^:]+(:[^:]*){0,3}\Z"
)
_IN_SSM = re.compile(r"^arn:aws[a-z-]*:ssm:[a-z0-9-]+:\d{12}:parameter/[^:]+\Z")

#: Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
_NAME_AND_KEY = re.compile(r"^(?P<name>[a-zA-Z0-9/_+=.@-]{1,512})(:(?P<key>[^:]+))?\Z")


@dataclass(frozen=True)
class Secret:
    """`value_from` for the container, `arn` for the execution role."""

    name: str
    value_from: str
    arn: str


@dataclass(frozen=True)
class Reference:
    """A reference taken apart: a full ARN, or the `name` of a secret in Secrets Manager; `key` of its JSON, if any."""

    arn: str = ""
    name: str = ""
    key: str = ""


def parse(variable: str, reference: object, argument: str = "secrets") -> Reference:
    """Take the reference of `variable` apart. Pure.

    Args:
        argument: the map that has it, as errors name it.

    Raises:
        InvalidArgument: not a reference. Its text is not repeated there: it could be the secret itself.
    """
    text = reference if isinstance(reference, str) else ""
    if _IN_SECRETS_MANAGER.match(text) or _IN_SSM.match(text):
        return Reference(arn=text)
    named = _NAME_AND_KEY.match(text)
    if named is None:
        raise InvalidArgument(
            f"{argument}[{variable!r}] is not a reference to a secret: give the secret's name, name:json-key, or its full ARN in "
            "Secrets Manager or SSM, never the value"
        )
    return Reference(name=named["name"], key=named["key"] or "")


def resolve(
    secrets: Mapping[str, pulumi.Input[str]] | None,
    opts: pulumi.InvokeOptions | None = None,
    arns: dict[str, str] | None = None,
    argument: str = "secrets",
) -> pulumi.Output[list[Secret]]:
    """All secrets, sorted by the variable they go to; each secret is looked up once, plain names at once.

    Args:
        arns: name -> ARN of what has been looked up already; what is looked up now is added.
        argument: the map that has them, as errors name it.

    Raises:
        InvalidArgument: a secret is not there, or a reference is none; inside the Output for references that are Outputs.
    """
    given, known_arns = dict(secrets or {}), {} if arns is None else arns
    if all(isinstance(reference, str) for reference in given.values()):
        return pulumi.Output.from_input(_resolve_all(given, opts, known_arns, argument))
    return pulumi.Output.all(**given).apply(lambda known: _resolve_all(known, opts, known_arns, argument))


def _resolve_all(
    given: Mapping[str, pulumi.Input[str]],
    opts: pulumi.InvokeOptions | None,
    arns: dict[str, str],
    argument: str,
) -> list[Secret]:
    found = []
    for variable in sorted(given):
        reference = parse(variable, given[variable], argument)
        if reference.name and reference.name not in arns:
            arns[reference.name] = _arn_of(f"{argument}[{variable!r}]", reference.name, opts)
        found.append(_secret(variable, reference, arns))
    return found


def _arn_of(argument: str, name: str, opts: pulumi.InvokeOptions | None) -> str:
    try:
        return aws.secretsmanager.get_secret(name=name, opts=opts).arn
    except Exception as error:
        raise refusal(
            f"{argument} names the secret {name!r} in Secrets Manager",
            error,
            f"create it (`aws secretsmanager create-secret --name {name} …`), or correct the name",
        ) from None


def _secret(variable: str, reference: Reference, arns: Mapping[str, str]) -> Secret:
    """`valueFrom` of Secrets Manager is the ARN, or `arn:json-key:version-stage:version-id` with all three colons.

    Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
    """
    if not reference.arn:
        arn = arns[reference.name]
        return Secret(variable, f"{arn}:{reference.key}::" if reference.key else arn, arn)
    parts = reference.arn.split(":")
    if ":secretsmanager:" not in reference.arn or len(parts) == 7:
        return Secret(variable, reference.arn, reference.arn)
    return Secret(variable, ":".join(parts + [""] * (10 - len(parts))), ":".join(parts[:7]))
