"""The stack `stg` that the runbooks of docs/operating.md speak of, with all names they have there, and what carries out their lines."""

from __future__ import annotations

import json
import secrets
import shlex
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
from botocore import xform_name
from migratable_ecs.cli.main import load

from tests.e2e.runbook_app import App
from tests.e2e.stack import ROOT, Stack, eventually

PROJECT = "name: shop\nruntime: {name: python, options: {virtualenv: .venv}}\n"

PROGRAM = """
import pulumi
import pulumi_aws as aws
from migratable_ecs import MigratableEcsService

config = pulumi.Config()
vpc = aws.ec2.get_vpc(tags={"Name": "local"})
private = aws.ec2.get_subnets(filters=[{"name": "vpc-id", "values": [vpc.id]}, {"name": "tag:Tier", "values": ["private"]}])
group = aws.ec2.get_security_group(name="local-app", vpc_id=vpc.id)
listener = aws.lb.get_listener(load_balancer_arn=aws.lb.get_load_balancer(name="local").arn, port=80)
columns = {"HOST": "host", "PORT": "port", "NAME": "dbname", "USER": "username", "PASSWORD": "password"}

MigratableEcsService("web", {
    "cluster": aws.ecs.Cluster("shop", name="shop").arn,
    "image": config.require("image"),
    "container_port": 8000,
    "secrets": {
        "DJANGO_SECRET_KEY": "shop-db:key", **{f"DB_{name}": f"shop-db:{column}" for name, column in columns.items()}},
    "network": {"subnets": private.ids, "security_groups": [group.id]},
    "ingress": {"listener_arn": listener.arn, "vpc_id": vpc.id, "priority": 120, "path_patterns": ["/*"],
                "health_check_path": "/healthz", "health_check_interval": 5},
    "rollout": {"execute_command": True},
    "scaling": {"minimum": 1, "maximum": 3, "cpu": 60},
    "workers": {"queue": {"command": ["sleep", "3600"]}},
    "migration": {
        "command": "python manage.py migrate --noinput",
        "status_command": "python manage.py showmigrations courses",
        "rollback_command": config.get("back"),
        "phase": config.get("phase") or "before"},
    "contract": {"command": "python manage.py drop_old_names"} if config.get_bool("contract") else None,
})
"""


@dataclass
class Done:
    """What a line printed, stdout and stderr, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.out))


@dataclass
class Database:
    """An instance of RDS, whose server is a container; two users that own the same tables, as they are changed in turn."""

    stack: Stack
    passwords: dict[str, str] = field(default_factory=dict)
    key: str = field(default_factory=lambda: secrets.token_hex(24))

    def __post_init__(self) -> None:
        rds = self.stack.client("rds")
        master = secrets.token_hex(16)
        groups = self.stack.client("ec2").describe_security_groups(
            Filters=[{"Name": "group-name", "Values": ["local-db"]}]
        )["SecurityGroups"]
        rds.create_db_instance(
            DBInstanceIdentifier="shop-db", DBInstanceClass="db.t4g.micro", AllocatedStorage=20, Engine="postgres", EngineVersion="16",
            DBName="shop", MasterUsername="operator", MasterUserPassword=master, VpcSecurityGroupIds=[groups[0]["GroupId"]],
        )  # fmt: skip
        assert eventually(lambda: self._described()["DBInstanceStatus"] == "available", 180)
        self.host = str(self._described()["Endpoint"]["Address"])
        self.dsn = f"host={self.host} port=5432 dbname=shop user=operator password={master}"
        self.ask("CREATE ROLE shop NOLOGIN")
        self.ask("GRANT ALL ON SCHEMA public TO shop")
        for user in ("shop_a", "shop_b"):
            self.passwords[user] = secrets.token_hex(16)
            self.ask(f"CREATE ROLE {user} LOGIN PASSWORD '{self.passwords[user]}' IN ROLE shop")
            self.ask(f"ALTER ROLE {user} SET role TO shop")

    def _described(self) -> dict[str, Any]:
        return dict(
            self.stack.client("rds").describe_db_instances(DBInstanceIdentifier="shop-db")["DBInstances"][0]
        )

    def secret(self, user: str) -> str:
        """What the secret `shop-db` holds when the app is `user`."""
        place = {"host": self.host, "port": "5432", "dbname": "shop", "key": self.key}
        return json.dumps({**place, "username": user, "password": self.passwords[user]})

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            done = connection.execute(sql)  # type: ignore[call-overload]
            return list(done.fetchall()) if done.description else []

    def remove(self) -> None:
        rds = self.stack.client("rds")
        for each in rds.describe_db_instances()["DBInstances"]:
            if str(each["DBInstanceIdentifier"]).startswith("shop-db"):
                rds.delete_db_instance(
                    DBInstanceIdentifier=each["DBInstanceIdentifier"], SkipFinalSnapshot=True
                )
        for each in rds.describe_db_snapshots()["DBSnapshots"]:
            if each["DBInstanceIdentifier"] == "shop-db":
                rds.delete_db_snapshot(DBSnapshotIdentifier=each["DBSnapshotIdentifier"])


@dataclass
class Shop(Stack):
    """The folder of the program beside that of the app; `do` carries out a line of a runbook."""

    name: str = "stg"
    program: str = PROGRAM
    project: str = PROJECT

    def __post_init__(self) -> None:
        super().__post_init__()
        settings = self.folder / "Pulumi.stg.yaml"
        salt = [line for line in settings.read_text().splitlines() if line.startswith("encryptionsalt:")]
        settings.write_text(
            "\n".join([*salt, "config:", "  aws:region: ap-northeast-1", "  shop:image: django-app:v1", ""])
        )
        for each in ("Makefile", "scripts", "tools", ".tools"):
            (self.folder / each).symlink_to(ROOT / each)
        self.registry = self.cloud.env()["AWS_ENDPOINT_URL"].removeprefix("http://")
        self.app = App(self.folder.parent / "app", f"{self.registry}/django-app:v1")

    def do(
        self, line: str, here: Mapping[str, str] | None = None, *, more: str = "", expect: int = 0
    ) -> Done:
        """Run a line of the page to its end.

        Args:
            here: what stands in the line as an example -> what it is here; each is there.
            more: words added to it. expect: the exit code.
        """
        for example, value in (here or {}).items():
            assert example in line, line
            line = line.replace(example, value)
        if line.startswith("aws "):
            return self._aws(shlex.split(line))
        done = subprocess.run(
            self.words(f"{line} {more}"), cwd=self.folder, env=self._environment(), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == expect, f"{line}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    def start(self, line: str) -> subprocess.Popen[str]:
        """Start it and go on; stderr comes with stdout."""
        return subprocess.Popen(
            self.words(line), cwd=self.folder, env=self._environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def words(self, line: str) -> list[str]:
        """As a script has to call it: nobody is there to answer."""
        program, *words = shlex.split(line)
        if program == "pulumi":
            silent = ["--yes", "--skip-preview"] if words[0] == "up" else []
            return [program, *words, *silent, "--non-interactive"]
        if program != "migratable-ecs":
            return [program, *words]
        asks = any("--yes" in parameter.opts for parameter in load(words[0]).params)
        return [
            sys.executable,
            "-m",
            "migratable_ecs.cli.main",
            words[0],
            *(["--yes"] if asks else []),
            *words[1:],
        ]

    def _environment(self) -> dict[str, str]:
        return {**self.env, "REGISTRY": self.registry}

    def _aws(self, line: list[str]) -> Done:
        """A line of the AWS CLI, by the model that it is made from."""
        _, service, operation, *words = line
        client = self.client(service)
        name = next(
            each for each in client.meta.service_model.operation_names if xform_name(each, "-") == operation
        )
        members = client.meta.service_model.operation_model(name).input_shape.members
        options = {f"--{xform_name(each, '-')}": each for each in members}
        request: dict[str, Any] = {}
        while words:
            member = options[words.pop(0)]
            flag = members[member].type_name == "boolean"
            request[member] = True if flag else self._value(words.pop(0))
        reply = getattr(client, xform_name(operation.replace("-", "_")))(**request)
        return Done(0, json.dumps(reply, default=str), "")

    def _value(self, word: str) -> str:
        return (
            (self.folder / word.removeprefix("file://")).read_text() if word.startswith("file://") else word
        )

    def visit(self, path: str) -> str:
        """What the app answers at `path`."""
        with urllib.request.urlopen(f"{self.cloud.url}{path}", timeout=10) as reply:
            return str(reply.read().decode())
