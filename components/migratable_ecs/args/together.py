"""Whether the containers of one task fit together. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..validation import InvalidArgument, nearest
from .containers import ContainerArgs, SidecarArgs, container_name
from .task import VolumeArgs


@dataclass(frozen=True)
class _Member:
    """A container as its neighbours see it."""

    where: str
    args: ContainerArgs
    essential: bool
    ports: tuple[int, ...]


def fit_together(
    where: str,
    main: tuple[str, ContainerArgs | None, int | None],
    sidecars: Mapping[str, SidecarArgs] | None,
    volumes: Mapping[str, VolumeArgs] | None,
    init: tuple[str, ContainerArgs | None] | None = None,
) -> None:
    """Refuse names, dependencies, ports, mounts and log routers that cannot be together in one task.

    Args:
        where: how errors name the task's args, empty for the service's own.
        main: name, args and port of the container that the task is about.
        init: name and args of the migration, when it runs in this task.
    """
    prefix = f"{where}." if where else ""
    name, own, port = main
    members = {
        name: _Member(f"{prefix}container", own or ContainerArgs(), True, (port,) if port else ()),
    }
    if init:
        members[init[0]] = _Member("migration.container", init[1] or ContainerArgs(), False, ())
        if init[0] == name:
            raise InvalidArgument(
                f"migration.container_name is {name!r}, as the app's container in the same task: give another name"
            )
    for key, sidecar in (sidecars or {}).items():
        at = f"{prefix}sidecars[{key!r}]"
        container_name(f"a key of {prefix}sidecars", key)
        if key in members:
            raise InvalidArgument(f"{at} has the name of another container of the task: give another name")
        members[key] = _Member(at, sidecar, sidecar.essential, ())
    _dependencies(members)
    _no_circle(members)
    _ports(members.values())
    _mounts(members.values(), volumes or {})
    _log_router(members.values())


def _dependencies(members: Mapping[str, _Member]) -> None:
    for name, member in members.items():
        for other, condition in (member.args.depends_on or {}).items():
            at = f"{member.where}.depends_on"
            if other not in members or other == name:
                raise InvalidArgument(
                    f"{at} names {other!r}, which is no other container of the task; it has {', '.join(members)}"
                    f"{nearest(other, members)}"
                )
            target = members[other]
            if condition == "HEALTHY" and target.args.health_check is None:
                raise InvalidArgument(
                    f"{at}[{other!r}] is 'HEALTHY', but {target.where} has no health_check: give it one"
                )
            if condition in ("COMPLETE", "SUCCESS") and target.essential:
                raise InvalidArgument(
                    f"{at}[{other!r}] is {condition!r}, but {target.where} is essential, so its end stops the task: set its essential "
                    "to False"
                )


def _no_circle(members: Mapping[str, _Member]) -> None:
    for start in members:
        path = [start]
        seen = set(path)
        while path:
            for other in members[path.pop()].args.depends_on or {}:
                if other == start:
                    raise InvalidArgument(
                        f"{members[start].where}.depends_on leads back to {start!r} itself: remove one of the dependencies"
                    )
                if other not in seen:
                    seen.add(other)
                    path.append(other)


def _ports(members: Iterable[_Member]) -> None:
    """Containers of one task share its network interface."""
    taken: dict[tuple[int, str], str] = {}
    for member in members:
        listed = [(port.container_port, port.protocol) for port in member.args.ports]
        for port in {*listed, *((port, "tcp") for port in member.ports)}:
            if port in taken:
                raise InvalidArgument(
                    f"{member.where} has port {port[0]}/{port[1]}, which {taken[port]} has too; containers of a task share its network: "
                    "give another port"
                )
            taken[port] = member.where
        if len(listed) != len(set(listed)):
            raise InvalidArgument(f"{member.where}.ports has a port twice: remove one")


def _mounts(members: Iterable[_Member], volumes: Mapping[str, VolumeArgs]) -> None:
    for member in members:
        for path, mount in (member.args.mounts or {}).items():
            if mount.volume not in volumes:
                named = f"it has {', '.join(volumes)}" if volumes else "it has none"
                raise InvalidArgument(
                    f"{member.where}.mounts[{path!r}] names the volume {mount.volume!r}, which task.volumes does not have; {named}"
                    f"{nearest(mount.volume, volumes)}"
                )


def _log_router(members: Iterable[_Member]) -> None:
    """Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_firelens.html"""
    every = list(members)
    routers = [each for each in every if isinstance(each.args, SidecarArgs) and each.args.firelens]
    users = [each for each in every if each.args.log and each.args.log.driver == "awsfirelens"]
    if users and not routers:
        raise InvalidArgument(
            f"{users[0].where}.log.driver is 'awsfirelens', which needs a log router: add a sidecar with firelens='fluentbit'"
        )
    if len(routers) > 1:
        raise InvalidArgument(
            f"{routers[1].where}.firelens makes a second log router beside {routers[0].where}; a task has one: remove one"
        )
