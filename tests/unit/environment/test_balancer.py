"""A load balancer that is made: who may call it, its certificate and names, its logs."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import Any

import pulumi
import pytest
from migratable_ecs import InvalidArgument
from migratable_ecs.environment.balancer import BalancerArgs, balancer
from migratable_ecs.environment.ground import Network
from migratable_ecs.environment.making import Making

from tests.unit.component.cloud import Graph, PluginError
from tests.unit.environment.made import NETWORK, PROD, STG, make

BALANCER, LISTENER = "aws:lb/loadBalancer:LoadBalancer", "aws:lb/listener:Listener"
CERTIFICATE, ISSUED = "aws:acm/certificate:Certificate", "aws:acm/certificateValidation:CertificateValidation"
RECORD, BUCKET = "aws:route53/record:Record", "aws:s3/bucket:Bucket"
IN = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
OUT = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
ZONE = {"zoneId": "Z-shop"}
DOMAINS: dict[str, Any] = {"domain": "app.example.com", "other_domains": ["www.example.com"]}


def made(
    making: Making = STG,
    network: Network = NETWORK,
    port: int | None = 8000,
    zone: Any = ZONE,
    **args: Any,
) -> Graph:
    given = BalancerArgs(**{"allowed_cidrs": ["0.0.0.0/0"], **args})

    def program() -> Any:
        found = balancer(making, given, network, port)
        return {"listener": found.listener_arn, "dns": found.dns_name, "port": found.port}

    return make(program, get_zone=zone, get_subnets={"ids": ["subnet-2", "subnet-1"]})


@cache
def with_domains() -> Graph:
    return made(**DOMAINS)


def rules(graph: Graph) -> set[tuple[str, str, int, int]]:
    """(from, to, low port, high port) of every rule of every group; `from` or `to` may be a CIDR."""
    found = set()
    for each in graph.resources:
        other = each.inputs.get("cidrIpv4") or each.inputs.get("referencedSecurityGroupId", "")
        ends = (other, each.inputs.get("securityGroupId", ""))
        if each.type in (IN, OUT):
            ends = ends if each.type == IN else (ends[1], ends[0])
            found.add((*ends, int(each.inputs["fromPort"]), int(each.inputs["toPort"])))
    return found


def test_only_80_and_443_are_open_to_those_who_may_call_and_behind_it_only_the_tasks() -> None:
    alb = "shop-stg-balancer-alb-id"
    assert rules(made()) == {("0.0.0.0/0", alb, 80, 80), (alb, "sg-tasks", 8000, 8000)}
    assert rules(with_domains()) == {
        ("0.0.0.0/0", alb, 80, 80),
        ("0.0.0.0/0", alb, 443, 443),
        (alb, "sg-tasks", 8000, 8000),
    }


def test_for_services_of_other_stacks_it_calls_every_port_of_the_tasks() -> None:
    later = replace(NETWORK, security_group_ids=pulumi.Output.from_input(["sg-of-base"]))
    alb = "shop-stg-balancer-alb-id"
    assert (alb, "sg-of-base", 0, 65535) in rules(made(network=later, port=None))


def test_it_stands_in_public_subnets_or_when_internal_in_private_ones() -> None:
    def placed(**args: Any) -> Any:
        return made(**args).one(BALANCER, "shop-stg-balancer").inputs["subnets"]

    assert placed() == ["subnet-public-a", "subnet-public-c"]
    assert placed(internal=True) == ["subnet-private-a", "subnet-private-c"]
    assert placed(subnets={"Tier": "edge"}) == ["subnet-1", "subnet-2"]


def test_a_network_that_does_not_say_which_subnets_are_public_wants_their_tags() -> None:
    with pytest.raises(InvalidArgument) as refused:
        made(network=replace(NETWORK, public_subnet_ids=None))
    assert str(refused.value) == (
        "loadBalancer.create.subnets is missing: give the tags of two subnets of the VPC, such as {Tier: public}"
    )


def test_a_domain_gets_a_certificate_that_is_proved_and_a_record() -> None:
    graph = with_domains()
    wanted = graph.one(CERTIFICATE, "shop-stg-certificate").inputs
    assert (wanted["domainName"], wanted["subjectAlternativeNames"]) == (
        "app.example.com",
        ["www.example.com"],
    )
    proof = graph.one(RECORD, "shop-stg-proof-www.example.com").inputs
    assert (proof["name"], proof["type"], proof["records"]) == (
        "_proof.www.example.com",
        "CNAME",
        ["www.example.com.acm.test"],
    )
    https = graph.one(LISTENER, "shop-stg-balancer-https").inputs
    assert (https["port"], https["protocol"]) == (443, "HTTPS")
    # It would be refused with a certificate that is not issued yet.
    assert f"{ISSUED}::shop-stg-certificate" in graph.waits_for(LISTENER, "shop-stg-balancer-https")
    for domain in ("app.example.com", "www.example.com"):
        alias = graph.one(RECORD, f"shop-stg-{domain}").inputs
        assert (alias["zoneId"], alias["type"]) == ("Z-shop", "A")
        assert alias["aliases"] == [{"name": "alb.test", "zoneId": "Z-alb", "evaluateTargetHealth": True}]
    assert (graph.result["dns"], graph.result["port"]) == ("app.example.com", 443)


def test_http_is_sent_to_https_where_there_is_a_certificate() -> None:
    graph = made(certificate_arn="arn:certificate")
    (redirect,) = graph.one(LISTENER, "shop-stg-balancer-http").inputs["defaultActions"]
    assert redirect["redirect"] == {"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_301"}
    assert graph.one(LISTENER, "shop-stg-balancer-https").inputs["certificateArn"] == "arn:certificate"
    assert RECORD not in graph.types()


def test_requests_are_logged_to_a_bucket_that_is_closed_and_empties_itself() -> None:
    graph = made(access_logs_days=14)
    bucket = graph.one(BUCKET, "shop-stg-alb-logs")
    assert (bucket.inputs["forceDestroy"], bucket.protected) == (True, False)
    closed = graph.one("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "shop-stg-alb-logs").inputs
    assert {value for key, value in closed.items() if key != "bucket"} == {True}
    retention = graph.one(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "shop-stg-alb-logs"
    )
    assert retention.inputs["rules"][0]["expiration"] == {"days": 14}
    policy = json.loads(graph.one("aws:s3/bucketPolicy:BucketPolicy", "shop-stg-alb-logs").inputs["policy"])
    (statement,) = policy["Statement"]
    assert statement["Principal"] == {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
    assert statement["Action"] == "s3:PutObject"
    # The load balancer is refused a bucket into which it may not write.
    assert "aws:s3/bucketPolicy:BucketPolicy::shop-stg-alb-logs" in graph.waits_for(
        BALANCER, "shop-stg-balancer"
    )
    assert BUCKET not in made(access_logs=False).types()


def test_in_production_it_and_its_logs_are_kept() -> None:
    graph = made(PROD)
    assert graph.one(BALANCER, "shop-balancer").inputs["enableDeletionProtection"] is True
    bucket = graph.one(BUCKET, "shop-alb-logs")
    assert (bucket.inputs["forceDestroy"], bucket.protected) == (False, True)


def test_a_zone_that_is_not_there_is_named() -> None:
    missing = PluginError("aws:route53/getZone:getZone", "no matching Route 53 Hosted Zone found")
    with pytest.raises(InvalidArgument) as refused:
        made(zone=missing, domain="app.example.com")
    assert str(refused.value) == (
        "loadBalancer.create.zone is 'example.com', a hosted zone in Route 53, which does not exist: create it, or give the zone in "
        "which the domain lies"
    )


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({}, "lb.allowed_cidrs is missing: say who may call it, such as ['0.0.0.0/0'] for everybody"),
        (
            {"allowed_cidrs": ["0.0.0.0/0"], "domain": "app", "zone": "example.com"},
            "lb has the domain 'app'; give a full name, such as 'app.example.com'",
        ),
        (
            {"allowed_cidrs": ["0.0.0.0/0"], "domain": "a.example.com", "certificate_arn": "arn:c"},
            "Only one of lb.domain and lb.certificate_arn can be provided: remove one of them",
        ),
        (
            {"allowed_cidrs": ["0.0.0.0/0"], "zone": "example.com"},
            "lb.zone and lb.other_domains go with lb.domain only: give it, or leave them out",
        ),
    ],
)
def test_what_could_not_work_is_refused_first(args: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        BalancerArgs(**args).validate("lb")
    assert str(refused.value) == message
