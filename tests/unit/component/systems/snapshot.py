"""The resource graph of a system as JSON that people can review.

Written anew with `python -m tests.unit.component.systems.snapshot`; look at the difference before it is committed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from migratable_ecs import MigratableEcsService

from tests.unit.component.cloud import Graph, Registered, deploy
from tests.unit.component.systems.settings import SYSTEMS, System

FOLDER = Path(__file__).parent

#: Inputs that hold JSON as text, shown as what they mean; and those that say nothing here.
_DOCUMENTS = ("containerDefinitions", "policy", "assumeRolePolicy", "dashboardBody", "eventPattern")
_SILENT = ("__provider",)


def graph_of(system: System) -> Graph:
    """What the system's program registers."""

    def program() -> None:
        MigratableEcsService(system.name, system.args)

    return deploy(program, system.cloud(), project="systems", stack="stg")


def snapshot(graph: Graph) -> str:
    """Every resource with its inputs and what it waits for, in one order."""
    listed = sorted(graph.resources, key=lambda each: (each.type, each.name))
    return json.dumps([_shown(each) for each in listed], indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _shown(resource: Registered) -> dict[str, Any]:
    inputs = {
        key: json.loads(value) if key in _DOCUMENTS else value
        for key, value in resource.inputs.items()
        if value is not None and key not in _SILENT
    }
    return {
        "type": resource.type,
        "name": resource.name,
        "inputs": inputs,
        "waits_for": sorted(resource.waits_for),
    }


if __name__ == "__main__":
    for name, system in SYSTEMS.items():
        (FOLDER / f"{name}.json").write_text(snapshot(graph_of(system)), encoding="utf-8")
