"""`migratable-ecs cost`: what a stack costs a month at list prices, and what each option would save."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from . import exit_codes, from_stack
from .desk import Desk, operator_options
from .errors import CommandError

if TYPE_CHECKING:
    from ..cost import Inventory, Line, Prices, Saving, Usage

#: Options for what no state says: (option, field of Usage, unit and meaning).
_USAGE = (
    ("--nat-gb", "nat_gb", "GB a month through the NAT gateways"),
    ("--endpoint-gb", "endpoint_gb", "GB a month through the interface endpoints"),
    ("--lcu", "lcu", "capacity units of each load balancer, on average"),
    ("--log-gb", "log_gb", "GB that each task logs a month"),
    ("--image-gb", "image_gb", "GB of images in each repository"),
)


def _usage_options(function: Any) -> Any:
    for option, name, text in reversed(_USAGE):
        function = click.option(option, name, type=click.FloatRange(min=0), help=f"{text}.")(function)
    return function


@click.command("cost")
@operator_options
@click.option(
    "--preview", is_flag=True, help="Of what an update would leave, for a stack that is not there yet too."
)
@_usage_options
def command(desk: Desk, preview: bool, **given: float | None) -> None:
    """What the stack costs a month at AWS's list prices, and what each option would save.

    Counted is what the stack has made; what it looks up is on another stack's bill. Traffic and logs are assumptions, which the
    options change.
    """
    from ..cost import UnknownRegion, Usage, bill, inventory, prices, savings

    usage = Usage(**{name: value for name, value in given.items() if value is not None})
    resources, region = _resources(desk, preview)
    try:
        list_prices = prices(region)
    except UnknownRegion as error:
        raise CommandError(str(error), exit_codes.USAGE) from None
    stack = inventory(resources)
    lines, saved = bill(stack, list_prices, usage), savings(stack, list_prices, usage)
    desk.screen.result(
        _data(list_prices, usage, lines, saved), lambda: _draw(desk, stack, list_prices, usage, lines, saved)
    )


def _resources(desk: Desk, preview: bool) -> tuple[list[Mapping[str, Any]], str]:
    """The resources and the region of the stack that the options name."""
    stack = desk.given["stack"]
    if not stack:
        raise CommandError("cost needs a Pulumi stack: name one with -s", exit_codes.USAGE)
    if preview:
        desk.screen.say(f"stack {stack}: previewing")
        shown = desk.outside.pulumi(["preview", "--json", "--show-sames", "--stack", stack], desk.folder)
        # A replacement comes as several steps of one resource.
        states = (step.get("newState") for step in shown.get("steps") or ())
        found = list({str(state["urn"]): state for state in states if state}.values())
        config: Mapping[str, Any] = shown.get("config") or {}
    else:
        desk.screen.say(f"stack {stack}: reading its state")
        deployment, config = from_stack.read(desk.outside, stack, desk.folder)
        found = list((deployment.get("deployment") or {}).get("resources") or ())
    return [from_stack.plain(each) for each in found], desk.given["region"] or str(
        config.get("aws:region") or ""
    )


def _data(prices: Prices, usage: Usage, lines: Sequence[Line], saved: Sequence[Saving]) -> dict[str, Any]:
    from ..cost import total, unpriced

    return {
        "region": prices.region,
        "prices_of": prices.as_of,
        "currency": "USD",
        "hours": prices.hours,
        "assumptions": vars(usage),
        "lines": [
            {
                "what": line.what,
                "quantity": round(line.quantity, 4),
                "unit": line.unit,
                "price": line.price,
                "usd": None if line.usd is None else round(line.usd, 2),
                "source": prices.pages.get(line.key),
            }
            for line in lines
        ],
        "total": round(total(lines), 2),
        "without_price": unpriced(lines),
        "savings": [{"option": each.option, "usd": each.usd, "how": each.how} for each in saved],
    }


def _draw(
    desk: Desk,
    stack: Inventory,
    prices: Prices,
    usage: Usage,
    lines: Sequence[Line],
    saved: Sequence[Saving],
) -> None:
    from ..cost import total, unpriced

    screen = desk.screen
    rows = [
        (
            _money(line.usd),
            f"{line.quantity:,.2f}".rstrip("0").rstrip("."),
            line.unit,
            _price(line.price),
            line.what,
        )
        for line in lines
    ]
    screen.table(
        ["USD", "quantity", "unit", "price", "what"],
        [*rows, (_money(total(lines)), "", "", "", "a month")],
        title=f"Cost of a month in {prices.region}",
        right=["USD", "quantity", "price"],
    )
    if saved:
        screen.table(
            ["USD", "option", "how"],
            [(f"{each.usd:+,.2f}", each.option, each.how) for each in saved],
            title="What each option would save by itself",
            right=["USD"],
        )
    missing = unpriced(lines)
    screen.facts(
        [
            ("prices", f"AWS's list prices of {prices.as_of}, on demand, without tax and free tier"),
            ("assumed", _assumed(stack, usage)),
            ("without a price", f"{', '.join(missing)}: not in the sum" if missing else None),
            ("not counted", "data out to the internet, snapshots, metrics, alarms, requests, migrations"),
        ]
    )


def _assumed(stack: Inventory, usage: Usage) -> str:
    parts = ["730 hours", f"{usage.log_gb:g} GB of logs a task"]
    parts += [f"{usage.lcu:g} LCU"] if stack.balancers else []
    parts += [f"{usage.nat_gb:g} GB through NAT"] if stack.nats else []
    parts += [f"{usage.endpoint_gb:g} GB through endpoints"] if stack.endpoint_zones else []
    parts += [f"{usage.image_gb:g} GB of images a repository"] if stack.repositories else []
    return ", ".join(parts)


def _money(usd: float | None) -> str | None:
    return None if usd is None else f"{usd:,.2f}"


def _price(price: float | None) -> str | None:
    return None if price is None else f"{price:.6f}".rstrip("0")
