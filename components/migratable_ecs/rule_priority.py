"""A priority that another rule of the listener has is found in preview, and named.

The aws provider cannot be asked: it has no look-up of all rules of a listener, and one of a single priority reports each free one as an
error of the update (seen with the Terraform AWS provider 5.100). So this asks AWS itself, once for each listener, as the migration does:
through migration/session.py, with the stack's own `aws:` configuration. Where AWS cannot be asked, by a provider given with other
credentials for instance, a warning says so and AWS refuses a taken priority when the rule is made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import pulumi
from pulumi.runtime.settings import get_monitor

from .stack_clients import stack_client
from .validation import InvalidArgument, is_plain

#: How far from the wanted priority a free one is looked for.
NEIGHBOURS = 100
GREATEST = 50000

#: arn:PARTITION:elasticloadbalancing:REGION:ACCOUNT:listener/app/NAME/ID/LISTENER
_LISTENER = re.compile(r"^arn:aws[a-z-]*:elasticloadbalancing:(?P<region>[a-z0-9-]+):\d{12}:listener/app/")

_WHERE = "ingress.priority"

#: The connection to the engine, of which a program has one -> (listener, priority) -> service.
_claimed: WeakKeyDictionary[Any, dict[tuple[str, int], str]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Rule:
    """A rule of the listener, as far as it matters here."""

    arn: str
    tags: Mapping[str, str] = field(default_factory=dict)
    conditions: tuple[str, ...] = ()
    target_groups: tuple[str, ...] = ()

    def is_of(self, service: str, target_group: str) -> bool:
        """Whether it is our own: names of target groups are unique in an account and region."""
        return target_group in self.target_groups or self.tags.get("migratable-ecs:service") == service

    def described(self) -> str:
        """Its conditions and where it leads."""
        parts = [*(self.conditions or ("no conditions",))]
        if self.target_groups:
            parts.append(f"forwards to {', '.join(self.target_groups)}")
        if owner := self.tags.get("migratable-ecs:service"):
            parts.append(f"of the service {owner!r}")
        return f"{'; '.join(parts)}; {self.arn}"


def free_priority(
    listener_arn: pulumi.Input[str], priority: pulumi.Input[int], *, service: str, target_group: str
) -> pulumi.Input[int]:
    """`priority`, when no other rule has it. Known values are looked up at once, before anything is registered.

    Raises:
        InvalidArgument: another rule has it; inside the Output when listener or priority is an Output.
    """

    def check(listener: str, number: int) -> int:
        claim(listener, number, service)
        refuse_taken(number, service, target_group, rules_of(listener), lambda arn: _tags(listener, arn))
        return number

    if is_plain(listener_arn) and is_plain(priority):
        return check(str(listener_arn), int(str(priority)))
    return pulumi.Output.all(listener_arn, priority).apply(lambda got: check(str(got[0]), int(got[1])))


def refuse_taken(
    priority: int,
    service: str,
    target_group: str,
    rules: Mapping[int, Rule],
    tags: Callable[[str], Mapping[str, str]] = lambda _arn: {},
) -> None:
    """Refuse a priority that another rule has. Pure, but for `tags`, which is asked for the tags of that rule.

    Raises:
        InvalidArgument: with that rule, its conditions, and the nearest free priority.
    """
    found = rules.get(priority)
    if found is None or found.is_of(service, target_group):
        return
    rule = Rule(found.arn, tags(found.arn), found.conditions, found.target_groups)
    if rule.is_of(service, target_group):
        return
    free = next((each for each in near(priority) if each not in rules), None)
    remedy = f"such as {free}" if free is not None else f"the {NEIGHBOURS} on either side are taken too"
    raise InvalidArgument(
        f"{_WHERE} is {priority}, which another rule of the listener has ({rule.described()}): give one that is free, {remedy}"
    )


def near(priority: int) -> Iterator[int]:
    """Priorities around `priority`, the nearest first, later ones before earlier ones."""
    for distance in range(1, NEIGHBOURS + 1):
        yield from (each for each in (priority + distance, priority - distance) if 1 <= each <= GREATEST)


def claim(listener: str, priority: int, service: str) -> None:
    """Refuse a priority that another service of the same program has: in a first preview neither rule is there yet."""
    claimed = _claimed.setdefault(get_monitor(), {})
    other = claimed.setdefault((listener, priority), service)
    if other != service:
        raise InvalidArgument(
            f"{_WHERE} of {service!r} is {priority}, which {other!r} of the same program has on the same listener: give another"
        )


def rules_of(listener: str) -> dict[int, Rule]:
    """Priority -> rule; none where AWS cannot be asked, with a warning. Anything but the ARN of an ALB's listener is left to AWS."""
    if not _LISTENER.match(listener):
        return {}
    try:
        pages = _client(listener).get_paginator("describe_rules").paginate(ListenerArn=listener)
        found = [rule for page in pages for rule in page["Rules"]]
    except Exception as error:
        pulumi.log.warn(
            f"whether {_WHERE} is free could not be seen, AWS will tell when the rule is made: {error}".replace(
                "\n", " "
            )
        )
        return {}
    return {int(rule["Priority"]): _rule(rule) for rule in found if rule["Priority"].isdigit()}


def _tags(listener: str, arn: str) -> dict[str, str]:
    described = _client(listener).describe_tags(ResourceArns=[arn])["TagDescriptions"]
    return {tag["Key"]: tag["Value"] for each in described for tag in each["Tags"]}


def _client(listener: str) -> Any:
    """The client for the listener's region."""
    return load_balancing(region_of(listener))


def load_balancing(region: str) -> Any:
    """A client of Elastic Load Balancing, with the credentials of the stack's `aws:` configuration; `region` empty for its own."""
    return stack_client("elbv2", region)


def region_of(listener: object) -> str:
    """The region of an ALB's listener; empty for what is none."""
    match = _LISTENER.match(listener) if isinstance(listener, str) else None
    return match["region"] if match else ""


def _rule(found: Mapping[str, Any]) -> Rule:
    groups = {
        group["TargetGroupArn"]
        for action in found.get("Actions", ())
        for group in (action, *action.get("ForwardConfig", {}).get("TargetGroups", ()))
        if group.get("TargetGroupArn")
    }
    return Rule(
        arn=found["RuleArn"],
        conditions=tuple(_described(each) for each in found.get("Conditions", ())),
        # arn:aws:elasticloadbalancing:REGION:ACCOUNT:targetgroup/NAME/ID
        target_groups=tuple(sorted(arn.split("/")[1] for arn in groups)),
    )


def _described(condition: Mapping[str, Any]) -> str:
    """A condition in words.

    Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RuleCondition.html
    """
    kind = str(condition["Field"])
    key = "".join(word.capitalize() for word in kind.split("-"))
    config: Mapping[str, Any] = condition.get(f"{key}Config") or {}
    values: Sequence[Any] = config.get("Values") or condition.get("Values") or ()
    if kind == "query-string":
        return "query string " + ", ".join(sorted(f"{v.get('Key', '')}={v['Value']}" for v in values))
    words = {
        "host-header": "host",
        "path-pattern": "path",
        "http-request-method": "method",
        "source-ip": "source IP",
    }
    name = words.get(kind) or f"header {config.get('HttpHeaderName', '')}"
    return f"{name} {', '.join(sorted(map(str, values)))}"
