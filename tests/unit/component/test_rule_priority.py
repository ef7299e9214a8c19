"""A priority that another rule of the listener has is refused while nothing has been made, and named with a free one near it."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st
from migratable_ecs import InvalidArgument, MigratableEcsService
from migratable_ecs.rule_priority import GREATEST, NEIGHBOURS, Rule, near, refuse_taken

from tests.unit.component.cloud import Cloud, deploy
from tests.unit.component.conftest import Listeners
from tests.unit.component.service import arguments, deployed

pytestmark = pytest.mark.thorough(keep=3)

RULE = "aws:lb/listenerRule:ListenerRule"
ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012"
LISTENER = f"{ARN}:listener/app/shared/50dc6c/f2f7dc"


def rule(
    priority: int | str = 100, target_group: str = "shop", *conditions: dict[str, Any]
) -> dict[str, Any]:
    """A rule as DescribeRules gives it."""
    group = f"{ARN}:targetgroup/{target_group}/9"
    return {
        "RuleArn": f"{ARN}:listener-rule/app/shared/1/{priority}",
        "Priority": str(priority),
        "Conditions": list(conditions),
        "Actions": [
            {
                "Type": "forward",
                "TargetGroupArn": group,
                "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": group, "Weight": 1}]},
            }
        ],
        "IsDefault": priority == "default",
    }


HOST = {
    "Field": "host-header",
    "Values": ["shop.test"],
    "HostHeaderConfig": {"Values": ["shop.test"]},
}
PATH = {"Field": "path-pattern", "Values": ["/b", "/a"], "PathPatternConfig": {"Values": ["/b", "/a"]}}


def web(cloud: Cloud | None = None, **changes: Any) -> Any:
    return (
        deployed(cloud or Cloud(), **{"ingress__listener_arn": LISTENER, **changes})
        .one(RULE)
        .inputs["priority"]
    )


def refusal(**changes: Any) -> str:
    cloud = Cloud()
    with pytest.raises(InvalidArgument) as refused:
        web(cloud, **changes)
    assert not [type_ for type_ in cloud.registered if type_.startswith("aws:")]
    return str(refused.value)


def test_the_rule_that_has_it_is_named_with_its_conditions_and_a_free_priority(listeners: Listeners) -> None:
    listeners.rules = [rule("default"), rule(7), rule(100, "shop", HOST, PATH), rule(101)]
    assert refusal() == (
        "ingress.priority is 100, which another rule of the listener has (host shop.test; path /a, /b; forwards to shop; "
        f"{ARN}:listener-rule/app/shared/1/100): give one that is free, such as 99"
    )


@pytest.mark.parametrize(
    ("condition", "shown"),
    [
        (
            {
                "Field": "http-header",
                "HttpHeaderConfig": {"HttpHeaderName": "X-Env", "Values": ["b", "a"]},
            },
            "header X-Env a, b",
        ),
        ({"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET"]}}, "method GET"),
        (
            {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "v", "Value": "2"}]}},
            "query string v=2",
        ),
        ({"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}}, "source IP 10.0.0.0/8"),
    ],
)
def test_every_kind_of_condition_is_shown(
    listeners: Listeners, condition: dict[str, Any], shown: str
) -> None:
    listeners.rules = [rule(100, "shop", condition)]
    assert f"({shown}; forwards to shop;" in refusal()


def test_the_service_that_has_it_is_named(listeners: Listeners) -> None:
    listeners.rules = [rule()]
    listeners.tags = {rule()["RuleArn"]: {"migratable-ecs:service": "admin"}}
    assert "; of the service 'admin';" in refusal()


def test_our_own_rule_is_no_conflict(listeners: Listeners) -> None:
    listeners.rules = [rule(100, "web")]
    assert web() == 100
    assert listeners.asked == [LISTENER]


def test_our_own_rule_is_known_by_its_tag_when_its_target_group_is_about_to_change(
    listeners: Listeners,
) -> None:
    listeners.rules = [rule(100, "old-name")]
    listeners.tags = {rule()["RuleArn"]: {"migratable-ecs:service": "web"}}
    assert web() == 100


def test_a_listener_known_only_later_is_asked_then(listeners: Listeners) -> None:
    def program() -> None:
        later = pulumi.Output.from_input(LISTENER)
        MigratableEcsService("web", arguments(ingress__listener_arn=later))

    assert deploy(program).one(RULE).inputs["priority"] == 100
    listeners.rules = [rule()]
    with pytest.raises(InvalidArgument, match="such as 101"):
        deploy(program)


def test_it_is_asked_in_the_listener_s_region_as_the_stack_is_configured(listeners: Listeners) -> None:
    pulumi.runtime.set_all_config({"aws:region": "us-east-1", "aws:profile": "shop"})
    try:
        web()
    finally:
        pulumi.runtime.set_all_config({})
    (settings,) = listeners.settings
    assert (settings.region, settings.profile) == ("eu-west-1", "shop")


def test_a_listener_of_the_service_s_own_is_not_asked(listeners: Listeners) -> None:
    own = {"subnets": ["a", "b"], "security_groups": ["sg-alb"]}
    deployed(ingress={"vpc_id": "vpc-1", "load_balancer": own})
    assert listeners.asked == []


def test_a_listener_that_cannot_be_asked_is_left_to_aws_with_a_warning(
    listeners: Listeners, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    listeners.error = RuntimeError("AccessDenied: not authorized to perform DescribeRules")
    assert web() == 100
    assert said == [
        "whether ingress.priority is free could not be seen, AWS will tell when the rule is made: AccessDenied: not authorized to perform "
        "DescribeRules"
    ]


def test_two_services_of_one_program_cannot_have_the_same() -> None:
    def program() -> None:
        MigratableEcsService("web", arguments())
        MigratableEcsService("admin", arguments())

    with pytest.raises(InvalidArgument) as refused:
        deploy(program)
    assert str(refused.value) == (
        "ingress.priority of 'admin' is 100, which 'web' of the same program has on the same listener: give another"
    )


def test_two_listeners_may_have_the_same() -> None:
    def program() -> None:
        MigratableEcsService("web", arguments())
        MigratableEcsService("admin", arguments(ingress__listener_arn="arn:other"))

    deploy(program)


@given(st.integers(1, GREATEST), st.integers(0, 130), st.integers(0, 130))
def test_what_is_proposed_is_free_and_the_nearest(priority: int, below: int, above: int) -> None:
    taken = range(priority - below, priority + above + 1)
    rules = {number: Rule(arn=str(number)) for number in taken}
    with pytest.raises(InvalidArgument) as refused:
        refuse_taken(priority, "web", "web", rules)
    free = [each for each in near(priority) if each not in taken]
    if not free:
        assert str(refused.value).endswith(f"the {NEIGHBOURS} on either side are taken too")
        return
    proposed = int(str(refused.value).rsplit(" ", 1)[1])
    assert proposed in free
    assert 1 <= proposed <= GREATEST
    assert abs(proposed - priority) == min(abs(each - priority) for each in free)
