"""Names can be foretold, and stay within what AWS allows."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from migratable_ecs import InvalidArgument, NamesArgs, names
from migratable_ecs.args.naming import RULES

from tests.unit.component.service import deployed

pytestmark = pytest.mark.thorough(keep=3)

NAMES = st.from_regex(r"\A[a-zA-Z]([a-zA-Z0-9-]{0,253}[a-zA-Z0-9])?\Z")


@given(NAMES)
def test_every_name_keeps_its_limit(name: str) -> None:
    assert len(names.target_group(name)) <= 32
    assert len(names.role(name, "execution")) <= 64
    assert len(names.migration(name)) <= 255
    assert len(names.log_group(names.migration(name))) <= 512


@given(NAMES)
def test_a_shortened_name_still_begins_and_ends_well(name: str) -> None:
    assert names.target_group(name)[0] == name[0]
    assert not names.target_group(name).endswith("-")


@given(NAMES)
def test_short_names_stay_as_they_are(name: str) -> None:
    assert names.target_group(name[:32].rstrip("-")) == name[:32].rstrip("-")


@given(st.lists(NAMES, min_size=2, max_size=2, unique=True))
def test_names_that_differ_late_stay_apart(pair: list[str]) -> None:
    first, second = ("x" * 60 + name for name in pair)
    assert names.target_group(first) != names.target_group(second)
    assert names.role(first, "task") != names.role(second, "task")


@given(NAMES)
def test_the_two_roles_of_a_service_stay_apart(name: str) -> None:
    assert names.role(name, "execution") != names.role(name, "task")


def test_everything_is_named_after_the_service() -> None:
    graph = deployed(name="learning-app-stg")
    physical = {
        (r.type.split(":")[-1], r.inputs.get("name") or r.inputs.get("family"))
        for r in graph.resources
        if r.type.startswith("aws:")
    }
    assert physical == {
        ("LogGroup", "/ecs/learning-app-stg"),
        ("LogGroup", "/ecs/learning-app-stg-migrate"),
        ("Role", "learning-app-stg-execution"),
        ("Role", "learning-app-stg-task"),
        ("RolePolicy", "start-tasks"),
        ("TargetGroup", "learning-app-stg"),
        ("ListenerRule", None),
        ("TaskDefinition", "learning-app-stg"),
        ("TaskDefinition", "learning-app-stg-migrate"),
        ("Service", "learning-app-stg"),
    }


@given(NAMES)
def test_every_derived_name_is_one_that_could_be_given(name: str) -> None:
    derived = names.all_of(name, None)
    own = {field: getattr(derived, field) for field in RULES if getattr(derived, field)}
    NamesArgs(**own).validate("names")
    assert len(derived.alarm("migrations-succeeded")) <= 255
    assert len(derived.rule("rollback")) <= 64
    assert len(derived.alternate_target_group) <= 32
    assert derived.alternate_target_group != derived.target_group


#: Argument, type of the resource, its name in the program, the key that holds the name.
GIVEN = [
    ("service", "aws:ecs/service:Service", "web", "name"),
    ("log_group", "aws:cloudwatch/logGroup:LogGroup", "web", "name"),
    ("execution_role", "aws:iam/role:Role", "web-execution", "name"),
    ("task_role", "aws:iam/role:Role", "web-task", "name"),
    ("target_group", "aws:lb/targetGroup:TargetGroup", "web", "name"),
    ("load_balancer", "aws:lb/loadBalancer:LoadBalancer", "web", "name"),
    ("security_group", "aws:ec2/securityGroup:SecurityGroup", "web-alb", "name"),
    ("dashboard", "aws:cloudwatch/dashboard:Dashboard", "web", "dashboardName"),
]


@pytest.mark.parametrize(("name", "type_", "resource", "key"), GIVEN)
@pytest.mark.thorough(keep=4)
def test_it_is_named_as_the_user_says(name: str, type_: str, resource: str, key: str) -> None:
    load_balancer = {"subnets": ["a", "b"], "allowed_cidrs": ["10.0.0.0/8"]}
    graph = deployed(
        names={name: "mine"}, watching={}, ingress={"vpc_id": "vpc-1", "load_balancer": load_balancer}
    )
    assert graph.one(type_, resource).inputs[key] == "mine"


def test_alarms_begin_as_the_user_says() -> None:
    graph = deployed(names={"alarms": "shop"}, watching={"topic_arn": "arn:topic"})
    alarms = [each for each in graph.resources if each.type == "aws:cloudwatch/metricAlarm:MetricAlarm"]
    assert alarms
    assert all(each.inputs["name"].startswith("shop-") for each in alarms)


def test_no_argument_is_left_out() -> None:
    assert (
        {field.name for field in fields(NamesArgs)} == {name for name, *_ in GIVEN} | {"alarms"} == set(RULES)
    )


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        (
            "service",
            "a b",
            "names.service is 'a b'; allowed are letters, digits, hyphens and underscores, at most 255 characters",
        ),
        (
            "target_group",
            "-x",
            "names.target_group is '-x'; allowed are letters, digits and inner hyphens, at most 32 characters",
        ),
        (
            "execution_role",
            "x" * 65,
            f"names.execution_role is {'x' * 65!r}; allowed are letters, digits and _ + = , . @ -, at most 64 characters",
        ),
        (
            "security_group",
            "sg-1",
            "names.security_group is 'sg-1'; allowed are letters, digits and spaces, not beginning with sg-, at most 255 characters",
        ),
    ],
)
def test_what_aws_would_refuse_is_refused(name: str, value: Any, sentence: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        deployed(names={name: value})
    assert str(refused.value) == sentence
