"""One stack of the program on a local cloud of the tests' own, driven by the real `pulumi` CLI."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import yaml

from tools.localcloud.instance import LocalCloud

ROOT = Path(__file__).resolve().parents[2]
SERVICE = "django-app"
ROW = "MigrationRun django-app-migrate"


@dataclass
class Result:
    """What a command printed and how it ended."""

    returncode: int
    output: str

    @property
    def ok(self) -> bool:
        return self.returncode == 0

    def lines(self, containing: str) -> list[str]:
        return [line for line in self.output.splitlines() if containing in line]


@dataclass
class Stack:
    """A copy of the program in a folder of its own, with the stack `name` on `cloud`; `program` and `project` replace its files.

    `cluster`: where its tasks are.
    """

    cloud: LocalCloud
    folder: Path
    name: str = "local"
    extra_env: dict[str, str] = field(default_factory=dict)
    program: str = ""
    project: str = ""
    cluster: str = "local"
    made_at: datetime = field(default_factory=lambda: datetime.now(UTC), init=False)

    def __post_init__(self) -> None:
        for file in ("Pulumi.yaml", "Pulumi.local.yaml", "__main__.py"):
            shutil.copy(ROOT / file, self.folder / file)
        for file, text in (("__main__.py", self.program), ("Pulumi.yaml", self.project)):
            if text:
                (self.folder / file).write_text(text)
        (self.folder / ".venv").symlink_to(ROOT / ".venv")
        if self.name != "local":
            (self.folder / "Pulumi.local.yaml").rename(self.folder / f"Pulumi.{self.name}.yaml")
        made = self.run("stack", "init", self.name)
        assert made.ok, made.output

    @property
    def env(self) -> dict[str, str]:
        path = f"{ROOT / '.venv/bin'}:{ROOT / '.tools/bin'}:{os.environ['PATH']}"
        cloud = self.cloud.env()
        if "PULUMI_IGNORE_AMBIENT_PLUGINS" in cloud:
            # As scripts/stack has it: set-up's plugin is all that is needed.
            cloud["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
        return {**os.environ, **cloud, "PATH": path, "NO_COLOR": "1", **self.extra_env}

    def command(self, *words: str) -> list[str]:
        return ["pulumi", *words, "--non-interactive"]

    def run(self, *words: str, timeout: float = 300) -> Result:
        """Run pulumi to its end."""
        done = subprocess.run(
            self.command(*words),
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Result(done.returncode, done.stdout)

    def up(self, *words: str, timeout: float = 300) -> Result:
        return self.run("up", "--stack", self.name, "--yes", "--skip-preview", *words, timeout=timeout)

    def preview(self, *words: str) -> Result:
        return self.run("preview", "--stack", self.name, *words)

    def destroy(self) -> Result:
        return self.run("destroy", "--stack", self.name, "--yes", "--skip-preview")

    def start_up(self) -> subprocess.Popen[str]:
        """Start `pulumi up` in a process group of its own and go on."""
        return subprocess.Popen(
            self.command("up", "--stack", self.name, "--yes", "--skip-preview"),
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    def configure(self, **changes: Any) -> None:
        """Change keys of the stack's settings file; None removes a key, and `migration.timeout` reaches into a map."""
        file = self.folder / f"Pulumi.{self.name}.yaml"
        settings = yaml.safe_load(file.read_text())
        for key, value in changes.items():
            outer, _, inner = f"migratable-ecs:{key}".partition(".")
            place = settings["config"].setdefault(outer, {}) if inner else settings["config"]
            if value is None:
                place.pop(inner or outer, None)
            else:
                place[inner or outer] = value
        file.write_text(yaml.safe_dump(settings))

    def outputs(self) -> dict[str, Any]:
        reply = self.run("stack", "output", "--stack", self.name, "--json").output
        return dict(json.loads(reply[reply.index("{") :]))

    def state(self) -> str:
        """The whole state as text."""
        return self.run("stack", "export", "--stack", self.name).output

    # -- what AWS and the database say ---------------------------------------------------------------------------

    def client(self, service: str) -> Any:
        env = self.cloud.env()
        return boto3.client(
            service,
            endpoint_url=env["AWS_ENDPOINT_URL"],
            region_name=env["AWS_REGION"],
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def migration_tasks(self, family: str = f"{SERVICE}-migrate") -> list[str]:
        """ARNs of the tasks of the migration since this stack was made, running or stopped, oldest first.

        ECS remembers those of earlier tests, whose services had the same names, for an hour.
        """
        ecs = self.client("ecs")
        arns = [
            arn
            for status in ("RUNNING", "STOPPED")
            for arn in ecs.list_tasks(cluster=self.cluster, family=family, desiredStatus=status)["taskArns"]
        ]
        found = ecs.describe_tasks(cluster=self.cluster, tasks=arns)["tasks"] if arns else []
        own = sorted(
            (task["createdAt"], task["taskArn"]) for task in found if task["createdAt"] >= self.made_at
        )
        return [arn for _, arn in own]

    def running_digest(self) -> str:
        """The digest that the service's PRIMARY deployment runs."""
        ecs = self.client("ecs")
        service = ecs.describe_services(cluster=self.cluster, services=[SERVICE])["services"][0]
        primary = next(d for d in service["deployments"] if d["status"] == "PRIMARY")
        definition = ecs.describe_task_definition(taskDefinition=primary["taskDefinition"])
        image = definition["taskDefinition"]["containerDefinitions"][0]["image"]
        return str(image.partition("@")[2])

    def page(self) -> dict[str, Any]:
        """The application's answer through the load balancer."""
        with urllib.request.urlopen(f"{self.cloud.url}/courses.json", timeout=10) as reply:
            return dict(json.load(reply))


def lines_of(process: subprocess.Popen[str]) -> Iterator[str]:
    assert process.stdout is not None
    yield from iter(process.stdout.readline, "")


def wait_for_line(process: subprocess.Popen[str], containing: str, timeout: float = 120) -> list[str]:
    """Read until a line holds `containing`; returns the lines so far."""
    ends = time.monotonic() + timeout
    seen = []
    for line in lines_of(process):
        seen.append(line)
        if containing in line:
            return seen
        if time.monotonic() > ends:
            break
    raise AssertionError(f"no line with {containing!r} in:\n{''.join(seen)}")


def kill_group(process: subprocess.Popen[str]) -> None:
    """SIGKILL to pulumi and to every plugin it has started, in their own groups too."""
    children = descendants(process.pid)
    for pid in [process.pid, *children]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.wait(timeout=10)


def descendants(pid: int) -> list[int]:
    """All processes below `pid`."""
    found: list[int] = []
    todo = [pid]
    while todo:
        parent = todo.pop()
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            for child in children.read_text().split():
                found.append(int(child))
                todo.append(int(child))
    return found


def eventually(check: Callable[[], bool], timeout: float = 30) -> bool:
    """Whether `check` becomes true within `timeout` seconds."""
    ends = time.monotonic() + timeout
    while time.monotonic() < ends:
        if check():
            return True
        time.sleep(0.5)
    return check()
