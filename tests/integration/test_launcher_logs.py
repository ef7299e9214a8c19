"""awslogs: every line once, in order, soon; and what ECS says about a missing group or secret."""

from __future__ import annotations

import json
import time
import types
import uuid
from typing import Any, cast

import pytest

from tools.localcloud.launcher_docker import Frame
from tools.localcloud.launcher_logs import Follower

from . import launcher_fixture as fixture
from .launcher_fixture import ACCOUNT, REGION, Cluster, until

pytestmark = pytest.mark.docker
cloud, cluster = fixture.cloud, fixture.cluster

SECRETS_FAILED = (
    "ResourceInitializationError: unable to pull secrets or registry auth: "
    "execution resource retrieval failed: "
)


def options(**changed: str) -> dict[str, Any]:
    return {
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-region": REGION,
                "awslogs-stream-prefix": "t",
                **{f"awslogs-{k.replace('_', '-')}": v for k, v in changed.items()},
            },
        }
    }


def test_stdout_and_stderr_arrive_whole_and_in_order(cluster: Cluster) -> None:
    script = "for i in 1 2 3 4 5; do echo out $i; sleep 0.03; echo err $i >&2; sleep 0.03; done; printf 'no newline'"
    expected = [f"{where} {i}" for i in range(1, 6) for where in ("out", "err")]
    assert cluster.output(script) == [*expected, "no newline"]


class StoredFrames:
    """An engine whose log is these frames, in the order of storing; the follower gets only the first `followed` of them."""

    def __init__(self, followed: int, *frames: tuple[str, str]) -> None:
        self._followed = followed
        self._frames = [
            Frame(1, f"2026-01-01T00:00:{stamp}Z", f"{text}\n".encode()) for stamp, text in frames
        ]

    def frames(self, container: str, *, follow: bool, since: str | None = None) -> list[Frame]:
        stored = self._frames[: self._followed] if follow else self._frames
        return [frame for frame in stored if since is None or frame.stamp >= since]


@pytest.mark.parametrize("followed", range(1, 8))
def test_lines_whose_times_cross_come_once_and_in_the_order_of_storing(followed: int) -> None:
    """Docker stamps the two outputs one beside the other, so a frame may be older than the one stored before it."""
    stored = (
        ("00.500000000", "a"), ("02.000000009", "b"), ("02.000000007", "c"), ("02.000000009", "d"),
        ("02.000000009", "e"), ("01.999999999", "f"), ("02.000000008", "g"),
    )  # fmt: skip
    put: list[str] = []
    stream = types.SimpleNamespace(put=lambda events: put.extend(event["message"] for event in events))
    follower = Follower(cast(Any, StoredFrames(followed, *stored)), "c" * 12, cast(Any, stream))
    assert follower.finish(5)
    assert put == list("abcdefg")


def test_empty_lines_are_dropped_and_carriage_returns_cut(cluster: Cluster) -> None:
    assert cluster.output(r"printf 'a\n\n\nb\r\nc\n'") == ["a", "b", "c"]


def test_lines_that_docker_cuts_are_joined_again(cluster: Cluster) -> None:
    lines = cluster.output("head -c 100000 /dev/zero | tr '\\0' x; echo; echo end")
    assert [len(line) for line in lines] == [100_000, 3]


def test_a_line_is_there_within_two_seconds(cluster: Cluster) -> None:
    arn = cluster.run(cluster.container("date +%s%N; sleep 60", stopTimeout=2))
    cluster.reached(arn, "RUNNING")
    line = until(lambda: cluster.lines(arn), 5)[0]
    assert time.time() - int(line) / 1e9 < 2
    cluster.ecs.stop_task(cluster=cluster.name, task=arn)


@pytest.mark.parametrize("run", range(3))
def test_of_100_000_lines_none_is_lost_when_the_task_is_stopped(cluster: Cluster, run: int) -> None:
    script = "i=0; while [ $i -lt 100000 ]; do echo line $i; i=$((i+1)); done"
    arn = cluster.run(cluster.container(script))
    cluster.finished(arn, 120)
    assert cluster.lines(arn) == [f"line {i}" for i in range(100_000)]


def test_the_group_is_created_when_asked_for(cluster: Cluster) -> None:
    group = f"/made/{uuid.uuid4().hex}"
    arn = cluster.run(cluster.container("echo here", **options(group=group, create_group="true")))
    assert cluster.finished(arn)["containers"][0]["exitCode"] == 0
    events = cluster.logs.get_log_events(logGroupName=group, logStreamName=f"t/app/{arn.rsplit('/', 1)[-1]}")
    assert [event["message"] for event in events["events"]] == ["here"]


def test_a_missing_group_fails_the_start(cluster: Cluster) -> None:
    task = cluster.finished(cluster.run(cluster.container("echo here", **options(group="/no/such"))))
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("ResourceInitializationError: failed to validate logger args: ")
    assert "The specified log group does not exist" in task["stoppedReason"]
    assert "exitCode" not in task["containers"][0]


# Secrets


@pytest.fixture
def secret(cluster: Cluster) -> str:
    value = json.dumps({"host": "db", "port": 5432})
    made = cluster.cloud.client("secretsmanager").create_secret(
        Name=f"s-{uuid.uuid4().hex}", SecretString=value
    )
    return str(made["ARN"])


def with_secret(reference: str) -> dict[str, Any]:
    return {"secrets": [{"name": "VALUE", "valueFrom": reference}]}


def test_secrets_arrive_whole_and_by_key(cluster: Cluster, secret: str) -> None:
    assert cluster.output("echo $VALUE", **with_secret(secret)) == ['{"host": "db", "port": 5432}']
    assert cluster.output("echo $VALUE", **with_secret(f"{secret}:host::")) == ["db"]
    assert cluster.output("echo $VALUE", **with_secret(f"{secret}:port::")) == ["5432"]


def test_a_secure_string_arrives_decrypted(cluster: Cluster) -> None:
    ssm = cluster.cloud.client("ssm")
    ssm.put_parameter(Name="/app/value", Value="plain text", Type="SecureString")
    for reference in ("/app/value", f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/app/value"):
        assert cluster.output("echo $VALUE", **with_secret(reference)) == ["plain text"]


def failed_start(cluster: Cluster, reference: str) -> str:
    task = cluster.finished(cluster.run(cluster.container("true", **with_secret(reference))))
    assert task["stopCode"] == "TaskFailedToStart"
    return str(task["stoppedReason"])


def test_a_missing_secret_fails_the_start(cluster: Cluster) -> None:
    arn = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:nothing-AbCdEf"
    reason = failed_start(cluster, arn)
    assert reason.startswith(f"{SECRETS_FAILED}unable to retrieve secret from asm")
    assert arn in reason
    assert "ResourceNotFoundException" in reason


def test_a_missing_key_of_a_secret_fails_the_start(cluster: Cluster, secret: str) -> None:
    reason = failed_start(cluster, f"{secret}:password::")
    assert reason.startswith(SECRETS_FAILED)
    assert reason.endswith("retrieved secret from Secrets Manager did not contain json key password")


def test_a_missing_parameter_fails_the_start(cluster: Cluster) -> None:
    reason = failed_start(cluster, "/no/such")
    assert reason.startswith(f"{SECRETS_FAILED}unable to retrieve secrets from ssm")
    assert reason.endswith("invalid parameters: /no/such")
