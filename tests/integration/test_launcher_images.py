"""Images: Amazon's registry names, digests, and what ECS says when an image cannot be pulled."""

from __future__ import annotations

import hashlib
import json
import urllib.request
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from . import launcher_fixture as fixture
from .launcher_fixture import ACCOUNT, IMAGE, REGION, Cloud, Cluster

pytestmark = pytest.mark.docker
cloud, cluster = fixture.cloud, fixture.cluster

HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"


@dataclass
class Pushed:
    repository: str
    digest: str


@pytest.fixture(scope="module")
def pushed(cloud: Cloud) -> Any:
    """The test image, pushed as ``shop/app:v1``, and no longer known to the engine under that name."""
    cloud.client("ecr").create_repository(repositoryName="shop/app")
    name = f"127.0.0.1:{cloud.port}/shop/app"
    cloud.docker.images.get(IMAGE).tag(name, tag="v1")
    last = [
        line for line in cloud.docker.images.push(name, tag="v1", stream=True, decode=True) if "aux" in line
    ]
    cloud.docker.images.remove(f"{name}:v1", force=True)
    yield Pushed("shop/app", last[-1]["aux"]["Digest"])
    for image in cloud.docker.images.list(name=name):
        for digest in image.attrs["RepoDigests"]:
            if digest.startswith(name):
                cloud.docker.images.remove(digest)


def stopped(cluster: Cluster, image: str) -> Any:
    return cluster.finished(cluster.run(cluster.container("echo hi", image=image)))


def test_describe_images_gives_the_pushed_manifest_s_digest(cloud: Cloud, pushed: Pushed) -> None:
    answer = cloud.client("ecr").describe_images(repositoryName="shop/app", imageIds=[{"imageTag": "v1"}])
    assert answer["imageDetails"][0]["imageDigest"] == pushed.digest


def test_a_layer_can_be_fetched_by_its_link(cloud: Cloud, pushed: Pushed) -> None:
    ecr = cloud.client("ecr")
    (image,) = ecr.batch_get_image(repositoryName="shop/app", imageIds=[{"imageTag": "v1"}])["images"]
    newest = json.loads(image["imageManifest"])["layers"][-1]["digest"]
    link = ecr.get_download_url_for_layer(repositoryName="shop/app", layerDigest=newest)["downloadUrl"]
    with urllib.request.urlopen(link, timeout=10) as reply:
        assert f"sha256:{hashlib.sha256(reply.read()).hexdigest()}" == newest


def test_a_task_starts_from_amazon_s_name_by_tag_and_reports_the_digest(
    cluster: Cluster, pushed: Pushed
) -> None:
    task = stopped(cluster, f"{HOST}/shop/app:v1")
    assert task["containers"][0]["exitCode"] == 0
    assert task["containers"][0]["imageDigest"] == pushed.digest
    assert task["containers"][0]["image"] == f"{HOST}/shop/app:v1"


@pytest.mark.parametrize("form", ["{host}/shop/app@{digest}", "{host}/shop/app:v1@{digest}"])
def test_a_task_starts_from_amazon_s_name_by_digest(cluster: Cluster, pushed: Pushed, form: str) -> None:
    arn = cluster.run(cluster.container("echo by digest", image=form.format(host=HOST, digest=pushed.digest)))
    task = cluster.finished(arn)
    assert task["containers"][0]["exitCode"] == 0, task
    assert task["containers"][0]["imageDigest"] == pushed.digest
    assert cluster.lines(arn) == ["by digest"]


def test_the_gateway_s_own_name_works_too(cluster: Cluster, pushed: Pushed) -> None:
    task = stopped(cluster, f"127.0.0.1:{cluster.cloud.port}/{pushed.repository}@{pushed.digest}")
    assert task["containers"][0]["exitCode"] == 0, task


def test_an_image_of_another_account_is_pulled_from_there(cloud: Cloud, cluster: Cluster) -> None:
    account = "111122223333"
    cloud.client("ecr", key=account).create_repository(repositoryName="their/app")
    name = f"127.0.0.1:{cloud.port}/their/app"
    cloud.docker.images.get(IMAGE).tag(name, tag="v1")
    cloud.docker.images.push(name, tag="v1")
    cloud.docker.images.remove(f"{name}:v1", force=True)
    task = stopped(cluster, f"{account}.dkr.ecr.{REGION}.amazonaws.com/their/app:v1")
    assert task["containers"][0]["exitCode"] == 0, task
    cloud.docker.images.remove(f"{name}@{task['containers'][0]['imageDigest']}")
    wrong = stopped(cluster, f"{HOST}/their/app:v1")
    assert wrong["stoppedReason"].startswith("CannotPullContainerError: ")


@pytest.mark.parametrize(
    "image",
    [
        f"{HOST}/shop/app:gone",
        f"{HOST}/shop/app@sha256:{'0' * 64}",
        f"{HOST}/no/such:v1",
    ],
)
def test_an_image_that_is_not_there_fails_the_start(cluster: Cluster, pushed: Pushed, image: str) -> None:
    task = stopped(cluster, image)
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("CannotPullContainerError: ")
    assert image in task["stoppedReason"]
    assert "exitCode" not in task["containers"][0]
    assert task["containers"][0]["reason"] == task["stoppedReason"]


def test_a_command_that_is_not_there_fails_the_start(cluster: Cluster) -> None:
    task = cluster.finished(cluster.run(cluster.container(None, command=["/no/such/program"])))
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["containers"][0]["reason"].startswith("CannotStartContainerError: ")


def test_describe_images_knows_no_unknown_tag(cloud: Cloud, pushed: Pushed) -> None:
    with pytest.raises(ClientError) as error:
        cloud.client("ecr").describe_images(repositoryName="shop/app", imageIds=[{"imageTag": "nope"}])
    assert error.value.response["Error"]["Code"] == "ImageNotFoundException"
    assert "imageTag:'nope'" in error.value.response["Error"]["Message"]
