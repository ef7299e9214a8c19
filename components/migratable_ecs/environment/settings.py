"""The stack's configuration, typed and checked; the schema with descriptions and defaults is in Pulumi.yaml."""

from __future__ import annotations

import collections.abc
import json
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, get_origin, get_type_hints

import pulumi
from pulumi.runtime import config as of_stack

from ..validation import InvalidArgument, named_texts, nearest, texts


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One stack. Field `container_port` is the key `containerPort`; fields without default must be configured."""

    service: str
    image: str
    cluster: str
    vpc: str
    subnets: Mapping[str, str]
    security_groups: Sequence[str]
    load_balancer: str
    priority: int
    migration_command: str
    listener_port: int = 80
    host_headers: Sequence[str] = ()
    path_patterns: Sequence[str] = ("/*",)
    container_port: int = 8000
    health_check_path: str = "/"
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    cpu: int = 256
    memory: int = 512
    migration_cpu: int = 256
    migration_memory: int = 512
    migration_phase: str = "before"
    migration_on_failure: str = "fail"
    migration_timeout: int = 3600
    desired_count: int = 1
    log_retention_days: int = 30
    tags: Mapping[str, str] = field(default_factory=dict)
    force: str = ""


def key_of(field_name: str) -> str:
    """`container_port` -> `containerPort`."""
    head, *rest = field_name.split("_")
    return head + "".join(word.capitalize() for word in rest)


#: Key of the configuration -> field of Settings.
KEYS: dict[str, Field[Any]] = {key_of(each.name): each for each in fields(Settings)}


def is_required(key: str) -> bool:
    """Whether a stack must configure `key`: its default in Pulumi.yaml is then an empty value, which stands for missing."""
    return KEYS[key].default is MISSING and KEYS[key].default_factory is MISSING


def load(config: pulumi.Config) -> Settings:
    """Read every setting.

    Args:
        config: the project's configuration of the selected stack.

    Raises:
        InvalidArgument: one sentence that names the key and the command that mends it.
    """
    _refuse_unknown(config.name)
    hints = get_type_hints(Settings)
    values: dict[str, Any] = {}
    for key, each in KEYS.items():
        text = config.get(key)
        if text is not None and text != "":
            values[each.name] = _read(f"{config.name}:{key}", text, hints[each.name])
    _refuse_missing(config.name, values)
    return Settings(**values)


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


def _refuse_missing(project: str, values: Mapping[str, Any]) -> None:
    missing = [key for key in KEYS if is_required(key) and not values.get(KEYS[key].name)]
    if not missing:
        return
    *most, last = [f"{project}:{key}" for key in missing]
    named = f"config keys {', '.join(most)} and {last} are" if most else f"config key {last} is"
    raise InvalidArgument(
        f"{named} missing: set {'each' if most else 'it'} with `pulumi config set {missing[0]} …`, or in the stack's file as "
        "Pulumi.local.yaml does (Pulumi.yaml says what each key means)"
    )


def _read(key: str, text: str, kind: Any) -> Any:
    if kind is str:
        return text
    if kind is int:
        try:
            return int(text)
        except ValueError:
            raise InvalidArgument(f"config key {key} is {text!r}; give a whole number") from None
    wanted, check = (list, texts) if get_origin(kind) is collections.abc.Sequence else (dict, named_texts)
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    if not isinstance(value, wanted):
        shape = "a list" if wanted is list else "a map"
        raise InvalidArgument(f"config key {key} is {text!r}; give {shape}, as Pulumi.local.yaml does")
    check(f"config key {key}", value)
    return value
