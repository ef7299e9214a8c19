"""`migratable-ecs drift`: its options and exit codes, on saved logs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from migratable_ecs.cli.drift import command
from migratable_ecs.drift import engine
from migratable_ecs.drift.engine import PREVIEW, REFRESH
from migratable_ecs.validation import InvalidArgument

from tests.unit.drift.engine_log import SERVICE, lines, planned, refreshed


def saved(folder: Path, *events: dict[str, Any], name: str = "log") -> str:
    file = folder / name
    file.write_text("\n".join(lines(*events)))
    return str(file)


def drift(*words: str) -> Result:
    return CliRunner().invoke(command, list(words))


DELETED = refreshed("delete", SERVICE, "shop", old={})
MADE = planned("create", SERVICE, "cart", new={})


@pytest.mark.parametrize(
    ("events", "code"), [(refreshed("same", SERVICE, "shop", old={}, new={}), 0), (MADE, 2), (DELETED, 3)]
)
def test_the_exit_code_tells_what_is_in_the_log(
    tmp_path: Path, events: list[dict[str, Any]], code: int
) -> None:
    assert drift("--from", saved(tmp_path, *events)).exit_code == code


def test_two_logs_make_one_report(tmp_path: Path) -> None:
    one, two = saved(tmp_path, *DELETED, name="one"), saved(tmp_path, *MADE, name="two")
    done = drift("--from", one, "--from", two)
    assert "**1 drifted resource, 1 change, no migration will run**" in done.stdout


def test_a_part_that_the_log_does_not_hold_is_not_called_clean(tmp_path: Path) -> None:
    done = drift("--from", saved(tmp_path, *MADE))
    assert "Drift" not in done.stdout
    assert "no drift" not in done.stdout


def test_both_forms_are_written_and_one_is_printed(tmp_path: Path) -> None:
    markdown, document = tmp_path / "r.md", tmp_path / "r.json"
    done = drift(
        "--from",
        saved(tmp_path, *DELETED),
        "--markdown",
        str(markdown),
        "--json-file",
        str(document),
        "--json",
    )
    assert done.stdout == document.read_text()
    assert json.loads(document.read_text())["exit_code"] == 3
    assert markdown.read_text().startswith("<!-- migratable-ecs drift: stg -->\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "no stack is named: give -s STACK, or --from FILE"),
        (("--from", "/nowhere/log"), "/nowhere/log cannot be read"),
        (("--form", "x"), "No such option '--form'"),
    ],
)
def test_what_is_wrong_ends_with_1_and_a_sentence(words: tuple[str, ...], sentence: str) -> None:
    """Never with 2, which means changes."""
    done = drift(*words)
    assert done.exit_code == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


# -- the engine, played by a script ----------------------------------------------------------------------------------------


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `pulumi` first on PATH that prints what is in the file out, and ends as the file code says."""
    program = tmp_path / "pulumi"
    program.write_text(
        '#!/bin/sh\ncd "$(dirname "$0")"\necho "$@" >> words\ncat out\ncat err >&2\nexit "$(cat code)"\n'
    )
    program.chmod(0o755)
    for name, text in (("out", ""), ("err", ""), ("code", "0")):
        (tmp_path / name).write_text(text)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def test_the_engine_is_asked_to_change_nothing(pulumi: Path) -> None:
    (pulumi / "out").write_text("\n".join(lines()))
    done = drift("-s", "stg", "--no-who", "--save", str(pulumi / "saved"))
    assert done.exit_code == 0
    assert (pulumi / "words").read_text().splitlines() == [
        "refresh --preview-only --json --stack stg --non-interactive",
        "preview --json --stack stg --non-interactive",
    ]
    assert drift("--from", str(pulumi / "saved")).exit_code == 0


@pytest.mark.parametrize(("only", "word"), [("drift", REFRESH[0]), ("changes", PREVIEW[0])])
def test_one_part_runs_the_engine_once(pulumi: Path, only: str, word: str) -> None:
    (pulumi / "out").write_text("\n".join(lines()))
    drift("-s", "stg", "--only", only)
    assert [line.split()[0] for line in (pulumi / "words").read_text().splitlines()] == [word]


def test_an_engine_that_fails_before_its_first_event_is_quoted_without_secrets(pulumi: Path) -> None:
    (pulumi / "err").write_text("error: no stack named 'stg' at https://u:Tr0ub4dor-and-3@host")
    (pulumi / "code").write_text("255")
    done = drift("-s", "stg")
    assert done.exit_code == 1
    assert (
        "ended with 255 before its first event: error: no stack named 'stg' at https://u:[redacted]@host"
        in done.stderr
    )


def test_an_engine_that_fails_later_makes_an_incomplete_report(pulumi: Path) -> None:
    (pulumi / "out").write_text("\n".join(lines(*DELETED, ended=False)))
    (pulumi / "err").write_text("error: lost the network")
    (pulumi / "code").write_text("1")
    done = drift("-s", "stg", "--only", "drift", "--no-who")
    assert done.exit_code == 1
    assert "error: lost the network" in done.stdout
    assert "was deleted" in done.stdout


def test_without_pulumi_one_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(InvalidArgument, match="run `make setup`, or put pulumi on PATH"):
        engine.run(PREVIEW, "stg", Path("."))
