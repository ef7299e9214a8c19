"""The Markdown that is posted, compared with files, and its limits.

To accept a changed report: UPDATE_GOLDEN=1 pytest tests/unit/drift/test_report.py, then read the difference.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest
from migratable_ecs.drift.document import document
from migratable_ecs.drift.events import read
from migratable_ecs.drift.find import report
from migratable_ecs.drift.markdown import LIMIT, markdown, marker
from migratable_ecs.drift.model import ABSENT, Call, Danger, Difference, Plan, Report, Who

from tests.unit.drift.engine_log import SECURITY_GROUP, SERVICE, lines, planned, refreshed
from tests.unit.drift.test_find import NEW, OLD, migration

GOLDEN = Path(__file__).parent / "golden"
GROUP = "aws:lb/targetGroup:TargetGroup"
TAGS = {"tags": {"migratable-ecs:service": "shop"}}


def everything() -> Report:
    """One report with each thing that a report can say."""
    service_old = {**TAGS, "desiredCount": 1, "taskDefinition": "arn:aws:ecs:x:1:task-definition/shop:1"}
    service_new = {**TAGS, "desiredCount": 3, "taskDefinition": "arn:aws:ecs:x:1:task-definition/shop:9"}
    steps = [
        refreshed("delete", "aws:secretsmanager/secret:Secret", "api-key", old={"name": "api-key"}, inside=False, id_="arn:key"),
        refreshed("update", SERVICE, "shop", old=service_old, new=service_new, paths=("desiredCount", "taskDefinition")),
        refreshed(
            "update", SECURITY_GROUP, "cache", old={"ingress": []}, new={"ingress": [{"fromPort": 22, "cidrBlocks": ["0.0.0.0/0"]}]},
            paths=("ingress[0]",), inside=False,
        ),
        refreshed(
            "update", "aws:iam/rolePolicy:RolePolicy", "shop-task", old={"policy": "{}"}, new={"policy": '{"Statement": "*"}'},
            paths=("policy",),
        ),
        planned("replace", GROUP, "shop", old={"port": 80}, new={"port": 81}, keys=("port",), paths=("port",)),
        planned("update", SERVICE, "shop", old={"taskDefinition": "shop:1"}, new={"taskDefinition": "shop:2"}, paths=("taskDefinition",)),
        planned("create", "aws:cloudwatch/logGroup:LogGroup", "cart", new={}),
        planned(
            "update", "aws:cloudwatch/dashboard:Dashboard", "shop", old={"dashboardBody": "a" * 130}, new={"dashboardBody": "b|`" * 40},
            paths=("dashboardBody",),
        ),
        migration("update", NEW),
        migration("same", OLD),
    ]  # fmt: skip
    found = report(read(lines(*chain(*steps))))
    calls = (Call("UpdateService", "arn:aws:iam::1:user/kim", "2026-11-20 09:15:00 UTC", ("desiredCount",)),)
    drifts = tuple(
        replace(each, who=Who(calls) if each.name == "shop" else Who(unknown="CloudTrail was not asked"))
        for each in found.drifts
    )
    plan = Plan(
        text="-", sql="ALTER TABLE a RENAME COLUMN b TO c;",
        dangers=(Danger(1, "renaming-column", "Renaming a column may break existing clients.", "add the new column first"),),
    )  # fmt: skip
    return replace(
        found, drifts=drifts, migrations=(replace(found.migrations[0], plan=plan), found.migrations[1])
    )


REPORTS: dict[str, tuple[Report, bool]] = {
    "everything": (everything(), True),
    "nothing": (
        report(read(lines(*refreshed("same", SERVICE, "shop", old={}, new={}), *migration("same", OLD)))),
        True,
    ),
    "nightly": (report(read(lines(*refreshed("delete", SERVICE, "shop", old={}))), previewed=False), False),
    "failed": (
        report(read(lines({"diagnosticEvent": {"severity": "error", "message": "no ```credentials```"}}))),
        True,
    ),
}


@pytest.mark.parametrize("name", REPORTS)
def test_the_report_reads_as_in_its_file(name: str) -> None:
    made, pull_request = REPORTS[name]
    text, file = markdown(made, pull_request=pull_request), GOLDEN / f"{name}.md"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(text)
    assert text == file.read_text()


def test_the_json_holds_the_same_and_its_exit_code() -> None:
    found = json.loads(document(everything()))
    assert (found["version"], found["exit_code"], found["stack"]) == (1, 3, "stg")
    assert found["drifts"][2]["differences"][0] == {"path": "desiredCount", "before": 1, "after": 3}
    added = next(each for each in found["drifts"] if each["name"] == "cache")["differences"][0]
    assert "before" not in added


def of_size(changes: int, value: str) -> Report:
    made = everything()
    big = replace(made.changes[0], differences=(Difference("policy", "x", value),))
    return replace(made, changes=(big,) * changes)


@pytest.mark.parametrize(("changes", "value"), [(60, "long " * 400), (1000, "x")])
def test_a_report_that_is_too_long_is_shortened_and_says_so(changes: int, value: str) -> None:
    text = markdown(of_size(changes, value))
    assert len(text) <= LIMIT
    assert text.startswith(marker("stg"))
    assert "**Shortened** to fit into a comment: " in text
    # Drift is the most important part: it keeps its details as long as any other part has some.
    assert "| `desiredCount` | `1` | `3` |" in text


def test_a_report_that_just_fits_is_whole() -> None:
    whole = markdown(everything())
    assert markdown(everything(), limit=len(whole)) == whole
    assert "**Shortened**" in markdown(everything(), limit=len(whole) - 1)


@pytest.mark.parametrize(
    "value",
    ["</details><img src=x>", "`a`", "```\n# title\n```", "@someone", "a|b", "| --- |\n<!-- x", "\n\n", "``"],
)
def test_no_value_breaks_out_of_its_place(value: str) -> None:
    """Everything from AWS or the program stands in code, which GitHub takes literally."""
    from markdown_it import MarkdownIt

    drift = replace(everything().drifts[1], differences=(Difference("tags.Name", value, ABSENT),), name=value)
    html = MarkdownIt("commonmark").enable("table").render(markdown(replace(everything(), drifts=(drift,))))
    assert "<img" not in html
    assert html.count("<h2>") == 1
    assert html.count("<h3>") == 3
    assert "tags.Name" in html
