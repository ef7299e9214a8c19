"""Pieces of an environment made against mocks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from migratable_ecs.environment.ground import Network
from migratable_ecs.environment.making import Making
from pulumi.runtime import mocks

from tests.unit.component.cloud import ACCOUNT, REGION, Cloud, Graph, deploy

STG = Making(name="shop-stg", tags={"Environment": "stg"})
PROD = Making(name="shop", protected=True)
#: With the explicit switch.
PROD_TO_GO = Making(name="shop", protected=True, allow_destroy=True)

NETWORK = Network(
    vpc_id="vpc-1",
    subnet_ids=["subnet-private-a", "subnet-private-c"],
    security_group_ids=["sg-tasks"],
    public_subnet_ids=["subnet-public-a", "subnet-public-c"],
    private_subnet_ids=["subnet-private-a", "subnet-private-c"],
)
PASSWORD = f"arn:aws:secretsmanager:{REGION}:123456789012:secret:rds!db-1-AbCdEf"
#: The JSON secret.
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:made-AbCdEf"
_KEPT = {"masterUserSecrets": [{"secretArn": PASSWORD}]}
_ANSWERS: dict[str, dict[str, Any]] = {
    "aws:rds/instance:Instance": {"address": "db.test", **_KEPT},
    "aws:rds/cluster:Cluster": {"endpoint": "cluster.test", "engineVersion": "16.4", **_KEPT},
    "aws:secretsmanager/secret:Secret": {"arn": SECRET},
    "pulumi-python:dynamic/ecs:PasswordCopy": {"version_id": "v1"},
    "aws:lb/loadBalancer:LoadBalancer": {"dnsName": "alb.test", "zoneId": "Z-alb"},
    "aws:ecr/repository:Repository": {"repositoryUrl": "registry.test/shop"},
    "awsx:ec2:Vpc": {
        "vpcId": "vpc-made",
        "publicSubnetIds": ["subnet-public-a", "subnet-public-c"],
        "privateSubnetIds": ["subnet-private-a", "subnet-private-c"],
    },
}


@dataclass
class MadeCloud(Cloud):
    """Answers what AWS says of what it has made."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        id_, outputs = super().new_resource(args)
        more = dict(_ANSWERS.get(args.typ, {}))
        if args.typ == "awsx:ec2:Vpc":
            # A component: its outputs are what it makes, some under the names of its inputs.
            return id_, more
        if args.typ == "aws:acm/certificate:Certificate":
            names = [args.inputs["domainName"], *args.inputs.get("subjectAlternativeNames", ())]
            # Backwards: ACM promises no order.
            more["domainValidationOptions"] = [
                {
                    "domainName": name,
                    "resourceRecordName": f"_proof.{name}",
                    "resourceRecordType": "CNAME",
                    "resourceRecordValue": f"{name}.acm.test",
                }
                for name in reversed(names)
            ]
        return id_, {**outputs, **more}


def make(program: Callable[[], Any], **found: Any) -> Graph:
    """What `program` registers, and what it returns; `found` answers look-ups, by `module_function`."""
    tokens = {
        "get_subnets": "aws:ec2/getSubnets:getSubnets",
        "get_zone": "aws:route53/getZone:getZone",
    }
    return deploy(program, MadeCloud(found={tokens[name]: answer for name, answer in found.items()}))
