"""The IAM policies of people and of CI: what `pulumi up` needs, and what an operator with the command-line tool needs. Pure.

Both name exact resources. `*` is the resource only of actions for which AWS defines none, or which list what is there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from .args import MigratableEcsServiceArgs, build
from .iam import policy
from .policy_deploy import deploying, state
from .policy_operate import operating
from .policy_scope import Scope
from .policy_statements import compact, reading, running
from .validation import InvalidArgument

#: Characters of a managed policy. Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
MANAGED = 6144


def deployer_policy(
    name: str,
    args: MigratableEcsServiceArgs | Mapping[str, Any],
    *,
    account: str,
    region: str,
    partition: str = "aws",
    repositories: Sequence[str] = (),
    state_bucket: str = "",
    state_kms_key_arns: Sequence[str] = (),
) -> str:
    """The policy document, as JSON, of whoever runs `pulumi up` for the service `name`; docs/security.md says why each action is in it.

    It is for everything that the component makes. Not in it: what the service stands on, such as VPC, cluster and database.

    Args:
        name, args: as given to MigratableEcsService.
        account, region: twelve digits; such as `ap-northeast-1`.
        repositories: names of the ECR repositories, when `image` is known only later.
        state_bucket: S3 bucket in which Pulumi keeps its state, `bucket` or `bucket/folder`; left out for another backend.
        state_kms_key_arns: KMS keys of the stack's secrets (`awskms://`) and of that bucket.

    Raises:
        InvalidArgument: cluster, listener, VPC or a group that a policy has to name, or an image without `repositories`, is not known yet.
    """
    found = Scope(
        name, build(MigratableEcsServiceArgs, args), account, region, partition, tuple(repositories)
    )
    of_state = state(partition, state_bucket, state_kms_key_arns)
    return policy(compact([*deploying(found), *running(found), *reading(found), *of_state]))


def operator_policy(
    name: str,
    args: MigratableEcsServiceArgs | Mapping[str, Any],
    *,
    account: str,
    region: str,
    partition: str = "aws",
    repositories: Sequence[str] = (),
    state_bucket: str = "",
    state_kms_key_arns: Sequence[str] = (),
) -> str:
    """The policy document, as JSON, of an operator: run the migration by hand, see what is going on,
    go back to an earlier revision, scale, open a shell.

    Args and errors as of deployer_policy; of the state it can only be read, which `-s STACK` does.
    """
    found = Scope(
        name, build(MigratableEcsServiceArgs, args), account, region, partition, tuple(repositories)
    )
    of_state = state(partition, state_bucket, state_kms_key_arns, writing=False)
    return policy(compact([*running(found), *operating(found), *reading(found), *of_state]))


def split_policy(document: str, limit: int = MANAGED) -> list[str]:
    """Policies that together allow what `document` allows, each at most `limit` characters long, for a document that is too long for IAM.

    Args:
        limit: 6144 for managed policies (the default), 10240 for all inline policies of a role together.

    Raises:
        InvalidArgument: one statement alone is longer.
    """
    parts: list[list[dict[str, Any]]] = [[]]
    for statement in json.loads(document)["Statement"]:
        if len(_written([statement])) > limit:
            raise InvalidArgument(
                f"the statement about {statement['Action'][0]} alone is longer than {limit} characters: raise limit, up to 10240"
            )
        if len(_written([*parts[-1], statement])) > limit:
            parts.append([])
        parts[-1].append(statement)
    return [_written(part) for part in parts]


def _written(statements: Sequence[Mapping[str, Any]]) -> str:
    """Without white space, which IAM does not count."""
    return json.dumps(json.loads(policy(statements)), separators=(",", ":"))
