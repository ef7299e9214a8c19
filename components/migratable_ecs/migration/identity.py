"""Names by which ECS itself tells runs apart. Pure.

Two names with two jobs:

* `startedBy` says *which run* a task is: the resource, the image digest, the triggers and how many runs the state had
  seen before. A process that was killed finds its own task by it.
* `clientToken` is *the lock*: it is made from the cluster, the family and the newest task of that family, so that any two
  deployers that saw the same world ask ECS with the same token. ECS then gives both the same task when they want the
  same thing, and a ConflictException to the second one when they do not.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

#: startedBy allows 36 characters in older API versions, 128 in newer ones; letters, digits, `-`, `_` and `/`.
STARTED_BY_PREFIX = "migratable-"


def run_identity(
    urn: str, digest: str, triggers: Mapping[str, str | None], serial: int, first_definition: str = ""
) -> str:
    """The `startedBy` of one run: 31 characters.

    `serial` counts the runs recorded in the state before this one, so that going back to an earlier image is a new run.
    `first_definition` is the task definition ARN for a first run (serial 0): a stack that was destroyed and made again must not
    take the finished task of its former life for its own; ECS never uses a revision number twice.
    """
    return STARTED_BY_PREFIX + _digest(
        [urn, digest, dict(sorted(triggers.items())), serial, first_definition], 20
    )


def lock_token(cluster: str, family: str, newest_task: str, bump: int = 0) -> str:
    """The `clientToken` for the next task of `family`: 64 characters.

    `newest_task` is the ARN of the newest task of the family that ECS still lists, or "" when it lists none. `bump` is raised only
    when ECS answers a token with a task that is long over.
    """
    # One stack may name the cluster by its ARN and another one by its name: both mean the same lock.
    return _digest([cluster.rsplit("/", 1)[-1], family, newest_task, bump], 64)


def _digest(parts: list[object], length: int) -> str:
    text = json.dumps(parts, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:length]
