"""Twenty migrations of one stack execute at the same time, and another dynamic resource does not wait for them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

from tests.e2e.stack import Stack
from tools.localcloud.instance import LocalCloud

pytestmark = pytest.mark.docker

COUNT = 20
SECONDS = 15

PROGRAM = f"""
import json
import time
import pulumi
import pulumi_aws as aws
from migratable_ecs.image import resolve
from migratable_ecs.migration.resource import MigrationRun
from pulumi.dynamic import CreateResult, Resource, ResourceProvider

image = resolve("django-app:latest")
roles = aws.iam.Role("many", name="many", assume_role_policy=json.dumps({{"Version": "2012-10-17", "Statement": []}}))


class Quick(ResourceProvider):
    def create(self, props):
        return CreateResult("quick", {{"made_at": str(time.time())}})


class Other(Resource):
    made_at: pulumi.Output[str]


for number in range({COUNT}):
    family = f"many-{{number}}"
    group = aws.cloudwatch.LogGroup(family, name=f"/ecs/{{family}}")
    containers = pulumi.Output.all(image, group.name).apply(lambda got: json.dumps([{{
        "name": "migrate", "image": got[0].uri, "essential": True, "entryPoint": ["sh", "-c"],
        "command": ["echo begin; sleep {SECONDS}; echo end"],
        "logConfiguration": {{"logDriver": "awslogs", "options": {{
            "awslogs-group": got[1], "awslogs-region": "ap-northeast-1", "awslogs-stream-prefix": "migrate"}}}},
    }}]))
    definition = aws.ecs.TaskDefinition(
        family, family=family, cpu="256", memory="512", network_mode="awsvpc", requires_compatibilities=["FARGATE"],
        execution_role_arn=roles.arn, container_definitions=containers)
    run = MigrationRun(family, {{
        "service": family, "stack": "many", "cluster": "local", "container": "migrate", "family": family,
        "task_definition": definition.arn, "image_digest": image.apply(lambda i: i.digest), "phase": "before",
        "command": "x", "subnets": aws.ec2.get_subnets(tags={{"Tier": "private"}}).ids, "region": "ap-northeast-1",
        "launch": {{"launchType": "FARGATE"}},
    }})
    if number == 0:
        first = run

# The definition's ARN is known when the first migrations are under way already.
other = Other(Quick(), "other", {{"made_at": None, "after": definition.arn}})
pulumi.export("other_made_at", other.made_at)
"""


@pytest.fixture(scope="module")
def many(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    cloud.push("django", "v1")
    made = Stack(cloud, tmp_path_factory.mktemp("many"), name="many", program=PROGRAM)
    yield made
    assert made.destroy().ok
    assert made.run("stack", "rm", made.name, "--yes").ok


def test_all_execute_at_once(many: Stack) -> None:
    began = time.monotonic()
    up = many.up("--parallel", "64")
    took = time.monotonic() - began
    assert up.ok, up.output
    assert len(re.findall(r"migration succeeded in .*log complete", up.output)) >= COUNT

    ecs = many.client("ecs")
    arns = [arn for number in range(COUNT) for arn in many.migration_tasks(f"many-{number}")]
    assert len(arns) == COUNT
    tasks = ecs.describe_tasks(cluster="local", tasks=arns)["tasks"]
    last_start = max(task["startedAt"] for task in tasks)
    first_end = min(task["executionStoppedAt"] for task in tasks)
    assert last_start < first_end, "there was a moment at which all of them executed"
    # One after the other would be COUNT * SECONDS, by fours COUNT / 4 * SECONDS.
    assert took < COUNT / 4 * SECONDS * 0.75, f"{took:.0f} s"
    assert float(many.outputs()["other_made_at"]) < first_end.timestamp()
