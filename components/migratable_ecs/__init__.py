"""An ECS service on Fargate together with the database migration that belongs to it.

The names are imported when they are first used: the operator's commands are part of this package and need no Pulumi, whose import alone
takes longer than some of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .args import (
        BackupArgs,
        BlueGreenArgs,
        CapacityProviderArgs,
        ContainerArgs,
        DiscoveryArgs,
        HealthCheckArgs,
        IngressArgs,
        LoadBalancerArgs,
        LogArgs,
        MigratableEcsServiceArgs,
        MigrationArgs,
        MountArgs,
        NamesArgs,
        NetworkArgs,
        PortArgs,
        RolloutArgs,
        ScalingArgs,
        ScheduleArgs,
        ScheduledScalingArgs,
        ServiceConnectArgs,
        SidecarArgs,
        StickinessArgs,
        TaskArgs,
        VolumeArgs,
        WatchingArgs,
        WorkerArgs,
    )
    from .policies import deployer_policy, operator_policy, split_policy
    from .service import MigratableEcsService
    from .validation import InvalidArgument

__all__ = [
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

#: Name -> the module it is in; the rest are in `args`.
_ELSEWHERE = {
    "InvalidArgument": ".validation",
    "MigratableEcsService": ".service",
    "deployer_policy": ".policies",
    "operator_policy": ".policies",
    "split_policy": ".policies",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for. Source: https://peps.python.org/pep-0562/"""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_ELSEWHERE.get(name, ".args"), __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
