"""Ask AWS for everything that the checks look at. Only reads; what may not be looked at is named in the snapshot, not passed over."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..migration.clock import Clock
from ..migration.ecs import AwsCallFailed, call, is_transient
from ..migration.session import Clients
from .permissions import statements, trusted
from .snapshot import Database, Kept, Record, Role, reference

_ECR = re.compile(
    r"^(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/(?P<rest>.+)$"
)
#: Names of the settings by which apps know their database.
_HOSTS = (
    "DB_HOST",
    "DATABASE_HOST",
    "DATABASE_HOSTNAME",
    "POSTGRES_HOST",
    "PGHOST",
    "MYSQL_HOST",
    "DB_HOSTNAME",
)
_PORTS = ("DB_PORT", "DATABASE_PORT", "POSTGRES_PORT", "PGPORT", "MYSQL_PORT")
_URL = re.compile(r"^(?P<scheme>[a-z0-9+]+)://(?:[^@/]*@)?(?P<host>[^:/?]+)(?::(?P<port>\d+))?")
#: One service of AWS that does not answer must not hide the others for minutes.
_TRIES = 4
_DEFAULT_PORT = {"mysql": 3306, "mysql2": 3306, "mariadb": 3306}


@dataclass
class Asker:
    """AWS's answers, counted in `answered`; what AWS refuses goes into `unknown`."""

    aws: Clients
    clock: Clock
    unknown: list[str] = field(default_factory=list)
    answered: int = 0

    def client(self, service: str) -> Any:
        return self.aws.client(service)

    def ask(
        self, operation: str, function: Callable[[], Any], otherwise: Any, gone: Sequence[str] = ()
    ) -> Any:
        """The answer; `otherwise` when there is no such thing (a code of `gone`) or AWS refuses to say.

        Raises:
            AwsCallFailed: AWS has answered nothing yet and does not now: each further question would wait as long.
        """
        try:
            found = call(self.clock, operation, function, tries=_TRIES)
            self.answered += 1
            return found
        except AwsCallFailed as failed:
            if failed.error.code in gone:
                self.answered += 1
            elif not self.answered and is_transient(failed.error):
                raise
            else:
                self.unknown.append(f"{operation}: {failed.error.code}: {failed.error.message}"[:300])
            return otherwise

    def pages(
        self, operation: str, method: Callable[..., Any], key: str, **request: Any
    ) -> list[Record] | None:
        """All pages of a list; None when AWS refuses to say."""
        found: list[Record] = []
        page: dict[str, str] = {}
        while True:
            reply = self.ask(operation, lambda: method(**request, **page), None)  # noqa: B023
            if reply is None:
                return None
            found += reply.get(key) or ()
            token = reply.get("NextToken") or reply.get("nextToken")
            if not token:
                return found
            page = {"NextToken" if "NextToken" in reply else "nextToken": str(token)}


def by_ids(asker: Asker, what: str, ids: Iterable[str]) -> dict[str, Record]:
    """Subnets or security groups by id, those that exist. A filter is used because an id that does not exist fails the whole call."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    ec2 = asker.client("ec2")
    kinds = {
        "subnets": ("DescribeSubnets", ec2.describe_subnets, "Subnets", "subnet-id", "SubnetId"),
        "groups": (
            "DescribeSecurityGroups",
            ec2.describe_security_groups,
            "SecurityGroups",
            "group-id",
            "GroupId",
        ),
    }
    operation, method, key, name, identifier = kinds[what]
    found = asker.pages(operation, method, key, Filters=[{"Name": name, "Values": wanted}])
    if found is None:
        # Not allowed to look is not the same as missing.
        return {each: {identifier: each} for each in wanted}
    return {str(each[identifier]): each for each in found}


def ways(asker: Asker, vpcs: Iterable[str]) -> tuple[list[Record] | None, list[Record], dict[str, Record]]:
    """Route tables (None: AWS does not say what is needed to judge them), endpoints and NAT gateways of `vpcs`."""
    wanted = sorted(set(vpcs))
    if not wanted:
        return [], [], {}
    ec2, filters = asker.client("ec2"), [{"Name": "vpc-id", "Values": wanted}]
    tables = asker.pages("DescribeRouteTables", ec2.describe_route_tables, "RouteTables", Filters=filters)
    endpoints = asker.pages(
        "DescribeVpcEndpoints", ec2.describe_vpc_endpoints, "VpcEndpoints", Filters=filters
    )
    gateways = asker.pages("DescribeNatGateways", ec2.describe_nat_gateways, "NatGateways", Filters=filters)
    known = None if endpoints is None else tables
    return known, endpoints or [], {str(each["NatGatewayId"]): each for each in gateways or ()}


def role(asker: Asker, arn: str) -> tuple[bool, Role | None]:
    """(whether it was looked at, the role or None when there is none)."""
    iam, name = asker.client("iam"), arn.rsplit("/", 1)[-1]
    before = len(asker.unknown)
    reply = asker.ask(
        "GetRole", lambda: iam.get_role(RoleName=name), None, gone=("NoSuchEntity", "NoSuchEntityException")
    )
    if reply is None:
        return len(asker.unknown) == before, None
    found: list[Record] = []
    inline = asker.ask("ListRolePolicies", lambda: iam.list_role_policies(RoleName=name), {})
    for each in inline.get("PolicyNames") or ():
        got = asker.ask("GetRolePolicy", lambda: iam.get_role_policy(RoleName=name, PolicyName=each), {})  # noqa: B023
        found += statements(_document(got.get("PolicyDocument")))
    attached = asker.ask(
        "ListAttachedRolePolicies", lambda: iam.list_attached_role_policies(RoleName=name), {}
    )
    for each in attached.get("AttachedPolicies") or ():
        found += _managed(asker, str(each["PolicyArn"]))
    if len(asker.unknown) > before:
        return False, None
    return True, Role(trusted(_document(reply["Role"].get("AssumeRolePolicyDocument"))), tuple(found))


def _managed(asker: Asker, arn: str) -> list[Record]:
    iam = asker.client("iam")
    got = asker.ask("GetPolicy", lambda: iam.get_policy(PolicyArn=arn), None)
    if got is None:
        return []
    version = str(got["Policy"]["DefaultVersionId"])
    document = asker.ask(
        "GetPolicyVersion", lambda: iam.get_policy_version(PolicyArn=arn, VersionId=version), None
    )
    return statements(_document(document["PolicyVersion"]["Document"])) if document else []


def _document(value: Any) -> Mapping[str, Any]:
    """boto3 gives policy documents parsed, or as URL-encoded JSON where it does not know them."""
    if isinstance(value, Mapping):
        return value
    from urllib.parse import unquote

    parsed = json.loads(unquote(str(value or "{}")))
    return dict(parsed)


@dataclass
class Values:
    """What the tasks are given. The values of secrets stay in here; only the database's host and port leave it."""

    kept: dict[str, Kept] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)


def values(asker: Asker, containers: Iterable[Record]) -> Values:
    """Secrets and parameters of the containers, and the settings by which they know their database."""
    found, texts = Values(), {}
    for container in containers:
        for each in container.get("environment") or ():
            found.settings.setdefault(str(each["name"]), str(each.get("value", "")))
        for each in container.get("secrets") or ():
            named = reference(str(each["valueFrom"]))
            if named.name not in texts:
                kept, text = _parameter(asker, named.name) if named.parameter else _secret(asker, named.name)
                texts[named.name] = text
                if kept is not None:
                    found.kept[named.name] = kept
            value = _member(texts[named.name], named.key)
            if value is not None:
                found.settings.setdefault(str(each["name"]), value)
    return found


def _secret(asker: Asker, arn: str) -> tuple[Kept | None, str | None]:
    client = asker.client("secretsmanager")
    gone = ("ResourceNotFoundException",)
    before = len(asker.unknown)
    told = asker.ask("DescribeSecret", lambda: client.describe_secret(SecretId=arn), None, gone=gone)
    if told is None:
        return (Kept("missing") if len(asker.unknown) == before else None), None
    if told.get("DeletedDate"):
        return Kept("deleted"), None
    got = asker.ask("GetSecretValue", lambda: client.get_secret_value(SecretId=arn), None, gone=gone)
    if got is None:
        return (Kept("empty") if len(asker.unknown) == before else None), None
    text = str(got.get("SecretString") or "")
    return Kept("there", _keys(text)), text


def _parameter(asker: Asker, name: str) -> tuple[Kept | None, str | None]:
    client = asker.client("ssm")
    before = len(asker.unknown)
    got = asker.ask(
        "GetParameter",
        # An ARN does not say whether the name begins with a slash, and is taken as it is.
        # Source: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
        lambda: client.get_parameter(Name=name, WithDecryption=True),
        None,
        gone=("ParameterNotFound",),
    )
    if got is None:
        return (Kept("missing") if len(asker.unknown) == before else None), None
    return Kept("there"), str(got["Parameter"]["Value"])


def _keys(text: str) -> frozenset[str] | None:
    try:
        parsed = json.loads(text)
    except ValueError:
        return None
    return frozenset(parsed) if isinstance(parsed, dict) else None


def _member(text: str | None, key: str) -> str | None:
    if text is None or not key:
        return text
    try:
        parsed = json.loads(text)
    except ValueError:
        return None
    return str(parsed[key]) if isinstance(parsed, dict) and key in parsed else None


def place(settings: Mapping[str, str]) -> tuple[str, int] | None:
    """Host and port of the database in an app's settings; None when none is recognised. Pure."""
    host = next((settings[name] for name in _HOSTS if settings.get(name)), "")
    if host:
        port = next((settings[name] for name in _PORTS if settings.get(name, "").isdecimal()), "")
        mysql = settings.get("DB_CONNECTION") in ("mysql", "mariadb") or any(
            each.startswith("MYSQL") for each in settings
        )
        return host, int(port) if port else 3306 if mysql else 5432
    found = _URL.match(settings.get("DATABASE_URL", ""))
    if found is None:
        return None
    return found["host"], int(found["port"] or _DEFAULT_PORT.get(found["scheme"], 5432))


def database(asker: Asker, settings: Mapping[str, str]) -> Database | None:
    """The database of the settings, with its instance or cluster in RDS where one has that address."""
    at = place(settings)
    if at is None:
        return None
    host, port = at
    rds = asker.client("rds")
    instances = asker.ask("DescribeDBInstances", rds.describe_db_instances, {})
    for each in instances.get("DBInstances") or ():
        if str((each.get("Endpoint") or {}).get("Address")) == host:
            return Database(host, port, each)
    if ".cluster-" in host:
        clusters = asker.ask("DescribeDBClusters", rds.describe_db_clusters, {})
        for each in clusters.get("DBClusters") or ():
            if host in (each.get("Endpoint"), each.get("ReaderEndpoint")):
                return Database(host, port, each)
    return Database(host, port)


def image(asker: Asker, name: str) -> bool | None:
    """Whether ECR has it; None when it is elsewhere or AWS does not say."""
    found = _ECR.match(name)
    if found is None:
        return None
    path, _, digest = found["rest"].partition("@")
    repository, _, tag = path.partition(":")
    wanted = {"imageDigest": digest} if digest else {"imageTag": tag or "latest"}
    ecr, before = asker.client("ecr"), len(asker.unknown)
    reply = asker.ask(
        "DescribeImages",
        lambda: ecr.describe_images(
            registryId=found["account"], repositoryName=repository, imageIds=[wanted]
        ),
        None,
        gone=("ImageNotFoundException", "RepositoryNotFoundException"),
    )
    return None if reply is None and len(asker.unknown) > before else reply is not None


def log_group(asker: Asker, name: str) -> bool | None:
    """Whether it exists; None when AWS does not say."""
    found = asker.pages(
        "DescribeLogGroups", asker.client("logs").describe_log_groups, "logGroups", logGroupNamePrefix=name
    )
    return None if found is None else any(each.get("logGroupName") == name for each in found)
