"""Container settings of a task definition reach the container, as ECS documents them."""

from __future__ import annotations

from typing import Any

import pytest

from . import launcher_fixture as fixture
from .launcher_fixture import IMAGE, Cluster

cloud, cluster = fixture.cloud, fixture.cluster

pytestmark = pytest.mark.docker


def test_entry_point_replaces_the_image_s(cluster: Cluster) -> None:
    assert cluster.output(None, entryPoint=["echo", "from"], command=["entry point"]) == ["from entry point"]


def test_command_alone_is_the_container_s_command(cluster: Cluster) -> None:
    assert cluster.output("echo plain") == ["plain"]


def test_user_sets_user_and_group(cluster: Cluster) -> None:
    assert cluster.output("id -u; id -g", user="1234:2345") == ["1234", "2345"]


def test_working_directory_is_where_the_command_runs(cluster: Cluster) -> None:
    assert cluster.output("pwd", workingDirectory="/var/tmp") == ["/var/tmp"]


def test_readonly_root_refuses_writes(cluster: Cluster) -> None:
    lines = cluster.output("touch /x 2>/dev/null || echo refused", readonlyRootFilesystem=True)
    assert lines == ["refused"]


def test_ulimits_are_set(cluster: Cluster) -> None:
    limits = [{"name": "nofile", "softLimit": 321, "hardLimit": 654}]
    assert cluster.output("ulimit -Sn; ulimit -Hn", ulimits=limits) == ["321", "654"]


def test_linux_parameters_give_an_init_process_and_tmpfs(cluster: Cluster) -> None:
    lines = cluster.output(
        "cat /proc/1/comm; grep ' /scratch ' /proc/mounts | cut -d' ' -f3",
        linuxParameters={"initProcessEnabled": True, "tmpfs": [{"containerPath": "/scratch", "size": 16}]},
    )
    assert lines == ["docker-init", "tmpfs"]


def test_memory_above_the_limit_is_killed_with_137_and_a_reason(cluster: Cluster) -> None:
    arn = cluster.run(cluster.container("tail /dev/zero", memory=32))
    container = cluster.finished(arn)["containers"][0]
    assert container["exitCode"] == 137
    assert container["reason"] == "OutOfMemoryError: Container killed due to memory usage"


def test_the_task_s_memory_limits_a_container_without_a_limit_of_its_own(cluster: Cluster) -> None:
    arn = cluster.run(cluster.container("tail /dev/zero"), memory="512")
    assert cluster.finished(arn)["containers"][0]["reason"].startswith("OutOfMemoryError")


def test_overrides_change_command_and_environment_of_the_named_container(cluster: Cluster) -> None:
    definition = cluster.container("echo $A $B", environment=[{"name": "A", "value": "1"}])
    arn = cluster.run(
        definition,
        overrides={
            "containerOverrides": [
                {
                    "name": "app",
                    "command": ["sh", "-c", "echo over $A $B"],
                    "environment": [{"name": "B", "value": "2"}],
                }
            ]
        },
    )
    cluster.finished(arn)
    assert cluster.lines(arn) == ["over 1 2"]


def test_task_volumes_are_shared_by_the_containers_and_end_with_the_task(cluster: Cluster) -> None:
    mount = {"mountPoints": [{"sourceVolume": "v", "containerPath": "/v"}]}
    arn = cluster.run(
        cluster.container("echo shared > /v/f", name="first", essential=False, **mount),
        cluster.container(
            "cat /v/f", dependsOn=[{"containerName": "first", "condition": "SUCCESS"}], **mount
        ),
        volumes=[{"name": "v"}],
    )
    cluster.finished(arn)
    assert cluster.lines(arn) == ["shared"]
    assert (
        cluster.cloud.docker.volumes.list(
            filters={"label": f"migratable-ecs.instance={cluster.cloud.instance}"}
        )
        == []
    )


def test_containers_reach_this_machine_and_the_gateway(cluster: Cluster) -> None:
    lines = cluster.output("echo $AWS_ENDPOINT_URL; getent hosts host.docker.internal | cut -d' ' -f1")
    assert lines == [f"http://172.17.0.1:{cluster.cloud.port}", "172.17.0.1"]


def test_a_container_reads_its_task_from_the_metadata_endpoint(cluster: Cluster) -> None:
    ask = r"""
use IO::Socket; ($h, $p, $path) = $ENV{ECS_CONTAINER_METADATA_URI_V4} =~ m{//([^:]+):(\d+)(/.*)};
$c = IO::Socket::INET->new("$h:$p") or die $!;
print $c "GET $path/task HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"; print <$c>;
"""
    arn = cluster.run(cluster.container(None, entryPoint=["perl", "-e", ask]))
    cluster.finished(arn)
    assert f'"TaskARN": "{arn}"' in "".join(cluster.lines(arn))


def test_labels_and_names_tell_whose_containers_they_are(cluster: Cluster) -> None:
    arn = cluster.run(cluster.container("sleep 60"))
    cluster.reached(arn, "RUNNING")
    mine: list[Any] = [c for c in cluster.cloud.containers() if c.labels["com.amazonaws.ecs.task-arn"] == arn]
    assert [c.name.startswith(f"{cluster.cloud.instance}-") for c in mine] == [True]
    assert mine[0].attrs["Config"]["Image"] == IMAGE
    cluster.ecs.stop_task(cluster=cluster.name, task=arn)
