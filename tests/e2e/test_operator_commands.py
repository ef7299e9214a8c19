"""The operator's commands against the local cloud: real tasks, real logs, the real `pulumi` CLI. One stack for all of them.

The tests follow one another: each begins with what the one before has left.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.e2e.conftest import empty
from tests.e2e.stack import ROOT, Stack, wait_for_line
from tests.pace import in_paces
from tools.localcloud.instance import LocalCloud

pytestmark = pytest.mark.docker

PROJECT = "name: shop\nruntime: python\n"

#: Phase manual: `up` is quick, and each run is the operator's.
PROGRAM = """
import json
from pathlib import Path

import pulumi
import pulumi_aws as aws
from migratable_ecs import MigratableEcsService

vpc = aws.ec2.get_vpc(tags={"Name": "local"})
private = aws.ec2.get_subnets(filters=[{"name": "vpc-id", "values": [vpc.id]}, {"name": "tag:Tier", "values": ["private"]}])
group = aws.ec2.get_security_group(name="local-app", vpc_id=vpc.id)
balancer = aws.lb.get_load_balancer(name="local")
listener = aws.lb.get_listener(load_balancer_arn=balancer.arn, port=80)
cluster = aws.ecs.get_cluster(cluster_name="local")

shop = MigratableEcsService("shop", {
    "cluster": cluster.arn,
    "image": pulumi.Config().get("image") or "django-app:latest",
    "container_port": 8000,
    "secrets": {
        "DB_HOST": "learning-db-local:host", "DB_PORT": "learning-db-local:port", "DB_NAME": "learning-db-local:dbname",
        "DB_USER": "learning-db-local:operator_user", "DB_PASSWORD": "learning-db-local:operator_password",
        "DJANGO_SECRET_KEY": "learning-db-local:django_secret_key"},
    "network": {"subnets": private.ids, "security_groups": [group.id]},
    "ingress": {"listener_arn": listener.arn, "vpc_id": vpc.id, "priority": 110, "path_patterns": ["/*"],
                "health_check_path": "/healthz", "health_check_interval": 5},
    "migration": {
        "command": "python manage.py migrate --noinput",
        "status_command": "python manage.py showmigrations courses",
        "plan_command": ["python", "manage.py", "migrate", "--plan"],
        "rollback_command": "python manage.py migrate courses 0001",
        "phase": "manual"},
})
pulumi.export("url", shop.url)
"""


class Operator(Stack):
    """The stack, and the command line beside it."""

    def words(self, *words: str, stack: bool = True) -> list[str]:
        chosen = ["-s", self.name] if stack else []
        return [sys.executable, "-m", "migratable_ecs.cli.main", *words, *chosen]

    def ask(self, *words: str, stack: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `migratable-ecs WORDS -s local` to its end."""
        return subprocess.run(
            self.words(*words, stack=stack), cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    def json(self, *words: str) -> dict[str, Any]:
        done = self.ask(*words, "--json")
        assert done.stdout, done.stderr
        return dict(json.loads(done.stdout))

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start it and go on; stderr comes with stdout."""
        return subprocess.Popen(
            self.words(*words), cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip


@pytest.fixture(scope="module")
def operator(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    empty(cloud.db_dsn())
    cloud.push("django", "v1")
    made = Operator(cloud, tmp_path_factory.mktemp("operator"), program=PROGRAM, project=PROJECT)
    # The settings of the other program mean nothing to this one.
    (made.folder / "Pulumi.local.yaml").write_text(
        "config:\n  aws:region: ap-northeast-1\n"
        + "".join(_salt((made.folder / "Pulumi.local.yaml").read_text()))
    )
    up = made.up()
    assert up.ok, up.output
    yield made
    assert made.destroy().ok
    assert made.run("stack", "rm", made.name, "--yes").ok


def _salt(text: str) -> list[str]:
    return [line + "\n" for line in text.splitlines() if line.startswith("encryptionsalt:")]


@pytest.fixture
def blocked(cloud: LocalCloud) -> Iterator[Callable[[], None]]:
    """Django's migrate waits for a lock in the database, until the test ends or the function is called."""
    with psycopg.connect(cloud.db_dsn()) as connection:
        connection.execute("LOCK TABLE django_migrations IN ACCESS EXCLUSIVE MODE")
        yield connection.rollback


def test_pending_run_plan(operator: Operator) -> None:
    pending = operator.ask("pending")
    assert pending.returncode == 0, pending.stderr
    assert pending.stdout.splitlines()[:2] == ["courses", " [ ] 0001_initial"]

    run = operator.ask("run")
    assert run.returncode == 0, run.stderr
    assert "  Applying courses.0001_initial... OK" in run.stdout.splitlines()
    assert "migration succeeded in" in run.stderr

    assert operator.json("pending")["lines"][1] == " [X] 0001_initial"
    assert operator.json("plan")["lines"] == ["Planned operations:", "  No planned migration operations."]


def test_what_there_is(operator: Operator) -> None:
    status = operator.json("status", "--check")
    assert status["problems"] == []
    assert [target["state"] for target in status["targets"]] == ["healthy"]
    assert status["service"]["task_definition"] == "shop:1"
    assert status["migration"]["last"]["status"] == "succeeded"
    # The looks of the test before are no runs.
    (run,) = operator.json("history")["runs"]
    assert run["exit_code"] == 0
    shown = operator.ask("show", run["run"][:8])
    assert "run      the migration" in shown.stdout
    assert "█" in shown.stdout


def test_cost(operator: Operator) -> None:
    """Of what this stack has made; what it looks up is on another bill."""
    cost = operator.json("cost")
    assert cost["region"] == "ap-northeast-1"
    assert cost["total"] == pytest.approx(sum(line["usd"] or 0 for line in cost["lines"]), abs=0.05)
    assert [line["what"] for line in cost["lines"] if "shop" in line["what"] and line["usd"]]
    assert not [line for line in cost["lines"] if "NAT" in line["what"]]


def test_logs(operator: Operator) -> None:
    app = operator.json("logs", "--grep", "gunicorn")
    assert "Starting gunicorn" in app["lines"][0]["message"]
    run = operator.json("history")["runs"][0]["run"]
    migration = [line["message"] for line in operator.json("logs", "migration", "--run", run)["lines"]]
    assert migration[0] == "Operations to perform:"
    assert not [line for line in migration if "end of log" in line]


def test_ctrl_c_leaves_the_task_and_the_next_run_adopts_it(
    operator: Operator, blocked: Callable[[], None]
) -> None:
    before = len(operator.migration_tasks("shop-migrate"))
    first = operator.start("run")
    wait_for_line(first, "is RUNNING")
    first.send_signal(signal.SIGINT)
    said = first.communicate(timeout=20)[0]
    assert first.returncode == 4, said
    assert "Ctrl-C: leaving; the task goes on in AWS (on_cancel is detach), nothing is lost" in said
    assert "`migratable-ecs run -s local` follows the task from its first line" in said
    running = operator.json("status")["migration"]["running"]
    assert running["by"] == "stack shop/local"

    second = operator.start("run")
    wait_for_line(second, "of this run is executing already; following it from its first line")
    blocked()
    said = second.communicate(timeout=60)[0]
    assert second.returncode == 0, said
    assert "No migrations to apply." in said
    assert len(operator.migration_tasks("shop-migrate")) == before + 1


def test_stop(operator: Operator, blocked: Callable[[], None]) -> None:
    follower = operator.start("run")
    wait_for_line(follower, "is RUNNING")
    asked = operator.ask("stop")
    assert asked.returncode == 3
    assert "pass --yes in scripts" in asked.stderr
    stopped = operator.json("stop", "--yes")
    assert stopped["exit_code"] != 0
    said = follower.communicate(timeout=60)[0]
    assert follower.returncode == 1, said
    assert operator.ask("stop", "--yes").returncode == 6


def test_a_command_that_fails(operator: Operator) -> None:
    done = operator.ask("run", "--command", "echo looking; exit 3")
    assert done.returncode == 1
    assert done.stdout == "looking\n"
    assert "exit code 3" in done.stderr
    assert "Traceback" not in done.stderr
    newest = operator.json("show")
    assert (newest["purpose"], newest["status"], newest["exit_code"]) == ("command", "failed", 3)


def test_without_pulumi(operator: Operator) -> None:
    """The cluster and the service are enough: network, capacity and image are what ECS knows."""
    words = ("--cluster", "local", "--service", "shop")
    status = operator.ask("status", *words, "--json", stack=False)
    assert json.loads(status.stdout)["migration"]["family"] == "shop-migrate"
    run = operator.ask("run", *words, "--json", stack=False)
    assert json.loads(run.stdout)["status"] == "succeeded", run.stderr


def test_doctor(operator: Operator) -> None:
    """The local cloud's subnets have no way out, which its containers do not need: found. With one nothing is wrong. Then faults."""
    (way,) = operator.json("doctor")["findings"][:1]
    assert "there is no way to ecr.api, ecr.dkr, s3, logs, secretsmanager" in way["what"]
    with _way_out(operator):
        _examined(operator)


def _examined(operator: Operator) -> None:
    well = operator.json("doctor", "--from-task")
    assert (well["findings"], well["unknown"]) == ([], [])
    assert all(each["ok"] for each in well["checks"])
    with _planted_faults(operator):
        done = operator.ask("doctor", "--json")
    found = {each["check"]: each for each in json.loads(done.stdout)["findings"]}
    assert operator.json("doctor")["findings"] == []
    assert done.returncode == 8, done.stderr
    assert set(found) == {"secrets", "listener-rule", "load-balancer-security-group"}
    assert "is scheduled for deletion" in found["secrets"]["what"]
    assert "the rule of priority 50 takes every request" in found["listener-rule"]["what"]
    assert "add an inbound rule for TCP 8000" in found["load-balancer-security-group"]["remedy"]


@contextlib.contextmanager
def _way_out(operator: Operator) -> Iterator[None]:
    """A NAT gateway, and the VPC's main route table leading there."""
    ec2 = operator.client("ec2")
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["local"]}])["Vpcs"]
    within = {"Name": "vpc-id", "Values": [vpc["VpcId"]]}
    (subnet, *_) = ec2.describe_subnets(Filters=[within, {"Name": "tag:Tier", "Values": ["public"]}])[
        "Subnets"
    ]
    (table, *_) = ec2.describe_route_tables(
        Filters=[within, {"Name": "association.main", "Values": ["true"]}]
    )["RouteTables"]
    nat = ec2.create_nat_gateway(SubnetId=subnet["SubnetId"], ConnectivityType="private")["NatGateway"][
        "NatGatewayId"
    ]
    route = {"RouteTableId": table["RouteTableId"], "DestinationCidrBlock": "0.0.0.0/0"}
    ec2.create_route(**route, NatGatewayId=nat)
    try:
        yield
    finally:
        ec2.delete_route(**route)
        ec2.delete_nat_gateway(NatGatewayId=nat)


@contextlib.contextmanager
def _planted_faults(operator: Operator) -> Iterator[None]:
    ec2, elb, secrets = operator.client("ec2"), operator.client("elbv2"), operator.client("secretsmanager")
    name = [{"Name": "group-name", "Values": ["local-app"]}]
    (group,) = ec2.describe_security_groups(Filters=name)["SecurityGroups"]
    (opened,) = group["IpPermissions"]
    pairs = [{"GroupId": each["GroupId"]} for each in opened["UserIdGroupPairs"]]
    of_group = [{"Name": "group-id", "Values": [group["GroupId"]]}]
    inbound = [
        each["SecurityGroupRuleId"]
        for each in ec2.describe_security_group_rules(Filters=of_group)["SecurityGroupRules"]
        if not each["IsEgress"]
    ]
    (balancer,) = elb.describe_load_balancers(Names=["local"])["LoadBalancers"]
    (listener,) = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    answer = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}
    paths = [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*"]}}]
    ec2.revoke_security_group_ingress(GroupId=group["GroupId"], SecurityGroupRuleIds=inbound)
    secrets.delete_secret(SecretId="learning-db-local", RecoveryWindowInDays=7)
    (rule,) = elb.create_rule(
        ListenerArn=listener["ListenerArn"], Priority=50, Conditions=paths, Actions=[answer]
    )["Rules"]
    try:
        yield
    finally:
        elb.delete_rule(RuleArn=rule["RuleArn"])
        secrets.restore_secret(SecretId="learning-db-local")
        again = {"IpProtocol": "tcp", "FromPort": 8000, "ToPort": 8000, "UserIdGroupPairs": pairs}
        ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[again])


def test_images_and_scale(operator: Operator) -> None:
    # Other tests of the same cloud have pushed newer ones; a push of what is there already does not make it newer.
    (deployed,) = [each for each in operator.json("images")["images"] if "latest" in each["tags"]]
    assert deployed["runs"] == ["service shop, 1 task", "migration shop-migrate"]
    assert operator.ask("images", "--holds", "0001_initial").returncode == 0
    assert operator.ask("images", "--holds", "0001_no_such_migration").returncode == 8
    assert operator.json("scale", "2")["running"] == 2
    assert operator.json("scale", "1")["running"] == 1
    assert operator.ask("scale", "0").returncode == 3


def test_rollback(operator: Operator) -> None:
    """The service to the revision before the newest, though it was deregistered; then the schema, one step down."""
    ecs = operator.client("ecs")
    first = ecs.describe_task_definition(taskDefinition="shop:1")["taskDefinition"]
    kept = (
        "family",
        "containerDefinitions",
        "requiresCompatibilities",
        "networkMode",
        "cpu",
        "memory",
        "executionRoleArn",
        "taskRoleArn",
    )
    second = ecs.register_task_definition(**{key: first[key] for key in kept if first.get(key)})[
        "taskDefinition"
    ]
    ecs.update_service(cluster="local", service="shop", taskDefinition=second["taskDefinitionArn"])
    ecs.deregister_task_definition(taskDefinition="shop:1")
    assert operator.ask("rollback", "--yes").returncode == 6, "both revisions have the same image"
    back = operator.json("rollback", "--to", "1", "--yes")
    assert (back["from"], back["copy_of"]) == (f"shop:{second['revision']}", "shop:1")
    assert operator.json("status")["service"]["task_definition"] == back["to"]

    down = operator.json("rollback", "schema", "--yes")
    assert (down["purpose"], down["status"]) == ("rollback", "succeeded")
    pending = operator.json("pending")["lines"]
    assert pending[1:3] == [" [X] 0001_initial", " [ ] 0002_learners"]
    assert operator.ask("run").returncode == 0


def test_the_app_s_commit_is_pushed_once(operator: Operator, tmp_path: Path) -> None:
    """What `make deploy` does before `pulumi up`."""
    registry = operator.cloud.env()["AWS_ENDPOINT_URL"].removeprefix("http://")
    (tmp_path / "Dockerfile").write_text(f"FROM {registry}/django-app:latest\nLABEL deployed=yes\n")
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    for words in (["init", "-q"], ["add", "."], [*identity, "commit", "-q", "-m", "app"]):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True)
    assert operator.run("config", "set", "image", "django-app:latest", "--stack", operator.name).ok

    first, second = (_pushed(operator, registry, tmp_path) for _ in range(2))
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout
    assert "is in the registry already" in second.stderr
    repository, _, tag = first.stdout.strip().partition(":")
    (image,) = operator.client("ecr").describe_images(
        repositoryName=repository, imageIds=[{"imageTag": tag}]
    )["imageDetails"]
    assert image["imageDigest"].startswith("sha256:")


def _pushed(operator: Operator, registry: str, app: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tools.image_push", operator.name, str(app)], cwd=operator.folder, text=True, timeout=120,
        env={**operator.env, "PYTHONPATH": str(ROOT), "REGISTRY": registry}, stdin=subprocess.DEVNULL, capture_output=True, check=False,
    )  # fmt: skip


def test_quick(operator: Operator) -> None:
    """Processor time to the first output, which is the time that passes on a machine that has nothing else to do.

    A pace is about 0.1 s: so `run --help` has 0.3 s, a command that does something 0.7 s.
    """
    for words, paces in ((["run", "--help"], 3), (["status"], 7), (["history"], 7), (["run"], 7)):
        assert in_paces(lambda words=words: _first_output(operator, *words), below=paces) < paces, words  # type: ignore[misc]


def _first_output(operator: Operator, *words: str) -> float:
    """Seconds; the command is ended at its first output, which is before it does anything."""
    process = operator.start(*words)
    assert process.stdout is not None
    process.stdout.read(1)
    process.kill()
    _, _, used = os.wait4(process.pid, 0)
    process.returncode = -signal.SIGKILL
    process.stdout.close()
    return used.ru_utime + used.ru_stime
