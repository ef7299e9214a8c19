"""`exec` and `forward`: what is handed to the AWS CLI. On the fakes: the local cloud has no ECS Exec."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from migratable_ecs.cli.outside import Outside
from migratable_ecs.cli.session import how_to_install

from tests.unit.cli.answers import Answers
from tests.unit.cli.test_doctor import with_database
from tests.unit.cli.world import World

Golden = Callable[..., None]
Matches = Callable[[str, str], Any]

TASK = "arn:aws:ecs:ap-northeast-1:123456789012:task/default/0123456789abcdef0123456789abcdef"


class Shelled(World):
    """A world with a running task of the service, and the programs; `handed` is what was started."""

    programs: tuple[str, ...] = ("aws", "session-manager-plugin")
    agent = "RUNNING"
    enabled = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self.handed: list[tuple[list[str], dict[str, str]]] = []
        fake = self.aws.ecs
        self.others["ecs"] = Answers(
            list_tasks={"taskArns": [TASK]},
            describe_tasks=lambda **_: {"tasks": [self.task()]},
            describe_services=fake.describe_services,
            describe_task_definition=fake.describe_task_definition,
        )

    def task(self) -> dict[str, Any]:
        agent = {"name": "ExecuteCommandAgent", "lastStatus": self.agent}
        container = {"name": "app", "runtimeId": "0123456789abcdef-42", "managedAgents": [agent]}
        return {
            "taskArn": TASK, "taskDefinitionArn": self.app, "lastStatus": "RUNNING", "enableExecuteCommand": self.enabled,
            "containers": [container],
        }  # fmt: skip

    def has_program(self, name: str) -> bool:
        return name in self.programs

    def machine(self) -> tuple[str, str]:
        return "Linux", "x86_64"

    def hand_over(self, words: Sequence[str], environment: Mapping[str, str]) -> int:
        self.handed.append((list(words), dict(environment)))
        return 3


@pytest.fixture
def world() -> Shelled:
    return Shelled()


class TestExec:
    def test_a_shell(self, world: Shelled) -> None:
        done = world.run("exec", "-s", "stg")
        ((words, environment),) = world.handed
        assert words[:3] == ["aws", "ecs", "execute-command"]
        assert words[words.index("--command") + 1] == "/bin/sh"
        assert words[words.index("--container") + 1] == "app"
        assert environment == {}
        assert done.exit_code == 3, "that of the program"

    def test_the_screen_of_print(self, world: Shelled, golden: Golden, matches: Matches) -> None:
        golden(
            "exec", world.run("exec", "--print", "rails", "runner", "-e", "stg", "puts 1").stdout, lines=True
        )
        data = matches("exec", world.run("exec", "--print", "--json").stdout)
        assert (data["task"], data["container"]) == (TASK[-32:], "app")
        assert not world.handed
        assert world.run("exec", "--json").exit_code == world.run("forward", "--json").exit_code == 2

    def test_production_wants_the_name(self) -> None:
        prod = Shelled(stack="prod")
        assert prod.run("exec", input="y\n").exit_code == 3
        assert not prod.handed
        prod.run("exec", input="prod\n")
        assert len(prod.handed) == 1

    @pytest.mark.parametrize(
        ("change", "code", "said"),
        [
            ({"programs": ()}, 5, "there is no AWS CLI on PATH"),
            ({"programs": ("aws",)}, 5, "the AWS CLI lacks session-manager-plugin: `curl -O https://"),
            (
                {"enabled": False},
                3,
                "ECS Exec is off in the running tasks: set execute_command in the service's `rollout`",
            ),
            ({"agent": "STOPPED"}, 5, "the agent of ECS Exec in container app is STOPPED"),
        ],
    )
    def test_what_is_missing_is_said(
        self, world: Shelled, change: dict[str, Any], code: int, said: str
    ) -> None:
        for name, value in change.items():
            setattr(world, name, value)
        done = world.run("exec")
        assert (done.exit_code, world.handed) == (code, [])
        assert said in done.stderr

    def test_wrong_names(self, world: Shelled) -> None:
        assert "has no task whose id begins with 'ffff'" in world.run("exec", "--task", "ffff").stderr
        assert "the task has no container 'db'; it has app" in world.run("exec", "--in", "db").stderr
        world.others["ecs"].answers["list_tasks"] = {}
        assert world.run("exec").exit_code == 6


class TestForward:
    def test_to_the_database_of_the_settings(self, world: Shelled) -> None:
        with_database(world)
        done = world.run("forward", "-s", "stg")
        ((words, _),) = world.handed
        assert words[words.index("--target") + 1] == f"ecs:default_{TASK[-32:]}_0123456789abcdef-42"
        parameters = json.loads(words[words.index("--parameters") + 1])
        assert parameters == {"host": ["db.example"], "portNumber": ["5432"], "localPortNumber": ["15432"]}
        assert "127.0.0.1:15432 leads to db.example:5432 through task 01234567" in done.stderr

    def test_the_screen_of_print(self, world: Shelled, golden: Golden, matches: Matches) -> None:
        words = ("forward", "--host", "redis.example", "--port", "6379", "--local-port", "7000", "--print")
        golden("forward", world.run(*words).stdout, lines=True)
        assert matches("forward", world.run(*words, "--json").stdout)["local_port"] == 7000

    def test_a_database_that_nobody_names(self, world: Shelled) -> None:
        done = world.run("forward")
        assert done.exit_code == 6
        assert "give --host and --port" in done.stderr

    def test_production_wants_the_name(self) -> None:
        prod = Shelled(stack="prod")
        assert prod.run("forward", "--host", "db", "--port", "1", input="y\n").exit_code == 3
        assert not prod.handed


def test_a_role_that_the_stack_assumes_goes_through_the_environment() -> None:
    world = Shelled(config={"aws:assumeRoles": {"value": '[{"roleArn": "arn:aws:iam::1:role/x"}]'}})
    credentials = {"AccessKeyId": "key-id", "SecretAccessKey": "given-once", "SessionToken": "token"}
    world.others["sts"] = Answers(assume_role={"Credentials": credentials})
    world.run("exec", "--profile", "shop")
    ((words, environment),) = world.handed
    assert environment["AWS_SECRET_ACCESS_KEY"] == "given-once"
    assert "given-once" not in " ".join(words)
    assert "--profile" not in words, "it would go before the role"


def test_a_profile_is_handed_on(world: Shelled) -> None:
    world.run("exec", "--profile", "shop")
    ((words, _),) = world.handed
    assert words[words.index("--profile") + 1] == "shop"


def test_how_to_get_the_plugin() -> None:
    assert "mac_arm64" in how_to_install("Darwin", "arm64")
    assert "ubuntu_arm64" in how_to_install("Linux", "arm64")
    assert how_to_install("Windows", "AMD64").startswith("see https://docs.aws.amazon.com/")


def test_a_program_has_the_terminal_and_its_exit_code_is_ours() -> None:
    program = [sys.executable, "-c", "import os, sys; sys.exit(int(os.environ['GIVEN']))"]
    assert Outside().hand_over(program, {"GIVEN": "7"}) == 7
    assert Outside().has_program(sys.executable)
    assert not Outside().has_program("no-such-program-here")
    assert (
        subprocess.run(["uname", "-s"], capture_output=True, text=True, check=True).stdout.strip()
        == Outside().machine()[0]
    )
