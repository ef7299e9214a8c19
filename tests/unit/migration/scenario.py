"""One service on the fake AWS: what the run's tests have in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from migratable_ecs.migration.identity import run_identity
from migratable_ecs.migration.run import execute
from migratable_ecs.migration.shell import MARKERS
from migratable_ecs.migration.spec import RunRecord, RunSpec
from migratable_ecs.testing import ContainerScript, FakeAws, Script, fargate_task_definition, succeeds

GROUP = "/ecs/web-migrate"
FAMILY = "web-migrate"
DIGEST = "sha256:" + "a" * 64
OTHER_DIGEST = "sha256:" + "b" * 64
NETWORK = {"subnets": ["subnet-1"], "securityGroups": ["sg-1"], "assignPublicIp": "DISABLED"}

_MARKER = re.compile(r"echo '([^']+)' >&2")


def marker_of(overrides: Mapping[str, Any]) -> str:
    """The end marker that the overridden command would print, "" when it prints none."""
    for container in overrides.get("containerOverrides", ()):
        found = _MARKER.search(" ".join(container.get("command", ())))
        if found:
            return found[1]
    return ""


def with_marker(script: Script, overrides: Mapping[str, Any]) -> Script:
    """`script` as a shell would run it: the marker on both outputs at the end, unless the shell itself was killed."""
    marker = marker_of(overrides)
    main = script.main
    if not marker or main.duration is None or main.exit_code == 137 or script.start_failure:
        return script
    lines = [*main.lines, *[(main.duration, marker)] * MARKERS]
    return replace(script, main=replace(main, lines=lines))


@dataclass
class Scenario:
    """A cluster, a log group, a task definition whose command is a shell script, and lines shown so far."""

    script: Script | Callable[[int], Script] = field(
        default_factory=lambda: succeeds("Applying 0001_initial... OK", "Applying 0002_rows... OK")
    )
    shell: bool = True
    aws_options: dict[str, Any] = field(default_factory=dict)
    spec_options: dict[str, Any] = field(default_factory=dict)
    definition_options: dict[str, Any] = field(default_factory=dict)
    sidecars: tuple[Mapping[str, Any], ...] = ()

    def __post_init__(self) -> None:
        self.aws = FakeAws(**self.aws_options)
        self.aws.logs.create_log_group(logGroupName=GROUP)
        command: dict[str, Any] = (
            {"entryPoint": ["sh", "-c"], "command": ["manage.py migrate"]}
            if self.shell
            else {"command": ["/migrate", "up"]}
        )
        self.definition_arn = self.register(**command)
        self.aws.ecs.behave(self._behaviour)
        self.lines: list[str] = []

    def register(self, **options: Any) -> str:
        reply = self.aws.ecs.register_task_definition(
            **fargate_task_definition(
                FAMILY, log_group=GROUP, sidecars=self.sidecars, **{**options, **self.definition_options}
            )
        )
        return str(reply["taskDefinition"]["taskDefinitionArn"])

    def _behaviour(self, definition: Mapping[str, Any], overrides: Mapping[str, Any], number: int) -> Script:
        script = self.script(number) if callable(self.script) else self.script
        return with_marker(script, overrides)

    def spec(self, **options: Any) -> RunSpec:
        """The run wanted; `urn`, `digest`, `serial` go into its identity."""
        given = {**self.spec_options, **options}
        urn = given.pop("urn", "urn:pulumi:stg::shop::MigrationRun::web")
        serial = given.pop("serial", 0)
        digest = given.setdefault("digest", DIGEST)
        base = RunSpec(
            identity=run_identity(urn, digest, {}, serial, "" if serial else self.definition_arn),
            service="web",
            stack="shop/stg",
            cluster="default",
            family=FAMILY,
            task_definition=self.definition_arn,
            container="migrate",
            digest=digest,
            network=NETWORK,
            launch={"launchType": "FARGATE"},
        )
        return replace(base, **{k: v for k, v in given.items() if k != "digest"})

    def run(self, cancelled: Callable[[], bool] = lambda: False, **options: Any) -> RunRecord:
        return execute(self.spec(**options), self.aws, self.aws.clock, self.lines.append, cancelled)

    @property
    def shown(self) -> list[str]:
        """The migration's own lines."""
        own = ("task ", "migration succeeded", "waiting for", "timeout:", "another deployer", "attempt ")
        return [line for line in self.lines if not line.startswith(own)]


def quiet(duration: float = 5.0) -> ContainerScript:
    """A container that prints nothing."""
    return ContainerScript((), duration)
