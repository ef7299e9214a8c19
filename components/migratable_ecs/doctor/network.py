"""Checks of subnets, routes and security groups. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .snapshot import Finding, Network, Record, Snapshot, reference

#: What a Fargate task must reach before its container starts, and how an interface endpoint for it is called.
#: Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
_ECR = ("ecr.api", "ecr.dkr", "s3")


def subnets(found: Snapshot) -> Iterator[Finding]:
    """Each subnet exists, and all are in the VPC of the security groups."""
    for which, network in found.networks.items():
        vpcs = {str(found.subnets[each].get("VpcId")) for each in network.subnets if each in found.subnets}
        for each in network.subnets:
            if each not in found.subnets:
                yield Finding(
                    "subnets",
                    f"subnet {each} of the {which} does not exist in {found.region}",
                    "name one that does in `network` (`aws ec2 describe-subnets`), and check aws:region and the account",
                )
        if len(vpcs) > 1:
            yield Finding(
                "subnets",
                f"the subnets of the {which} are in several VPCs: {', '.join(sorted(vpcs))}",
                "name subnets of one VPC in `network`",
            )
        for group in network.groups:
            vpc = found.groups.get(group, {}).get("VpcId")
            if vpc and vpcs and str(vpc) not in vpcs:
                yield Finding(
                    "subnets",
                    f"security group {group} of the {which} is in {vpc}, its subnets are in {', '.join(sorted(vpcs))}",
                    "name subnets and security groups of one VPC in `network`",
                )
        for each in network.subnets:
            free = found.subnets.get(each, {}).get("AvailableIpAddressCount")
            if free is not None and int(free) == 0:
                yield Finding(
                    "subnets",
                    f"subnet {each} of the {which} has no free address left",
                    "add a subnet to `network`, or stop tasks there",
                )


def routes(found: Snapshot) -> Iterator[Finding]:
    """From each subnet the tasks reach ECR, CloudWatch Logs and their secrets: through a gateway, or through endpoints."""
    if found.routes is None:
        return
    for which, network in found.networks.items():
        needed = _needed(found, which)
        for subnet in network.subnets:
            record = found.subnets.get(subnet)
            if record is not None:
                yield from _way_out(found, which, network, record, needed)


def _needed(found: Snapshot, which: str) -> list[str]:
    """Services that the tasks of `which` must reach, as VPC endpoints name them."""
    wanted: dict[str, None] = {}
    for container in found.containers(which):
        if ".dkr.ecr." in str(container.get("image")):
            wanted.update(dict.fromkeys(_ECR))
        if (container.get("logConfiguration") or {}).get("logDriver") == "awslogs":
            wanted["logs"] = None
        for secret in container.get("secrets") or ():
            wanted["ssm" if reference(str(secret["valueFrom"])).parameter else "secretsmanager"] = None
    return list(wanted)


def _way_out(
    found: Snapshot, which: str, network: Network, subnet: Record, needed: list[str]
) -> Iterator[Finding]:
    name, vpc = str(subnet["SubnetId"]), str(subnet.get("VpcId"))
    default = _default_route(found.routes or (), name, vpc)
    if default is not None:
        gateway = str(default.get("NatGatewayId") or "")
        state = str(found.gateways.get(gateway, {}).get("State", "missing")) if gateway else ""
        if default.get("State") == "blackhole" or (
            gateway and found.gateways and state not in ("available", "pending")
        ):
            yield Finding(
                "routes",
                f"the default route of subnet {name} ({which}) leads to {gateway or 'a gateway'}, which is {state or 'gone'}",
                "make the NAT gateway again and let the route lead there, or use another subnet",
            )
            return
        if str(default.get("GatewayId") or "").startswith("igw-") and not network.public_ip:
            missing = [each for each in needed if not _endpoint(found, each, vpc)]
            if missing:
                yield Finding(
                    "routes",
                    f"subnet {name} ({which}) is public and the tasks have no public address: no way to {', '.join(missing)}",
                    "use private subnets with a NAT gateway, or set `assign_public_ip`",
                )
            return
        return
    missing = [each for each in needed if not _endpoint(found, each, vpc)]
    if missing:
        yield Finding(
            "routes",
            f"from subnet {name} ({which}) there is no way to {', '.join(missing)}: neither a default route nor VPC endpoints",
            "give its route table a default route to a NAT gateway, or make these VPC endpoints",
        )


def _default_route(tables: Iterable[Record], subnet: str, vpc: str) -> Record | None:
    """The route to 0.0.0.0/0 of the subnet's own table, else of the VPC's main one."""
    own, main = None, None
    for table in tables:
        if str(table.get("VpcId")) != vpc:
            continue
        for association in table.get("Associations") or ():
            if association.get("SubnetId") == subnet:
                own = table
            elif association.get("Main"):
                main = table
    chosen: Mapping[str, Any] = own or main or {}
    return next((r for r in chosen.get("Routes") or () if r.get("DestinationCidrBlock") == "0.0.0.0/0"), None)


def _endpoint(found: Snapshot, service: str, vpc: str) -> Record | None:
    wanted = f"com.amazonaws.{found.region}.{service}"
    for each in found.endpoints:
        there = each.get("ServiceName") == wanted and str(each.get("VpcId")) == vpc
        if there and str(each.get("State", "available")).lower() == "available":
            return each
    return None


def groups(found: Snapshot) -> Iterator[Finding]:
    """Security groups exist, and let tasks out to AWS: to the endpoints where there are some."""
    for which, network in found.networks.items():
        for group in network.groups:
            if group not in found.groups:
                yield Finding(
                    "security-groups",
                    f"security group {group} of the {which} does not exist in {found.region}",
                    "name one that does in `network` (`aws ec2 describe-security-groups`)",
                )
        known = [found.groups[each] for each in network.groups if each in found.groups]
        if known and not any(_opens(each, "IpPermissionsEgress", 443) for each in known):
            yield Finding(
                "security-groups",
                f"no security group of the {which} lets it out to port 443, so it reaches neither ECR nor logs nor secrets",
                "add an outbound rule for TCP 443 to one of " + ", ".join(network.groups),
            )
        yield from _endpoint_groups(found, which, network)


def _endpoint_groups(found: Snapshot, which: str, network: Network) -> Iterator[Finding]:
    vpcs = {str(found.subnets[each].get("VpcId")) for each in network.subnets if each in found.subnets}
    addresses = [
        str(found.subnets[each].get("CidrBlock")) for each in network.subnets if each in found.subnets
    ]
    for service in _needed(found, which):
        for vpc in vpcs:
            endpoint = _endpoint(found, service, vpc)
            own = [str(each["GroupId"]) for each in (endpoint or {}).get("Groups") or ()]
            known = [found.groups[each] for each in own if each in found.groups]
            interface = endpoint is not None and endpoint.get("VpcEndpointType") == "Interface"
            if (
                interface
                and known
                and not any(lets_in(each, 443, network.groups, addresses) for each in known)
            ):
                yield Finding(
                    "security-groups",
                    f"the VPC endpoint of {service} does not let the {which} in: {', '.join(own)} open no port 443 to it",
                    f"add an inbound rule for TCP 443 from {', '.join(network.groups)} to {own[0]}",
                )


def database_groups(found: Snapshot) -> Iterator[Finding]:
    """The way from the tasks' security groups to those of the database is open in both."""
    if found.database is None:
        return
    port = found.database.port
    known = [found.groups[each] for each in found.database.groups if each in found.groups]
    for which, network in found.networks.items():
        own = [found.groups[each] for each in network.groups if each in found.groups]
        addresses = [
            str(found.subnets[each].get("CidrBlock")) for each in network.subnets if each in found.subnets
        ]
        if known and own and not any(lets_in(each, port, network.groups, addresses) for each in known):
            yield Finding(
                "database-security-group",
                f"the database's security groups ({', '.join(found.database.groups)}) do not let the {which} in at port {port}",
                f"add an inbound rule for TCP {port} from {', '.join(network.groups)} to {found.database.groups[0]}",
            )
        if own and not any(_opens(each, "IpPermissionsEgress", port) for each in own):
            yield Finding(
                "database-security-group",
                f"no security group of the {which} lets it out to port {port}, where the database is",
                f"add an outbound rule for TCP {port} to one of " + ", ".join(network.groups),
            )


def balancer_groups(found: Snapshot) -> Iterator[Finding]:
    """The load balancer reaches the tasks at the container's port."""
    network = found.networks.get("app")
    if network is None:
        return
    own = [found.groups[each] for each in network.groups if each in found.groups]
    for each in found.balancing:
        if each.groups and own and not any(_balancer_gets_in(group, each.port, each.groups) for group in own):
            yield Finding(
                "load-balancer-security-group",
                f"the tasks' security groups ({', '.join(network.groups)}) do not let the load balancer in at port {each.port}",
                f"add an inbound rule for TCP {each.port} from {', '.join(each.groups)} to {network.groups[0]}",
            )


def _balancer_gets_in(group: Record, port: int, balancers: Iterable[str]) -> bool:
    """Rules for addresses count: in which subnets the load balancer is, nobody has asked."""
    ranges = any(_has_port(rule, port) and rule.get("IpRanges") for rule in group.get("IpPermissions") or ())
    return ranges or lets_in(group, port, balancers, ())


def lets_in(group: Record, port: int, from_groups: Iterable[str], from_addresses: Iterable[str]) -> bool:
    """Whether an inbound rule opens `port` to one of the groups, or to all of one of the CIDR blocks. Pure."""
    wanted, blocks = set(from_groups), [each for each in from_addresses if each and each != "None"]
    for rule in group.get("IpPermissions") or ():
        if not _has_port(rule, port):
            continue
        if {str(pair.get("GroupId")) for pair in rule.get("UserIdGroupPairs") or ()} & wanted or rule.get(
            "PrefixListIds"
        ):
            return True
        for each in rule.get("IpRanges") or ():
            open_to = ipaddress.ip_network(str(each.get("CidrIp")), strict=False)
            if any(ipaddress.ip_network(block, strict=False).subnet_of(open_to) for block in blocks):  # type: ignore[arg-type]
                return True
    return False


def _opens(group: Record, direction: str, port: int) -> bool:
    """Whether any rule of that direction has the port; to where, is not looked at."""
    return any(_has_port(rule, port) for rule in group.get(direction) or ())


def _has_port(rule: Record, port: int) -> bool:
    """Protocol -1 means all, without ports. Source: API reference of IpPermission."""
    if str(rule.get("IpProtocol")) == "-1":
        return True
    if str(rule.get("IpProtocol")) not in ("tcp", "6"):
        return False
    first, last = rule.get("FromPort"), rule.get("ToPort")
    return first is None or last is None or int(first) <= port <= int(last)
