"""P8: whatever a migration prints, no secret is in the console, the outputs, the exception or the history."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from migratable_ecs.migration import history
from migratable_ecs.migration.cloudwatch import Logs
from migratable_ecs.migration.errors import MigrationFailed
from migratable_ecs.migration.follow import LAST_LINES
from migratable_ecs.migration.spec import LogSummary, RunRecord
from migratable_ecs.migration.state import outputs_after_run
from migratable_ecs.testing import INSTANT, ContainerScript, Script, exits, never_starts

from tests.unit.migration.scenario import FAMILY, GROUP, Scenario
from tests.unit.migration.test_state import props
from tests.unit.redaction.planted import Planted, planted

SECRETS = list(planted(200))
SINKS = ("console", "outputs", "exception", "history")


def groups() -> Iterator[list[Planted]]:
    """As many as fit into the last lines, so that each of them gets everywhere."""
    for start in range(0, len(SECRETS), LAST_LINES):
        yield SECRETS[start : start + LAST_LINES]


def scenario_with(script: Script, known: Sequence[str]) -> Scenario:
    environment = [{"name": f"NAMED_{n}", "value": value} for n, value in enumerate(known)]
    environment.append({"name": "PLAIN", "value": "readable"})
    return Scenario(
        script=script,
        aws_options={"timings": INSTANT},
        definition_options={"environment": environment},
        spec_options={"secret_environment": tuple(f"NAMED_{n}" for n in range(len(known)))},
    )


def leaks(scenario: Scenario) -> dict[str, str]:
    """Run it, let it fail, and collect all that was said."""
    with pytest.raises(MigrationFailed) as caught:
        scenario.run()
    kept: Any = caught.value.record
    record = RunRecord(**{**kept, "log": LogSummary(**kept["log"])})
    runs = history.read(Logs(scenario.aws.logs, scenario.aws.clock), GROUP, FAMILY)
    assert len(runs) == 1
    return {
        "console": "\n".join(scenario.lines),
        "outputs": json.dumps(outputs_after_run(props(), None, record, "why"), ensure_ascii=False),
        "exception": str(caught.value) + repr(caught.value.__cause__),
        "history": json.dumps(runs, ensure_ascii=False),
    }


def forms(secret: str) -> set[str]:
    return {secret, json.dumps(secret, ensure_ascii=False)[1:-1]}


def test_200_planted_secrets_in_four_places() -> None:
    assert len(SECRETS) == 200
    assert len({item.secret for item in SECRETS}) == 200
    found = []
    for group in groups():
        script = exits(1, *[item.line for item in group])
        said = leaks(scenario_with(script, [item.secret for item in group if item.known]))
        assert all("[redacted]" in said[sink] for sink in SINKS)
        found += [
            (item.shape, sink)
            for item in group
            for sink in SINKS
            if any(form in said[sink] for form in forms(item.secret))
        ]
    assert found == []


def test_without_redaction_the_same_check_finds_them_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: what the test above would see if nothing were hidden."""
    from migratable_ecs.migration import redaction

    class Through:
        def feed(self, line: str) -> list[str]:
            return [line]

        def flush(self) -> list[str]:
            return []

    monkeypatch.setattr(redaction.Redactor, "text", lambda _self, text: text)
    monkeypatch.setattr(redaction.Redactor, "stream", lambda _self: Through())
    seen = set()
    group = [item for item in SECRETS if item.line.count(item.secret)][:LAST_LINES]
    said = leaks(scenario_with(exits(1, *[item.line for item in group]), []))
    for item in group:
        seen |= {(item.secret, sink) for sink in SINKS if any(f in said[sink] for f in forms(item.secret))}
    expected = {(item.secret, sink) for item in group for sink in ("console", "exception", "history")}
    assert expected <= seen


@pytest.mark.thorough
def test_a_secret_cut_in_two_by_the_end_of_an_event() -> None:
    """Docker cuts long lines, and programs flush where they like."""
    rng = random.Random(7)
    found = []
    whole = [item for item in SECRETS if item.line.count(item.secret) == 1 and len(item.secret) > 8]
    for item in whole[::3]:
        at = item.line.index(item.secret) + rng.randrange(3, len(item.secret) - 2)
        events = [
            (1.0, "before"),
            (1.1, item.line[:at]),
            (1.1, item.line[at:]),
            (2.0, "Applying 0002_rows... OK"),
        ]
        scenario = scenario_with(Script(ContainerScript(events, 5.0, 1)), [item.secret] if item.known else [])
        said = leaks(scenario)
        halves = {item.secret[: len(item.secret) // 2 + 1], item.secret[len(item.secret) // 2 - 1 :]}
        for sink in SINKS:
            joined = said[sink].replace("\n", "").replace("\\n", "")
            if item.secret in joined or (item.known and any(half in said[sink] for half in halves)):
                found.append((item.shape, sink))
        assert "before" in said["console"]
        assert "0002_rows... OK" in said["console"]
    assert found == []


def test_values_of_plain_environment_variables_are_known_by_their_names() -> None:
    value = "".join(random.Random(3).choices("abcdefghijklmnopqrstuvwxyz", k=24))
    said = leaks(scenario_with(exits(1, f"connecting with {value}", "readable stays readable"), [value]))
    for sink in SINKS:
        assert value not in said[sink]
        assert "readable stays readable" in said[sink]


def test_the_environment_of_an_adopted_revision_counts_too() -> None:
    """The password was changed between the crash and the next deployment; the old task still prints the old one."""
    old, new = ("".join(random.Random(n).choices("abcdefghijklmnopqrstuvwxyz", k=24)) for n in (1, 2))
    scenario = scenario_with(exits(1, f"with {old}", f"and {new}", duration=600), [old])
    with scenario.aws.killing(12, "after"):
        scenario.run(serial=1)
    scenario.definition_options["environment"] = [{"name": "NAMED_0", "value": new}]
    scenario.definition_arn = scenario.register(entryPoint=["sh", "-c"], command=["manage.py migrate"])
    with pytest.raises(MigrationFailed) as caught:
        scenario.run(serial=1)
    text = "\n".join([*scenario.lines, str(caught.value), json.dumps(caught.value.record)])
    assert "following it from its first line" in text
    assert old not in text
    assert new not in text


def test_what_ecs_says_is_redacted_as_well() -> None:
    value = "".join(random.Random(5).choices("abcdefghijklmnopqrstuvwxyz", k=24))
    script = never_starts(
        f"CannotStartContainerError: exec: postgres://app:{value}@db/app: not found", stage="start"
    )
    said = leaks(scenario_with(script, []))
    for sink in SINKS:
        assert value not in said[sink]
