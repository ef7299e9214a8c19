"""Which service a command is about: from a stack's state, or from AWS alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from migratable_ecs.cli import from_stack
from migratable_ecs.cli.errors import CommandError
from migratable_ecs.cli.target import Target
from migratable_ecs.testing import fargate_task_definition, hangs

from tests.unit.cli.world import COMPONENT, DIGEST, World

SECRET = {from_stack.SECRET_MARK: "1b47061264138c4ac30d75fd1eb44270"}


def target(world: World, **options: Any) -> Target:
    return from_stack.target(world.deployment(), {"aws:region": "eu-west-1"}, "stg", **options)


def second(world: World) -> dict[str, Any]:
    """The same stack with another service, `jobs`, whose migration is of family `jobs-migrate`."""
    text = json.dumps(world.deployment())
    for old, new in (("::web", "::jobs"), ('"web-migrate"', '"jobs-migrate"'), ('"web"', '"jobs"')):
        text = text.replace(old, new)
    both = dict(world.deployment())
    both["deployment"] = {
        "resources": [*both["deployment"]["resources"], *json.loads(text)["deployment"]["resources"]]
    }
    return both


class TestStack:
    def test_the_state_holds_it_all(self, world: World) -> None:
        found = target(world)
        assert (found.title, found.name, found.cluster, found.service) == (
            "stack shop/stg",
            "web",
            "default",
            "web",
        )
        spec = found.need_migration().spec()
        assert (spec.family, spec.digest, spec.timeout) == ("web-migrate", DIGEST, 3600)
        assert spec.network["subnets"] == ["subnet-1"]
        assert found.operator_command("status") == ("manage.py showmigrations",)

    def test_aws_is_where_the_stack_says_unless_told_otherwise(self, world: World) -> None:
        assert target(world).region == "ap-northeast-1"
        assert target(world, aws={"region": "us-east-1", "profile": "ops"}).aws.profile == "ops"
        assert target(world, aws={"region": "us-east-1", "profile": ""}).region == "us-east-1"

    def test_endpoints_and_roles_of_the_configuration(self, world: World) -> None:
        world.config = {
            "aws:endpoints": {"objectValue": [{"ecs": "http://127.0.0.1:1"}], "secret": False},
            "aws:assumeRoles": {"value": '[{"roleArn": "arn:aws:iam::1:role/ops"}]', "secret": False},
            "shop:password": {"secret": True},
        }
        world.run("history", "-s", "stg")
        (settings,) = world.settings
        assert settings.endpoints == {"ecs": "http://127.0.0.1:1"}
        assert settings.role_arn == "arn:aws:iam::1:role/ops"
        assert not any("--show-secrets" in call for call in world.pulumi_calls)

    def test_one_of_several_services(self, world: World) -> None:
        both = second(world)
        for options in ({"service": "jobs"}, {"family": "jobs-migrate"}):
            assert from_stack.target(both, {}, "stg", **options).name == "jobs"
        with pytest.raises(CommandError, match=r"several services: name one with --service \(web, jobs\)"):
            from_stack.target(both, {}, "stg")
        with pytest.raises(CommandError, match="stack stg has no service 'api'; its services are web, jobs"):
            from_stack.target(both, {}, "stg", service="api")

    @pytest.mark.parametrize("named", ["queue", "web-queue"])
    def test_a_worker(self, named: str) -> None:
        """By its key in the program or its name in ECS; the migration is the app's."""
        found = target(World(workers=("queue", "mail")), service=named)
        assert (found.name, found.service, found.workers) == ("web-queue", "web-queue", {})
        assert found.need_migration().family == "web-migrate"
        assert found.options == f"-s stg --service {named}"

    def test_the_app_knows_its_workers(self) -> None:
        found = target(World(workers=("queue", "mail")))
        assert (found.service, found.workers) == ("web", {"queue": "web-queue", "mail": "web-mail"})
        with pytest.raises(CommandError, match="its services are web, its workers queue, mail"):
            target(World(workers=("queue", "mail")), service="api")

    def test_no_service_at_all(self) -> None:
        with pytest.raises(CommandError, match="holds no MigratableEcsService: run `pulumi up -s stg` first"):
            from_stack.target({"deployment": {"resources": []}}, {}, "stg")

    def test_no_migration(self, world: World) -> None:
        state = dict(world.deployment())
        state["deployment"]["resources"].pop()
        with pytest.raises(CommandError, match="web in stack shop/stg has no migration"):
            from_stack.target(state, {}, "stg").need_migration()

    def test_a_secret_is_asked_for_only_when_the_run_needs_it(self, world: World) -> None:
        """Names of subnets may be secret because another stack's outputs are."""
        world.props["subnets"] = {**SECRET, "ciphertext": "v1:x"}
        world.run("history", "-s", "stg")
        assert ["stack", "export", "--show-secrets", "--stack", "stg"] in world.pulumi_calls

    def test_secrets_of_other_resources_stay_hidden(self, world: World) -> None:
        world.props["subnets"] = {**SECRET, "ciphertext": "v1:x"}
        hidden = world.deployment()
        shown = json.loads(json.dumps(hidden).replace('"ciphertext": "v1:x"', '"plaintext": "[\\"s-1\\"]"'))
        shown["deployment"]["resources"][2]["inputs"]["password"] = "open"

        def pulumi(words: Sequence[str], _folder: Path) -> Any:
            return {} if words[0] == "config" else shown if "--show-secrets" in words else hidden

        world.pulumi = pulumi  # type: ignore[method-assign]
        deployment, _ = from_stack.read(world, "stg", Path())
        found = from_stack.target(deployment, {}, "stg")
        assert found.need_migration().spec().network["subnets"] == ["s-1"]
        assert "open" not in json.dumps(found.resources)

    def test_secrets_become_their_values_when_shown(self) -> None:
        assert from_stack.plain({"a": {**SECRET, "plaintext": '["s-1"]'}}) == {"a": ["s-1"]}
        assert from_stack.plain({"a": {**SECRET, "ciphertext": "v1:x"}}) == {"a": "[secret]"}

    def test_the_selected_stack(self, world: World) -> None:
        world.run("history")
        assert world.pulumi_calls[0] == ["stack", "ls", "--json"]
        assert ["stack", "export", "--stack", "stg"] in world.pulumi_calls

    @pytest.mark.parametrize(
        ("stack", "props", "production"),
        [("stg", {}, False), ("prod", {}, True), ("stg", {"protected": True}, True), ("preprod", {}, False)],
    )
    def test_production(self, stack: str, props: dict[str, Any], production: bool) -> None:
        world = World(stack=stack, props=props)
        assert from_stack.target(world.deployment(), {}, stack).production is production

    def test_urns_name_the_component(self, world: World) -> None:
        assert COMPONENT in {each["urn"] for each in target(world).resources}


class TestWithoutPulumi:
    def ask(self, world: World, *words: str) -> Any:
        done = world.run("history", "--cluster", "default", *words)
        return done.exit_code, done.stderr.splitlines()[-1]

    def test_service_or_family(self, world: World) -> None:
        for words in (["--service", "web"], ["--family", "web-migrate"]):
            assert self.ask(world, *words)[0] == 0

    def test_production_is_known_by_the_runs_of_the_history(self, world: World) -> None:
        """Cluster and service are called `default` and `web`; the stack that ran the migration is one of production."""
        words = ("stop", "--cluster", "default", "--service", "web")
        world.scenario.script = hangs("working")
        self._left(world, "live")
        assert world.run(*words, input="y\n").exit_code == 3
        done = world.run(*words, input="web\n")
        assert done.exit_code == 0
        assert "Type web to go on" in done.stderr

    def test_other_stacks_are_none_of_production(self, world: World) -> None:
        world.scenario.script = hangs("working")
        self._left(world, "stg")
        assert world.run("stop", "--cluster", "default", "--service", "web", input="y\n").exit_code == 0

    def _left(self, world: World, stack: str) -> None:
        """A run that is in the history, and another one that goes on."""
        world.props["stack"] = f"shop/{stack}"
        world.run("run", "--skip")
        world.interrupt_after = 60
        assert world.run("run").exit_code == 4
        world.interrupt_after = None

    def test_a_history_that_may_not_be_read(self, world: World) -> None:
        world.scenario.script = hangs("working")
        self._left(world, "live")
        world.aws.logs.fail_next("GetLogEvents", "AccessDeniedException", "not authorized")
        done = world.run("stop", "--cluster", "default", "--service", "web", input="y\n")
        assert done.exit_code == 0
        assert "the history does not say whether this is production (AccessDeniedException)" in done.stderr

    def test_neither(self, world: World) -> None:
        assert self.ask(world) == (2, "error: --cluster needs --service or --family besides")

    def test_both_ways(self, world: World) -> None:
        assert self.ask(world, "-s", "stg", "--service", "web") == (
            2,
            "error: give -s STACK or --cluster, not both",
        )

    def test_no_such_service(self, world: World) -> None:
        code, said = self.ask(world, "--service", "api")
        assert (code, said) == (
            6,
            "error: cluster default has no service 'api' in the region of this machine's configuration",
        )

    def test_no_such_cluster(self, world: World) -> None:
        done = world.run("history", "--cluster", "nope", "--service", "web")
        assert done.exit_code == 6
        assert "there is no cluster 'nope': check the name, the region and the account" in done.stderr

    def test_a_family_whose_service_has_another_name(self, world: World) -> None:
        world.aws.ecs.register_task_definition(
            **fargate_task_definition("tools", log_group="/ecs/web-migrate")
        )
        code, said = self.ask(world, "--family", "tools")
        assert code == 6
        assert (
            "cluster default has no service 'tools', whose network the migration would have: name it with --service"
            in said
        )
        assert self.ask(world, "--family", "tools", "--service", "web")[0] == 0

    def test_which_container(self, world: World) -> None:
        world.aws.ecs.register_task_definition(
            **fargate_task_definition("two", sidecars=[{"name": "proxy", "image": "p", "essential": True}])
        )
        code, said = self.ask(world, "--family", "two", "--service", "web")
        assert code == 2
        assert "which container of two is the migration? name one with --container (migrate, proxy)" in said
        assert self.ask(world, "--family", "two", "--service", "web", "--container", "migrate")[0] == 0
