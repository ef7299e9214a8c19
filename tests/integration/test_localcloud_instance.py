"""One local cloud from `up` to `down`, with a real engine, emulator and database."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import stat
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest

from tools.localcloud import processes, seed
from tools.localcloud.docker_api import Docker
from tools.localcloud.errors import LocalCloudError
from tools.localcloud.instance import LocalCloud
from tools.localcloud.ports import ALL
from tools.localcloud.settings import CHECKOUT, LABEL

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module", autouse=True)
def _no_ports_set() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for port in ALL:
            patch.delenv(port.variable, raising=False)
        yield


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], LocalCloud]]:
    """Make clouds with names of their own; all are down when the module ends."""
    made: list[LocalCloud] = []

    def new() -> LocalCloud:
        name = f"test-{uuid.uuid4().hex[:6]}"
        made.append(LocalCloud(name, tmp_path_factory.mktemp(name), say=print))
        return made[-1]

    yield new
    for cloud in made:
        cloud.down()


@pytest.fixture(scope="module")
def cloud(make: Callable[[], LocalCloud]) -> LocalCloud:
    """A cloud that is up, shared by the tests that leave it as it is."""
    cloud = make()
    cloud.up()
    return cloud


def _client(cloud: LocalCloud, service: Any) -> Any:
    session = boto3.session.Session("test", "test", region_name="ap-northeast-1")
    return session.client(service, endpoint_url=cloud.env()["AWS_ENDPOINT_URL"])


def _answer(url: str, host: str | None = None) -> tuple[int, str]:
    request = urllib.request.Request(url, headers={"Host": host} if host else {})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def _run_task(cloud: LocalCloud, **container: Any) -> str:
    """Run a task with one container of the pushed image; return its ARN."""
    ecs = _client(cloud, "ecs")
    family = ecs.register_task_definition(
        family="probe",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "app", "image": _pushed(cloud), "essential": True, **container}],
    )["taskDefinition"]["taskDefinitionArn"]
    subnet = _client(cloud, "ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    task = ecs.run_task(
        cluster=seed.NAME,
        taskDefinition=family,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet]}},
    )["tasks"][0]
    return str(task["taskArn"])


def _pushed(cloud: LocalCloud) -> str:
    """The image under the tag ``latest``, by its digest."""
    [repository] = _client(cloud, "ecr").describe_repositories(repositoryNames=["django-app"])["repositories"]
    images = _client(cloud, "ecr").describe_images(repositoryName="django-app")["imageDetails"]
    [image] = [i for i in images if "latest" in i.get("imageTags", [])]
    return f"{repository['repositoryUri']}@{image['imageDigest']}"


def _wait_for(cloud: LocalCloud, arn: str, status: str) -> Any:
    """Wait up to 60 s until the task has this status; return it."""
    deadline = time.monotonic() + 60
    while True:
        task = _client(cloud, "ecs").describe_tasks(cluster=seed.NAME, tasks=[arn])["tasks"][0]
        if task["lastStatus"] == status:
            return task
        assert task["lastStatus"] != "STOPPED", task
        assert time.monotonic() < deadline, task
        time.sleep(0.2)


def _start_sleeper(cloud: LocalCloud) -> None:
    _wait_for(cloud, _run_task(cloud, command=["sleep", "300"]), "RUNNING")


# up


def test_network_cluster_and_load_balancer_exist(cloud: LocalCloud) -> None:
    ec2 = _client(cloud, "ec2")
    [vpc] = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["local"]}])["Vpcs"]
    assert vpc["CidrBlock"] == "10.0.0.0/16"
    inside = {"Name": "vpc-id", "Values": [vpc["VpcId"]]}
    for tier in ("public", "private"):
        tagged = {"Name": "tag:Tier", "Values": [tier]}
        subnets = ec2.describe_subnets(Filters=[inside, tagged])["Subnets"]
        assert len({subnet["AvailabilityZone"] for subnet in subnets}) == 2
    groups = {g["GroupName"] for g in ec2.describe_security_groups(Filters=[inside])["SecurityGroups"]}
    assert {"local-alb", "local-app", "local-db"} <= groups
    [cluster] = _client(cloud, "ecs").describe_clusters(clusters=["local"])["clusters"]
    assert cluster["status"] == "ACTIVE"
    assert _answer(f"{cloud.url}/") == (404, "no service has this path")


def test_the_secret_opens_the_database(cloud: LocalCloud) -> None:
    text = _client(cloud, "secretsmanager").get_secret_value(SecretId="learning-db-local")["SecretString"]
    secret = json.loads(text)
    assert all(isinstance(value, str) for value in secret.values())
    with psycopg.connect(
        host=secret["host"],
        port=secret["port"],
        dbname=secret["dbname"],
        user=secret["operator_user"],
        password=secret["operator_password"],
    ) as connection:
        version = connection.execute("show server_version").fetchone()
    assert version is not None
    assert version[0].startswith("15.")
    with psycopg.connect(secret["url"]), psycopg.connect(cloud.db_dsn()):
        pass


def test_the_password_is_kept_from_other_users_and_out_of_the_container_s_description(
    cloud: LocalCloud,
) -> None:
    file = cloud.settings.password_file
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    [database] = cloud.containers()
    described = subprocess.run(
        ["docker", "inspect", database.id],
        env={**os.environ, **cloud.env()},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert file.read_text() not in described


def test_v1_is_pushed_and_its_digest_is_the_registry_s(cloud: LocalCloud) -> None:
    [image] = _client(cloud, "ecr").describe_images(repositoryName="django-app")["imageDetails"]
    assert image["imageTags"] == ["latest"]
    assert cloud.push("django", "v1", "again") == image["imageDigest"]


def test_the_pushed_image_migrates_the_database_as_an_ecs_task(make: Callable[[], LocalCloud]) -> None:
    cloud = make()
    cloud.up()
    arn = _client(cloud, "secretsmanager").describe_secret(SecretId="learning-db-local")["ARN"]
    keys = {
        "DB_HOST": "host",
        "DB_PORT": "port",
        "DB_NAME": "dbname",
        "DB_USER": "operator_user",
        "DB_PASSWORD": "operator_password",
        "DJANGO_SECRET_KEY": "django_secret_key",
    }
    task = _run_task(
        cloud,
        command=["python", "manage.py", "migrate", "--no-input"],
        secrets=[{"name": name, "valueFrom": f"{arn}:{key}::"} for name, key in keys.items()],
    )
    stopped = _wait_for(cloud, task, "STOPPED")
    assert stopped["containers"][0]["exitCode"] == 0, stopped
    with psycopg.connect(cloud.db_dsn()) as connection:
        assert connection.execute("select count(*) from courses_course").fetchone() == (6,)
    cloud.down()


def test_up_again_changes_nothing_and_takes_less_than_five_seconds(cloud: LocalCloud) -> None:
    before = (cloud.state(), cloud.containers(), cloud.push("django", "v1", "again"))
    begun = time.monotonic()
    cloud.up()
    assert time.monotonic() - begun < 5
    assert (cloud.state(), cloud.containers(), cloud.push("django", "v1", "again")) == before


def test_the_same_tag_can_be_pushed_again_and_a_new_up_leaves_it(make: Callable[[], LocalCloud]) -> None:
    cloud = make()
    cloud.up()
    digest = cloud.push("django", "v2")
    cloud.up()
    images = _client(cloud, "ecr").describe_images(repositoryName="django-app")["imageDetails"]
    assert [i["imageDigest"] for i in images if "latest" in i.get("imageTags", [])] == [digest]
    cloud.down()


def test_host_and_path_rules_see_what_the_client_sent(cloud: LocalCloud) -> None:
    elb = _client(cloud, "elbv2")
    [balancer] = elb.describe_load_balancers(Names=["local"])["LoadBalancers"]
    [listener] = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    rules = []
    for priority, field, key, value, message in (
        (1, "host-header", "HostHeaderConfig", "app.example.test", "by host"),
        (2, "path-pattern", "PathPatternConfig", "/only/*", "by path"),
    ):
        answer = {"StatusCode": "200", "ContentType": "text/plain", "MessageBody": message}
        rules += elb.create_rule(
            ListenerArn=listener["ListenerArn"],
            Priority=priority,
            Conditions=[{"Field": field, key: {"Values": [value]}}],
            Actions=[{"Type": "fixed-response", "FixedResponseConfig": answer}],
        )["Rules"]
    try:
        assert _answer(f"{cloud.url}/x", host="app.example.test") == (200, "by host")
        assert _answer(f"{cloud.url}/only/this?a=b") == (200, "by path")
        assert _answer(f"{cloud.url}/x")[0] == 404
    finally:
        for rule in rules:
            elb.delete_rule(RuleArn=rule["RuleArn"])


def test_a_port_that_is_taken_is_named_with_its_holder(
    make: Callable[[], LocalCloud], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        monkeypatch.setenv("LOCAL_DB_PORT", str(number))
        with pytest.raises(
            LocalCloudError, match=rf"Port {number} \(LOCAL_DB_PORT\) is held by .*{os.getpid()}"
        ):
            make().up()


def test_two_clouds_that_come_up_at_once_do_not_collide(make: Callable[[], LocalCloud]) -> None:
    first, second = make(), make()
    with ThreadPoolExecutor() as pool:
        list(pool.map(LocalCloud.up, (first, second)))
    assert not set(first.state().ports.values()) & set(second.state().ports.values())
    assert first.state().cloud_id != second.state().cloud_id
    second.down()
    assert _answer(f"{first.url}/")[0] == 404
    psycopg.connect(first.db_dsn()).close()
    assert [container.status for container in first.containers()] == ["running"]
    first.down()


def test_after_a_crash_up_seeds_anew_and_moves_pulumi_s_old_state_aside(
    make: Callable[[], LocalCloud],
) -> None:
    cloud = make()
    cloud.up()
    before = cloud.state()
    with psycopg.connect(cloud.db_dsn()) as connection:
        connection.execute("create table kept (id integer)")
    _start_sleeper(cloud)
    stack = cloud.settings.pulumi_dir / ".pulumi" / "stacks" / "p" / "local.json"
    stack.parent.mkdir(parents=True)
    stack.write_text('{"checkpoint": {"latest": {"resources": [{"urn": "x"}]}}}')
    os.kill(before.processes["ministack"].pid, signal.SIGKILL)

    cloud.up()

    assert cloud.state().cloud_id not in ("", before.cloud_id)
    assert cloud.state().ports == before.ports
    assert not stack.exists()
    assert (cloud.settings.state_dir / "pulumi.gone-1" / ".pulumi").exists()
    assert [c.labels.get("migratable-ecs.role") for c in cloud.containers()] == ["database"], "no orphan task"
    with psycopg.connect(cloud.db_dsn()) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (0,)
    cloud.down()


# down


def test_down_leaves_nothing_of_ours_and_everything_of_others(make: Callable[[], LocalCloud]) -> None:
    cloud = make()
    cloud.up()
    state = cloud.state()
    docker = Docker(state.docker_host)
    _start_sleeper(cloud)
    assert len(cloud.containers()) == 2
    other = f"other-{cloud.settings.name}"
    image = next(c.image for c in cloud.containers() if c.labels.get("migratable-ecs.role") == "database")
    docker.run(image, other, command=["sleep", "60"], labels={LABEL: other})
    try:
        cloud.down()
        assert docker.containers(cloud.settings.label) == []
        assert docker.volumes(cloud.settings.label) == []
        assert docker.networks(cloud.settings.label) == []
        assert [c.status for c in docker.containers(f"{LABEL}={other}")] == ["running"]
    finally:
        docker.remove_labelled(f"{LABEL}={other}")
    for process in state.processes.values():
        assert not processes.alive(process)
    for number in state.ports.values():
        with contextlib.closing(socket.socket()) as probe, pytest.raises(ConnectionRefusedError):
            probe.connect(("127.0.0.1", number))
    assert _environments_naming(cloud.settings.name) == []
    assert (cloud.settings.logs / "ministack.log").exists(), "the logs stay for the reader"
    cloud.down()  # again: no error


def _environments_naming(instance: str) -> list[str]:
    """Processes that carry the instance's name in their environment."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if f"LOCALCLOUD_INSTANCE={instance}".encode() in entry.read_bytes().split(b"\0"):
                found.append(entry.parent.name)
    return found


def test_the_command_does_the_same_from_any_folder(tmp_path: Path) -> None:
    command = [str(CHECKOUT / "scripts" / "local"), "--instance", f"test-{uuid.uuid4().hex[:6]}"]
    command += ["--state", "state"]

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
        )

    try:
        up = run("up")
        assert up.returncode == 0, up.stderr
        assert "The load balancer answers at http://127.0.0.1:" in up.stdout
        status = run("status")
        assert status.returncode == 0
        assert "running" in status.stdout
    finally:
        down = run("down")
    assert down.returncode == 0, down.stderr
    assert (tmp_path / "state" / "logs").exists()
    assert run("status").returncode == 1
