"""The stack's configuration, typed and checked; the schema with descriptions and defaults is in Pulumi.yaml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, replace
from typing import Any

import pulumi
from pulumi.runtime import config as of_stack

from ..args import (
    ContainerArgs,
    DiscoveryArgs,
    IngressArgs,
    MigrationArgs,
    NamesArgs,
    RolloutArgs,
    ScalingArgs,
    ScheduleArgs,
    ServiceConnectArgs,
    SidecarArgs,
    TaskArgs,
    WatchingArgs,
    WorkerArgs,
    build,
    shapes,
)
from ..validation import InvalidArgument, nearest
from .settings_database import database_keys
from .settings_keys import in_keys, keys_of, renamed_inside, value_of
from .settings_pieces import (
    BalancerSettings,
    ClusterSettings,
    DatabaseSettings,
    NetworkSettings,
    RegistrySettings,
    stack_name,
)

#: What the environment gives to args that are otherwise configured.
LATER: Mapping[tuple[type[Any], str], Any] = {
    (IngressArgs, "vpc_id"): "vpc of the environment",
    (IngressArgs, "listener_arn"): "listener of the environment",
    (IngressArgs, "load_balancer"): None,
}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One stack. Field `container_port` is the key `containerPort`.

    From `ingress` on they are args of `MigratableEcsService`, described there; with none of them, and neither `service` nor `image`, the
    stack is an environment for others.
    """

    service: str = ""
    image: str = ""
    protected: bool | None = None
    waive: Sequence[str] = ()
    allow_destroy: bool = False
    base: str | None = None
    network: NetworkSettings | None = None
    cluster: ClusterSettings | None = None
    load_balancer: BalancerSettings | None = None
    database: DatabaseSettings | None = None
    registry: RegistrySettings | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    force: str = ""
    ingress: IngressArgs | None = None
    container_port: int = 8000
    migration: MigrationArgs | None = None
    contract: MigrationArgs | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    cpu: int = 256
    memory: int = 512
    desired_count: int = 1
    command: Sequence[str] | None = None
    entry_point: Sequence[str] | None = None
    working_directory: str | None = None
    container_name: str = "app"
    stream_prefix: str | None = None
    container: ContainerArgs | None = None
    sidecars: Mapping[str, SidecarArgs] | None = None
    task: TaskArgs | None = None
    workers: Mapping[str, WorkerArgs] | None = None
    schedules: Mapping[str, ScheduleArgs] | None = None
    rollout: RolloutArgs | None = None
    scaling: ScalingArgs | None = None
    discovery: DiscoveryArgs | None = None
    service_connect: ServiceConnectArgs | None = None
    watching: WatchingArgs | None = None
    names: NamesArgs | None = None
    log_retention_days: int = 30
    log_kms_key_arn: str | None = None
    wait_for_steady_state: bool = True


#: Key of the configuration -> field of Settings.
KEYS: dict[str, Field[Any]] = keys_of(Settings, LATER)

#: Keys that describe the service: a stack that has any of them has a service.
_OF_THE_SERVICE = list(KEYS)[list(KEYS).index("ingress") :]

#: What a service stands on.
PIECES = ("network", "cluster", "loadBalancer", "database", "registry")


def default_of(key: str) -> Any:
    """What the setting is when nothing is configured."""
    each = KEYS[key]
    return each.default if each.default_factory is MISSING else each.default_factory()


def load(config: pulumi.Config) -> Settings:
    """Read every setting; `check` then says whether they fit together.

    Args:
        config: the project's configuration of the selected stack.

    Raises:
        InvalidArgument: one sentence that names the key and the remedy.
    """
    _refuse_unknown(config.name)
    given = _values(config)
    try:
        settings = build(Settings, given)
        stack_name("base", settings.base)
        for key in PIECES:
            piece = getattr(settings, KEYS[key].name)
            if piece:
                piece.validate(key)
    except InvalidArgument as error:
        raise InvalidArgument(in_keys(str(error), Settings)) from None
    settings = _on_base(settings)
    _refuse_missing(config.name, settings)
    return settings


def has_service(settings: Settings) -> bool:
    """Whether the stack has a service, or is an environment for others."""
    return bool(settings.service or settings.image) or any(
        getattr(settings, KEYS[key].name) != default_of(key) for key in _OF_THE_SERVICE
    )


def environment_name(settings: Settings) -> str:
    """What the pieces that are made are named after: the service, or project and stack."""
    return settings.service or f"{pulumi.get_project()}-{pulumi.get_stack()}"


def _values(config: pulumi.Config) -> dict[str, Any]:
    """Field -> value of what is configured. The engine fills in the schema's defaults, of which an empty one stands for nothing."""
    found: dict[str, Any] = {}
    choices = shapes.choices_of(Settings)
    for key, each in KEYS.items():
        text = config.get(key)
        if text in (None, "", "{}", "[]") or (text == "0" and each.default is None):
            continue
        value = value_of(f"{config.name}:{key}", str(text), choices[each.name])
        found[each.name] = renamed_inside(choices[each.name], value, key, LATER)
    return found


def _on_base(settings: Settings) -> Settings:
    """A service's pieces that are not configured are those of the stack `base`."""
    if settings.base is None or not has_service(settings):
        return settings
    from_base: dict[str, Any] = {
        "network": NetworkSettings(stack=settings.base),
        "cluster": ClusterSettings(stack=settings.base),
    }
    if settings.ingress:
        from_base["load_balancer"] = BalancerSettings(stack=settings.base)
    if database_keys(settings):
        from_base["database"] = DatabaseSettings(stack=settings.base)
    return replace(
        settings, **{name: piece for name, piece in from_base.items() if getattr(settings, name) is None}
    )


def _refuse_unknown(project: str) -> None:
    """pulumi.Config can be asked for a key but not for all keys: they are where it finds them itself."""
    given = {**of_stack.get_config_env(), **of_stack.CONFIG.get()}
    for full in sorted(given):
        namespace, _, key = full.partition(":")
        if namespace == project and key not in KEYS:
            raise InvalidArgument(
                f"config key {full} means nothing{nearest(key, KEYS)}: remove it with `pulumi config rm {key}`, or "
                "correct it in the stack's file"
            )


def _refuse_missing(project: str, settings: Settings) -> None:
    needed = ["service", "image", "network", "cluster"] if has_service(settings) else []
    if settings.ingress:
        needed += ["loadBalancer"]
    if any(piece and piece.create for piece in (settings.load_balancer, settings.database)):
        needed += ["network"]
    if not needed and not any(getattr(settings, KEYS[piece].name) for piece in PIECES):
        needed = ["service", "image", "network", "cluster"]
    missing = [key for key in dict.fromkeys(needed) if not getattr(settings, KEYS[key].name)]
    if not missing:
        return
    *most, last = [f"{project}:{key}" for key in missing]
    named = f"config keys {', '.join(most)} and {last} are" if most else f"config key {last} is"
    command = f" with `pulumi config set {missing[0]} …`, or" if missing[0] in ("service", "image") else ""
    raise InvalidArgument(
        f"{named} missing: set {'each' if most else 'it'}{command} in the stack's file as Pulumi.local.yaml does "
        "(docs/configuration.md says what each key means)"
    )
