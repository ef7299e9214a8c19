"""The public names are these, and each is documented."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys

import migratable_ecs
import migratable_ecs.environment
import pytest
from migratable_ecs.migration.provider import MigrationProvider

PUBLIC = [
    "BackupArgs",
    "BlueGreenArgs",
    "CapacityProviderArgs",
    "ContainerArgs",
    "DiscoveryArgs",
    "HealthCheckArgs",
    "IngressArgs",
    "InvalidArgument",
    "LoadBalancerArgs",
    "LogArgs",
    "MigratableEcsService",
    "MigratableEcsServiceArgs",
    "MigrationArgs",
    "MountArgs",
    "NamesArgs",
    "NetworkArgs",
    "PortArgs",
    "RolloutArgs",
    "ScalingArgs",
    "ScheduleArgs",
    "ScheduledScalingArgs",
    "ServiceConnectArgs",
    "SidecarArgs",
    "StickinessArgs",
    "TaskArgs",
    "VolumeArgs",
    "WatchingArgs",
    "WorkerArgs",
    "deployer_policy",
    "operator_policy",
    "split_policy",
]


def test_the_public_names() -> None:
    assert migratable_ecs.__all__ == PUBLIC == sorted(PUBLIC)


def test_each_is_there_and_says_what_it_is() -> None:
    for name in PUBLIC:
        assert len(inspect.getdoc(getattr(migratable_ecs, name)) or "") > 30, name


def test_every_field_of_the_arguments_is_documented() -> None:
    for name in PUBLIC:
        cls = getattr(migratable_ecs, name)
        for field in getattr(cls, "__dataclass_fields__", {}):
            assert field in (inspect.getdoc(cls) or ""), f"{name}.{field}"


@pytest.mark.thorough
def test_a_name_is_imported_when_it_is_used() -> None:
    """The operator's commands are in this package and must not pay for Pulumi."""
    code = "import sys, migratable_ecs; print('pulumi' in sys.modules); migratable_ecs.InvalidArgument; print('pulumi' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_editors_see_every_name() -> None:
    """What type checkers and editors read instead of running: the imports under TYPE_CHECKING."""
    tree = ast.parse(inspect.getsource(migratable_ecs))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {name.name for node in block.body if isinstance(node, ast.ImportFrom) for name in node.names}
    assert seen == set(PUBLIC)
    assert set(PUBLIC) <= set(dir(migratable_ecs))


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="module 'migratable_ecs' has no attribute 'Migration'"):
        migratable_ecs.Migration  # noqa: B018


def test_the_package_is_typed() -> None:
    from importlib.resources import files

    assert files("migratable_ecs").joinpath("py.typed").is_file()


def test_the_path_that_states_refer_to_is_public_for_ever() -> None:
    assert (
        f"{MigrationProvider.__module__}.{MigrationProvider.__qualname__}"
        == "migratable_ecs.migration.provider.MigrationProvider"
    )


def test_the_environment_of_the_program() -> None:
    assert migratable_ecs.environment.__all__ == [
        *("Balancer", "Environment", "Network", "Settings", "check", "has_service", "image_to_push", "load"),
        *("service_args", "stand_on", "url"),
    ]
