"""Links into the console are right for each partition, and names in them are written as the console wants them."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest
from migratable_ecs import MigratableEcsService, console

from tests.unit.component.cloud import REGION, Cloud, deploy
from tests.unit.component.service import arguments

pytestmark = pytest.mark.thorough(keep=3)

TASK = f"arn:aws:ecs:{REGION}:123456789012:task/learning/0123abcd"


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("ap-northeast-1", "ap-northeast-1.console.aws.amazon.com"),
        ("cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
    ],
)
def test_each_partition_has_a_console_of_its_own(region: str, host: str) -> None:
    links = [
        console.service(region, "c", "s"),
        console.task(region, "arn:aws:ecs:r:1:task/c/1"),
        console.log_group(region, "g"),
        console.log_stream(region, "g", "s"),
        console.dashboard(region, "d"),
    ]
    for link in links:
        assert link.startswith(f"https://{host}/")
        assert f"region={region}" in link


def test_names_with_slashes_are_encoded_as_the_console_does() -> None:
    assert console.log_group(REGION, "/ecs/web").endswith("#logsV2:log-groups/log-group/$252Fecs$252Fweb")
    assert console.log_stream(REGION, "/ecs/web", "app/app/1").endswith(
        "/$252Fecs$252Fweb/log-events/app$252Fapp$252F1"
    )


def test_a_task_is_found_by_its_arn() -> None:
    assert console.task(REGION, TASK) == (
        f"https://{REGION}.console.aws.amazon.com/ecs/v2/clusters/learning/tasks/0123abcd/configuration?region={REGION}"
    )
    assert console.task(REGION, "") == ""


def test_the_component_gives_them() -> None:
    class WithRun(Cloud):
        def new_resource(self, args: Any) -> tuple[str, dict[str, Any]]:
            identifier, outputs = super().new_resource(args)
            return identifier, {**outputs, "task_arn": TASK}

    names = ("service_link", "log_link", "migration_log_link", "migration_task_link", "dashboard_link")

    def program(**changes: Any) -> pulumi.Output[dict[str, Any]]:
        service = MigratableEcsService("web", arguments(**changes))
        return pulumi.Output.all(**{name: getattr(service, name) for name in names})

    assert deploy(lambda: program(watching={}), WithRun()).result == {
        "service_link": console.service(REGION, "learning", "web"),
        "log_link": console.log_group(REGION, "/ecs/web"),
        "migration_log_link": console.log_group(REGION, "/ecs/web-migrate"),
        "migration_task_link": console.task(REGION, TASK),
        "dashboard_link": console.dashboard(REGION, "web"),
    }
    bare = deploy(lambda: program(migration=...)).result
    assert {name for name, link in bare.items() if link is None} == {
        "migration_log_link",
        "migration_task_link",
        "dashboard_link",
    }
