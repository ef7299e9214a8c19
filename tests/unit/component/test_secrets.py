"""Promise P8: a secret goes into the task definition by reference, and its value nowhere."""

from __future__ import annotations

import pulumi
import pytest
from migratable_ecs import InvalidArgument, MigratableEcsService

from tests.unit.component.cloud import ACCOUNT, REGION, Cloud, Graph, deploy, secret_arn
from tests.unit.component.service import arguments, deployed

pytestmark = pytest.mark.thorough(keep=3)

GET_SECRET = "aws:secretsmanager/getSecret:getSecret"
PARAMETER = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/stg/db/password"


def value_from(graph: Graph, variable: str = "DB") -> str:
    """The reference, which is the same in app and migration."""
    app, migration = (graph.container(name)["secrets"] for name in ("web", "web-migrate"))
    assert app == migration
    (found,) = [secret["valueFrom"] for secret in app if secret["name"] == variable]
    return str(found)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("db", secret_arn("db")),
        ("db:password", f"{secret_arn('db')}:password::"),
        (secret_arn("other"), secret_arn("other")),
        (f"{secret_arn('other')}:password", f"{secret_arn('other')}:password::"),
        (f"{secret_arn('other')}:password::", f"{secret_arn('other')}:password::"),
        (f"{secret_arn('other')}:password:AWSPREVIOUS:", f"{secret_arn('other')}:password:AWSPREVIOUS:"),
        (PARAMETER, PARAMETER),
    ],
    ids=["name", "name:key", "ARN", "ARN:key", "ARN:key::", "ARN:key:stage:", "SSM ARN"],
)
@pytest.mark.thorough(keep=3)
def test_each_way_to_name_a_secret(given: str, expected: str) -> None:
    assert value_from(deployed(secrets={"DB": given})) == expected


def test_a_name_known_only_later_is_resolved_then() -> None:
    def program() -> None:
        MigratableEcsService("web", arguments(secrets={"DB": pulumi.Output.from_input("db:password")}))

    assert value_from(deploy(program)) == f"{secret_arn('db')}:password::"


def test_five_keys_of_one_secret_are_one_look_up() -> None:
    cloud = Cloud()
    deployed(
        cloud,
        secrets={f"DB_{key}": f"learning-db:{key}" for key in ("host", "port", "name", "user", "password")},
    )
    assert cloud.asked(GET_SECRET) == [{"name": "learning-db"}]


def test_arns_are_not_looked_up_and_values_are_never_read() -> None:
    cloud = Cloud()
    deployed(cloud, secrets={"A": secret_arn("other"), "B": PARAMETER, "C": "db"})
    assert [token for token, _ in cloud.calls if "ecret" in token or "ssm" in token] == [GET_SECRET]


def test_a_missing_secret_is_one_sentence() -> None:
    with pytest.raises(InvalidArgument) as refused:
        deployed(secrets={"DB": "nope:password"})
    assert str(refused.value) == (
        "secrets['DB'] names the secret 'nope' in Secrets Manager, which does not exist: create it "
        "(`aws secretsmanager create-secret --name nope …`), or correct the name"
    )


@pytest.mark.parametrize(
    "given",
    [
        "postgres://app:hunter2@db/app",
        "hunter 2",
        "",
        "db:",
        ":key",
        "a:b:c",
        "arn:aws:s3:::bucket",
        "arn:aws:ssm:x",
        5,
    ],
)
def test_what_is_no_reference_is_refused_without_being_repeated(given: object) -> None:
    with pytest.raises(InvalidArgument) as refused:
        deployed(secrets={"DB": given})
    assert str(refused.value) == (
        "secrets['DB'] is not a reference to a secret: give the secret's name, name:json-key, or its full ARN in Secrets Manager "
        "or SSM, never the value"
    )
