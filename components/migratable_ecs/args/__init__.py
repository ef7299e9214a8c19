"""What `MigratableEcsService` can be told. Everything is checked at construction, before any resource is registered."""

from .build import build
from .containers import ContainerArgs, HealthCheckArgs, LogArgs, MountArgs, PortArgs, SidecarArgs
from .ingress import IngressArgs, StickinessArgs
from .load_balancer import LoadBalancerArgs
from .migration import BackupArgs, MigrationArgs
from .naming import NamesArgs
from .network import NetworkArgs
from .process import ProcessArgs
from .reached import reached
from .rollout import BlueGreenArgs, CapacityProviderArgs, DiscoveryArgs, RolloutArgs, ServiceConnectArgs
from .scaling import ScalingArgs, ScheduledScalingArgs
from .service import MigratableEcsServiceArgs
from .task import TaskArgs, VolumeArgs
from .watching import WatchingArgs
from .workers import ScheduleArgs, WorkerArgs

__all__ = [
    "BackupArgs",
    "BlueGreenArgs",
    "CapacityProviderArgs",
    "ContainerArgs",
    "DiscoveryArgs",
    "HealthCheckArgs",
    "IngressArgs",
    "LoadBalancerArgs",
    "LogArgs",
    "MigratableEcsServiceArgs",
    "MigrationArgs",
    "MountArgs",
    "NamesArgs",
    "NetworkArgs",
    "PortArgs",
    "ProcessArgs",
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
    "build",
    "reached",
]
