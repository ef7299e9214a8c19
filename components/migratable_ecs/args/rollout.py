"""How the service runs its tasks and replaces them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi

from ..validation import InvalidArgument, between, is_plain, named_texts, one_of, required, texts

#: Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html
FARGATE_PROVIDERS = ("FARGATE", "FARGATE_SPOT")

#: Events name a secret by its whole ARN. Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html
_SECRET = re.compile(r"arn:[a-z-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:[^:]+\Z")
_PLATFORM = re.compile(r"^(LATEST|\d+\.\d+\.\d+)\Z")


@dataclass(kw_only=True)
class CapacityProviderArgs:
    """A share of the tasks.

    Args:
        name: `FARGATE` or `FARGATE_SPOT`.
        weight: of this one among all, 0 to 1000, default 1.
        base: how many tasks run here before the weights count, default 0; of one provider only.
    """

    name: Literal["FARGATE", "FARGATE_SPOT"]
    weight: int = 1
    base: int = 0

    def validate(self, where: str) -> None:
        one_of(f"{where}.name", self.name, FARGATE_PROVIDERS)
        between(f"{where}.weight", self.weight, 0, 1000)
        between(f"{where}.base", self.base, 0, 100000)


@dataclass(kw_only=True)
class BlueGreenArgs:
    """ECS's own blue/green deployment: a second target group, and all requests moved to it at once.

    Args:
        bake_minutes: how long both versions run after the move, so that going back takes seconds; 0 to 1440, default 5.
        test_listener_rule_arn: a rule whose requests reach the new version before the move.
        role_arn: lets ECS move the requests; made when left out.
    """

    bake_minutes: int = 5
    test_listener_rule_arn: pulumi.Input[str] | None = None
    role_arn: pulumi.Input[str] | None = None

    def validate(self, where: str) -> None:
        between(f"{where}.bake_minutes", self.bake_minutes, 0, 1440, " minutes")


@dataclass(kw_only=True)
class RolloutArgs:
    """How the service runs its tasks and replaces them.

    Args:
        minimum_healthy_percent, maximum_percent: how many tasks, of the desired count, run during a roll; default 100 and 200.
        circuit_breaker: a roll whose tasks do not stay up ends as failed, default True.
        rollback: the circuit breaker then goes back to the last version that worked, default True.
        grace_period: seconds during which a new task's health does not count, default 60 with ingress.
        capacity_providers: shares of FARGATE and FARGATE_SPOT, for migration, workers and schedules too; default all on FARGATE.
        platform_version: of Fargate, such as `1.4.0`; default AWS's latest.
        execute_command: `aws ecs execute-command` opens a shell in a task (ECS Exec), default False.
        zone_rebalancing: ECS moves tasks to keep the zones even, default True.
        propagate_tags: tasks get the tags of the `SERVICE` (default), of the `TASK_DEFINITION`, or `NONE`.
        managed_tags: tasks carry the names of cluster and service as tags, default True.
        force_new_deployment: every update replaces the tasks, default False.
        redeploy_triggers: named values; a change of any replaces the tasks.
        blue_green: deploy blue/green instead of rolling; needs ingress.
        restart_on: ARNs of secrets; when one gets a new value, as after a rotation, the tasks of service and workers are replaced.
    """

    minimum_healthy_percent: int = 100
    maximum_percent: int = 200
    circuit_breaker: bool = True
    rollback: bool = True
    grace_period: int | None = None
    capacity_providers: Sequence[CapacityProviderArgs] = ()
    platform_version: str | None = None
    execute_command: bool = False
    zone_rebalancing: bool = True
    propagate_tags: Literal["SERVICE", "TASK_DEFINITION", "NONE"] = "SERVICE"
    managed_tags: bool = True
    force_new_deployment: bool = False
    redeploy_triggers: Mapping[str, pulumi.Input[str]] | None = None
    blue_green: BlueGreenArgs | None = None
    restart_on: Sequence[pulumi.Input[str]] = ()

    def validate(self, where: str) -> None:
        between(f"{where}.minimum_healthy_percent", self.minimum_healthy_percent, 0, 100)
        between(f"{where}.maximum_percent", self.maximum_percent, 100, 200)
        between(f"{where}.grace_period", self.grace_period, 0, 2147483647, " s")
        one_of(f"{where}.propagate_tags", self.propagate_tags, ("SERVICE", "TASK_DEFINITION", "NONE"))
        named_texts(f"{where}.redeploy_triggers", self.redeploy_triggers)
        texts(f"{where}.restart_on", self.restart_on)
        for number, arn in enumerate(self.restart_on):
            if isinstance(arn, str) and not _SECRET.match(arn):
                raise InvalidArgument(
                    f"{where}.restart_on[{number}] is {arn!r}; give the ARN of a secret, such as "
                    "arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-AbCdEf"
                )
        if is_plain(self.platform_version) and not _PLATFORM.match(str(self.platform_version)):
            raise InvalidArgument(
                f"{where}.platform_version is {self.platform_version!r}; give LATEST or a version such as '1.4.0'"
            )
        self._validate_room(where)
        self._validate_providers(where)
        if self.blue_green:
            self.blue_green.validate(f"{where}.blue_green")

    def _validate_room(self, where: str) -> None:
        """Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html"""
        if self.maximum_percent > 100:
            return
        if self.minimum_healthy_percent == 100:
            raise InvalidArgument(
                f"{where}.minimum_healthy_percent and {where}.maximum_percent are both 100, so that no task could be replaced: lower the "
                "first or raise the second"
            )
        if self.zone_rebalancing:
            raise InvalidArgument(
                f"{where}.maximum_percent is 100, with which ECS cannot rebalance zones: raise it, or give zone_rebalancing=False"
            )

    def _validate_providers(self, where: str) -> None:
        providers = self.capacity_providers
        for number, provider in enumerate(providers):
            provider.validate(f"{where}.capacity_providers[{number}]")
        names = [provider.name for provider in providers]
        if len(set(names)) < len(names):
            raise InvalidArgument(f"{where}.capacity_providers has {names!r}; give each provider once")
        if sum(provider.base > 0 for provider in providers) > 1:
            raise InvalidArgument(
                f"{where}.capacity_providers has a base for {len(names)} providers; only one of them can have it, give 0 to the other"
            )
        if providers and not any(provider.weight for provider in providers):
            raise InvalidArgument(
                f"{where}.capacity_providers has no weight above 0: give one, such as weight=1"
            )


@dataclass(kw_only=True)
class DiscoveryArgs:
    """An entry in Cloud Map, so that other services find the tasks by name.

    Args:
        namespace_id: of a private DNS namespace.
        service: name in the namespace, default the service's own.
        record: `A` (default) gives addresses, `SRV` addresses and the port.
        ttl: seconds for which an answer may be kept, default 10.
    """

    namespace_id: pulumi.Input[str]
    service: str | None = None
    record: Literal["A", "SRV"] = "A"
    ttl: int = 10

    def validate(self, where: str) -> None:
        required(f"{where}.namespace_id", self.namespace_id, "give the id of the namespace, such as ns-…")
        one_of(f"{where}.record", self.record, ("A", "SRV"))
        between(f"{where}.ttl", self.ttl, 0, 2147483647, " s")


@dataclass(kw_only=True)
class ServiceConnectArgs:
    """Service Connect: other services of the namespace reach this one by a name, through ECS's own proxy.

    Args:
        namespace: name or ARN of the Cloud Map namespace; default the cluster's.
        port_name: name of the container's port that is offered; None for a service that only calls others.
        dns_name: under which others call it, default the service's name.
        port: at which others call it, default the container's.
    """

    namespace: pulumi.Input[str] | None = None
    port_name: str | None = None
    dns_name: str | None = None
    port: int | None = None

    def validate(self, where: str) -> None:
        between(f"{where}.port", self.port, 1, 65535)
        if self.port_name is None and (self.dns_name is not None or self.port is not None):
            raise InvalidArgument(
                f"{where} has a dns_name or port but no port_name: give the name of the container's port, or leave both out"
            )
