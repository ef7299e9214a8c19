"""How requests reach the service."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi

from ..validation import InvalidArgument, between, one_of, required, text, texts
from .load_balancer import LoadBalancerArgs, network

#: Condition values of one listener rule.
#: Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
RULE_VALUES = 5

#: Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Matcher.html
_MATCHER = re.compile(r"^[2-5]\d\d(-[2-5]\d\d)?(,[2-5]\d\d(-[2-5]\d\d)?)*\Z")

_METHOD = re.compile(r"^[A-Z_-]{1,40}\Z")

#: Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
PROTOCOL_VERSIONS = ("HTTP1", "HTTP2", "GRPC")


@dataclass(kw_only=True)
class StickinessArgs:
    """Requests of one client go to the same task.

    Args:
        seconds: how long, 1 to 604800 (a week), default 86400.
        cookie: name of the application's cookie; default the load balancer's own.
    """

    seconds: int = 86400
    cookie: str | None = None

    def validate(self, where: str) -> None:
        between(f"{where}.seconds", self.seconds, 1, 604800, " s")
        if self.cookie is not None and (not self.cookie or self.cookie.upper().startswith("AWSALB")):
            raise InvalidArgument(
                f"{where}.cookie is {self.cookie!r}; give the name of the application's cookie, not beginning with AWSALB"
            )


@dataclass(kw_only=True)
class IngressArgs:
    """A rule on an existing listener, or a load balancer made for the service.

    Args:
        vpc_id: the VPC of the target group.
        listener_arn: the existing ALB's listener, or
        load_balancer: an ALB made for the service. Only one of the two.
        container_name: that gets the requests, default the app's; a sidecar such as nginx in front of the app.
        container_port: of that container; default the app's `container_port`, or the sidecar's only port.
        priority: of the rule, 1 to 50000, unique on the listener and fixed; needed with listener_arn, default 1 with load_balancer.
        host_headers, path_patterns: conditions; with listener_arn at least one condition, with load_balancer default all paths.
        http_headers: further condition, name of the header -> values.
        http_methods: further condition, such as `["GET", "HEAD"]`.
        query_strings: further condition, key -> value.
        source_ips: further condition, CIDR blocks of the clients.
        health_check_path: default `/`.
        health_check_matcher: HTTP codes that mean healthy, default `200`; with protocol_version GRPC gRPC codes, default `12`.
        health_check_interval: seconds between checks, 5 to 300, default 10.
        health_check_timeout: seconds until a check has failed, 2 to 120, default 4.
        healthy_threshold, unhealthy_threshold: checks in a row, 2 to 10, default 2 and 3.
        stickiness: requests of one client go to the same task.
        slow_start: seconds over which a new task gets more and more requests, 30 to 900; default at once.
        deregistration_delay: seconds for which a task that leaves may end its requests, default 30.
        protocol_version: `HTTP1` (default), `HTTP2` or `GRPC` between load balancer and task.
    """

    vpc_id: pulumi.Input[str]
    listener_arn: pulumi.Input[str] | None = None
    load_balancer: LoadBalancerArgs | None = None
    container_name: str | None = None
    container_port: int | None = None
    priority: pulumi.Input[int] | None = None
    host_headers: Sequence[pulumi.Input[str]] = ()
    path_patterns: Sequence[pulumi.Input[str]] = ()
    http_headers: Mapping[str, Sequence[str]] | None = None
    http_methods: Sequence[str] = ()
    query_strings: Mapping[str, str] | None = None
    source_ips: Sequence[pulumi.Input[str]] = ()
    health_check_path: pulumi.Input[str] = "/"
    health_check_matcher: pulumi.Input[str] | None = None
    health_check_interval: pulumi.Input[int] = 10
    health_check_timeout: int = 4
    healthy_threshold: int = 2
    unhealthy_threshold: int = 3
    stickiness: StickinessArgs | None = None
    slow_start: int = 0
    deregistration_delay: pulumi.Input[int] = 30
    protocol_version: Literal["HTTP1", "HTTP2", "GRPC"] = "HTTP1"

    def validate(self, where: str) -> None:
        for name in ("vpc_id", "health_check_path", "health_check_matcher"):
            text(f"{where}.{name}", getattr(self, name))
        required(f"{where}.vpc_id", self.vpc_id, "give the id of the VPC")
        self._validate_listener(where)
        self._validate_conditions(where)
        one_of(f"{where}.protocol_version", self.protocol_version, PROTOCOL_VERSIONS)
        self._validate_health(where)
        between(f"{where}.deregistration_delay", self.deregistration_delay, 0, 3600, " s")
        if self.slow_start != 0:
            between(f"{where}.slow_start", self.slow_start, 30, 900, " s")
        if self.stickiness:
            self.stickiness.validate(f"{where}.stickiness")

    def matcher(self) -> pulumi.Input[str]:
        """HTTP or gRPC codes that mean healthy; 12 is UNIMPLEMENTED, which any gRPC server answers for an unknown method."""
        return self.health_check_matcher or ("12" if self.protocol_version == "GRPC" else "200")

    def rule_priority(self) -> pulumi.Input[int]:
        """The only rule of a listener of its own is the first."""
        return 1 if self.priority is None else self.priority

    def _validate_listener(self, where: str) -> None:
        if self.load_balancer is not None:
            if self.listener_arn is not None:
                raise InvalidArgument(
                    f"Only one of {where}.listener_arn and {where}.load_balancer can be provided: remove one of them"
                )
            self.load_balancer.validate(f"{where}.load_balancer")
        else:
            required(
                f"{where}.listener_arn",
                self.listener_arn,
                f"give the ARN of the listener, or a load balancer to make as {where}.load_balancer",
            )
            required(
                f"{where}.priority",
                self.priority,
                "give a whole number from 1 to 50000 that no other rule has",
            )
        between(f"{where}.priority", self.priority, 1, 50000)

    def _validate_conditions(self, where: str) -> None:
        texts(f"{where}.host_headers", self.host_headers)
        texts(f"{where}.path_patterns", self.path_patterns)
        for name, values in (self.http_headers or {}).items():
            texts(f"{where}.http_headers[{name!r}]", values)
            required(f"{where}.http_headers[{name!r}]", values, "give at least one value")
        for method in self.http_methods:
            if not _METHOD.match(method):
                raise InvalidArgument(f"{where}.http_methods holds {method!r}; give methods such as 'GET'")
        for key, value in (self.query_strings or {}).items():
            if not isinstance(value, str):
                raise InvalidArgument(f"{where}.query_strings[{key!r}] is {value!r}; give a string")
        for block in self.source_ips:
            network(f"{where}.source_ips", block)
        self._validate_number_of_values(where)

    def _validate_number_of_values(self, where: str) -> None:
        given = len(self.host_headers) + len(self.path_patterns)
        more = sum(map(len, (self.http_headers or {}).values())) + len(self.http_methods)
        more += len(self.query_strings or {}) + len(self.source_ips)
        if given + more > RULE_VALUES:
            what = "conditions" if more else "host_headers and path_patterns together"
            raise InvalidArgument(
                f"{where} has {given + more} {what}; a listener rule takes {RULE_VALUES}, leave some out"
            )
        if not given + more and self.load_balancer is None:
            raise InvalidArgument(
                f"{where} has neither host_headers nor path_patterns: give at least one, such as path_patterns=['/*']"
            )

    def _validate_health(self, where: str) -> None:
        between(f"{where}.health_check_interval", self.health_check_interval, 5, 300, " s")
        between(f"{where}.health_check_timeout", self.health_check_timeout, 2, 120, " s")
        between(f"{where}.healthy_threshold", self.healthy_threshold, 2, 10)
        between(f"{where}.unhealthy_threshold", self.unhealthy_threshold, 2, 10)
        interval = self.health_check_interval
        if isinstance(interval, int) and self.health_check_timeout >= interval:
            raise InvalidArgument(
                f"{where}.health_check_timeout is {self.health_check_timeout} s; give less than health_check_interval, {interval} s"
            )
        path = self.health_check_path
        if isinstance(path, str) and not path.startswith("/"):
            raise InvalidArgument(
                f"{where}.health_check_path is {path!r}; give a path that begins with /, such as '/healthz'"
            )
        codes = self.health_check_matcher
        if self.protocol_version != "GRPC" and isinstance(codes, str) and not _MATCHER.match(codes):
            raise InvalidArgument(
                f"{where}.health_check_matcher is {codes!r}; give HTTP codes, such as '200', '200,204' or '200-299'"
            )
