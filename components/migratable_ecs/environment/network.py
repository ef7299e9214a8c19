"""A network made with awsx: public and private subnets in several zones, ways out, and the tasks' security group."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from ..args.load_balancer import network as cidr_block
from ..validation import InvalidArgument, between, one_of, texts
from .ground import Network
from .making import Making

if TYPE_CHECKING:
    import pulumi_awsx as awsx

#: Way out -> strategy of awsx.
NAT = {"none": "None", "one": "Single", "each": "OnePerAz"}

#: Endpoint -> services of AWS that it stands for, as `com.amazonaws.REGION.SERVICE`. ECR keeps layers in S3.
#: Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
ENDPOINTS = {
    "s3": ("s3",),
    "ecr": ("ecr.api", "ecr.dkr"),
    "logs": ("logs",),
    "secretsmanager": ("secretsmanager",),
    "exec": ("ssmmessages",),
}

#: Without these no Fargate task starts where there is no way out: its image, that image's layers, its log.
#: Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/vpc-endpoints.html
_NEEDED = ("s3", "ecr", "logs")


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """A VPC of the environment's own.

    Args:
        cidr: addresses, /16 to /23: an ALB wants /27 of each subnet. Default `10.0.0.0/16`.
        zones: availability zones with a public and a private subnet each, 2 to 6. Default 2.
        nat: NAT gateways, the way out of the private subnets: `none`, `one` (default) or one in `each` zone, so that a lost zone takes only
            itself down.
        endpoints: what of AWS is reached without a way out: `s3`, `ecr`, `logs`, `secretsmanager`, `exec` (ECS Exec). Default none.
        public_tasks: tasks in public subnets with a public address, which need neither NAT nor endpoints. Default False.
    """

    cidr: str = "10.0.0.0/16"
    zones: int = 2
    nat: str = "one"
    endpoints: Sequence[str] = ()
    public_tasks: bool = False

    def validate(self, where: str) -> None:
        """Refuse what AWS would refuse, and a network in which no task could start.

        Raises:
            InvalidArgument: one sentence with the remedy.
        """
        cidr_block(f"{where}.cidr", self.cidr)
        found = ipaddress.ip_network(self.cidr)
        if found.version != 4 or not 16 <= found.prefixlen <= 23:
            raise InvalidArgument(
                f"{where}.cidr is {self.cidr!r}; give an IPv4 block from /16 to /23, such as '10.0.0.0/16'"
            )
        between(f"{where}.zones", self.zones, 2, 6)
        one_of(f"{where}.nat", self.nat, NAT)
        texts(f"{where}.endpoints", self.endpoints)
        for each in self.endpoints:
            one_of(f"{where}.endpoints", each, ENDPOINTS)
        missing = [each for each in _NEEDED if each not in self.endpoints]
        if self.nat == "none" and not self.public_tasks and missing:
            raise InvalidArgument(
                f"{where}.nat is 'none' and {where}.endpoints lacks {', '.join(missing)}, so no task could start: add them, give another "
                f"nat, or set {where}.public_tasks"
            )


def network(making: Making, args: NetworkArgs) -> Network:
    """A VPC with its subnets, ways out, endpoints and the group of the tasks."""
    region = aws.get_region().region
    vpc = _vpc(making, args, region)
    private = vpc.private_subnet_ids
    tasks = aws.ec2.SecurityGroup(
        making.called("tasks"),
        name=making.called("tasks"),
        description=f"Tasks of {making.name}",
        vpc_id=vpc.vpc_id,
        tags=making.tagged("tasks"),
    )
    out = aws.vpc.SecurityGroupEgressRule(
        making.called("tasks-out"),
        security_group_id=tasks.id,
        description="Images, AWS, databases and whatever the app calls",
        ip_protocol="-1",
        cidr_ipv4="0.0.0.0/0",
        tags=making.tagged("tasks-out"),
    )
    ways = [out, *_endpoints(making, args, region, vpc.vpc_id, private, tasks.id)]
    return Network(
        vpc_id=vpc.vpc_id,
        subnet_ids=_known_after(vpc.public_subnet_ids if args.public_tasks else private, ways),
        security_group_ids=[tasks.id],
        assign_public_ip=args.public_tasks,
        public_subnet_ids=vpc.public_subnet_ids,
        private_subnet_ids=private,
    )


def _known_after(ids: pulumi.Output[Sequence[str]], ways: Sequence[pulumi.CustomResource]) -> Any:
    """`ids`, known once `ways` are there: a migration that starts before could not even get its image."""
    known: pulumi.Output[Any] = pulumi.Output.all(ids, *(way.id for way in ways))
    return known.apply(lambda found: found[0])


def subnets(cidr: str, zones: int) -> tuple[list[str], list[str]]:
    """Blocks of the public and of the private subnets, one a zone. Pure.

    Of 10.0.0.0/16 they are 10.0.1.0/24, 10.0.2.0/24, … and 10.0.10.0/24, 10.0.11.0/24, …, however many zones there are, so that another
    zone moves no subnet.
    """
    whole = ipaddress.ip_network(cidr)
    # As many as are needed: a /16 has 256, and making them all takes longer than the rest of the program.
    blocks = whole.subnets(new_prefix=max(24, whole.prefixlen + 4))
    slots = [str(block) for _, block in zip(range(16), blocks, strict=False)]
    return slots[1 : 1 + zones], slots[10 : 10 + zones]


def _vpc(making: Making, args: NetworkArgs, region: str) -> awsx.ec2.Vpc:
    # Its plugin is asked for as soon as the package is imported: a network that is looked up does without.
    try:
        import pulumi_awsx as awsx
    except ModuleNotFoundError:
        raise InvalidArgument(
            "a network that is made needs pulumi-awsx, which this Python has not: pip install pulumi-awsx, or look up a network "
            "that is there"
        ) from None

    public, private = subnets(args.cidr, args.zones)
    gateway = [
        awsx.ec2.VpcEndpointSpecArgs(service_name=f"com.amazonaws.{region}.s3", vpc_endpoint_type="Gateway")
    ]
    return awsx.ec2.Vpc(
        making.called("network"),
        cidr_block=args.cidr,
        number_of_availability_zones=args.zones,
        nat_gateways=awsx.ec2.NatGatewayConfigurationArgs(
            strategy=awsx.ec2.NatGatewayStrategy(NAT[args.nat])
        ),
        subnet_strategy=awsx.ec2.SubnetAllocationStrategy.AUTO,
        # Private whatever the way out, so that another one does not replace the subnets, and the database in them.
        subnet_specs=[
            awsx.ec2.SubnetSpecArgs(
                type=awsx.ec2.SubnetType.PUBLIC, cidr_blocks=public, tags={"Tier": "public", **making.tags}
            ),
            awsx.ec2.SubnetSpecArgs(
                type=awsx.ec2.SubnetType.PRIVATE, cidr_blocks=private, tags={"Tier": "private", **making.tags}
            ),
        ],
        enable_dns_hostnames=True,
        enable_dns_support=True,
        vpc_endpoint_specs=gateway if "s3" in args.endpoints else None,
        # The gateway goes into every route table.
        vpc_endpoint_strategy=awsx.ec2.VpcEndpointStrategy.AUTO,
        tags=making.tagged("network"),
    )


def interfaces(args: NetworkArgs) -> list[str]:
    """The services of AWS that get an endpoint with an address of its own, which costs by the hour and zone. Pure."""
    return [
        service
        for each in ENDPOINTS
        if each in args.endpoints
        for service in ENDPOINTS[each]
        if service != "s3"
    ]


def _endpoints(
    making: Making, args: NetworkArgs, region: str, vpc_id: Any, subnets: Any, tasks: pulumi.Output[str]
) -> list[pulumi.CustomResource]:
    services = interfaces(args)
    if not services:
        return []
    group = aws.ec2.SecurityGroup(
        making.called("endpoints"),
        name=making.called("endpoints"),
        description=f"Endpoints of AWS in {making.name}",
        vpc_id=vpc_id,
        tags=making.tagged("endpoints"),
    )
    rule = aws.vpc.SecurityGroupIngressRule(
        making.called("endpoints-from-tasks"),
        security_group_id=group.id,
        referenced_security_group_id=tasks,
        description="Tasks",
        ip_protocol="tcp",
        from_port=443,
        to_port=443,
        tags=making.tagged("endpoints-from-tasks"),
    )
    made = [
        aws.ec2.VpcEndpoint(
            making.called(service),
            vpc_id=vpc_id,
            service_name=f"com.amazonaws.{region}.{service}",
            vpc_endpoint_type="Interface",
            private_dns_enabled=True,
            subnet_ids=subnets,
            security_group_ids=[group.id],
            tags=making.tagged(service),
        )
        for service in services
    ]
    return [rule, *made]
