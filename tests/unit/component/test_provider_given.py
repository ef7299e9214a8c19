"""A provider given to the component is used for everything of AWS: resources and look-ups (promise P11)."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws
import pytest
from migratable_ecs import MigratableEcsService

from tests.unit.component.cloud import Cloud, deploy
from tests.unit.component.service import arguments


@pytest.mark.parametrize("way", ["provider", "providers", "parent"])
def test_nothing_of_aws_goes_elsewhere(way: str) -> None:
    def program() -> None:
        tokyo = aws.Provider("tokyo", region="ap-northeast-1")
        opts = {
            "provider": lambda: pulumi.ResourceOptions(provider=tokyo),
            "providers": lambda: pulumi.ResourceOptions(providers=[tokyo]),
            "parent": lambda: pulumi.ResourceOptions(
                parent=pulumi.ComponentResource(
                    "acme:index:Platform", "platform", None, pulumi.ResourceOptions(providers=[tokyo])
                )
            ),
        }[way]()
        MigratableEcsService("web", arguments(secrets={"DB": "db"}), opts)

    cloud = Cloud()
    graph = deploy(program, cloud)
    of_aws = {each.provider for each in graph.resources if each.type.startswith("aws:")}
    assert len(of_aws) == 1
    (provider,) = of_aws
    assert "pulumi:providers:aws::tokyo" in provider
    assert cloud.providers_asked == {provider}
