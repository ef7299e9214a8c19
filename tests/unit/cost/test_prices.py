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

#: Prices that could not be found for a region; docs/cost.md names them.
MISSING = {
    ("db.t4g.small", "ap-northeast-1"),
    ("db.t4g.medium", "eu-west-1"),
    ("db.t4g.large", "ap-northeast-1"),
    ("db.t4g.large", "eu-west-1"),
}


def test_three_regions_with_a_date_each() -> None:
    assert regions() == ("ap-northeast-1", "us-east-1", "eu-west-1")
    for region in regions():
        assert date.fromisoformat(prices(region).as_of)
        assert f"| {region} | {prices(region).as_of} |" in PAGE


def test_every_price_has_a_unit_and_a_page_of_aws() -> None:
    for name, service in DATA["services"].items():
        assert service["page"].startswith("https://aws.amazon.com/")
        assert service["page"] in PAGE, name
        assert all(price["unit"] for price in service["prices"].values())


def test_what_is_missing_is_known() -> None:
    missing = {
        (key, region)
        for region in regions()
        for key in prices(region).units
        if prices(region).of(key) is None
    }
    assert missing == MISSING
    for key, region in MISSING:
        assert f"`{key}`" in PAGE, region


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
