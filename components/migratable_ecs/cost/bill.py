"""From what a stack has to a monthly table, and to what each option would save. Pure.

Every line is quantity x price; what has no price in prices.json is a line without a sum, and is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from .inventory import Database, Inventory, Tasks
from .prices import Prices

#: Interface endpoints that tasks without NAT need; S3's gateway endpoint costs nothing.
#: Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
ENDPOINTS = ("ecr.api", "ecr.dkr", "logs", "secretsmanager")

#: Hours a week with 12 hours on each working day, of 168.
WORKING_HOURS = 60


@dataclass(frozen=True)
class Usage:
    """What no state says, a month: GB through NAT and endpoints, load balancer capacity units on average, GB logged by each task, GB of
    images in each repository."""

    nat_gb: float = 50.0
    endpoint_gb: float = 10.0
    lcu: float = 1.0
    log_gb: float = 1.0
    image_gb: float = 2.0


@dataclass(frozen=True)
class Line:
    """`usd` is None when there is no price for it."""

    what: str
    quantity: float
    unit: str
    price: float | None
    usd: float | None
    key: str


@dataclass(frozen=True)
class Saving:
    """What one option would save a month by itself; savings of several do not add up."""

    option: str
    usd: float
    how: str


def bill(stack: Inventory, prices: Prices, usage: Usage = Usage()) -> list[Line]:
    """The monthly lines, those that cost nothing left out."""
    hours = prices.hours
    lines: list[Line] = []

    def add(what: str, quantity: float, key: str, share: float = 1.0) -> None:
        if quantity > 0:
            price = prices.of(key)
            known = None if price is None else price * share
            lines.append(
                Line(
                    what, quantity, prices.unit(key), known, None if known is None else quantity * known, key
                )
            )

    for tasks in stack.tasks:
        _fargate(tasks, prices, add)
        if tasks.count and not tasks.vcpu:
            lines.append(Line(f"{tasks.name}, size not known", tasks.count, "task", None, None, ""))
    add("load balancer", stack.balancers * hours, "alb_hour")
    add("load balancer capacity", stack.balancers * usage.lcu * hours, "lcu_hour")
    add("NAT gateway", stack.nats * hours, "nat_hour")
    add("NAT gateway, data", usage.nat_gb if stack.nats else 0, "nat_gb")
    add("interface endpoints", stack.endpoint_zones * hours, "endpoint_hour")
    add("interface endpoints, data", usage.endpoint_gb if stack.endpoint_zones else 0, "endpoint_gb")
    public = stack.addresses + stack.balancer_zones + sum(each.count for each in stack.tasks if each.public)
    add("public IPv4 addresses", public * hours, "ipv4_hour")
    for database in stack.databases:
        twice = 2 if database.multi_az else 1
        if database.acu is None:
            add(_named(database), database.instances * twice * hours, database.price)
        else:
            add(f"{database.name}, lowest capacity", database.acu * hours, "acu_hour")
        add(f"{database.name}, storage", database.storage_gb * twice, "rds_gb")
    add("secrets", stack.secrets, "secret_month")
    logged = usage.log_gb * sum(each.count for each in stack.tasks) if stack.log_groups else 0
    add("logs, taken in", logged, "logs_gb")
    add("logs, kept", logged * stack.retention_days / 30, "logs_gb_month")
    add("images", stack.repositories * usage.image_gb, "ecr_gb_month")
    return lines


def total(lines: Sequence[Line]) -> float:
    """The sum of what has a price."""
    return sum(line.usd for line in lines if line.usd is not None)


def unpriced(lines: Sequence[Line]) -> list[str]:
    """What has no price here, so that the sum is without it."""
    return [line.what for line in lines if line.usd is None]


def savings(stack: Inventory, prices: Prices, usage: Usage = Usage()) -> list[Saving]:
    """What each option that applies to `stack` would save, the largest first; a negative one would cost more."""
    before = total(bill(stack, prices, usage))
    found = []
    for option, how, changed in _options(stack, prices):
        after = total(bill(changed, prices, usage))
        found.append(Saving(option, round(before - after, 2), how))
    night = _at_night(stack, prices, usage)
    if night:
        found.append(
            Saving("stop at night", round(night, 2), "tasks and databases for 12 hours on working days only")
        )
    return sorted(found, key=lambda each: -each.usd)


def _fargate(tasks: Tasks, prices: Prices, add: _Add) -> None:
    kind = "arm" if tasks.arm else "x86"
    for count, share, where in (
        (tasks.count - tasks.spot, 1.0, ""),
        (tasks.spot, 1 - prices.spot_discount, ", Spot"),
    ):
        add(f"{tasks.name}, vCPU{where}", count * tasks.vcpu * prices.hours, f"vcpu_{kind}", share)
        add(f"{tasks.name}, memory{where}", count * tasks.gb * prices.hours, f"gb_{kind}", share)


def _options(stack: Inventory, prices: Prices) -> list[tuple[str, str, Inventory]]:
    found = []
    if stack.nats:
        zones = len(ENDPOINTS) * stack.nats
        how = f"{len(ENDPOINTS)} interface endpoints in {stack.nats} zone{'s' if stack.nats > 1 else ''} instead"
        without = replace(
            stack,
            nats=0,
            addresses=max(0, stack.addresses - stack.nats),
            endpoint_zones=stack.endpoint_zones + zones,
        )
        found.append(("no NAT", how, without))
    if any(each.count > each.spot for each in stack.tasks):
        spot = replace(stack, tasks=tuple(replace(each, spot=each.count) for each in stack.tasks))
        found.append(
            ("Fargate Spot", f"all tasks, at the discount of {prices.spot_discount:.0%} at best", spot)
        )
    if any(not each.arm and each.count for each in stack.tasks):
        arm = replace(stack, tasks=tuple(replace(each, arm=True) for each in stack.tasks))
        found.append(("ARM", "all tasks on ARM64, which needs an image for it", arm))
    found += _databases(stack, prices)
    return found


def _databases(stack: Inventory, prices: Prices) -> list[tuple[str, str, Inventory]]:
    found = []
    for index, database in enumerate(stack.databases):
        smaller = _smaller(database, prices)
        if smaller:
            how = f"{database.name}: {smaller} instead of {database.instance_class}"
            found.append(
                ("smaller database", how, _with(stack, index, replace(database, instance_class=smaller)))
            )
        if database.multi_az:
            how = f"{database.name} in one zone: an outage then lasts until it is restored"
            found.append(("one zone", how, _with(stack, index, replace(database, multi_az=False))))
    return found


def _smaller(database: Database, prices: Prices) -> str:
    """The class of the same engine with the next smaller memory, of the same family if there is one, when it is cheaper."""
    now = prices.of(database.price)
    if database.acu is not None or now is None:
        return ""
    memory, family = prices.gib[database.price], database.instance_class.rpartition(".")[0]
    found = []
    for key, gib in prices.gib.items():
        other, _, engine = key.partition(" ")
        price = prices.of(key)
        if engine == database.engine and gib < memory and price is not None and price < now:
            found.append((gib, other.rpartition(".")[0] == family, price, other))
    return max(found)[-1] if found else ""


def _with(stack: Inventory, index: int, database: Database) -> Inventory:
    databases = list(stack.databases)
    databases[index] = database
    return replace(stack, databases=tuple(databases))


def _at_night(stack: Inventory, prices: Prices, usage: Usage) -> float:
    running = Inventory(
        tasks=stack.tasks, databases=tuple(replace(each, storage_gb=0) for each in stack.databases)
    )
    return total(bill(running, prices, usage)) * (1 - WORKING_HOURS / 168)


def _named(database: Database) -> str:
    zones = ", two zones" if database.multi_az else ""
    aurora = "Aurora " if database.engine.startswith("aurora") else ""
    return f"{database.name}, {aurora}{database.instance_class}{zones}"


class _Add(Protocol):
    """The shape of `add` in `bill`."""

    def __call__(self, what: str, quantity: float, key: str, share: float = 1.0) -> None: ...
