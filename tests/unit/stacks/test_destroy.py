"""What may not be destroyed is named before anything is."""

from __future__ import annotations

from typing import Any

import pytest

from tools.stacks.destroy import is_production, refuse_kept, refuse_production
from tools.stacks.pulumi import Refused

URN = "urn:pulumi:stg::learning::aws:rds/instance:Instance::learning-db"


def database(**changes: Any) -> dict[str, Any]:
    return {
        "urn": URN,
        "type": "aws:rds/instance:Instance",
        "outputs": {"deletionProtection": False},
        **changes,
    }


@pytest.mark.parametrize(
    ("stack", "confirmed"), [("stg", ""), ("stg", "stg"), ("prod", "prod"), ("preprod", "")]
)
def test_may_be_destroyed(stack: str, confirmed: str) -> None:
    refuse_production(stack, confirmed, is_production(stack, {}))


@pytest.mark.parametrize(
    ("stack", "confirmed", "words"),
    [
        ("prod", "", "prod is production, and nothing was destroyed: `make destroy ENV=prod CONFIRM=prod`"),
        ("acme/learning/shop-live", "", "CONFIRM=acme/learning/shop-live"),
        ("prod", "stg", "CONFIRM is 'stg', but the stack to destroy is 'prod'"),
        ("stg", "yes", "CONFIRM is 'yes', but the stack to destroy is 'stg'"),
    ],
)
def test_production_is_named_twice(stack: str, confirmed: str, words: str) -> None:
    with pytest.raises(Refused) as error:
        refuse_production(stack, confirmed, is_production(stack, {}))
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("stack", "config", "expected"),
    [
        ("main", {"learning:protected": "true"}, True),
        ("main", {"learning:protected": "false"}, False),
        ("main", {"learning:protected": "", "learning:service": "true"}, False),
        # The name still asks for CONFIRM: one word more than was needed harms nobody.
        ("prod", {"learning:protected": "false"}, True),
    ],
)
def test_production_is_what_the_configuration_says_too(
    stack: str, config: dict[str, str], expected: bool
) -> None:
    assert is_production(stack, config) is expected


@pytest.mark.parametrize(
    ("resource", "words"),
    [
        (database(protect=True), f"run `pulumi state unprotect '{URN}' --stack stg`"),
        (
            database(outputs={"deletionProtection": True}),
            "Instance learning-db has deletionProtection: set it to false",
        ),
        (
            {
                "urn": "urn:pulumi:stg::learning::aws:lb/loadBalancer:LoadBalancer::web",
                "type": "aws:lb/loadBalancer:LoadBalancer",
                "outputs": {"enableDeletionProtection": "true"},
            },
            "LoadBalancer web has enableDeletionProtection",
        ),
    ],
)
def test_what_would_stop_the_destruction_is_named_first(resource: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused) as error:
        refuse_kept("stg", [database(), resource])
    assert words in str(error.value)
    assert "nothing was destroyed" in str(error.value)


def test_all_of_it_is_named() -> None:
    with pytest.raises(Refused) as error:
        refuse_kept("stg", [database(protect=True, outputs={"deletionProtection": True})])
    assert len(str(error.value).splitlines()) == 3


def test_nothing_is_kept() -> None:
    refuse_kept(
        "stg",
        [
            database(),
            {"urn": "urn:pulumi:stg::learning::pulumi:pulumi:Stack::s", "type": "pulumi:pulumi:Stack"},
        ],
    )
