"""The provider in every stack's state is a reference to an importable class, the same for ever (promise P9).

A provider pickled by value would change with every edit of its class, show as a change in every preview, and crash under another
version of Python.
"""

from __future__ import annotations

import base64
import os
import pickletools
import subprocess
import sys
from pathlib import Path

import pytest
from migratable_ecs.migration.provider import MigrationProvider, RolloutProvider
from migratable_ecs.password_copy import CopyProvider
from migratable_ecs.scaling_limits import LimitsProvider
from pulumi.dynamic import ResourceProvider
from pulumi.dynamic.dynamic import serialize_provider

#: Never change this: the states of all stacks hold it.
GOLDEN = (
    "gASVPgAAAAAAAACMIW1pZ3JhdGFibGVfZWNzLm1pZ3JhdGlvbi5wcm92aWRlcpSMEU1pZ3JhdGlvblByb3ZpZGVylJOUKYGULg=="
)
GOLDEN_ROLLOUT = (
    "gASVPAAAAAAAAACMIW1pZ3JhdGFibGVfZWNzLm1pZ3JhdGlvbi5wcm92aWRlcpSMD1JvbGxvdXRQcm92aWRlcpSTlCmBlC4="
)
GOLDEN_LIMITS = "gASVNwAAAAAAAACMHW1pZ3JhdGFibGVfZWNzLnNjYWxpbmdfbGltaXRzlIwOTGltaXRzUHJvdmlkZXKUk5QpgZQu"
GOLDEN_COPY = "gASVNAAAAAAAAACMHG1pZ3JhdGFibGVfZWNzLnBhc3N3b3JkX2NvcHmUjAxDb3B5UHJvdmlkZXKUk5QpgZQu"

#: What it takes to say "an instance of this class", and nothing that could carry code or state.
BY_REFERENCE = {
    "PROTO",
    "FRAME",
    "SHORT_BINUNICODE",
    "MEMOIZE",
    "STACK_GLOBAL",
    "EMPTY_TUPLE",
    "NEWOBJ",
    "STOP",
}

PRINT = "from pulumi.dynamic.dynamic import serialize_provider as s; print(s(Provider()))"
OURS = "from migratable_ecs.migration.provider import MigrationProvider as Provider"
IN_MAIN = """
from pulumi.dynamic import ResourceProvider
class Provider(ResourceProvider):
    serialize_as_secret_always = False
    def read(self, id_, props):
        return {body}
"""


def operations(pickled: str) -> set[str]:
    return {operation.name for operation, _, _ in pickletools.genops(base64.b64decode(pickled))}


def in_a_fresh_process(program: str, folder: Path, hash_seed: str = "0") -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\n{PRINT}"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.strip()


class WithState(ResourceProvider):
    """A control: importable, but with something of its own."""

    serialize_as_secret_always = False

    def __init__(self, cluster: str) -> None:
        super().__init__()
        self.cluster = cluster


@pytest.mark.parametrize(
    ("provider", "golden", "module"),
    [
        (MigrationProvider, GOLDEN, b"migratable_ecs.migration.provider"),
        (RolloutProvider, GOLDEN_ROLLOUT, b"migratable_ecs.migration.provider"),
        (LimitsProvider, GOLDEN_LIMITS, b"migratable_ecs.scaling_limits"),
        (CopyProvider, GOLDEN_COPY, b"migratable_ecs.password_copy"),
    ],
)
def test_the_bytes_are_the_ones_that_all_states_hold_a_reference_and_nothing_else(
    provider: type[ResourceProvider], golden: str, module: bytes
) -> None:
    assert serialize_provider(provider()) == golden
    assert operations(golden) <= BY_REFERENCE
    assert module in base64.b64decode(golden)
    assert provider.serialize_as_secret_always is False


@pytest.mark.parametrize("hash_seed", ["0", "1"])
@pytest.mark.thorough(keep=2)
def test_they_are_the_same_in_another_process_and_folder(tmp_path: Path, hash_seed: str) -> None:
    assert in_a_fresh_process(OURS, tmp_path, hash_seed) == GOLDEN


def test_control_a_provider_with_state_changes_with_it() -> None:
    assert serialize_provider(WithState("a")) != serialize_provider(WithState("b"))
    assert not operations(serialize_provider(WithState("a"))) <= BY_REFERENCE


@pytest.mark.thorough
def test_control_a_provider_in_the_program_changes_with_its_code(tmp_path: Path) -> None:
    one, other = (in_a_fresh_process(IN_MAIN.format(body=body), tmp_path) for body in ("1", "2"))
    assert one != other
    assert not operations(one) <= BY_REFERENCE
