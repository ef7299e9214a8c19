"""The program itself: quick help that imports nothing, errors without tracebacks, exit codes, colour, width, the real `pulumi` missing."""

from __future__ import annotations

import io
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.hooks import HierarchicalEmitter
from migratable_ecs.cli import exit_codes
from migratable_ecs.cli.errors import CommandError, explained
from migratable_ecs.cli.main import group, load
from migratable_ecs.cli.outside import Interrupts, Outside, parse_json
from migratable_ecs.cli.screen import Screen, duration, elapsed
from migratable_ecs.cli.table import COMMANDS
from migratable_ecs.cli.telling import Telling
from migratable_ecs.migration import errors
from migratable_ecs.migration.ecs import ApiError, AwsCallFailed
from rich.console import Console

from tests.unit.cli.world import World

HEAVY = ("pulumi", "pulumi_aws", "boto3", "botocore", "rich", "grpc", "yaml")


def imported(*words: str) -> set[str]:
    """The modules of a `migratable-ecs WORDS` of its own process."""
    code = (
        "import sys, contextlib, io\n"
        "from migratable_ecs.cli.main import main\n"
        "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):\n"
        f"    main({list(words)!r})\n"
        "print('\\n'.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_help_imports_no_command() -> None:
    modules = imported("--help")
    assert "click" in modules
    assert not modules & {*HEAVY, "migratable_ecs.cli.run", "migratable_ecs.cli.desk"}


def test_the_help_of_a_command_needs_neither_aws_nor_pulumi_nor_rich() -> None:
    assert not imported("run", "--help") & set(HEAVY)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_is_there_and_explains_itself(name: str, world: World) -> None:
    command = load(name)
    assert isinstance(command, click.Command)
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.name}"
    done = world.run(name, "--help")
    assert done.exit_code == 0
    assert "--json" in done.stdout


def test_the_lines_of_the_table_are_short() -> None:
    for name, entry in COMMANDS.items():
        assert entry.help.endswith("."), name
        assert len(entry.help) <= 74, name


def test_without_click() -> None:
    """A package installed without the extra says which one."""
    code = "import sys; sys.modules['rich'] = None\nfrom migratable_ecs.cli import main\n"
    code += "main.util.find_spec = lambda name: None if name == 'rich' else True\nmain.main([])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == exit_codes.UNREACHABLE
    assert (
        done.stderr
        == 'migratable-ecs needs rich, which this Python has not: pip install "migratable-ecs[cli]"\n'
    )


class TestErrors:
    def test_a_wrong_command_names_the_nearest(self, world: World) -> None:
        done = world.run("statu")
        assert done.exit_code == 2
        assert "there is no command 'statu'; did you mean 'status'?" in done.stderr

    @pytest.mark.parametrize(
        ("error", "code"),
        [
            (errors.MigrationFailed("it failed"), exit_codes.FAILED),
            (errors.Unreachable("no region"), exit_codes.UNREACHABLE),
            (errors.PreflightFailed("nothing was started"), exit_codes.REFUSED),
            (errors.BackupFailed("no snapshot"), exit_codes.REFUSED),
            (errors.LockTimeout("another one"), exit_codes.BUSY),
            (errors.LostSight("credentials"), exit_codes.NO_RESULT),
            (errors.MigrationInterrupted("cancelled"), exit_codes.NO_RESULT),
            (AwsCallFailed(ApiError("ListTasks", "AccessDeniedException", "no")), exit_codes.UNREACHABLE),
            (CommandError("no"), exit_codes.REFUSED),
            (KeyboardInterrupt(), exit_codes.INTERRUPTED),
            (click.Abort(), exit_codes.INTERRUPTED),
        ],
    )
    def test_each_has_its_exit_code(self, error: BaseException, code: int) -> None:
        end = explained(error)
        assert end is not None
        assert end.exit_code == code

    def test_a_fault_of_ours_keeps_its_traceback(self) -> None:
        assert explained(ZeroDivisionError()) is None

    def test_json(self, world: World, matches: Callable[[str, str], Any]) -> None:
        error = matches("error", world.run("show", "--json").stdout)["error"]
        assert error == {"exit_code": 6, "name": "not-found", "message": "there is no run yet"}

    def test_aws_denies(self, world: World) -> None:
        world.aws.ecs.fail_next("DescribeServices", "AccessDeniedException", "not authorized")
        done = world.run("status")
        assert done.exit_code == exit_codes.UNREACHABLE
        assert "DescribeServices answered AccessDeniedException: not authorized" in done.stderr
        assert "Traceback" not in done.output

    def test_every_code_has_a_name_and_a_meaning(self) -> None:
        codes = {
            value for name, value in vars(exit_codes).items() if name.isupper() and isinstance(value, int)
        }
        assert codes == set(exit_codes.MEANINGS)
        assert len({name for name, _ in exit_codes.MEANINGS.values()}) == len(codes)


class TestCtrlC:
    def test_the_first_is_a_wish_the_second_ends_at_once(self) -> None:
        said: list[str] = []
        outside = Outside()
        before = signal.getsignal(signal.SIGINT)
        with outside.ctrl_c(Interrupts(lambda: said.append("leaving"))) as interrupts:
            assert not interrupts.asked()
            signal.raise_signal(signal.SIGINT)
            assert interrupts.asked()
            assert said == ["leaving"]
            began = time.monotonic()
            outside.clock.sleep(60)
            assert time.monotonic() - began < 1
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is before

    def test_before_anything_has_begun(self, world: World) -> None:
        def pressed(*_words: Any) -> Any:
            raise KeyboardInterrupt

        world.pulumi = pressed  # type: ignore[method-assign]
        done = world.run("run")
        assert (done.exit_code, done.stderr.splitlines()[-1]) == (130, "error: interrupted")

    def test_at_a_question(self) -> None:
        """The end of the input is to click what Ctrl-C is; it is no failed task."""
        done = World(stack="prod").run("run", "--command", "ls", input="")
        assert done.exit_code == exit_codes.INTERRUPTED
        assert done.stderr.endswith("error: interrupted\n")


class TestAwsDoesNotAnswer:
    """boto3 tries again, and so does the engine: a minute, in which nothing else would be said."""

    def test_it_is_said_at_once_and_each_reason_once(self, capsys: pytest.CaptureFixture[str]) -> None:
        events = HierarchicalEmitter()
        made = SimpleNamespace(meta=SimpleNamespace(events=events))
        clients = Telling(SimpleNamespace(client=lambda _service: made))
        for _ in range(2):
            assert clients.client("ecs") is made
        refused = EndpointConnectionError(endpoint_url="http://127.0.0.1:9/")
        for error in (None, refused, refused):
            events.emit("needs-retry.ecs.ListTasks", caught_exception=error, attempts=1)
        assert capsys.readouterr().err == (
            "AWS does not answer, trying again for up to a minute: "
            'Could not connect to the endpoint URL: "http://127.0.0.1:9/"\n'
        )


class TestPulumi:
    def test_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        """Not: there is no program."""
        with pytest.raises(CommandError, match=r"there is no folder '.*/typo': .* with -C") as raised:
            Outside().pulumi(["stack", "ls", "--json"], tmp_path / "typo")
        assert raised.value.exit_code == exit_codes.USAGE

    def test_not_installed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(CommandError, match="there is no program 'pulumi' on PATH") as raised:
            Outside().pulumi(["stack", "ls", "--json"], tmp_path)
        assert raised.value.exit_code == exit_codes.UNREACHABLE

    @pytest.mark.parametrize(
        ("said", "code"),
        [
            ("error: no stack named 'x' found", exit_codes.NOT_FOUND),
            ("error: incorrect passphrase", exit_codes.UNREACHABLE),
        ],
    )
    def test_its_own_words(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, code: int
    ) -> None:
        program = tmp_path / "pulumi"
        program.write_text(f'#!/bin/sh\necho "{said}" >&2\nexit 255\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        with pytest.raises(CommandError, match=said.removeprefix("error: ")) as raised:
            Outside().pulumi(["stack", "export"], tmp_path)
        assert raised.value.exit_code == code

    def test_no_json(self) -> None:
        with pytest.raises(CommandError, match="printed no JSON: 'hello'"):
            parse_json(["stack", "ls"], "hello")


class TestScreen:
    def test_no_colour_without_a_terminal(self, world: World) -> None:
        assert "\x1b" not in world.run("status").output

    def test_no_colour_on_request(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FORCE_COLOR", "1")
        assert Screen().out.is_terminal
        monkeypatch.setenv("NO_COLOR", "1")
        assert Screen().out.no_color

    @pytest.mark.parametrize("width", [60, 100])
    def test_the_width_is_kept(self, world: World, width: int) -> None:
        lines = world.run("status", width=width).stdout.splitlines()
        assert max(map(len, lines)) <= width

    @pytest.mark.parametrize("columns", ["abc", "0", "-1", ""])
    def test_a_width_that_is_none_is_80(self, columns: str) -> None:
        assert Screen(environment={"COLUMNS": columns}).out.width == 80

    def test_on_a_terminal_a_status_line_stands_below_the_lines(self) -> None:
        """Phase, elapsed time, last line."""
        shown = io.StringIO()
        screen, at = Screen(), iter(range(0, 1000, 10))
        screen.err = screen.out = Console(file=shown, force_terminal=True, width=80)
        with screen.progress(lambda: float(next(at))) as progress:
            progress.phase = "task 1f is RUNNING"
            progress.line("task 1f started")
            progress.output("Applying 0002 [bold]")
            progress.tick()
            progress.output("x" * 200)
            progress.tick()
        plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.getvalue())
        assert "Applying 0002 [bold]\n" in plain
        assert "task 1f is RUNNING · 0:30 · Applying 0002 [bold]" in plain
        assert "x" * 200 + "\n" in plain
        status = [line for line in re.split(r"[\r\n]", plain) if "RUNNING" in line]
        assert max(map(len, status)) <= 80

    def test_without_a_terminal_silence_is_broken(self, capsys: pytest.CaptureFixture[str]) -> None:
        at = iter([0.0, 0.0, 5.0, 10.0, 29.0, 36.0, 40.0])
        with Screen().progress(lambda: next(at)) as progress:
            progress.phase = "task 1f is RUNNING"
            progress.noted("Applying 0002")
            for _ in range(4):
                progress.tick()
        assert capsys.readouterr().err == "task 1f is RUNNING: 0:36 so far; last line: Applying 0002\n"

    def test_times(self) -> None:
        assert [elapsed(s) for s in (7, 754, 3723)] == ["0:07", "12:34", "1:02:03"]
        assert [duration(s) for s in (None, 0.42, 12, 200, 7500)] == [
            "",
            "0.4 s",
            "12 s",
            "3 min 20 s",
            "2 h 5 min",
        ]

    def test_names_with_brackets_are_text(self, capsys: pytest.CaptureFixture[str]) -> None:
        Screen(environment={"COLUMNS": "80"}).facts([("log", "[red]not markup[/red]")])
        assert "[red]not markup[/red]" in capsys.readouterr().out


def test_completion_knows_the_commands() -> None:
    from click.shell_completion import ShellComplete

    found = ShellComplete(group(), {}, "migratable-ecs", "_X").get_completions([], "st")
    assert [item.value for item in found] == ["status", "stop"]


def test_completion_knows_the_stacks(tmp_path: Path) -> None:
    """By their settings files: completion waits for nobody."""
    from click.shell_completion import ShellComplete

    for name in ("stg", "prod", "local"):
        (tmp_path / f"Pulumi.{name}.yaml").touch()
    (tmp_path / "Pulumi.yaml").touch()
    words = ["run", "-C", str(tmp_path), "-s"]
    complete = ShellComplete(group(), {}, "migratable-ecs", "_X")
    assert [item.value for item in complete.get_completions(words, "")] == ["local", "prod", "stg"]
    assert [item.value for item in complete.get_completions(words, "s")] == ["stg"]


def test_every_command_has_a_screen_in_a_file() -> None:
    """Those of `drift` are reports: tests/unit/drift/golden."""
    golden = {file.stem.partition("_")[0] for file in (Path(__file__).parent / "golden").iterdir()}
    assert golden == {*COMMANDS, "help"} - {"drift"}


def test_only_the_commands_import_click_and_rich() -> None:
    package = Path(exit_codes.__file__).parents[1]
    users = {
        file.relative_to(package).parts[0]
        for file in package.rglob("*.py")
        if re.search(r"^\s*(?:from|import) (?:click|rich)\b", file.read_text(), re.MULTILINE)
    }
    assert users == {"cli"}


def test_every_command_has_a_schema() -> None:
    folder = Path(exit_codes.__file__).parent / "schemas"
    assert {file.stem for file in folder.iterdir()} == {*COMMANDS, "error"}


def test_json_is_all_of_stdout(world: World) -> None:
    for words in (["status"], ["run"], ["pending"], ["plan"], ["history"], ["show"], ["logs"]):
        json.loads(world.run(*words, "--json").stdout)
