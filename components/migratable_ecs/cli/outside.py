"""What a command needs of the world, so that tests can have one of their own: AWS, time, the `pulumi` CLI, Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from ..migration.clock import Clock, SystemClock
from ..migration.session import AwsSettings, Clients, connect
from . import exit_codes
from .errors import CommandError
from .telling import Telling


class Outside:
    """The real world. `migratable_ecs.testing.FakeAws` in a subclass makes a world for tests."""

    def __init__(self) -> None:
        self.interrupted = threading.Event()
        self.clock: Clock = SystemClock(self.interrupted)

    def clients(self, settings: AwsSettings) -> Clients:
        """The boto3 clients for `settings`, made when they are first used."""
        return Telling(connect(settings))

    def prepare(self) -> None:
        """Import boto3 meanwhile: it takes as long as the `pulumi` that is waited for."""
        threading.Thread(target=_import_boto3, daemon=True).start()

    def somebody_there(self) -> bool:
        """Whether a person can be asked."""
        return sys.stdin.isatty()

    def pulumi(self, words: Sequence[str], folder: Path) -> Any:
        """What `pulumi WORDS` in `folder` prints, parsed as JSON.

        Raises:
            CommandError: there is no pulumi, or it failed; its own words are in the sentence.
        """
        return parse_json(words, run_program(["pulumi", *words, "--non-interactive"], folder))

    def download(self, url: str) -> IO[bytes]:
        """What `url`, a link that ECR has signed, gives; read it piece by piece."""
        from urllib.request import urlopen

        file: IO[bytes] = urlopen(url, timeout=60)
        return file

    def has_program(self, name: str) -> bool:
        """Whether `name` is on PATH."""
        return shutil.which(name) is not None

    def machine(self) -> tuple[str, str]:
        """System and processor of this machine, as `uname` says them."""
        return platform.system(), platform.machine()

    def hand_over(self, words: Sequence[str], environment: Mapping[str, str]) -> int:
        """Let a program have the terminal, Ctrl-C too, until it ends; its exit code. `environment` is added to that of this process."""
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            return subprocess.run(
                words, env={**os.environ, **environment}, check=False, preexec_fn=_default_ctrl_c
            ).returncode
        finally:
            signal.signal(signal.SIGINT, before)

    @contextlib.contextmanager
    def ctrl_c(self, said: Interrupts) -> Iterator[Interrupts]:
        """Within the block the first Ctrl-C (or SIGTERM) is a wish: `said.asked()` is True from then on. The second ends at once."""

        def handler(number: int, _frame: Any) -> None:
            if self.interrupted.is_set():
                raise KeyboardInterrupt
            self.interrupted.set()
            said.explain()

        if threading.current_thread() is not threading.main_thread():
            yield said
            return
        before = {each: signal.signal(each, handler) for each in (signal.SIGINT, signal.SIGTERM)}
        said.event = self.interrupted
        try:
            yield said
        finally:
            for each, old in before.items():
                signal.signal(each, old)


@dataclass
class Interrupts:
    """Whether Ctrl-C was pressed; `explain` is called when it is."""

    explain: Callable[[], None]
    event: threading.Event = field(default_factory=threading.Event)

    def asked(self) -> bool:
        """True from the first on."""
        return self.event.is_set()


def _default_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def run_program(words: Sequence[str], folder: Path) -> str:
    """stdout of a program.

    Raises:
        CommandError: it or the folder is missing, or it failed.
    """
    if not folder.is_dir():
        raise CommandError(
            f"there is no folder {str(folder)!r}: name that of the Pulumi project with -C", exit_codes.USAGE
        )
    try:
        done = subprocess.run(
            words, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise CommandError(
            f"there is no program {words[0]!r} on PATH: install it (docs/setup.md), or name the service with --cluster and --family",
            exit_codes.UNREACHABLE,
        ) from None
    if done.returncode != 0:
        said = " ".join(line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip())
        code = exit_codes.NOT_FOUND if "no stack named" in said else exit_codes.UNREACHABLE
        raise CommandError(
            f"`{' '.join(words[:4])}` failed: {said.removeprefix('error: ')[:600]}; run it by hand in {folder}, "
            "or name the service with --cluster and --family",
            code,
        )
    return done.stdout


def parse_json(words: Sequence[str], text: str) -> Any:
    """`text` as JSON."""
    import json

    try:
        return json.loads(text)
    except ValueError:
        raise CommandError(
            f"`pulumi {' '.join(words[:3])}` printed no JSON: {text[:200]!r}; run it by hand to see why",
            exit_codes.UNREACHABLE,
        ) from None


def _import_boto3() -> None:
    import boto3  # noqa: F401
