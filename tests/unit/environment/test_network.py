"""A network that is made: what awsx is given, ways out of it, and the groups in it."""

from __future__ import annotations

import enum
import inspect
import ipaddress
import sys
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import migratable_ecs
import pulumi
import pulumi_aws
import pulumi_awsx as awsx
import pytest
from migratable_ecs import InvalidArgument
from migratable_ecs.environment.ground import Network
from migratable_ecs.environment.network import NetworkArgs, network, subnets
from pulumi_awsx.ec2 import _enums, _inputs

from tests.unit.component.cloud import Graph
from tests.unit.environment.made import STG, make

VPC, ENDPOINT = "awsx:ec2:Vpc", "aws:ec2/vpcEndpoint:VpcEndpoint"
IN = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
OUT = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
WITHOUT_NAT = NetworkArgs(nat="none", endpoints=["s3", "ecr", "logs", "secretsmanager", "exec"])

_NAMES = {"pulumi": pulumi, "pulumi_aws": pulumi_aws, "_builtins": __import__("builtins")}
_NAMES |= {"T": typing.TypeVar("T"), "Output": pulumi.Output}


def made(args: NetworkArgs) -> Graph:
    """The graph, and what the network says of its tasks; each network is made once."""
    if repr(args) not in _MADE:
        _MADE[repr(args)] = make(lambda: _tasks(network(STG, args)))
    return _MADE[repr(args)]


def _tasks(made: Network) -> dict[str, Any]:
    return {"subnets": made.subnet_ids, "public_ip": made.assign_public_ip}


_MADE: dict[str, Graph] = {}


def faults(value: Any, hint: Any, where: str = "") -> list[str]:
    """Where `value`, as it goes over the wire, is not of the type `hint` of awsx's package. Promises of a value are taken for it."""
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        parts = [part for part in typing.get_args(hint) if part is not type(None)]
        parts = [part for part in parts if not _promise(part)]
        found = [faults(value, part, where) for part in parts]
        return [] if any(not each for each in found) else found[0]
    if origin is not None and issubclass(origin, Sequence):
        if not isinstance(value, list):
            return [f"{where} is no list"]
        inner = typing.get_args(hint)[0]
        return [
            fault for number, each in enumerate(value) for fault in faults(each, inner, f"{where}[{number}]")
        ]
    if origin is not None and issubclass(origin, Mapping):
        return [] if isinstance(value, dict) else [f"{where} is no map"]
    if issubclass(hint, enum.Enum):
        return [] if value in [each.value for each in hint] else [f"{where} is {value!r}"]
    if hasattr(hint, "__init__") and hint.__module__.startswith("pulumi_awsx"):
        return _faults_inside(value, hint, where)
    if hint is int and isinstance(value, float) and value.is_integer():
        return []
    return [] if isinstance(value, hint) else [f"{where} is {value!r}, no {hint.__name__}"]


def _faults_inside(value: Any, args: type[Any], where: str) -> list[str]:
    names = {**_NAMES, **vars(_inputs), **vars(_enums)}
    hints = typing.get_type_hints(args.__init__, names, names)
    declared = {_wire(name): hint for name, hint in hints.items() if name not in ("return", "__self__")}
    required = {
        _wire(name)
        for name, each in inspect.signature(args.__init__).parameters.items()
        if name != "__self__" and each.default is inspect.Parameter.empty
    }
    found = [f"{where}.{name} is unknown" for name in value if name not in declared]
    found += [f"{where}.{name} is missing" for name in sorted(required - set(value))]
    for name, each in value.items():
        if name in declared:
            found += faults(each, declared[name], f"{where}.{name}")
    return found


def _promise(hint: Any) -> bool:
    origin = typing.get_origin(hint) or hint
    return isinstance(origin, type) and (origin is pulumi.Output or hasattr(origin, "__await__"))


def _wire(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


@pytest.mark.parametrize(
    "args", [NetworkArgs(), WITHOUT_NAT, NetworkArgs(zones=3, nat="each")], ids=["one", "none", "each"]
)
def test_awsx_is_given_what_its_own_package_declares(args: NetworkArgs) -> None:
    inputs = made(args).one(VPC, "shop-stg-network").inputs
    assert faults(inputs, awsx.ec2.VpcArgs) == []


def test_the_comparison_finds_what_is_wrong() -> None:
    inputs = made(NetworkArgs()).one(VPC, "shop-stg-network").inputs
    wrong = {
        **inputs,
        "natGateway": {},
        "numberOfAvailabilityZones": "2",
        "natGateways": {"strategy": "OnePerZone"},
        "subnetSpecs": [{"cidrBlocks": "10.0.1.0/24"}],
    }
    assert set(faults(wrong, awsx.ec2.VpcArgs)) == {
        ".natGateway is unknown",
        ".natGateways.strategy is 'OnePerZone'",
        ".numberOfAvailabilityZones is '2', no int",
        ".subnetSpecs[0].type is missing",
        ".subnetSpecs[0].cidrBlocks is no list",
    }


def test_the_default_is_two_zones_with_one_way_out() -> None:
    graph = made(NetworkArgs())
    inputs = graph.one(VPC, "shop-stg-network").inputs
    assert (inputs["cidrBlock"], inputs["numberOfAvailabilityZones"]) == ("10.0.0.0/16", 2)
    assert inputs["natGateways"] == {"strategy": "Single"}
    blocks = {spec["type"]: spec["cidrBlocks"] for spec in inputs["subnetSpecs"]}
    assert blocks == {"Public": ["10.0.1.0/24", "10.0.2.0/24"], "Private": ["10.0.10.0/24", "10.0.11.0/24"]}
    assert graph.result["subnets"] == ["subnet-private-a", "subnet-private-c"]
    assert ENDPOINT not in graph.types()


@pytest.mark.parametrize("prefix", range(16, 24))
@pytest.mark.parametrize("zones", [2, 6])
def test_subnets_lie_apart_inside_the_network_and_are_wide_enough_for_a_load_balancer(
    prefix: int, zones: int
) -> None:
    cidr = f"10.64.0.0/{prefix}"
    public, private = subnets(cidr, zones)
    blocks = [ipaddress.ip_network(block) for block in public + private]
    assert len(blocks) == 2 * zones
    assert all(block.subnet_of(ipaddress.ip_network(cidr)) and block.prefixlen <= 27 for block in blocks)  # type: ignore[arg-type]
    assert not any(a.overlaps(b) for a in blocks for b in blocks if a is not b)


def test_another_zone_moves_no_subnet() -> None:
    two, three = subnets("10.0.0.0/16", 2), subnets("10.0.0.0/16", 3)
    assert (three[0][:2], three[1][:2]) == two


def test_without_nat_aws_is_reached_through_endpoints() -> None:
    graph = made(WITHOUT_NAT)
    vpc = graph.one(VPC, "shop-stg-network").inputs
    assert vpc["natGateways"] == {"strategy": "None"}
    (gateway,) = vpc["vpcEndpointSpecs"]
    assert (gateway["serviceName"], gateway["vpcEndpointType"]) == (
        "com.amazonaws.ap-northeast-1.s3",
        "Gateway",
    )
    # Auto is what puts the gateway into the route tables that awsx makes.
    assert vpc["vpcEndpointStrategy"] == "Auto"
    services = {
        each.inputs["serviceName"].removeprefix("com.amazonaws.ap-northeast-1.")
        for each in graph.resources
        if each.type == ENDPOINT
    }
    assert services == {"ecr.api", "ecr.dkr", "logs", "secretsmanager", "ssmmessages"}
    rule = graph.one(IN, "shop-stg-endpoints-from-tasks").inputs
    assert (rule["fromPort"], rule["toPort"], rule["referencedSecurityGroupId"]) == (
        443,
        443,
        "shop-stg-tasks-id",
    )


def test_tasks_wait_for_their_ways_out() -> None:
    """A migration that started before its endpoints could not get its image."""

    def program() -> Any:
        subnets = network(STG, WITHOUT_NAT).subnet_ids
        assert isinstance(subnets, pulumi.Output)
        return pulumi.Output.from_input(subnets.resources()).apply(
            lambda needed: sorted(each._name for each in needed)
        )

    assert set(make(program).result) >= {
        "shop-stg-tasks-out",
        "shop-stg-endpoints-from-tasks",
        *(f"shop-stg-{each}" for each in ("ecr.api", "ecr.dkr", "logs", "secretsmanager", "ssmmessages")),
    }


def test_nobody_is_let_in_to_the_tasks_from_outside() -> None:
    graph = made(WITHOUT_NAT)
    assert not [
        each
        for each in graph.resources
        if each.type == IN and ("cidrIpv4" in each.inputs or "cidrIpv6" in each.inputs)
    ]
    (out,) = [each for each in graph.resources if each.type == OUT]
    assert out.inputs["securityGroupId"] == "shop-stg-tasks-id"


def test_tasks_stay_in_private_subnets_unless_asked() -> None:
    assert made(NetworkArgs()).result["public_ip"] is False
    public = made(NetworkArgs(nat="none", public_tasks=True)).result
    assert public == {"subnets": ["subnet-public-a", "subnet-public-c"], "public_ip": True}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"cidr": "10.0.0.0"}, "network.create.cidr holds '10.0.0.0'; give CIDR blocks such as '10.0.0.0/16'"),
        ({"cidr": "10.0.0.0/24"}, "network.create.cidr is '10.0.0.0/24'; give an IPv4 block from /16 to /23, such as '10.0.0.0/16'"),
        ({"cidr": "10.0.0.1/16"}, "network.create.cidr holds '10.0.0.1/16', which is not a network's own address: give '10.0.0.0/16'"),
        ({"zones": 1}, "network.create.zones is 1; give a whole number from 2 to 6"),
        ({"nat": "two"}, "network.create.nat is 'two'; allowed are 'none', 'one', 'each'"),
        (
            {"endpoints": ["s4"]},
            "network.create.endpoints is 's4'; allowed are 's3', 'ecr', 'logs', 'secretsmanager', 'exec'",
        ),
        (
            {"nat": "none", "endpoints": ["s3"]},
            "network.create.nat is 'none' and network.create.endpoints lacks ecr, logs, so no task could start: add them, give another "
            "nat, or set network.create.public_tasks",
        ),
    ],
)  # fmt: skip
def test_what_could_not_work_is_refused(args: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        NetworkArgs(**args).validate("network.create")
    assert str(refused.value) == message


def test_awsx_is_imported_only_when_a_network_is_made() -> None:
    folder = Path(inspect.getfile(migratable_ecs)).parent
    importers = [path for path in folder.rglob("*.py") if "import pulumi_awsx" in path.read_text()]
    assert [path.name for path in importers] == ["network.py"]
    lines = [line for line in importers[0].read_text().splitlines() if "import pulumi_awsx" in line]
    # Inside `if TYPE_CHECKING:` and inside a function.
    assert all(line.startswith("    ") for line in lines)


def test_without_awsx_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pulumi_awsx", None)
    with pytest.raises(
        InvalidArgument, match=r"^a network that is made needs pulumi-awsx, .*: pip install pulumi-awsx"
    ):
        make(lambda: network(STG, NetworkArgs()))
