"""Which container, at which port, the load balancer sends requests to. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..validation import InvalidArgument, between, nearest, required, text
from .containers import ContainerArgs

if TYPE_CHECKING:
    from .service import MigratableEcsServiceArgs


def reached(args: MigratableEcsServiceArgs) -> tuple[str, int] | None:
    """(name, port) of the container behind the ingress: the app's, or the sidecar's that was named. None without ingress.

    Raises:
        InvalidArgument: there is no such container in the app's task, or it has no such port.
    """
    ingress = args.ingress
    if ingress is None:
        return None
    text("ingress.container_name", ingress.container_name)
    between("ingress.container_port", ingress.container_port, 1, 65535)
    name, port = ingress.container_name or args.container_name, ingress.container_port
    members: dict[str, ContainerArgs | None] = {args.container_name: args.container, **(args.sidecars or {})}
    if name not in members:
        raise InvalidArgument(
            f"ingress.container_name is {name!r}, which is no container of the app's task; it has {', '.join(members)}"
            f"{nearest(name, members)}"
        )
    ports = _ports(members[name])
    if name == args.container_name:
        if port is None:
            required("container_port", args.container_port, "ingress needs the port that the app listens on")
            port = args.container_port
        ports += [] if args.container_port is None else [args.container_port]
    if port is None and len(ports) == 1:
        port = ports[0]
    if port is None or port not in ports:
        given = "missing" if port is None else str(port)
        known = f"has {', '.join(map(str, sorted({*ports})))}" if ports else "has none: give its ports"
        raise InvalidArgument(
            f"ingress.container_port is {given}; give a tcp port of the container {name!r}, which {known}"
        )
    return name, port


def _ports(container: ContainerArgs | None) -> list[int]:
    return [port.container_port for port in (container.ports if container else ()) if port.protocol == "tcp"]
