"""`scripts/destroy STACK [CONFIRM]`: takes a whole stack away, or says before anything is touched why it may not."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from migratable_ecs.migration.guard import is_protected

from .plan_file import path_of
from .pulumi import Refused, configuration, resources, shown, told
from .revisions import Family, client_of, families, remove

#: Type -> the input that keeps AWS from deleting it.
DELETION_PROTECTION = {
    "aws:rds/instance:Instance": "deletionProtection",
    "aws:rds/cluster:Cluster": "deletionProtection",
    "aws:rds/globalCluster:GlobalCluster": "deletionProtection",
    "aws:lb/loadBalancer:LoadBalancer": "enableDeletionProtection",
}


def destroy(stack: str, confirmed: str = "") -> int:
    """Destroy all resources, outside production the revisions of task definitions too, then the stack's state; its configuration stays.

    Returns pulumi's exit code.

    Raises:
        Refused: production without its name as `confirmed`, or resources that would stop the destruction in its middle.
    """
    # By its name at once, before the engine is asked.
    refuse_production(stack, confirmed, is_protected(stack))
    production = is_production(stack, configuration(stack))
    refuse_production(stack, confirmed, production)
    there = resources(stack)
    refuse_kept(stack, there)
    kept = [] if production else families(there)
    ecs = client_of(stack) if kept else None
    code = shown("destroy", "--stack", stack, "--yes", "--skip-preview")
    if code:
        return code
    if ecs is not None:
        _remove_revisions(ecs, kept)
    path_of(stack).unlink(missing_ok=True)
    return shown("stack", "rm", stack, "--yes", "--preserve-config")


def _remove_revisions(ecs: Any, kept: list[Family]) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        print(f"{remove(ecs, kept)} revisions of task definitions removed")
    except (BotoCoreError, ClientError) as error:
        names = ", ".join(each.name for each in kept)
        print(f"warning: revisions of {names} stay registered, which costs nothing: {error}", file=sys.stderr)


def is_production(stack: str, config: Mapping[str, str]) -> bool:
    """Whether the name of `stack` says so, or its configuration: a key `protected` that is true. Pure."""
    said = any(
        key.rpartition(":")[2] == "protected" and value.lower() == "true" for key, value in config.items()
    )
    return said or is_protected(stack)


def refuse_production(stack: str, confirmed: str, production: bool) -> None:
    """Raise Refused for a stack of production that is not named twice, and for any stack confirmed by another name."""
    if confirmed and confirmed != stack:
        raise Refused(
            f"CONFIRM is {confirmed!r}, but the stack to destroy is {stack!r}: give CONFIRM={stack}, or leave it out"
        )
    if production and not confirmed:
        raise Refused(
            f"{stack} is production, and nothing was destroyed: `make destroy ENV={stack} CONFIRM={stack}` destroys it with its data"
        )


def refuse_kept(stack: str, there: Iterable[Mapping[str, Any]]) -> None:
    """Raise Refused when Pulumi or AWS would refuse to delete some of `there`: all of them named, before the others are gone."""
    kept = [
        *(_protected(stack, each) for each in there if each.get("protect")),
        *(_undeletable(each) for each in there if _has_deletion_protection(each)),
    ]
    if kept:
        raise Refused(
            f"{stack} has what may not be deleted, and nothing was destroyed; `pulumi config set allowDestroy true --stack {stack}` and an "
            "update allow it in the program of this project, or one by one:\n  " + "\n  ".join(kept)
        )


def _protected(stack: str, resource: Mapping[str, Any]) -> str:
    urn = resource["urn"]
    return (
        f"{_named(urn)} has Pulumi's option protect: remove it from the program and apply, or run "
        f"`pulumi state unprotect '{urn}' --stack {stack}`"
    )


def _has_deletion_protection(resource: Mapping[str, Any]) -> bool:
    key = DELETION_PROTECTION.get(str(resource.get("type")))
    return bool(key and (resource.get("outputs") or {}).get(key) in (True, "true"))


def _undeletable(resource: Mapping[str, Any]) -> str:
    key = DELETION_PROTECTION[str(resource["type"])]
    return f"{_named(resource['urn'])} has {key}: set it to false and apply"


def _named(urn: str) -> str:
    kind = urn.split("::")[2].split("$")[-1].split(":")[-1]
    return f"{kind} {urn.rsplit('::', 1)[-1]}"


if __name__ == "__main__":
    try:
        sys.exit(destroy(sys.argv[1], *sys.argv[2:3]))
    except Refused as error:
        sys.exit(told(error))
