"""The settings of the systems under examples/ name what `scripts/local prepare` makes."""

from __future__ import annotations

import fnmatch

import pytest

from tests.unit.environment.configured import ROOT, settings_of
from tools.localcloud import prerequisites
from tools.localcloud.errors import LocalCloudError

FILES = sorted((ROOT / "examples").glob("*/Pulumi.*.yaml"))


@pytest.mark.parametrize("system", sorted(prerequisites.SYSTEMS))
def test_what_a_system_finds_by_name_is_what_is_prepared(system: str) -> None:
    (file,) = (each for each in FILES if each.parent.name == system)
    settings, made = settings_of(file), prerequisites.SYSTEMS[system]
    assert settings.network
    assert settings.cluster
    assert settings.load_balancer
    assert settings.database
    assert settings.task
    assert (settings.network.vpc, settings.load_balancer.name) == (made.place.name, made.place.name)
    wanted = dict(settings.network.subnets)
    found = [
        name
        for name, (_, _, tier) in made.place.subnets.items()
        if all(fnmatch.fnmatch({"Name": name, "Tier": tier}[tag], value) for tag, value in wanted.items())
    ]
    assert len(found) == 2
    assert set(settings.network.security_groups) <= set(made.place.groups)
    assert settings.cluster.name in made.clusters
    assert settings.database.secret in made.secrets
    assert settings.image.partition(":")[0] == made.repository
    given = (settings.task.execution_role_arn, settings.task.task_role_arn)
    assert {str(arn).rpartition("/")[2] for arn in given if arn} == set(made.roles)


def test_a_system_without_prerequisites_is_refused_with_those_that_have_some() -> None:
    with pytest.raises(
        LocalCloudError, match=r"no system 'go' with prerequisites: choose one of django, laravel\."
    ):
        prerequisites.of("go")
