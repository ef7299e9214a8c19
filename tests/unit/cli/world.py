"""The world of a command: one service on the fake AWS, its stack's state as `pulumi stack export` gives it, and nobody's Ctrl-C."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from migratable_ecs.cli.main import group
from migratable_ecs.cli.outside import Interrupts, Outside
from migratable_ecs.migration.session import AwsSettings
from migratable_ecs.testing import FakeClock, fargate_task_definition

from tests.unit.cli.answers import Answers
from tests.unit.migration.scenario import DIGEST, FAMILY, GROUP, NETWORK, Scenario

URN = "urn:pulumi:stg::shop::"
COMPONENT = f"{URN}migratable-ecs:index:MigratableEcsService::web"
BELOW = f"{URN}migratable-ecs:index:MigratableEcsService$"
APP_GROUP = "/ecs/web"
TARGET_GROUP = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:targetgroup/web/0123456789abcdef"
HEALTHY = {"Target": {"Id": "10.0.1.7", "Port": 8000}, "TargetHealth": {"State": "healthy"}}


class Balancer:
    """DescribeTargetHealth."""

    def __init__(self) -> None:
        self.targets: list[dict[str, Any]] = [HEALTHY]

    def describe_target_health(self, **_request: Any) -> dict[str, Any]:
        return {"TargetHealthDescriptions": self.targets}


@dataclass
class Pressed(Interrupts):
    """Ctrl-C after so many questions whether it was pressed; None: never."""

    after: int | None = None
    questions: int = 0

    def asked(self) -> bool:
        self.questions += 1
        if self.after is not None and self.questions > self.after and not self.event.is_set():
            self.event.set()
            self.explain()
        return self.event.is_set()


@dataclass
class World(Outside):
    """`run("status", "-s", "stg")` runs a command in it; `props` are the inputs of the stack's MigrationRun."""

    scenario: Scenario = field(default_factory=Scenario)
    props: dict[str, Any] = field(default_factory=dict)
    recorded: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    stack: str = "stg"
    workers: tuple[str, ...] = ()
    pulumi_calls: list[list[str]] = field(default_factory=list)
    settings: list[AwsSettings] = field(default_factory=list)
    interrupt_after: int | None = None

    def __post_init__(self) -> None:
        self.interrupted = threading.Event()
        self.aws = self.scenario.aws
        self.clock = self.aws.clock
        self.balancer = Balancer()
        #: Clients of services of which there is no fake.
        self.others: dict[str, Any] = {
            "elbv2": self.balancer,
            "application-autoscaling": Answers(describe_scalable_targets={"ScalableTargets": []}),
        }
        self.aws.logs.create_log_group(logGroupName=APP_GROUP)
        definition = fargate_task_definition(
            "web",
            image=f"web@{DIGEST}",
            container="app",
            log_group=APP_GROUP,
            portMappings=[{"containerPort": 8000}],
        )
        self.app = self.aws.ecs.register_task_definition(**definition)["taskDefinition"]["taskDefinitionArn"]
        self.aws.ecs.create_service(
            cluster="default", serviceName="web", taskDefinition=self.app, desiredCount=1,
            networkConfiguration={"awsvpcConfiguration": NETWORK}, loadBalancers=[{"targetGroupArn": TARGET_GROUP}],
        )  # fmt: skip
        for key in self.workers:
            self.make_worker(key)
        self.clock.sleep(120)
        self.own_calls = len(self.aws.calls)
        self.present = False
        self.props = {
            "urn": f"{BELOW}pulumi-python:dynamic/ecs:MigrationRun::web-migrate",
            "service": "web", "stack": "shop/stg", "cluster": "default", "family": FAMILY,
            "task_definition": self.scenario.definition_arn, "container": "migrate", "image_digest": DIGEST,
            "subnets": NETWORK["subnets"], "security_groups": NETWORK["securityGroups"], "assign_public_ip": False,
            "launch": {"launchType": "FARGATE"}, "phase": "before", "region": "ap-northeast-1", "timeout": 3600.0, "attempts": 1.0,
            "environment_name": self.stack, "protected": False, "triggers": {},
            "status_command": ["manage.py showmigrations"], "plan_command": ["manage.py migrate --plan"],
            "rollback_command": None, **self.props,
        }  # fmt: skip

    def make_worker(self, key: str) -> None:
        """A service of the app's image, without load balancer."""
        name = f"web-{key}"
        self.aws.logs.create_log_group(logGroupName=f"/ecs/{name}")
        definition = fargate_task_definition(
            name, image=f"web@{DIGEST}", container=key, log_group=f"/ecs/{name}"
        )
        arn = self.aws.ecs.register_task_definition(**definition)["taskDefinition"]["taskDefinitionArn"]
        self.aws.ecs.create_service(
            cluster="default", serviceName=name, taskDefinition=arn, desiredCount=2,
            networkConfiguration={"awsvpcConfiguration": NETWORK},
        )  # fmt: skip

    # -- what the commands see ---------------------------------------------------------------------------------------

    def clients(self, settings: AwsSettings) -> Any:
        self.settings.append(settings)
        return self

    def client(self, service: str) -> Any:
        return self.others.get(service) or self.aws.client(service)

    def prepare(self) -> None:
        """boto3 is not needed here."""

    def somebody_there(self) -> bool:
        return self.present

    def pulumi(self, words: Sequence[str], folder: Path) -> Any:
        self.pulumi_calls.append(list(words))
        if words[:2] == ["stack", "ls"]:
            return [{"name": self.stack, "current": True}]
        return self.config if words[0] == "config" else json.loads(json.dumps(self.deployment()))

    @contextlib.contextmanager
    def ctrl_c(self, said: Interrupts) -> Iterator[Interrupts]:
        yield Pressed(said.explain, after=self.interrupt_after)

    def deployment(self) -> Mapping[str, Any]:
        """The stack's state."""
        service = {
            "urn": f"{BELOW}aws:ecs/service:Service::web",
            "type": "aws:ecs/service:Service",
            "parent": COMPONENT,
        }
        run = {
            "urn": self.props["urn"],
            "type": "pulumi-python:dynamic/ecs:MigrationRun",
            "parent": COMPONENT,
        }
        outputs = {
            "service_name": "web",
            "cluster": "default",
            "log_group": APP_GROUP,
            "url": "http://web.example",
        }
        resources = [
            {"urn": f"{URN}pulumi:pulumi:Stack::shop-{self.stack}", "type": "pulumi:pulumi:Stack"},
            {"urn": COMPONENT, "type": "migratable-ecs:index:MigratableEcsService", "outputs": outputs},
            {**service, "inputs": {"name": "web"}, "outputs": {"name": "web"}},
            *(self._worker_resource(service, f"web-{key}") for key in self.workers),
            {
                **run,
                "inputs": {"__provider": "pickle", **self.props},
                "outputs": {**self.props, **self.recorded},
            },
        ]
        return {"version": 3, "deployment": {"resources": resources}}

    def _worker_resource(self, service: Mapping[str, Any], name: str) -> dict[str, Any]:
        inputs = {"name": name, "taskDefinition": f"{self.app.rpartition('/')[0]}/{name}:1"}
        return {
            **service,
            "urn": str(service["urn"]).replace("::web", f"::{name}"),
            "inputs": inputs,
            "outputs": inputs,
        }

    # -- what the tests do ---------------------------------------------------------------------------------------------

    def run(self, *words: str, width: int = 80, input: str | None = None) -> Result:
        """Run `migratable-ecs WORDS` in this world; with `input` somebody is there to answer."""
        self.present = input is not None
        environment = {"COLUMNS": str(width), "NO_COLOR": "1", "FORCE_COLOR": None, "PULUMI_STACK": None}
        return CliRunner().invoke(group(), list(words), obj=self, env=environment, input=input)

    def say(self, *lines: str, stream: str = "app/app/1") -> None:
        """Lines of the app, now."""
        with contextlib.suppress(self.aws.logs.exceptions.ResourceAlreadyExistsException):
            self.aws.logs.create_log_stream(logGroupName=APP_GROUP, logStreamName=stream)
        self.aws.logs.put_log_events(
            logGroupName=APP_GROUP, logStreamName=stream,
            logEvents=[{"timestamp": int(self.clock.time() * 1000), "message": line} for line in lines],
        )  # fmt: skip
        FakeClock.sleep(self.clock, 10)

    @property
    def launched(self) -> list[Any]:
        """The containers of the migration's family that really ran."""
        return [each for each in self.aws.ecs.launched if each.family == FAMILY]


__all__ = ["APP_GROUP", "DIGEST", "FAMILY", "GROUP", "World"]
