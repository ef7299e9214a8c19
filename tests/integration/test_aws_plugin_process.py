"""The AWS plugin of last resort as a process: it names resources as pulumi-aws does and leaves nothing running."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, provider_pb2_grpc

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = ROOT / ".tools" / "bin" / "pulumi-resource-aws"
TERRAFORM = "terraform-provider-aws"
SEED = bytes(range(32))

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")


@dataclass
class Running:
    """A plugin as the engine starts it, and the Terraform provider under it."""

    pid: int
    port: int
    terraform: int


def start(command: list[str]) -> tuple[subprocess.Popen[str], Running]:
    """Starts `command`, which must print the plugin's process id and then run it."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    pid, port = int(process.stdout.readline()), int(process.stdout.readline())
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    terraform = [int(child) for child in children if TERRAFORM in Path(f"/proc/{child}/cmdline").read_text()]
    assert len(terraform) == 1
    return process, Running(pid, port, terraform[0])


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def gone(pid: int, seconds: float) -> bool:
    """Waits until the process has ended, `seconds` at most."""
    deadline = time.monotonic() + seconds
    while alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture
def launched() -> Iterator[Callable[[list[str]], Running]]:
    """Starts plugins; whatever a test leaves of them is ended."""
    processes: list[subprocess.Popen[str]] = []
    runs: list[Running] = []

    def launch(command: list[str]) -> Running:
        process, running = start(command)
        processes.append(process)
        runs.append(running)
        return running

    if json.loads((ROOT / ".tools" / "engine.json").read_text())["aws"]["way"] != "build":
        pytest.skip("the official AWS plugin is in use")
    yield launch
    for pid in [pid for running in runs for pid in (running.pid, running.terraform)]:
        if alive(pid):
            os.kill(pid, signal.SIGKILL)
    for process in processes:
        process.kill()
        process.communicate()


UNDER_A_PARENT = ["sh", "-c", f"{PLUGIN} & echo $!; wait"]


def direct(*arguments: str) -> list[str]:
    return ["sh", "-c", f'echo $$; exec {PLUGIN} "$@"', "sh", *arguments]


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGKILL"])
def test_the_terraform_provider_ends_with_the_plugin(
    launched: Callable[[list[str]], Running], name: str
) -> None:
    running = launched(direct())
    assert alive(running.terraform)
    os.kill(running.pid, signal.Signals[name])
    assert gone(running.pid, 5), f"the plugin must end on {name}"
    assert gone(running.terraform, 2), "the Terraform provider must not outlive it"


def test_both_end_when_the_engine_is_killed(launched: Callable[[list[str]], Running]) -> None:
    running = launched(UNDER_A_PARENT)
    engine = int(Path(f"/proc/{running.pid}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(engine, signal.SIGKILL)
    assert gone(running.pid, 6), "the plugin must notice that its parent is gone"
    assert gone(running.terraform, 2)


def checked(running: Running, token: str, name: str, inputs: dict[str, object]) -> provider_pb2.CheckResponse:
    """What the plugin makes of `inputs` for a new resource called `name` in the program."""
    news = Struct()
    news.update(inputs)
    with grpc.insecure_channel(f"127.0.0.1:{running.port}") as channel:
        return provider_pb2_grpc.ResourceProviderStub(channel).Check(
            provider_pb2.CheckRequest(
                urn=f"urn:pulumi:stg::shop::{token}::{name}",
                news=news,
                randomSeed=SEED,
                name=name,
                type=token,
            )
        )


# Token, the property that is named, its greatest length, what the name looks like for the logical name "web".
# https://www.pulumi.com/docs/iac/concepts/resources/names/#autonaming, lengths: the services' own limits.
NAMES = [
    ("aws:ecs/cluster:Cluster", "name", 255, r"web-[0-9a-f]{7}"),
    ("aws:ecs/service:Service", "name", 255, r"web-[0-9a-f]{7}"),
    ("aws:lb/loadBalancer:LoadBalancer", "name", 32, r"web-[0-9a-f]{7}"),
    ("aws:lb/targetGroup:TargetGroup", "name", 32, r"web-[0-9a-f]{7}"),
    ("aws:iam/role:Role", "name", 64, r"web-[0-9a-f]{7}"),
    ("aws:iam/policy:Policy", "name", 128, r"web-[0-9a-f]{7}"),
    ("aws:iam/rolePolicy:RolePolicy", "name", 128, r"web-[0-9a-f]{7}"),
    ("aws:iam/instanceProfile:InstanceProfile", "name", 128, r"web-[0-9a-f]{7}"),
    ("aws:cloudwatch/logGroup:LogGroup", "name", 255, r"web-[0-9a-f]{7}"),
    ("aws:cloudwatch/metricAlarm:MetricAlarm", "name", 255, r"web-[0-9a-f]{7}"),
    ("aws:ecr/repository:Repository", "name", 255, r"web-[0-9a-f]{7}"),
    ("aws:secretsmanager/secret:Secret", "name", 255, r"web-[0-9a-f]{7}"),
    ("aws:scheduler/schedule:Schedule", "name", 255, r"web-[0-9a-f]{7}"),
    ("aws:kms/alias:Alias", "name", 238, r"alias/web-[0-9a-f]{7}"),
    ("aws:s3/bucket:Bucket", "bucket", 63, r"web-[0-9a-f]{7}"),
    ("aws:sns/topic:Topic", "name", 75, r"web-[0-9a-f]{7}"),
    ("aws:rds/instance:Instance", "identifier", 255, r"web[0-9a-f]{7}"),
]


@dataclass
class Engine(engine_pb2_grpc.EngineServicer):
    """As much of the engine as a plugin talks to: it takes log messages."""

    messages: list[str] = field(default_factory=list)

    def Log(self, request: engine_pb2.LogRequest, context: grpc.ServicerContext) -> Empty:  # noqa: N802
        self.messages.append(request.message)
        return Empty()


@pytest.fixture(scope="module")
def engine() -> Iterator[tuple[Engine, int]]:
    """An engine and the port it listens on."""
    servicer, server = Engine(), grpc.server(ThreadPoolExecutor(2))
    engine_pb2_grpc.add_EngineServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield servicer, port
    server.stop(None)


@pytest.fixture(scope="module")
def shared(engine: tuple[Engine, int]) -> Iterator[Running]:
    """One plugin for all names: starting it takes most of the time."""
    if json.loads((ROOT / ".tools" / "engine.json").read_text())["aws"]["way"] != "build":
        pytest.skip("the official AWS plugin is in use")
    process, running = start(direct(f"127.0.0.1:{engine[1]}"))
    yield running
    process.terminate()
    process.communicate()


@pytest.mark.parametrize(("token", "prop", "longest", "pattern"), NAMES, ids=[each[0] for each in NAMES])
def test_resources_without_a_name_get_the_one_pulumi_aws_gives(
    shared: Running, token: str, prop: str, longest: int, pattern: str
) -> None:
    name = MessageToDict(checked(shared, token, "web", {}).inputs)[prop]
    assert re.fullmatch(pattern, name)


@pytest.mark.parametrize(("token", "prop", "longest", "pattern"), NAMES, ids=[each[0] for each in NAMES])
def test_a_name_that_would_be_too_long_is_refused(
    shared: Running, engine: tuple[Engine, int], token: str, prop: str, longest: int, pattern: str
) -> None:
    fitting = "n" * (longest - 7 - (1 if "-" in pattern.split("web")[1][:1] else 0))
    assert (
        len(MessageToDict(checked(shared, token, fitting, {}).inputs)[prop].removeprefix("alias/")) == longest
    )
    engine[0].messages.clear()
    refused = checked(shared, token, fitting + "n", {})
    assert refused.failures, "without a name of ours Terraform would invent one"
    assert [each for each in engine[0].messages if f"longer than maximum length {longest}" in each]


def test_a_first_in_first_out_topic_is_named_as_sns_demands(shared: Running) -> None:
    inputs = checked(shared, "aws:sns/topic:Topic", "events", {"fifoTopic": True}).inputs
    assert MessageToDict(inputs)["name"].endswith(".fifo")


def test_a_given_name_stays(shared: Running) -> None:
    inputs = checked(shared, "aws:ecs/cluster:Cluster", "web", {"name": "shop-stg"}).inputs
    assert MessageToDict(inputs)["name"] == "shop-stg"


def test_a_policy_given_as_an_object_becomes_json(shared: Running) -> None:
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
    }
    inputs = checked(shared, "aws:iam/rolePolicy:RolePolicy", "web", {"role": "r", "policy": policy}).inputs
    assert json.loads(MessageToDict(inputs)["policy"]) == policy


def test_an_input_the_provider_does_not_know_is_named_in_a_warning(
    shared: Running, engine: tuple[Engine, int]
) -> None:
    checked(shared, "aws:ecs/service:Service", "web", {"sigintRollback": True, "region": "eu-west-1"})
    assert [message for message in engine[0].messages if "does not know it: sigintRollback" in message]


def test_a_resource_that_could_not_be_named_says_what_to_do(shared: Running) -> None:
    refused = checked(shared, "aws:lb/targetGroup:TargetGroup", "n" * 26, {})
    assert [failure.property for failure in refused.failures] == ["name"]
    assert 'give "name" or a shorter name' in refused.failures[0].reason


def test_a_prefix_takes_the_place_of_a_name(shared: Running) -> None:
    response = checked(shared, "aws:lb/targetGroup:TargetGroup", "n" * 26, {"namePrefix": "web-"})
    assert not response.failures
    assert "name" not in MessageToDict(response.inputs)
