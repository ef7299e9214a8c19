"""A world for commands, golden screens and the schemas of `--json`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.unit.cli.world import World

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def world() -> World:
    """A service that runs, whose migration has not run yet."""
    return World()


@pytest.fixture
def golden() -> Callable[..., None]:
    """Compare a screen with golden/NAME.txt; UPDATE_GOLDEN=1 writes it. Sentences and log lines (`lines`) are wrapped by nobody."""

    def compare(name: str, screen: str, *, lines: bool = False) -> None:
        file = GOLDEN / f"{name}.txt"
        text = "\n".join(line.rstrip() for line in screen.splitlines()) + "\n"
        if os.environ.get("UPDATE_GOLDEN"):
            file.write_text(text)
        assert text == file.read_text()
        assert lines or max(map(len, text.splitlines()), default=0) <= 80

    return compare


@pytest.fixture
def matches() -> Callable[[str, str], Any]:
    """Check a command's --json against cli/schemas/NAME.json and return it."""

    def check(name: str, text: str) -> Any:
        value = json.loads(text)
        schema = json.loads(files("migratable_ecs.cli").joinpath(f"schemas/{name}.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.validate(value, schema, jsonschema.Draft202012Validator)
        return value

    return check
