"""Ctrl-C while a call to AWS hangs: it is said what goes on, once, and only then."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from migratable_ecs.migration import engine_log, plugin_process, provider, unanswered
from migratable_ecs.migration.decide import Decision
from migratable_ecs.migration.unanswered import HOW_IT_GOES_ON, told_when_unanswered


@pytest.mark.parametrize(
    ("cancelled", "hangs", "patience", "told"),
    [
        (True, 0.5, 0.1, [HOW_IT_GOES_ON]),
        (True, 0.0, 0.4, []),
        (False, 0.3, 0.1, []),
    ],
)
def test_it_is_said_when_the_call_goes_on_after_ctrl_c(
    monkeypatch: pytest.MonkeyPatch, cancelled: bool, hangs: float, patience: float, told: list[str]
) -> None:
    monkeypatch.setattr(unanswered, "PATIENCE", patience)
    said: list[str] = []
    stopping = threading.Event()
    with told_when_unanswered(stopping, said.append):
        if cancelled:
            stopping.set()
        time.sleep(hangs)
    stopping.set()
    time.sleep(patience + 0.1)
    assert said == told


ROLL = {"cluster": "default", "service": "web", "task_definition": "web:1"}


@pytest.mark.parametrize(
    "begin", [lambda: provider._run({}, None, Decision(True, "")), lambda: provider._rolled(ROLL)]
)
def test_the_provider_says_it_for_a_run_and_for_a_roll(monkeypatch: pytest.MonkeyPatch, begin: Any) -> None:
    said: list[str] = []
    monkeypatch.setattr(plugin_process, "stopping", threading.Event())
    monkeypatch.setattr(unanswered, "PATIENCE", 0.1)
    monkeypatch.setattr(engine_log.Row, "_log", lambda _row, _severity, line: said.append(line))

    def connect(_settings: Any) -> Any:
        plugin_process.stopping.set()
        time.sleep(0.4)
        raise RuntimeError("no answer at last")

    monkeypatch.setattr("migratable_ecs.migration.session.connect", connect)
    with pytest.raises(RuntimeError):
        begin()
    assert said == [HOW_IT_GOES_ON]
