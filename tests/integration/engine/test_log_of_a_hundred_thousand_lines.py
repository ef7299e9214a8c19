"""P7 on a long log: nothing lost, in flat memory; too long for `make unit`."""

from __future__ import annotations

import hashlib
import tracemalloc

import pytest
from migratable_ecs.migration.run import execute
from migratable_ecs.testing import ContainerScript, GeneratedLines, Script

from tests.unit.migration.scenario import Scenario


@pytest.mark.timeout(120)
def test_a_hundred_thousand_lines_in_flat_memory() -> None:
    count = 100_000
    script = Script(ContainerScript(GeneratedLines(count, 0.002), 200.0 + 5.0))
    digest = hashlib.sha256()
    seen = 0

    def take(line: str) -> None:
        nonlocal seen
        if line.startswith("line "):
            seen += 1
            digest.update(line.encode() + b"\n")

    scenario = Scenario(script=script, shell=False)
    tracemalloc.start()
    record = execute(scenario.spec(), scenario.aws, scenario.aws.clock, take)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seen == record.log.lines == count
    assert record.log.sha256 == digest.hexdigest()
    assert peak < 60 * 2**20, f"{peak / 2**20:.0f} MiB"
