#!/usr/bin/env python3
"""Puts the Pulumi engine's programs into the checkout's tools folder, with Python's standard library alone.

Each part is taken from PATH, else from the official download, else built from published Go modules; what was
downloaded or built is kept in a cache outside the checkout. See docs/setup.md.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from acquire import official, ways
from acquire.errors import SetupError
from acquire.parts import AWS, CLI, ENGINE, PARTS, Part
from acquire.tools_folder import ToolsFolder
from acquire.ways import Acquired

_print_lock = threading.Lock()


def main(arguments: list[str]) -> int:
    """Runs the installation; returns the exit code."""
    options = _options(arguments)
    tools = ToolsFolder(options.tools)
    try:
        if options.retry_download:
            official.forget_failure()
        allowed = ways.allowed()
        if options.check:
            return _check(tools, allowed)
        _install(tools, allowed)
        _require_terraform_provider(tools, allowed)
    except SetupError as error:
        print(f"set-up cannot go on: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("set-up was interrupted; run it again to go on", file=sys.stderr)
        return 130
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Installs the Pulumi engine's programs into the tools folder."
    )
    parser.add_argument("--check", action="store_true", help="only print what would be done")
    parser.add_argument(
        "--retry-download", action="store_true", help="ask the download site again if it was unreachable"
    )
    parser.add_argument(
        "--tools", type=Path, default=ENGINE.parent.parent / ".tools", help="default: <checkout>/.tools"
    )
    return parser.parse_args(arguments)


def _check(tools: ToolsFolder, allowed: tuple[str, ...]) -> int:
    for part in PARTS:
        current = tools.current(part, allowed)
        ready = current or ways.cached(part, allowed)
        if current:
            _say(part, f"ready ({_how(current)})")
        elif ready:
            _say(part, f"would be linked from the cache ({_how(ready)})")
        else:
            _say(part, f"would be had by {', else '.join(allowed)} (a build takes {part.build_time})")
    return 0


def _install(tools: ToolsFolder, allowed: tuple[str, ...]) -> None:
    wanted = []
    for part in PARTS:
        current = tools.current(part, allowed)
        if current is None:
            wanted.append(part)
        else:
            _say(part, f"ready ({_how(current)})")
    # All parts at once: builds share most packages and link in parallel, which halves the time on two cores.
    with ThreadPoolExecutor(max_workers=len(PARTS)) as pool:
        futures: dict[str, Future[Acquired]] = {}
        for part in wanted:
            futures[part.key] = pool.submit(_acquire, part, tools, allowed, futures)
    failures = []
    for part in wanted:
        try:
            tools.link(part, allowed, futures[part.key].result())
        except SetupError as error:
            failures.append(str(error))
    if failures:
        raise SetupError("\nand: ".join(dict.fromkeys(failures)))


def _acquire(
    part: Part, tools: ToolsFolder, allowed: tuple[str, ...], futures: dict[str, Future[Acquired]]
) -> Acquired:
    def cli() -> Path:
        if CLI.key in futures:
            return futures[CLI.key].result().programs["pulumi"]
        return tools.bin / "pulumi"

    def notice(text: str) -> None:
        _say(part, text)

    started = time.monotonic()
    acquired = ways.acquire(part, allowed, tools.own_folders, cli, notice)
    took = time.monotonic() - started
    _say(part, f"done in {took:.1f} s ({_how(acquired)})" if took >= 1 else f"linked ({_how(acquired)})")
    return acquired


def _require_terraform_provider(tools: ToolsFolder, allowed: tuple[str, ...]) -> None:
    """Asks the plugin we built for the Terraform provider it will run; the official plugin needs none.

    Raises:
        SetupError: there is no provider.
    """
    current = tools.current(AWS, allowed)
    if current is None or current.way != ways.BUILD:
        return
    program = current.programs[AWS.programs[0]]
    answer = subprocess.run(
        [program, "-find-provider"], capture_output=True, text=True, check=False, timeout=60
    )
    if answer.returncode != 0:
        raise SetupError(answer.stderr.strip().removeprefix("error: "))
    _say(AWS, f"runs {answer.stdout.strip()}")


def _how(acquired: Acquired) -> str:
    folder = next(iter(acquired.programs.values())).parent
    words = {ways.PATH: "yours", ways.DOWNLOAD: "downloaded", ways.BUILD: "built"}
    return f"{words[acquired.way]}, {folder}"


def _say(part: Part, text: str) -> None:
    with _print_lock:
        print(f"  {part.title}: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
