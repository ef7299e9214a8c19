"""The AWS plugin of last resort speaks the names, shapes and habits of the installed pulumi_aws package."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from . import aws_plugin_gaps as gaps
from . import aws_plugin_sdk as sdk

# Importing pulumi_aws warns of its own deprecated classes.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:pulumi_aws")

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = ROOT / ".tools" / "bin" / "pulumi-resource-aws"
Bridged = dict[str, Any]

# Optional in pulumi_aws, demanded by Terraform, and not for us to invent: the program has to give them.
REQUIRED_BY_TERRAFORM_ONLY = {
    ("aws:cloudwatch/metricAlarm:MetricAlarm", "comparisonOperator"),
    ("aws:cloudwatch/metricAlarm:MetricAlarm", "evaluationPeriods"),
    ("aws:ec2/natGateway:NatGateway", "subnetId"),
    ("aws:secretsmanager/secretRotation:SecretRotation", "rotationRules"),
}


@pytest.fixture(scope="module")
def bridged() -> Bridged:
    """All that the built plugin serves. The official plugin needs no comparison: it defines the names."""
    notes = json.loads((ROOT / ".tools" / "engine.json").read_text())
    if notes["aws"]["way"] != "build":
        pytest.skip("the official AWS plugin is in use")
    answer = subprocess.run([PLUGIN, "-dump-names"], capture_output=True, text=True, check=True, timeout=60)
    served: Bridged = json.loads(answer.stdout)
    return served


def differences(path: str, ours: Bridged, theirs: dict[str, sdk.Property]) -> Iterator[tuple[str, str]]:
    """(path, what is wrong) for each declared property that is missing from the plugin or has another shape.

    What only the plugin has is no concern: a program cannot name it.
    """
    for name, declared in theirs.items():
        where = f"{path}.{name}" if path else name
        if name not in ours:
            yield where, "missing"
        elif declared.kind and declared.kind != ours[name]["kind"]:
            yield where, f"is a {ours[name]['kind']}, declared as a {declared.kind}"
        elif declared.fields and "fields" in ours[name]:
            yield from differences(where, ours[name]["fields"], declared.fields)


def inputs_of(properties: Bridged) -> Bridged:
    return {name: each for name, each in properties.items() if not each.get("computed")}


def of_both(token: str, properties: Bridged, declared: sdk.Declaration) -> dict[str, str]:
    settable = inputs_of(properties)
    # An input of everything since pulumi-aws 7; the plugin accepts it, and acts in the provider's region.
    settable["region"] = properties["region"]
    return {
        **dict(differences("", settable, declared.inputs)),
        **dict(differences("", properties, declared.outputs)),
    }


def check(found: dict[str, dict[str, str]], accepted: dict[str, set[str]]) -> None:
    unexpected = {
        f"{token} {path}: {what}"
        for token, each in found.items()
        for path, what in each.items()
        if what != "missing" or path not in accepted.get(token, set())
    }
    closed = {
        f"{token} {path}"
        for token, paths in accepted.items()
        for path in paths
        if path not in found.get(token, {})
    }
    assert not unexpected, "pulumi_aws declares what the plugin lacks: " + "; ".join(sorted(unexpected))
    assert not closed, "no gap any more, take it off the list: " + "; ".join(sorted(closed))


def test_every_resource_has_the_declared_properties(bridged: Bridged) -> None:
    found = {
        token: of_both(token, properties, sdk.resource(token))
        for token, properties in bridged["resources"].items()
    }
    check(found, gaps.RESOURCES)


def test_every_function_has_the_declared_arguments_and_results(bridged: Bridged) -> None:
    found = {
        token: of_both(token, properties, sdk.function(token))
        for token, properties in bridged["functions"].items()
    }
    check(found, gaps.FUNCTIONS)


def test_the_provider_has_the_declared_configuration(bridged: Bridged) -> None:
    found = dict(differences("", bridged["config"], sdk.configuration()))
    without_endpoints = {path: what for path, what in found.items() if not path.startswith("endpoints.")}
    check({"config": without_endpoints}, {"config": gaps.CONFIGURATION})


def test_an_endpoint_can_be_configured_for_every_service_we_talk_to(bridged: Bridged) -> None:
    assert set(bridged["config"]["endpoints"]["fields"]) >= gaps.ENDPOINTS


def test_every_token_is_the_packages_own(bridged: Bridged) -> None:
    for token in [*bridged["resources"], *bridged["functions"]]:
        module, name = sdk.member_of(token)
        python_name = sdk.snake(name) if token in bridged["functions"] else name
        path = python_name if module == "index" else f"{module}.{python_name}"
        assert sdk.token_of(path) == token


def test_what_a_program_may_leave_out_is_filled_in(bridged: Bridged) -> None:
    """An input that Terraform demands and pulumi_aws does not must be auto-named or have a default."""
    left_out = {
        (token, name)
        for token, properties in bridged["resources"].items()
        for name, each in properties.items()
        if each.get("required") and not each.get("default")
        and name in (declared := sdk.resource(token)).inputs and not declared.inputs[name].required
    }  # fmt: skip
    assert left_out == REQUIRED_BY_TERRAFORM_ONLY


def test_documents_are_accepted_as_objects_where_the_package_allows_it(bridged: Bridged) -> None:
    for token, properties in bridged["resources"].items():
        declared = {name for name, each in sdk.resource(token).inputs.items() if each.json}
        assert {name for name, each in properties.items() if each.get("json")} == declared, token


def test_everything_this_repository_uses_is_served(bridged: Bridged) -> None:
    files = [
        ROOT / "__main__.py",
        *(ROOT / "components").rglob("*.py"),
        *(ROOT / "examples").rglob("__main__.py"),
    ]
    used = {(file, token) for file, path in sdk.used_in(files) if (token := sdk.token_of(path))}
    assert used, "the scan must find the component's own resources"
    served = {*bridged["resources"], *bridged["functions"]}
    missing = {f"{file.relative_to(ROOT)}: {token}" for file, token in used if token not in served}
    assert not missing, "add to tools/engine/aws/tokens.go: " + "; ".join(sorted(missing))
