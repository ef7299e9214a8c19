"""A load balancer made for the service lets in whom the user names, and reaches the tasks on their port only.

Mocks only: the aws provider waits a minute for a new load balancer, so the end-to-end tests share the local cloud's.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pulumi
import pytest
from migratable_ecs import InvalidArgument, MigratableEcsService
from migratable_ecs.args import IngressArgs, LoadBalancerArgs, StickinessArgs

from tests.unit.component.cloud import Cloud, Graph, deploy
from tests.unit.component.service import arguments, deployed
from tests.unit.component.test_refusals import refusal

pytestmark = pytest.mark.thorough(keep=3)

BALANCER, LISTENER = "aws:lb/loadBalancer:LoadBalancer", "aws:lb/listener:Listener"
RULE, TARGET_GROUP = "aws:lb/listenerRule:ListenerRule", "aws:lb/targetGroup:TargetGroup"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
IN, OUT = (
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
)
OWN: dict[str, Any] = {"subnets": ["subnet-a", "subnet-b"], "allowed_cidrs": ["10.0.0.0/16"]}


def with_own(ingress: dict[str, Any] | None = None, **load_balancer: Any) -> dict[str, Any]:
    """Arguments with a load balancer of the service's own."""
    given = {key: value for key, value in {**OWN, **load_balancer}.items() if value is not ...}
    return {"ingress": {"vpc_id": "vpc-1", "load_balancer": given, **(ingress or {})}}


def made(**load_balancer: Any) -> Graph:
    return deployed(**with_own(**load_balancer))


def test_with_a_certificate_it_speaks_https_and_redirects() -> None:
    graph = made(certificate_arn="arn:certificate", ssl_policy="ELBSecurityPolicy-TLS13-1-3-2021-06")
    https, http = (graph.one(LISTENER, f"web-{name}").inputs for name in ("https", "http"))
    assert (https["port"], https["protocol"], https["certificateArn"]) == (443, "HTTPS", "arn:certificate")
    assert https["sslPolicy"] == "ELBSecurityPolicy-TLS13-1-3-2021-06"
    (redirect,) = http["defaultActions"]
    assert redirect == {
        "type": "redirect",
        "redirect": {"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_301"},
    }
    assert graph.one(RULE).inputs["listenerArn"] == "arn:aws:Listener:web-https"


def test_without_a_certificate_it_speaks_http() -> None:
    graph = made()
    assert graph.types().count(LISTENER) == 1
    assert graph.one(LISTENER, "web-http").inputs["protocol"] == "HTTP"
    assert graph.one(RULE).inputs["listenerArn"] == "arn:aws:Listener:web-http"


def test_what_no_rule_takes_is_not_found() -> None:
    (action,) = made().one(LISTENER, "web-http").inputs["defaultActions"]
    assert (action["type"], action["fixedResponse"]["statusCode"]) == ("fixed-response", "404")


def test_the_only_rule_takes_every_path_unless_told_otherwise() -> None:
    rule = made().one(RULE).inputs
    assert (rule["priority"], rule["conditions"]) == (1, [{"pathPattern": {"values": ["/*"]}}])
    given = with_own({"priority": 7, "path_patterns": ["/api/*"]})
    rule = deployed(**given).one(RULE).inputs
    assert (rule["priority"], rule["conditions"]) == (7, [{"pathPattern": {"values": ["/api/*"]}}])


def test_it_lets_in_whom_the_user_names_and_nobody_else() -> None:
    graph = made(allowed_cidrs=["10.0.0.0/16", "2001:db8::/32"], certificate_arn="arn:certificate")
    rules = [each.inputs for each in graph.resources if each.type == IN]
    callers = {
        (each["fromPort"], each["toPort"], each.get("cidrIpv4") or each.get("cidrIpv6"))
        for each in rules
        if each["securityGroupId"] == "web-alb-id"
    }
    assert callers == {
        (port, port, block) for port in (80, 443) for block in ("10.0.0.0/16", "2001:db8::/32")
    }


def test_nothing_is_open_to_the_world_unless_the_user_says_so() -> None:
    everywhere = ("0.0.0.0/0", "::/0")
    for graph, expected in ((made(), 0), (made(allowed_cidrs=["0.0.0.0/0"]), 1)):
        open_rules = [each for each in graph.resources if each.inputs.get("cidrIpv4") in everywhere]
        assert len(open_rules) == expected
        assert not {"ingress", "egress"} & set(graph.one(GROUP, "web-alb").inputs)


def test_it_reaches_the_tasks_on_their_port_and_nothing_else() -> None:
    graph = made()
    (out,) = [each.inputs for each in graph.resources if each.type == OUT]
    assert (out["securityGroupId"], out["referencedSecurityGroupId"]) == ("web-alb-id", "sg-1")
    into = graph.one(IN, "web-alb-to-tasks-0").inputs
    assert (into["securityGroupId"], into["referencedSecurityGroupId"]) == ("sg-1", "web-alb-id")
    assert {(each["fromPort"], each["toPort"], each["ipProtocol"]) for each in (out, into)} == {
        (8000, 8000, "tcp")
    }


def test_tasks_with_the_old_port_are_called_until_the_roll_is_over() -> None:
    for each in [each for each in made().resources if each.type in (IN, OUT)]:
        callers = each.inputs["securityGroupId"] == "web-alb-id" and each.type == IN
        assert each.replaces == (() if callers else ("fromPort", "toPort"))


def test_groups_given_are_used_and_none_is_made() -> None:
    graph = made(allowed_cidrs=..., security_groups=["sg-alb"])
    assert graph.one(BALANCER).inputs["securityGroups"] == ["sg-alb"]
    assert not [each for each in graph.resources if "ecurityGroup" in each.type]


#: Argument, value, key of the load balancer, what arrives there.
ARRIVALS: list[tuple[str, Any, str, Any]] = [
    ("subnets", ["s-1", "s-2"], "subnets", ["s-1", "s-2"]),
    ("internal", True, "internal", True),
    ("idle_timeout", 120, "idleTimeout", 120),
    ("deletion_protection", True, "enableDeletionProtection", True),
    ("access_logs_bucket", "logs", "accessLogs", {"bucket": "logs", "enabled": True}),
]


@pytest.mark.parametrize(("name", "value", "key", "arrived"), ARRIVALS)
@pytest.mark.thorough(keep=4)
def test_it_arrives(name: str, value: Any, key: str, arrived: Any) -> None:
    assert made(**{name: value}).one(BALANCER).inputs[key] == arrived


def test_access_logs_go_to_a_folder() -> None:
    logs = made(access_logs_bucket="logs", access_logs_prefix="web").one(BALANCER).inputs["accessLogs"]
    assert logs == {"bucket": "logs", "prefix": "web", "enabled": True}


def test_no_argument_is_left_out() -> None:
    here = {name for name, *_ in ARRIVALS} | {
        "allowed_cidrs",
        "security_groups",
        "certificate_arn",
        "ssl_policy",
    }
    assert {field.name for field in fields(LoadBalancerArgs)} == here | {"access_logs_prefix"}


# -- the rest of the ingress ----------------------------------------------------------------------------------------

#: Argument, value, key of the target group, what arrives there.
OF_TARGET_GROUP: list[tuple[str, Any, str, Any]] = [
    ("slow_start", 30, "slowStart", 30),
    ("protocol_version", "HTTP2", "protocolVersion", "HTTP2"),
    (
        "stickiness",
        {"seconds": 60},
        "stickiness",
        {"enabled": True, "type": "lb_cookie", "cookieDuration": 60},
    ),
    (
        "stickiness",
        {"cookie": "session"},
        "stickiness",
        {"enabled": True, "type": "app_cookie", "cookieDuration": 86400, "cookieName": "session"},
    ),
    ("health_check_timeout", 3, "healthCheck", {"timeout": 3}),
    ("healthy_threshold", 5, "healthCheck", {"healthyThreshold": 5}),
    ("unhealthy_threshold", 6, "healthCheck", {"unhealthyThreshold": 6}),
    ("protocol_version", "GRPC", "healthCheck", {"matcher": "12"}),
]

#: Argument, value, the condition that it becomes beside the path.
CONDITIONS: list[tuple[str, Any, Any]] = [
    (
        "http_headers",
        {"X-Env": ["a", "b"]},
        {"httpHeader": {"httpHeaderName": "X-Env", "values": ["a", "b"]}},
    ),
    ("http_methods", ["GET"], {"httpRequestMethod": {"values": ["GET"]}}),
    ("query_strings", {"v": "2"}, {"queryStrings": [{"key": "v", "value": "2"}]}),
    ("source_ips", ["10.0.0.0/8"], {"sourceIp": {"values": ["10.0.0.0/8"]}}),
]


@pytest.mark.parametrize(("name", "value", "key", "arrived"), OF_TARGET_GROUP)
@pytest.mark.thorough(keep=4)
def test_it_arrives_in_the_target_group(name: str, value: Any, key: str, arrived: Any) -> None:
    found = deployed(**{f"ingress__{name}": value}).one(TARGET_GROUP).inputs[key]
    assert (arrived.items() <= found.items()) if isinstance(arrived, dict) else found == arrived


@pytest.mark.parametrize(("name", "value", "condition"), CONDITIONS)
def test_it_becomes_a_condition(name: str, value: Any, condition: Any) -> None:
    found = deployed(**{f"ingress__{name}": value}).one(RULE).inputs["conditions"]
    assert found == [{"pathPattern": {"values": ["/*"]}}, condition]


def test_what_is_left_out_of_the_target_group_is_switched_off() -> None:
    found = deployed().one(TARGET_GROUP).inputs
    assert found["stickiness"] == {"enabled": False, "type": "lb_cookie"}
    assert (found["slowStart"], found["protocolVersion"]) == (0, "HTTP1")


def test_no_argument_of_the_ingress_is_left_out() -> None:
    elsewhere = {"vpc_id", "listener_arn", "load_balancer", "priority", "host_headers", "path_patterns"}
    elsewhere |= {
        "container_name",  # test_ingress.py
        "container_port",
        "health_check_path",
        "health_check_matcher",
        "health_check_interval",
        "deregistration_delay",
    }
    here = {name for name, *_ in OF_TARGET_GROUP} | {name for name, *_ in CONDITIONS}
    assert {field.name for field in fields(IngressArgs)} == elsewhere | here
    assert {field.name for field in fields(StickinessArgs)} == {"seconds", "cookie"}


@pytest.mark.parametrize(
    ("ingress", "listener", "expected"),
    [
        ({}, {}, "http://balancer.test/"),
        ({"host_headers": ["*.a.test", "b.test"]}, {}, "http://b.test/"),
        ({"host_headers": ["a.test"]}, {"protocol": "HTTPS", "port": 443}, "https://a.test/"),
        ({"host_headers": ["a.test"]}, {"protocol": "HTTPS", "port": 8443}, "https://a.test:8443/"),
        ({"listener_arn": ..., "priority": ..., "load_balancer": OWN}, {}, "http://dns.test/"),
        (
            {"listener_arn": ..., "load_balancer": {**OWN, "certificate_arn": "arn:c"}},
            {},
            "https://dns.test/",
        ),
    ],
)
@pytest.mark.thorough(keep=3)
def test_the_url(ingress: dict[str, Any], listener: dict[str, Any], expected: str) -> None:
    class WithName(Cloud):
        def new_resource(self, args: Any) -> tuple[str, dict[str, Any]]:
            identifier, outputs = super().new_resource(args)
            return identifier, {**outputs, "dnsName": "dns.test"}

    there = {"protocol": "HTTP", "port": 80, "loadBalancerArn": "arn:balancer", **listener}
    changes = {f"ingress__{name}": value for name, value in ingress.items()}

    def program() -> pulumi.Output[str | None]:
        return MigratableEcsService("web", arguments(**changes)).url

    assert deploy(program, WithName(found={"aws:lb/getListener:getListener": there})).result == expected


#: Arguments of the load balancer, of the ingress, and the whole sentence.
REFUSED: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (
        {"allowed_cidrs": ...},
        {},
        "Only one of ingress.load_balancer.allowed_cidrs and ingress.load_balancer.security_groups can be provided, and one must be: say "
        "who may call it, such as allowed_cidrs=['10.0.0.0/16']",
    ),
    (
        {"allowed_cidrs": ["10.0.0.1/16"]},
        {},
        "ingress.load_balancer.allowed_cidrs holds '10.0.0.1/16', which is not a network's own address: give '10.0.0.0/16'",
    ),
    (
        {"allowed_cidrs": ["everyone"]},
        {},
        "ingress.load_balancer.allowed_cidrs holds 'everyone'; give CIDR blocks such as '10.0.0.0/16'",
    ),
    (
        {"subnets": ["subnet-a"]},
        {},
        "ingress.load_balancer.subnets has one subnet; an ALB needs two, in different zones: give another",
    ),
    (
        {"idle_timeout": 4001},
        {},
        "ingress.load_balancer.idle_timeout is 4001; give a whole number from 1 to 4000 s",
    ),
    (
        {"access_logs_prefix": "web"},
        {},
        "ingress.load_balancer.access_logs_prefix is given without ingress.load_balancer.access_logs_bucket: give both, or neither",
    ),
    (
        {},
        {"listener_arn": "arn:listener"},
        "Only one of ingress.listener_arn and ingress.load_balancer can be provided: remove one of them",
    ),
    ({}, {"slow_start": 5}, "ingress.slow_start is 5; give a whole number from 30 to 900 s"),
    (
        {},
        {"protocol_version": "HTTP3"},
        "ingress.protocol_version is 'HTTP3'; allowed are 'HTTP1', 'HTTP2', 'GRPC' (did you mean 'HTTP2'?)",
    ),
    (
        {},
        {"health_check_timeout": 10},
        "ingress.health_check_timeout is 10 s; give less than health_check_interval, 10 s",
    ),
    (
        {},
        {"health_check_path": "healthz"},
        "ingress.health_check_path is 'healthz'; give a path that begins with /, such as '/healthz'",
    ),
    (
        {},
        {"health_check_matcher": "ok"},
        "ingress.health_check_matcher is 'ok'; give HTTP codes, such as '200', '200,204' or '200-299'",
    ),
    (
        {},
        {"stickiness": {"cookie": "AWSALBX"}},
        "ingress.stickiness.cookie is 'AWSALBX'; give the name of the application's cookie, not beginning with AWSALB",
    ),
    ({}, {"http_methods": ["get"]}, "ingress.http_methods holds 'get'; give methods such as 'GET'"),
    (
        {},
        {"source_ips": ["10.0.0.1"]},
        "ingress.source_ips holds '10.0.0.1'; give CIDR blocks such as '10.0.0.0/16'",
    ),
    (
        {},
        {"source_ips": ["10.0.0.0/8"] * 3, "http_methods": ["GET", "PUT", "HEAD"]},
        "ingress has 6 conditions; a listener rule takes 5, leave some out",
    ),
]


@pytest.mark.parametrize(
    ("load_balancer", "ingress", "sentence"), REFUSED, ids=[str(n) for n in range(len(REFUSED))]
)
def test_it_is_refused(load_balancer: dict[str, Any], ingress: dict[str, Any], sentence: str) -> None:
    assert refusal("web", arguments(**with_own(ingress, **load_balancer))) == sentence


@pytest.mark.parametrize("groups", [(), "output"])
def test_a_made_group_needs_to_know_the_groups_of_the_tasks(groups: Any) -> None:
    def program() -> None:
        given = pulumi.Output.from_input(["sg-1"]) if groups == "output" else groups
        MigratableEcsService("web", arguments(**with_own(), network__security_groups=given))

    with pytest.raises(InvalidArgument) as refused:
        deploy(program)
    assert str(refused.value) == (
        "ingress.load_balancer.allowed_cidrs makes a security group that must reach the tasks, and network.security_groups is no list of "
        "at least one group: give it, or ingress.load_balancer.security_groups"
    )
