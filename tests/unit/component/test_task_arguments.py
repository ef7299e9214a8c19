"""Platform, storage, volumes and roles are said once, for all tasks of the service."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pulumi
import pytest
from migratable_ecs import InvalidArgument, MigratableEcsService
from migratable_ecs.args import TaskArgs, VolumeArgs

from tests.unit.component.cloud import ACCOUNT, REGION, Graph, deploy
from tests.unit.component.service import arguments, deployed

pytestmark = pytest.mark.thorough(keep=3)

TASK_DEFINITION, ROLE, POLICY = (
    "aws:ecs/taskDefinition:TaskDefinition",
    "aws:iam/role:Role",
    "aws:iam/rolePolicy:RolePolicy",
)
EXECUTION, TASK = (f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("start-tasks", "the-app"))
EFS = f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}"


def definitions(graph: Graph, key: str) -> list[Any]:
    """What app and migration have there."""
    return [graph.one(TASK_DEFINITION, name).inputs.get(key) for name in ("web", "web-migrate")]


def allowed(graph: Graph, name: str = "web-task") -> list[dict[str, Any]]:
    return list(json.loads(graph.one(POLICY, name).inputs["policy"])["Statement"])


def test_the_family_of_the_app_is_given_and_its_log_group_follows() -> None:
    graph = deployed(task={"family": "django-app-staging"})
    assert definitions(graph, "family") == ["django-app-staging", "web-migrate"]
    assert graph.one("aws:cloudwatch/logGroup:LogGroup").inputs["name"] == "/ecs/django-app-staging"


@pytest.mark.thorough
def test_all_tasks_run_on_the_architecture_that_the_image_is_built_for() -> None:
    platform = {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}
    assert definitions(deployed(task={"architecture": "ARM64"}), "runtimePlatform") == [platform, platform]


def test_ephemeral_storage() -> None:
    assert (
        definitions(deployed(task={"ephemeral_storage": 21}), "ephemeralStorage") == [{"sizeInGib": 21}] * 2
    )


def test_what_is_not_asked_for_is_left_out() -> None:
    graph = deployed()
    for key in ("runtimePlatform", "ephemeralStorage", "volumes"):
        assert definitions(graph, key) == [None, None]


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.thorough
def test_old_revisions_are_kept_for_rolling_back_unless_told_otherwise(keep: bool) -> None:
    assert definitions(deployed(task={"keep_revisions": keep}), "skipDestroy") == [keep, keep]
    assert definitions(deployed(), "skipDestroy") == [True, True]


def test_roles_that_exist_are_used_and_none_is_made() -> None:
    graph = deployed(task={"execution_role_arn": EXECUTION, "task_role_arn": TASK})
    assert definitions(graph, "executionRoleArn") == [EXECUTION] * 2
    assert definitions(graph, "taskRoleArn") == [TASK] * 2
    assert not [type_ for type_ in graph.types() if type_.startswith("aws:iam/")]


def test_an_app_that_calls_nothing_of_aws_needs_no_task_role() -> None:
    graph = deployed(task={"without_task_role": True, "execution_role_arn": EXECUTION})
    assert definitions(graph, "taskRoleArn") == [None, None]
    assert ROLE not in graph.types()


def test_the_names_of_the_roles_are_told() -> None:
    def program(**task: Any) -> Any:
        def run() -> Any:
            made = MigratableEcsService("web", arguments(task=task))
            return pulumi.Output.all(made.task_role_name, made.task_role_arn, made.execution_role_arn)

        return deploy(run).result

    assert program(task_role_arn=TASK, execution_role_arn=EXECUTION) == ["the-app", TASK, EXECUTION]
    assert program()[0] == "web-task"


def test_the_boundary_is_on_every_role_that_is_made() -> None:
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
    schedule = {"nightly": {"command": "x", "expression": "rate(1 day)"}}
    graph = deployed(task={"permissions_boundary": boundary}, schedules=schedule)
    roles = [each.inputs["permissionsBoundary"] for each in graph.resources if each.type == ROLE]
    assert roles == [boundary] * 3


def test_the_app_may_what_the_user_says() -> None:
    statement = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::bucket/*"]}
    assert allowed(deployed(task={"task_role_statements": [statement]})) == [statement]


def test_secrets_under_a_key_of_ones_own_can_be_decrypted() -> None:
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
    found = allowed(deployed(secrets={"A": "db"}, task={"secrets_kms_keys": [key]}), "web-execution")
    assert {"Effect": "Allow", "Action": ["kms:Decrypt"], "Resource": [key]} in found


def test_environment_files_can_be_read_and_nothing_beside_them() -> None:
    file = "arn:aws:s3:::settings/web.env"
    found = allowed(deployed(container={"environment_files": [file]}), "web-execution")
    assert {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [file]} in found
    assert {
        "Effect": "Allow",
        "Action": ["s3:GetBucketLocation"],
        "Resource": ["arn:aws:s3:::settings"],
    } in found


def test_a_shell_needs_the_channels_of_session_manager() -> None:
    (found,) = allowed(deployed(rollout={"execute_command": True}))
    assert found["Action"] == [
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
    ]


def test_a_volume_of_efs_is_mounted_through_its_access_point_encrypted() -> None:
    media = {"efs_file_system_id": "fs-1", "access_point_id": "fsap-1", "iam": True}
    graph = deployed(
        task={"volumes": {"media": media}}, container={"mounts": {"/media": {"volume": "media"}}}
    )
    assert definitions(graph, "volumes") == [
        [
            {
                "name": "media",
                "efsVolumeConfiguration": {
                    "fileSystemId": "fs-1",
                    "rootDirectory": "/",
                    "transitEncryption": "ENABLED",
                    "authorizationConfig": {"accessPointId": "fsap-1", "iam": "ENABLED"},
                },
            }
        ],
        None,
    ]
    assert allowed(graph) == [
        {
            "Effect": "Allow",
            "Action": ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
            "Resource": [f"{EFS}:file-system/fs-1"],
            "Condition": {"StringEquals": {"elasticfilesystem:AccessPointArn": f"{EFS}:access-point/fsap-1"}},
        }
    ]


def test_a_volume_that_is_only_read_may_not_be_written() -> None:
    graph = deployed(
        task={"volumes": {"media": {"efs_file_system_id": "fs-1", "iam": True, "writable": False}}}
    )
    assert [statement["Action"] for statement in allowed(graph)] == [["elasticfilesystem:ClientMount"]]


def test_a_directory_of_efs_without_encryption() -> None:
    media = {"efs_file_system_id": "fs-1", "root_directory": "/media", "transit_encryption": False}
    graph = deployed(
        task={"volumes": {"media": media}}, migration__container={"mounts": {"/m": {"volume": "media"}}}
    )
    (volume,) = definitions(graph, "volumes")[1]
    assert volume["efsVolumeConfiguration"] == {
        "fileSystemId": "fs-1",
        "rootDirectory": "/media",
        "transitEncryption": "DISABLED",
    }


def test_an_empty_volume_is_shared_by_the_containers_of_a_task() -> None:
    sidecar = {"image": "x@sha256:" + "e" * 64, "mounts": {"/in": {"volume": "shared"}}}
    graph = deployed(
        image="app:v1",
        task={"volumes": {"shared": {}}},
        container={"mounts": {"/out": {"volume": "shared"}}},
        sidecars={"y": {**sidecar, "image": f"ghcr.io/team/{sidecar['image']}"}},
    )
    assert definitions(graph, "volumes")[0] == [{"name": "shared"}]


def test_no_argument_is_left_out() -> None:
    assert {field.name for field in fields(TaskArgs)} == {
        *("family", "architecture", "ephemeral_storage", "volumes", "execution_role_arn", "task_role_arn", "permissions_boundary"),
        *("task_role_statements", "secrets_kms_keys", "keep_revisions", "without_task_role"),
    }  # fmt: skip
    assert {field.name for field in fields(VolumeArgs)} == {
        *("efs_file_system_id", "access_point_id", "root_directory", "transit_encryption", "iam", "writable"),
    }


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"architecture": "arm64"}, "task.architecture is 'arm64'; allowed are 'X86_64', 'ARM64'"),
    ({"ephemeral_storage": 20}, "task.ephemeral_storage is 20; give a whole number from 21 to 200 GiB"),
    (
        {"family": "a b"},
        "task.family is 'a b'; allowed are letters, digits, hyphens and underscores, at most 255",
    ),
    (
        {"task_role_arn": "the-app"},
        "task.task_role_arn is 'the-app'; give the role's ARN, such as arn:aws:iam::123456789012:role/name",
    ),
    (
        {"task_role_arn": TASK, "task_role_statements": [{"Effect": "Allow"}]},
        "Only one of task.task_role_arn and task.task_role_statements can be provided: attach the statements to the role where it is "
        "made",
    ),
    (
        {
            "volumes": {
                "m": {"efs_file_system_id": "fs-1", "access_point_id": "fsap-1", "root_directory": "/m"}
            }
        },
        "Only one of task.volumes['m'].access_point_id and task.volumes['m'].root_directory can be provided: remove one",
    ),
    (
        {"volumes": {"m": {"access_point_id": "fsap-1"}}},
        "task.volumes['m'].access_point_id is given without task.volumes['m'].efs_file_system_id: give it, or leave access_point_id out",
    ),
    (
        {"volumes": {"m": {"efs_file_system_id": "fs-1", "iam": True, "transit_encryption": False}}},
        "task.volumes['m'].transit_encryption is False; an access point and IAM need it (EFS refuses them without): leave it out",
    ),
]


@pytest.mark.parametrize(("task", "sentence"), REFUSED, ids=[str(n) for n in range(len(REFUSED))])
def test_it_is_refused(task: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        deployed(task=task)
    assert str(refused.value).startswith(sentence)
