"""The dated list prices in prices.json. Prices that are not kept are None: nothing is guessed."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any


class UnknownRegion(ValueError):
    """One sentence: the region, those there are prices of."""


@dataclass(frozen=True)
class Prices:
    """On-demand list prices of one region, in USD without tax and free tier.

    Attributes:
        region: `ap-northeast-1`.
        as_of: date of the prices, `2026-10-10`.
        hours: of a month, 730.
        units: price -> (unit, USD or None); an instance class is one price for each engine, `db.t3.micro mysql`.
        pages: price -> AWS's page with it.
        gib: instance class and engine -> its memory in GiB.
        spot_discount: share by which Fargate Spot is cheaper at best.
    """

    region: str
    as_of: str
    hours: float
    units: Mapping[str, tuple[str, float | None]]
    pages: Mapping[str, str]
    gib: Mapping[str, float]
    spot_discount: float

    def of(self, key: str) -> float | None:
        """USD a unit, or None when prices.json has none for this region."""
        return self.units.get(key, ("", None))[1]

    def unit(self, key: str) -> str:
        """`vCPU-hour`."""
        return self.units.get(key, ("instance-hour", None))[0]


def regions() -> tuple[str, ...]:
    """The regions of prices.json."""
    return tuple(_data()["as_of"])


@functools.cache
def prices(region: str) -> Prices:
    """The prices of `region`.

    Raises:
        UnknownRegion: prices.json does not have it.
    """
    data = _data()
    if region not in data["as_of"]:
        raise UnknownRegion(
            f"region is {region or 'not known'!r}; there are prices of {', '.join(data['as_of'])}: name one of them with --region"
        )
    units: dict[str, tuple[str, float | None]] = {}
    pages: dict[str, str] = {}
    gib: dict[str, float] = {}
    for service in data["services"].values():
        for key, price in service["prices"].items():
            given = price.get(region)
            for engine, page in (service.get("engines") or {"": service.get("page")}).items():
                name = f"{key} {engine}".strip()
                # One figure for a class is that of each engine; where they differ there is one for each.
                units[name] = (price["unit"], given.get(engine) if isinstance(given, Mapping) else given)
                pages[name] = page
                if "gib" in price:
                    gib[name] = price["gib"]
    return Prices(
        region,
        data["as_of"][region],
        data["hours_per_month"],
        units,
        pages,
        gib,
        data["spot_discount"]["share"],
    )


@functools.cache
def _data() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(files(__package__).joinpath("prices.json").read_text())
    return loaded
