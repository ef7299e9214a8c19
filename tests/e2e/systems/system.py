"""A stack with the settings of an example under `examples/`, and the operator's commands for it."""

from __future__ import annotations

import json
import shutil
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
    """`example`: folder under `examples/`; its settings are the file of the stack's name, else that of `like`, or the only one there is.

    `balancer`: the load balancer that it stands behind.
    """

    example: str = ""
    like: str = ""
    balancer: str = "local"

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
        """Run `migratable-ecs WORDS` for this stack to its end."""
        command = [sys.executable, "-m", "migratable_ecs.cli.main", words[0], "-s", self.name, *words[1:]]
        return self._finished(command, self.env, timeout)

    def make(self, *words: str, timeout: float = 300) -> Result:
        """Run `make WORDS` to its end, with the Makefile, the scripts and the tools of the checkout beside this stack's settings."""
        if not (self.folder / "Makefile").exists():
            shutil.copy(ROOT / "Makefile", self.folder)
            shutil.copytree(ROOT / "scripts", self.folder / "scripts")
            (self.folder / "tools").symlink_to(ROOT / "tools")
        # `make systems` hands its own flags on.
        env = {
            name: each for name, each in self.env.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")
        }
        return self._finished(["make", *words], env, timeout)

    def _finished(self, command: list[str], env: dict[str, str], timeout: float) -> Result:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Result(done.returncode, done.stdout)

    def ask(self, *words: str) -> dict[str, Any]:
        """The JSON object that `migratable-ecs WORDS --json` prints."""
        output = self.operate(*words, "--json").output
        assert "{" in output, output
        return dict(json.JSONDecoder().raw_decode(output[output.index("{") :])[0])

    def get(self, path: str, host: str = "") -> dict[str, Any]:
        """The application's JSON through the load balancer, at `host` where its rule wants one."""
        base = f"{self.cloud.env()['AWS_ENDPOINT_URL']}/_alb/{self.balancer}"
        asked = urllib.request.Request(base + path, headers={"Host": host} if host else {})
        with urllib.request.urlopen(asked, timeout=10) as reply:
            return dict(json.load(reply))

    def definition(self, family: str) -> dict[str, Any]:
        """The newest revision of a task definition."""
        found = self.client("ecs").describe_task_definition(taskDefinition=family)["taskDefinition"]
        return dict(found)


@contextmanager
def deployed(
    cloud: LocalCloud,
    folder: Path,
    example: str,
    name: str,
    *,
    cluster: str = "local",
    balancer: str = "local",
) -> Iterator[System]:
    """The system's stack, with nothing in it yet; destroyed after the block."""
    made = System(cloud, folder, name, example=example, cluster=cluster, balancer=balancer)
    yield made
    made.run("cancel", "--stack", made.name, "--yes")
    destroyed = made.destroy()
    assert destroyed.ok, destroyed.output
    assert made.run("stack", "rm", made.name, "--yes").ok
