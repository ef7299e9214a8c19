"""Lines, their sum, and what options save; checked by hand for one stack, by properties for all."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from migratable_ecs.cost import Usage, bill, inventory, prices, regions, savings, total, unpriced
from migratable_ecs.cost.inventory import Database, Inventory, Tasks

from tests.unit.cost.stacks import everything, service
from tests.unit.repetitions import times

TOKYO = prices("ap-northeast-1")

TASKS = st.builds(
    Tasks, st.just("web"), st.integers(0, 20), st.sampled_from([0.25, 1, 4]), st.sampled_from([0.5, 2, 8]), st.booleans(),
    st.just(0), st.booleans(),
)  # fmt: skip
DATABASES = st.builds(
    Database, st.just("db"), st.sampled_from(["db.t4g.micro", "db.t3.small", "db.r6g.large", "db.r7g.large"]), st.integers(1, 3),
    st.booleans(), st.integers(0, 500).map(float), st.none() | st.sampled_from([0.5, 2.0]),
    st.sampled_from(["postgres", "mysql", "aurora", "oracle-ee"]),
)  # fmt: skip
STACKS = st.builds(
    Inventory, st.lists(TASKS, max_size=3).map(tuple), st.lists(DATABASES, max_size=2).map(tuple),
    *(st.integers(0, 4) for _ in range(7)), st.integers(0, 365), st.integers(0, 4),
)  # fmt: skip


def by_hand() -> dict[str, float]:
    return {line.what: round(line.usd or 0, 2) for line in bill(inventory(everything()), TOKYO)}


def test_the_lines_of_one_stack_by_hand() -> None:
    hours = 730
    assert by_hand() == {
        "web, vCPU": round(2 * 0.5 * hours * 0.05056, 2),
        "web, memory": round(2 * 1 * hours * 0.00553, 2),
        "web-worker, vCPU": round(0.25 * hours * 0.04045, 2),
        "web-worker, memory": round(0.5 * hours * 0.00442, 2),
        "load balancer": round(hours * 0.0243, 2),
        "load balancer capacity": round(hours * 0.008, 2),
        "NAT gateway": round(2 * hours * 0.062, 2),
        "NAT gateway, data": round(50 * 0.062, 2),
        "public IPv4 addresses": round(4 * hours * 0.005, 2),
        "learning-db, db.t4g.micro, two zones": round(2 * hours * 0.025, 2),
        "learning-db, storage": round(2 * 20 * 0.138, 2),
        "secrets": 0.8,
        "logs, taken in": round(3 * 0.76, 2),
        "logs, kept": round(3 * 0.033, 2),
        "images": 0.2,
    }


def test_spot_is_cheaper_by_its_discount() -> None:
    one = Inventory(tasks=(Tasks("web", 1, 1, 2),))
    spot = replace(one, tasks=(Tasks("web", 1, 1, 2, spot=1),))
    assert total(bill(spot, TOKYO)) == pytest.approx(total(bill(one, TOKYO)) * (1 - TOKYO.spot_discount))


def test_what_has_no_price_is_named_and_not_guessed() -> None:
    stack = Inventory(databases=(Database("db", "db.r7g.large", engine="postgres"),))
    lines = bill(stack, TOKYO)
    assert [line.usd for line in lines] == [None]
    assert unpriced(lines) == ["db, db.r7g.large"]
    assert total(lines) == 0


@pytest.mark.parametrize(
    ("engine", "named"),
    [
        ("oracle-ee", "db, db.r6g.large"),
        ("", "db, db.r6g.large"),
        ("aurora", "db, Aurora db.r6g.large"),
        ("aurora-iopt1", "db, Aurora db.r6g.large"),
    ],
)
def test_a_class_has_the_price_of_no_other_engine(engine: str, named: str) -> None:
    stack = Inventory(databases=(Database("db", "db.r6g.large", engine=engine),))
    assert unpriced(bill(stack, TOKYO)) == [named]


@pytest.mark.parametrize(
    ("region", "engine", "usd"),
    [
        ("ap-northeast-1", "mysql", 0.026),
        ("ap-northeast-1", "postgres", 0.028),
        ("us-east-1", "mysql", 0.017),
    ],
)
def test_a_database_costs_what_its_engine_does(region: str, engine: str, usd: float) -> None:
    stack = Inventory(databases=(Database("db", "db.t3.micro", engine=engine),))
    assert total(bill(stack, prices(region))) == pytest.approx(730 * usd)


def test_a_service_whose_task_definition_is_elsewhere_is_named() -> None:
    _, made = service()
    assert unpriced(bill(inventory([made]), TOKYO)) == ["web, size not known"]


def test_usage_changes_what_it_is_about() -> None:
    stack = inventory(everything())
    more = Usage(nat_gb=1050)
    assert total(bill(stack, TOKYO, more)) - total(bill(stack, TOKYO)) == pytest.approx(1000 * 0.062)


def test_savings_of_one_stack() -> None:
    found = {each.option: each for each in savings(inventory(everything()), TOKYO)}
    assert set(found) == {"no NAT", "Fargate Spot", "ARM", "one zone", "stop at night"}
    endpoints = 4 * 2 * 730 * 0.014 + 10 * 0.01
    nat = 2 * 730 * 0.062 + 50 * 0.062 + 2 * 730 * 0.005
    assert found["no NAT"].usd == pytest.approx(nat - endpoints, abs=0.01)
    assert found["no NAT"].how == "4 interface endpoints in 2 zones instead"
    assert found["one zone"].usd == pytest.approx(730 * 0.025 + 20 * 0.138, abs=0.01)
    tasks = total(bill(Inventory(tasks=inventory(everything()).tasks), TOKYO))
    assert found["stop at night"].usd == pytest.approx((tasks + 2 * 730 * 0.025) * (1 - 60 / 168), abs=0.01)


def test_a_smaller_database_is_one_with_a_price() -> None:
    virginia = prices("us-east-1")
    stack = Inventory(databases=(Database("db", "db.t4g.medium", engine="mysql"),))
    (smaller,) = [each for each in savings(stack, virginia) if each.option == "smaller database"]
    assert smaller.how == "db: db.t4g.small instead of db.t4g.medium"
    assert smaller.usd == pytest.approx(730 * (0.065 - 0.032), abs=0.01)


@pytest.mark.parametrize(
    ("now", "engine", "smaller"),
    [
        ("db.t3.small", "mysql", "db.t3.micro"),
        ("db.t3.micro", "mysql", None),
        ("db.m5.large", "postgres", "db.t3.medium"),
        ("db.r6g.large", "postgres", "db.m5.large"),
        ("db.r6g.large", "aurora", "db.t4g.medium"),
        ("db.t4g.medium", "aurora", None),
        ("db.r7g.large", "postgres", None),
    ],
)
def test_a_smaller_database_has_less_memory_and_the_same_engine(
    now: str, engine: str, smaller: str | None
) -> None:
    stack = Inventory(databases=(Database("db", now, engine=engine),))
    found = [each.how for each in savings(stack, prices("us-east-1")) if each.option == "smaller database"]
    assert found == ([f"db: {smaller} instead of {now}"] if smaller else [])


@settings(max_examples=times(10, 200), deadline=None)
@given(STACKS, st.sampled_from(regions()))
def test_sums_add_up_and_more_never_costs_less(stack: Inventory, region: str) -> None:
    list_prices = prices(region)
    lines = bill(stack, list_prices)
    assert all(
        line.usd == line.quantity * line.price for line in lines if line.usd is not None and line.price
    )
    assert total(lines) == pytest.approx(sum(line.usd or 0 for line in lines))
    more_tasks = replace(stack, tasks=tuple(replace(each, count=each.count + 1) for each in stack.tasks))
    for more in (more_tasks, replace(stack, nats=stack.nats + 1), replace(stack, secrets=stack.secrets + 1)):
        assert total(bill(more, list_prices)) >= total(lines)
    for each in savings(stack, list_prices):
        assert each.usd <= total(lines) + 0.01
