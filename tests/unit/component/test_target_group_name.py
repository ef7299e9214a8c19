"""A target group that AWS would not change is refused while nothing has been made, with a name for a new one."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest
from migratable_ecs import InvalidArgument, MigratableEcsService
from migratable_ecs.target_group_name import another, refuse_replacement

from tests.unit.component.cloud import Cloud, deploy
from tests.unit.component.conftest import Listeners
from tests.unit.component.service import arguments, deployed

GROUP = "aws:lb/targetGroup:TargetGroup"
HERE, ELSEWHERE = "vpc-0a1b2c3d", "vpc-9f8e7d6c"
THERE = {"VpcId": HERE, "ProtocolVersion": "HTTP1", "TargetType": "ip", "Protocol": "HTTP"}


@pytest.mark.parametrize(
    ("there", "argument", "wanted", "found"),
    [
        ({"VpcId": ELSEWHERE}, "ingress.vpc_id", HERE, ELSEWHERE),
        ({"ProtocolVersion": "GRPC"}, "ingress.protocol_version", "HTTP1", "GRPC"),
        ({"TargetType": "instance"}, "the target type", "ip", "instance"),
        ({"Protocol": "HTTPS"}, "the protocol", "HTTP", "HTTPS"),
    ],
)
def test_what_the_group_cannot_become_is_named(
    there: dict[str, str], argument: str, wanted: str, found: str
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        refuse_replacement("web", HERE, "HTTP1", {**THERE, **there})
    assert str(refused.value) == (
        f"{argument} is {wanted!r}, but the target group 'web' that is there has {found!r} and AWS cannot change it: give a new one "
        "another name, such as names={'target_group': 'web-2'}"
    )


def test_a_group_as_it_has_to_be_and_no_group_are_fine() -> None:
    refuse_replacement("web", HERE, "HTTP1", THERE)
    refuse_replacement("web", HERE, "HTTP1", None)


@pytest.mark.parametrize(
    ("name", "next_one"),
    [("web", "web-2"), ("web-2", "web-3"), ("web-9", "web-10"), ("a" * 32, f"{'a' * 21}-3ba3f5f4-2")],
)
def test_the_name_proposed_is_one_that_aws_takes(name: str, next_one: str) -> None:
    found = another(name)
    assert len(found) <= 32
    assert found == next_one


def test_nothing_is_made_before_the_group_has_been_looked_at(listeners: Listeners) -> None:
    listeners.groups = {"web": {**THERE, "VpcId": ELSEWHERE}}
    cloud = Cloud()
    with pytest.raises(InvalidArgument, match=r"^ingress\.vpc_id is 'vpc-0a1b2c3d', but"):
        deployed(cloud, ingress__vpc_id=HERE)
    assert not [type_ for type_ in cloud.registered if type_.startswith("aws:")]


def test_the_remedy_is_one(listeners: Listeners) -> None:
    listeners.groups = {"web": {**THERE, "VpcId": ELSEWHERE}}
    group = deployed(ingress__vpc_id=HERE, names={"target_group": "web-2"}).one(GROUP).inputs
    assert (group["name"], group["vpcId"]) == ("web-2", HERE)
    assert listeners.asked == ["web-2"]


def test_a_vpc_known_only_later_is_looked_at_then(listeners: Listeners) -> None:
    def program() -> None:
        MigratableEcsService("web", arguments(ingress__vpc_id=pulumi.Output.from_input(HERE)))

    assert deploy(program).one(GROUP).inputs["vpcId"] == HERE
    listeners.groups = {"web": {**THERE, "ProtocolVersion": "HTTP2"}}
    with pytest.raises(InvalidArgument, match=r"^ingress\.protocol_version is 'HTTP1', but"):
        deploy(program)


def test_where_aws_cannot_be_asked_a_warning_says_so(
    listeners: Listeners, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[Any] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    listeners.error = RuntimeError("AccessDenied")
    assert deployed(ingress__vpc_id=HERE).one(GROUP)
    assert said == [
        "whether the target group web can stay could not be seen, AWS will tell when it is changed: AccessDenied"
    ]
