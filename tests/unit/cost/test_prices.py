"""The price data is whole: dated, with a page for each price, for each of the three regions or plainly without."""

from __future__ import annotations

import json
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from migratable_ecs.cost import UnknownRegion, prices, regions

DATA: dict[str, Any] = json.loads(files("migratable_ecs.cost").joinpath("prices.json").read_text())
PAGE = (Path(__file__).resolve().parents[3] / "docs/cost.md").read_text()

#: Prices that could not be found for a region: a dash in docs/cost.md.
MISSING = {
    ("db.r5.large postgres", "eu-west-1"),
    ("db.r5.large mysql", "eu-west-1"),
    ("db.t4g.medium aurora", "ap-northeast-1"),
    ("db.t4g.medium aurora", "eu-west-1"),
    ("db.r6g.large aurora", "ap-northeast-1"),
    ("db.r6g.large aurora", "eu-west-1"),
}
NAMES = {"both": ("postgres", "mysql"), "PostgreSQL, MySQL": ("postgres", "mysql"), "Aurora": ("aurora",)}


def test_three_regions_with_a_date_each() -> None:
    assert regions() == ("ap-northeast-1", "us-east-1", "eu-west-1")
    for region in regions():
        assert date.fromisoformat(prices(region).as_of)
        assert f"| {region} | {prices(region).as_of} |" in PAGE


def test_every_price_has_a_unit_and_a_page_of_aws() -> None:
    for name, service in DATA["services"].items():
        for page in service["engines"].values() if "engines" in service else [service["page"]]:
            assert page.startswith("https://aws.amazon.com/")
            assert page in PAGE, name
        assert all(price["unit"] for price in service["prices"].values())
    assert set(prices("us-east-1").gib) == {key for key in prices("us-east-1").units if key.startswith("db.")}


def test_prices_older_than_their_region_say_so() -> None:
    older = {name: service["as_of"] for name, service in DATA["services"].items() if "as_of" in service}
    assert older == {"RDS": {"ap-northeast-1": "2024-09-28"}}
    assert "| ap-northeast-1 | stored copies" in PAGE
    assert "| 2024-09-28, " in PAGE


def test_what_is_missing_is_known() -> None:
    missing = {
        (key, region)
        for region in regions()
        for key in prices(region).units
        if prices(region).of(key) is None
    }
    assert missing == MISSING


def test_the_page_has_every_price_of_a_database() -> None:
    told: dict[tuple[str, str], float | None] = {}
    for line in PAGE.splitlines():
        if line.startswith("| `db."):
            name, engines, *cells = (cell.strip(" `") for cell in line.strip("|").split("|"))
            for region, cell in zip(regions(), cells, strict=True):
                figures = [None if each == "–" else float(each) for each in cell.split(", ")]
                for at, engine in enumerate(NAMES[engines]):
                    told[f"{name} {engine}", region] = figures[at if len(figures) > 1 else 0]
    assert told == {
        (key, region): prices(region).of(key) for region in regions() for key in prices(region).gib
    }


@pytest.mark.parametrize("region", regions())
def test_a_database_of_the_same_family_costs_more_with_more_memory(region: str) -> None:
    found = prices(region)
    for engine in ("postgres", "mysql"):
        for family in ("db.t3", "db.t4g"):
            keys = [f"{family}.{size} {engine}" for size in ("micro", "small", "medium", "large")]
            figures = [found.of(key) for key in keys]
            assert None not in figures
            assert figures == sorted(figures, key=lambda each: each or 0)
            assert [found.gib[key] for key in keys] == [1, 2, 4, 8]


@pytest.mark.parametrize("region", regions())
def test_prices_are_positive_and_arm_is_cheaper(region: str) -> None:
    found = prices(region)
    assert all(price > 0 for _, price in found.units.values() if price is not None)
    for part in ("vcpu", "gb"):
        assert (found.of(f"{part}_arm") or 0) < (found.of(f"{part}_x86") or 0)


def test_another_region_is_refused_with_those_there_are() -> None:
    with pytest.raises(
        UnknownRegion, match="'sa-east-1'; there are prices of ap-northeast-1, us-east-1, eu-west-1"
    ):
        prices("sa-east-1")
    with pytest.raises(UnknownRegion, match="not known"):
        prices("")
