"""A stack with the settings of an example under `examples/`, and the operator's commands for it."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.stack import ROOT, Result, Stack
from tools.localcloud.instance import LocalCloud


@dataclass
class System(Stack):
    """`example`: folder under `examples/`; its settings are the file of the stack's name, else that of `like`, or the only one there is."""

    example: str = ""
    like: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        examples = ROOT / "examples" / self.example
        settings = examples / f"Pulumi.{self.like or self.name}.yaml"
        if not settings.exists():
            (settings,) = examples.glob("Pulumi.*.yaml")
        file = self.folder / f"Pulumi.{self.name}.yaml"
        ours = {**yaml.safe_load(file.read_text()), **yaml.safe_load(settings.read_text())}
        file.write_text(yaml.safe_dump(ours))

    def operate(self, *words: str, timeout: float = 120) -> Result:
        """Run `migratable-ecs WORDS -s STACK` to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "migratable_ecs.cli.main", *words, "-s", self.name],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Result(done.returncode, done.stdout)

    def get(self, path: str) -> dict[str, Any]:
        """The application's JSON through the load balancer."""
        with urllib.request.urlopen(self.cloud.url + path, timeout=10) as reply:
            return dict(json.load(reply))

    def definition(self, family: str) -> dict[str, Any]:
        """The newest revision of a task definition."""
        found = self.client("ecs").describe_task_definition(taskDefinition=family)["taskDefinition"]
        return dict(found)


@contextmanager
def deployed(cloud: LocalCloud, folder: Path, example: str, name: str) -> Iterator[System]:
    """The system's stack, with nothing in it yet; destroyed after the block."""
    made = System(cloud, folder, name, example=example)
    yield made
    made.run("cancel", "--stack", made.name, "--yes")
    destroyed = made.destroy()
    assert destroyed.ok, destroyed.output
    assert made.run("stack", "rm", made.name, "--yes").ok
