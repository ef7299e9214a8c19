"""A network made with awsx: public and private subnets in several zones, ways out, and the tasks' security group."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from ..args.load_balancer import network as cidr_block
from ..validation import InvalidArgument, between, one_of, texts

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
        cidr: addresses, /16 to /24. Default `10.0.0.0/16`.
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
        if found.version != 4 or not 16 <= found.prefixlen <= 24:
            raise InvalidArgument(
                f"{where}.cidr is {self.cidr!r}; give an IPv4 block from /16 to /24, such as '10.0.0.0/16'"
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
