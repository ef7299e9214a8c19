"""What exists in the local cloud before the program runs: the hybrid way, where a deployment only adds a
service.

Every function looks before it creates, so that seeding twice changes nothing.
"""

from __future__ import annotations

import contextlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import boto3

from tools.localcloud import database
from tools.localcloud.database import Database
from tools.localcloud.settings import LABEL, REGION

if TYPE_CHECKING:
    from mypy_boto3_ec2.client import EC2Client

NAME = "local"
"""Name of the VPC, the cluster and the load balancer."""
SECRET = "learning-db-local"
CLOUD_ID_TAG = "migratable-ecs:cloud-id"


@dataclass(frozen=True)
class Place:
    """A VPC and its load balancer, both called ``name``.

    ``subnets``: name -> CIDR, letter of the zone, tier (public or private); the load balancer is in the public ones.
    ``groups``: security group -> description, port that it opens, and to whom (a CIDR or another group); the first is the load balancer's.
    """

    name: str
    subnets: Mapping[str, tuple[str, str, str]]
    groups: Mapping[str, tuple[str, int, str]]


LOCAL = Place(
    NAME,
    subnets={
        "local-public-a": ("10.0.0.0/24", "a", "public"),
        "local-public-c": ("10.0.1.0/24", "c", "public"),
        "local-private-a": ("10.0.10.0/24", "a", "private"),
        "local-private-c": ("10.0.11.0/24", "c", "private"),
    },
    groups={
        "local-alb": ("Load balancer: HTTP from anywhere", 80, "0.0.0.0/0"),
        "local-app": ("Application: from the load balancer", 8000, "local-alb"),
        "local-db": ("Database: from the application", 5432, "local-app"),
    },
)


class Seeder:
    """Creates what is missing behind one endpoint. ``instance`` becomes a tag of all that can be tagged."""

    def __init__(self, endpoint: str, instance: str, place: Place = LOCAL) -> None:
        self._place = place
        self._session = boto3.session.Session("test", "test", region_name=REGION)
        self._endpoint = endpoint
        self._tags = {LABEL: instance}

    def _client(self, service: Any) -> Any:
        return self._session.client(service, endpoint_url=self._endpoint)

    def cloud_id(self) -> str:
        """The id that the cluster carries, or an empty string in a cloud that was not seeded."""
        found = self._client("ecs").describe_clusters(clusters=[NAME], include=["TAGS"])["clusters"]
        tags = {tag["key"]: tag["value"] for cluster in found for tag in cluster.get("tags", [])}
        return str(tags.get(CLOUD_ID_TAG, ""))

    def secret(self, db: Database) -> None:
        """Credentials of database and application as one JSON secret; all strings, as ECS injects them."""
        self.json_secret(SECRET, credentials(db))

    def json_secret(self, name: str, keys: Mapping[str, str]) -> None:
        """A secret with these keys, written only when its value is another."""
        value = json.dumps(keys)
        client = self._client("secretsmanager")
        try:
            if client.get_secret_value(SecretId=name)["SecretString"] != value:
                client.put_secret_value(SecretId=name, SecretString=value)
        except client.exceptions.ResourceNotFoundException:
            client.create_secret(Name=name, SecretString=value, Tags=_pairs(self._tags))

    def repository(self, name: str) -> None:
        """An ECR repository with mutable tags."""
        client = self._client("ecr")
        if name not in {r["repositoryName"] for r in client.describe_repositories()["repositories"]}:
            client.create_repository(repositoryName=name, tags=_pairs(self._tags))

    def has_tag(self, repository: str, tag: str) -> bool:
        """Whether an image was pushed under this tag."""
        # MiniStack answers an unknown tag with an empty list where AWS raises ImageNotFoundException: ask for
        # all.
        images = self._client("ecr").describe_images(repositoryName=repository)["imageDetails"]
        return any(tag in image.get("imageTags", []) for image in images)

    def network(self) -> tuple[str, list[str], dict[str, str]]:
        """VPC, subnets and security groups; return the VPC's id, the public subnets' and the groups' by
        name.
        """
        ec2: EC2Client = self._client("ec2")
        by_name = [{"Name": "tag:Name", "Values": [self._place.name]}]
        vpcs = ec2.describe_vpcs(Filters=by_name)["Vpcs"]  # type: ignore[arg-type]
        vpc = vpcs[0]["VpcId"] if vpcs else ec2.create_vpc(
            CidrBlock="10.0.0.0/16", TagSpecifications=[self._spec("vpc", self._place.name)])["Vpc"]["VpcId"]  # fmt: skip
        inside: Any = [{"Name": "vpc-id", "Values": [vpc]}]
        present = {
            tag["Value"]: subnet["SubnetId"]
            for subnet in ec2.describe_subnets(Filters=inside)["Subnets"]
            for tag in subnet.get("Tags", []) if tag["Key"] == "Name"
        }  # fmt: skip
        for name, (cidr, zone, tier) in self._place.subnets.items():
            if name not in present:
                created = ec2.create_subnet(
                    VpcId=vpc, CidrBlock=cidr, AvailabilityZone=f"{REGION}{zone}",
                    TagSpecifications=[self._spec("subnet", name, Tier=tier)],
                )  # fmt: skip
                present[name] = created["Subnet"]["SubnetId"]
        public = [present[name] for name, (_, _, tier) in self._place.subnets.items() if tier == "public"]
        return vpc, public, self._security_groups(ec2, vpc)

    def _security_groups(self, ec2: EC2Client, vpc: str) -> dict[str, str]:
        inside: Any = [{"Name": "vpc-id", "Values": [vpc]}]
        groups = {
            g["GroupName"]: g["GroupId"]
            for g in ec2.describe_security_groups(Filters=inside)["SecurityGroups"]
        }
        for name, (description, port, source) in self._place.groups.items():
            if name in groups:
                continue
            groups[name] = ec2.create_security_group(
                GroupName=name, Description=description, VpcId=vpc,
                TagSpecifications=[self._spec("security-group", name)],
            )["GroupId"]  # fmt: skip
            permission: Any = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port}
            if source in groups:
                permission["UserIdGroupPairs"] = [{"GroupId": groups[source]}]
            else:
                permission["IpRanges"] = [{"CidrIp": source}]
            ec2.authorize_security_group_ingress(GroupId=groups[name], IpPermissions=[permission])
        return groups

    def load_balancer(self, vpc: str, subnets: list[str], groups: dict[str, str]) -> None:
        """A load balancer whose HTTP listener says 404 to what no rule takes."""
        client = self._client("elbv2")
        found = [
            lb
            for lb in client.describe_load_balancers()["LoadBalancers"]
            if lb["LoadBalancerName"] == self._place.name
        ]
        balancer = found[0] if found else client.create_load_balancer(
            Name=self._place.name, Subnets=subnets, SecurityGroups=[groups[next(iter(self._place.groups))]], Scheme="internet-facing",
            Type="application", Tags=_pairs(self._tags))["LoadBalancers"][0]  # fmt: skip
        arn = balancer["LoadBalancerArn"]
        if not client.describe_listeners(LoadBalancerArn=arn)["Listeners"]:
            answer = {
                "StatusCode": "404",
                "ContentType": "text/plain",
                "MessageBody": "no service has this path",
            }
            client.create_listener(
                LoadBalancerArn=arn, Protocol="HTTP", Port=80,
                DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": answer}],
            )  # fmt: skip

    def cluster(self, cloud_id: str) -> None:
        """The ECS cluster with the cloud's id; made last, so that an id means a complete seed."""
        self.cluster_called(NAME, {CLOUD_ID_TAG: cloud_id})

    def cluster_called(self, name: str, tags: Mapping[str, str] = MappingProxyType({})) -> None:
        """An ECS cluster; where there is one of the name, ECS gives that."""
        pairs = [{"key": key, "value": value} for key, value in {**self._tags, **tags}.items()]
        self._client("ecs").create_cluster(clusterName=name, tags=pairs)

    def role(self, name: str) -> None:
        """A role that ECS tasks may assume. It has no policies: here every call is allowed."""
        client = self._client("iam")
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": "ecs-tasks.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        with contextlib.suppress(client.exceptions.EntityAlreadyExistsException):
            client.create_role(RoleName=name, AssumeRolePolicyDocument=policy, Tags=_pairs(self._tags))

    def _spec(self, kind: str, name: str, **tags: str) -> Any:
        return {"ResourceType": kind, "Tags": _pairs({"Name": name, **tags, **self._tags})}


def _pairs(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def credentials(db: Database) -> dict[str, str]:
    """The values of the database's secret."""
    # Derived, so that a cloud seeded anew has the same key and nobody has to keep another file.
    django_key = hmac.new(db.password.encode(), b"django", "sha256").hexdigest()
    return {
        "host": db.host,
        "port": str(db.port),
        "dbname": database.NAME,
        "operator_user": database.USER,
        "operator_password": db.password,
        "url": db.dsn(),
        "django_secret_key": django_key,
    }
