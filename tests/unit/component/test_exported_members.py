"""The public names are these, and each is documented."""

from __future__ import annotations

import inspect

import migratable_ecs
import migratable_ecs.environment
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


def test_the_package_is_typed() -> None:
    from importlib.resources import files

    assert files("migratable_ecs").joinpath("py.typed").is_file()


def test_the_path_that_states_refer_to_is_public_for_ever() -> None:
    assert (
        f"{MigrationProvider.__module__}.{MigrationProvider.__qualname__}"
        == "migratable_ecs.migration.provider.MigrationProvider"
    )


def test_the_environment_of_the_program() -> None:
    assert migratable_ecs.environment.__all__ == ["Environment", "Settings", "load", "look_up"]
