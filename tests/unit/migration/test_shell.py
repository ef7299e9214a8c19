"""The end marker: printed by a real shell, after everything else, on both outputs, with the script's own exit code."""

from __future__ import annotations

import signal
import subprocess
import time

import pytest
from migratable_ecs.migration.shell import MARKERS, LogEnd, end_marker, shell_command, with_end_marker

MARKER = end_marker("migratable-0123456789abcdef0123")


def sh(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", with_end_marker(script, MARKER)], capture_output=True, text=True, timeout=20, check=False
    )


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("echo done", 0),
        ("echo one; exit 3", 3),
        ("false", 1),
        ("nosuchcommand", 127),
        ("printf 'no newline'", 0),
        ("echo a # a comment", 0),
        ("cat <<X\nhere\nX", 0),
        ("set -e; false; echo never", 1),
    ],
)
def test_exit_code_is_kept_and_the_marker_is_last(script: str, code: int) -> None:
    done = sh(script)
    assert done.returncode == code
    assert done.stdout.rstrip("\n").endswith(MARKER)
    assert done.stderr.rstrip("\n").endswith(MARKER)
    assert (done.stdout + done.stderr).count(MARKER) == MARKERS


def test_output_without_a_final_newline_stands_before_the_marker() -> None:
    line = sh("printf 'no newline'").stdout.rstrip("\n")
    end = LogEnd(MARKER, ([], "printf 'no newline'"))
    assert end.split(line) == ("no newline", True)
    assert end.split("some line") == ("some line", False)


@pytest.mark.parametrize("command", [(), ("up",)])
def test_a_program_that_no_shell_runs_is_given_the_marker_and_its_command_stays(
    command: tuple[str, ...],
) -> None:
    override = LogEnd(MARKER, None).override("migrate", command)
    assert override.pop("environment") == [{"name": "MIGRATABLE_ECS_LOG_END", "value": MARKER}]
    assert override == ({"name": "migrate", "command": ["up"]} if command else {"name": "migrate"})


#: A program that takes its time to obey, as one that rolls back its transaction.
PROGRAM = (
    "sh -c 'trap \"sleep 0.2; echo rolled back; exit {code}\" TERM; echo ready; while :; do sleep 0.02; done'"
)


@pytest.mark.parametrize("shell", ["sh", "bash"])
@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        ("trap 'echo obeyed; exit 7' TERM; echo ready; while :; do sleep 0.02; done", 7, ["obeyed"]),
        (PROGRAM.format(code=5), 5, ["rolled back"]),
        (PROGRAM.format(code=5) + " && echo never", 5, ["rolled back"]),
        (PROGRAM.format(code=5) + "; echo never", 5, ["rolled back"]),
        (PROGRAM.format(code=0) + " && echo never", 143, ["rolled back"]),
        ("set -e\n" + PROGRAM.format(code=5) + "\necho never", 5, ["rolled back"]),
    ],
)
def test_sigterm_reaches_the_program_which_is_waited_for_and_nothing_follows_it(
    script: str, code: int, said: list[str], shell: str
) -> None:
    process = subprocess.Popen(
        [shell, "-c", with_end_marker(script, MARKER)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        # As in a container, the shell leads its process group.
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    # The shell itself may still be on its way to its trap.
    time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=20)
    assert out.splitlines() == [*said, MARKER]
    assert process.returncode == code


@pytest.mark.parametrize(
    ("entry_point", "command", "expected"),
    [
        (["sh", "-c"], ["manage.py migrate"], ([], "manage.py migrate")),
        ([], ["sh", "-c", "manage.py migrate"], (["sh", "-c"], "manage.py migrate")),
        (["/bin/bash", "-c"], ["x"], ([], "x")),
        ([], ["/migrate", "up"], None),
        (["/migrate"], ["up"], None),
        (["sh", "-c"], ["a", "b"], None),
        ([], [], None),
    ],
)
def test_which_commands_run_in_a_shell(
    entry_point: list[str], command: list[str], expected: tuple[list[str], str] | None
) -> None:
    assert shell_command(entry_point, command) == expected
