"""The password of a database that is made: copied into the JSON secret when that is made and whenever RDS rotates it, and standing nowhere.

That the state machine does what its definition says is in tests/integration/test_new_secret_value.py and tests/e2e/test_environment.py.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

from migratable_ecs.args import build
from migratable_ecs.environment.database import database
from migratable_ecs.environment.database_args import DatabaseArgs
from migratable_ecs.environment.making import Making

from tests.unit.component.cloud import ACCOUNT, REGION, Graph
from tests.unit.environment.made import NETWORK, PASSWORD, PROD, SECRET, STG, make

COPY = "pulumi-python:dynamic/ecs:PasswordCopy"
MACHINE = "aws:sfn/stateMachine:StateMachine"
RULE, TARGET = "aws:cloudwatch/eventRule:EventRule", "aws:cloudwatch/eventTarget:EventTarget"
ROLE, POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
NAME = "shop-stg-db-password"
SDK = "arn:aws:states:::aws-sdk:secretsmanager"


def made(making: Making = STG, topic: str | None = None, **args: str) -> Graph:
    return make(lambda: {"arn": database(making, build(DatabaseArgs, args), NETWORK, topic).secret_arn})


@cache
def stg() -> Graph:
    return made()


def test_the_copying_is_started_once_with_the_keys_that_the_systems_use_all_of_them_text() -> None:
    graph = made(engine="mysql", name="shop", user="app_owner")
    inputs = dict(graph.one(COPY, "shop-stg-db").inputs)
    del inputs["__provider"]
    assert inputs == {
        "machine": f"arn:aws:StateMachine:{NAME}",
        "secret": SECRET,
        "source": PASSWORD,
        "host": "db.test",
        "port": "3306",
        "dbname": "shop",
        "operator_user": "app_owner",
    }


def test_the_secret_is_known_to_others_once_it_has_been_written() -> None:
    assert stg().result["arn"] == SECRET
    assert f"{POLICY}::{NAME}-run" in stg().waits_for(COPY, "shop-stg-db")


def test_a_run_reads_the_secret_of_rds_and_writes_all_five_keys_into_ours() -> None:
    definition = json.loads(stg().one(MACHINE, NAME).inputs["definition"])
    states, order, at = definition["States"], [], definition["StartAt"]
    while at:
        order.append(at)
        at = states[at].get("Next")
    assert order == ["Read", "Complete", "Write"]
    assert (states["Read"]["Resource"], states["Read"]["Parameters"]) == (
        f"{SDK}:getSecretValue",
        {"SecretId.$": "$.source"},
    )
    assert states["Complete"]["Parameters"]["secret.$"] == "$.secret"
    assert states["Complete"]["Parameters"]["value"] == {
        "host.$": "$.host",
        "port.$": "$.port",
        "dbname.$": "$.dbname",
        "operator_user.$": "$.operator_user",
        "operator_password.$": "$.kept.secret.password",
    }
    assert (states["Write"]["Resource"], states["Write"]["Parameters"]["SecretId.$"]) == (
        f"{SDK}:putSecretValue",
        "$.secret",
    )
    # What comes back to `pulumi up` is the version and nothing else.
    assert states["Write"]["ResultSelector"] == {"VersionId.$": "$.VersionId"}
    assert "ResultPath" not in states["Write"]
    for state in ("Read", "Write"):
        (retry,) = states[state]["Retry"]
        assert retry["ErrorEquals"] == ["States.ALL"]
        waited = sum(5 * 2**number for number in range(retry["MaxAttempts"]))
        assert waited * 2 < 300, "an Express run ends after five minutes"


def test_another_database_is_read_at_once() -> None:
    """A changed definition takes effect some seconds later: the run that follows at once would copy the password of the one before."""
    definition = stg().one(MACHINE, NAME).inputs["definition"]
    assert PASSWORD not in definition
    assert SECRET not in definition


def test_what_passes_through_is_logged_nowhere() -> None:
    inputs = stg().one(MACHINE, NAME).inputs
    assert inputs["type"] == "EXPRESS"
    assert not {"loggingConfiguration", "tracingConfiguration"} & set(inputs)


def test_each_rotation_starts_it_with_what_the_first_run_was_told() -> None:
    graph = stg()
    assert json.loads(graph.one(RULE, NAME).inputs["eventPattern"]) == {
        "source": ["aws.secretsmanager"],
        "detail-type": ["Secret Label Updated"],
        "resources": [PASSWORD],
        "detail": {"labelUpdated": ["AWSCURRENT"]},
    }
    target, first = graph.one(TARGET, NAME).inputs, graph.one(COPY, "shop-stg-db").inputs
    assert (target["rule"], target["arn"]) == (NAME, f"arn:aws:StateMachine:{NAME}")
    told = json.loads(target["input"])
    connection = ("host", "port", "dbname", "operator_user")
    assert told == {key: first[key] for key in ("secret", "source", *connection)}


def test_the_roles_may_that_and_are_taken_by_that_only() -> None:
    graph = stg()
    run, start = (
        json.loads(graph.one(POLICY, f"{NAME}-{what}").inputs["policy"]) for what in ("run", "start")
    )
    assert [(each["Action"], each["Resource"]) for each in run["Statement"]] == [
        (["secretsmanager:GetSecretValue"], [PASSWORD]),
        (["secretsmanager:PutSecretValue"], [SECRET]),
    ]
    assert [(each["Action"], each["Resource"]) for each in start["Statement"]] == [
        (["states:StartExecution"], [f"arn:aws:StateMachine:{NAME}"])
    ]
    for what, service, source in (
        ("run", "states", f"states:{REGION}:{ACCOUNT}:stateMachine:{NAME}"),
        ("start", "events", f"events:{REGION}:{ACCOUNT}:rule/{NAME}"),
    ):
        (trust,) = json.loads(graph.one(ROLE, f"{NAME}-{what}").inputs["assumeRolePolicy"])["Statement"]
        assert trust["Principal"] == {"Service": f"{service}.amazonaws.com"}
        assert trust["Condition"] == {
            "StringEquals": {"aws:SourceArn": f"arn:aws:{source}", "aws:SourceAccount": ACCOUNT}
        }


def test_the_security_page_gives_a_reason_for_each_right_and_for_no_other() -> None:
    """The one that is left is that of the service's pair, in tests/unit/component/test_restarts.py."""
    page = (Path(__file__).parents[3] / "docs" / "security.md").read_text(encoding="utf-8")
    table = page.partition("## The roles that follow a new value of a secret")[2].partition("\n## ")[0]
    documented = set(re.findall(r"^\| `([a-z]+:[A-Za-z]+)`", table, re.MULTILINE))
    given = {
        action
        for what in ("run", "start")
        for each in json.loads(stg().one(POLICY, f"{NAME}-{what}").inputs["policy"])["Statement"]
        for action in each["Action"]
    }
    assert documented - given == {"ecs:UpdateService"}
    assert given <= documented


def test_a_topic_is_told_when_a_run_has_failed_or_could_not_be_started() -> None:
    """What the rule's role may not do EventBridge tries once, and no run fails of it."""
    assert ALARM not in stg().types()
    for graph in (made(topic="arn:topic"), made(topic="arn:other", alarm_topic="arn:topic")):
        for what, namespace, metric, dimensions in (
            ("failed", "AWS/States", "ExecutionsFailed", {"StateMachineArn": f"arn:aws:StateMachine:{NAME}"}),
            ("not-started", "AWS/Events", "FailedInvocations", {"RuleName": NAME}),
        ):
            alarm = graph.one(ALARM, f"{NAME}-{what}").inputs
            assert (alarm["namespace"], alarm["metricName"], alarm["threshold"]) == (namespace, metric, 0)
            assert alarm["dimensions"] == dimensions
            assert alarm["alarmActions"] == alarm["okActions"] == ["arn:topic"]


def test_its_roles_have_the_boundary_of_the_service_s_own() -> None:
    limited = made(replace(STG, permissions_boundary="arn:boundary"))
    roles = [each.inputs for each in limited.resources if each.type == ROLE]
    assert [each["permissionsBoundary"] for each in roles] == ["arn:boundary"] * 2


def test_nothing_of_it_is_kept_but_the_secret() -> None:
    """Production protects what holds data; the rest can be made anew."""
    kept = {each.name for each in made(PROD).resources if each.protected}
    assert kept == {"shop-db"}
