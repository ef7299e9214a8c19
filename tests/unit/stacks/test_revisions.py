"""Outside production the revisions of a stack's task definitions go with it, and only those."""

from __future__ import annotations

from typing import Any

from tools.stacks.revisions import Family, families, remove

TAG = "migratable-ecs:service"
KIND = "aws:ecs/taskDefinition:TaskDefinition"


class Ecs:
    """Revisions by ARN: family and tags. Listing is by prefix and two a page, as a careless implementation has it."""

    def __init__(self, **revisions: tuple[str, str]) -> None:
        self.revisions = revisions
        self.deregistered: list[str] = []
        self.deleted: list[list[str]] = []

    def get_paginator(self, operation: str) -> Ecs:
        assert operation == "list_task_definitions"
        return self

    def paginate(self, familyPrefix: str, status: str) -> list[dict[str, list[str]]]:  # noqa: N803 - boto3's name
        assert status == "ACTIVE"
        arns = [arn for arn, (family, _) in self.revisions.items() if family.startswith(familyPrefix)]
        return [{"taskDefinitionArns": arns[first : first + 2]} for first in range(0, len(arns), 2)]

    def describe_task_definition(self, taskDefinition: str, include: list[str]) -> dict[str, Any]:  # noqa: N803
        assert include == ["TAGS"]
        family, service = self.revisions[taskDefinition]
        return {
            "taskDefinition": {"family": family},
            "tags": [{"key": TAG, "value": service}] if service else [],
        }

    def deregister_task_definition(self, taskDefinition: str) -> None:  # noqa: N803
        self.deregistered.append(taskDefinition)

    def delete_task_definitions(self, taskDefinitions: list[str]) -> None:  # noqa: N803
        assert set(taskDefinitions) <= set(self.deregistered)
        self.deleted.append(taskDefinitions)


def definition(family: str, **tags: str) -> dict[str, Any]:
    return {"type": KIND, "inputs": {"family": family, "tags": tags}}


def test_the_families_of_a_stack() -> None:
    state = [
        definition("web", **{TAG: "web"}),
        definition("web-migrate", **{TAG: "web"}),
        definition("web", **{TAG: "web"}),
        definition("somebody-else-s"),
        {"type": "aws:ecs/service:Service", "inputs": {"family": "x", "tags": {TAG: "web"}}},
        {"type": "pulumi:pulumi:Stack"},
    ]
    assert families(state) == [Family("web", "web"), Family("web-migrate", "web")]


def test_all_revisions_of_a_family_and_no_others() -> None:
    ecs = Ecs(
        one=("web", "web"),
        two=("web", "web"),
        other=("web", ""),
        third=("web", "shop"),
        near=("web-migrate", "web"),
    )
    assert remove(ecs, [Family("web", "web")]) == 2
    assert ecs.deregistered == ["one", "two"]
    assert ecs.deleted == [["one", "two"]]


def test_many_are_deleted_ten_at_a_time() -> None:
    ecs = Ecs(**{f"arn{number}": ("web", "web") for number in range(23)})
    assert remove(ecs, [Family("web", "web")]) == 23
    assert [len(each) for each in ecs.deleted] == [10, 10, 3]


def test_nothing_to_remove() -> None:
    ecs = Ecs()
    assert remove(ecs, [Family("web", "web")]) == 0
    assert ecs.deleted == []
