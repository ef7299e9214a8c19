"""`FakeEcr`: tags and digests (DescribeImages, BatchGetImage in the ECR API reference)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from migratable_ecs.testing.client import ACCOUNT, REGION, FakeClient, operation
from migratable_ecs.testing.clock import FakeClock
from migratable_ecs.testing.wire import Params, Response

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"


@dataclass
class _Image:
    digest: str
    pushed: float
    tags: list[str] = field(default_factory=list)


class FakeEcr(FakeClient):
    """The "ecr" client of boto3."""

    service = "ecr"

    def __init__(
        self, clock: FakeClock, *, region: str = REGION, account: str = ACCOUNT, seed: int = 0
    ) -> None:
        super().__init__(clock, region=region, account=account, seed=seed)
        self._repositories: dict[str, dict[str, _Image]] = {}

    def push(self, repository: str, *tags: str, content: str = "v1") -> str:
        """Push an image made of `content` and move `tags` to it; the repository is created if need be.
        Returns the digest."""
        images = self._repositories.setdefault(repository, {})
        digest = "sha256:" + hashlib.sha256(content.encode()).hexdigest()
        image = images.setdefault(digest, _Image(digest, self.clock.time()))
        for other in images.values():
            other.tags = [tag for tag in other.tags if tag not in tags]
        image.tags += tags
        return digest

    def uri(self, repository: str) -> str:
        """The repository's address, without tag."""
        return f"{self.account}.dkr.ecr.{self.region}.amazonaws.com/{repository}"

    @operation("DescribeImages")
    def describe_images(self, params: Params) -> Response:
        """By tag or digest, or all. Raises RepositoryNotFoundException, ImageNotFoundException."""
        name = params["repositoryName"]
        wanted = params.get("imageIds")
        images = self._images("DescribeImages", name)
        if wanted is None:
            return {"imageDetails": [self._describe(name, image) for image in images.values()]}
        found = []
        for key in wanted:
            image = _find(images, key)
            if image is None:
                digest, tag = key.get("imageDigest", "null"), key.get("imageTag", "null")
                message = (
                    f"The image with imageId {{imageDigest:'{digest}', imageTag:'{tag}'}} does not exist "
                    f"within the repository with name '{name}' in the registry with id '{self.account}'"
                )
                raise self.error("DescribeImages", "ImageNotFoundException", message)
            found.append(self._describe(name, image))
        return {"imageDetails": found}

    @operation("BatchGetImage")
    def batch_get_image(self, params: Params) -> Response:
        """By tag or digest; what is not there is a failure (ImageNotFound), not an error."""
        name = params["repositoryName"]
        images = self._images("BatchGetImage", name)
        found: list[dict[str, Any]] = []
        failures: list[dict[str, Any]] = []
        wanted: Sequence[dict[str, str]] = params["imageIds"]
        for key in wanted:
            image = _find(images, key)
            if image is None:
                reason = "Requested image not found"
                failures.append(
                    {"imageId": dict(key), "failureCode": "ImageNotFound", "failureReason": reason}
                )
            else:
                place = {"registryId": self.account, "repositoryName": name}
                found.append(
                    {**place, "imageId": {**key, "imageDigest": image.digest}, "imageManifest": "{}"}
                )
        return {"images": found, "failures": failures}

    def _images(self, operation_name: str, name: str) -> dict[str, _Image]:
        if name not in self._repositories:
            message = (
                f"The repository with name '{name}' does not exist in the registry with id '{self.account}'"
            )
            raise self.error(operation_name, "RepositoryNotFoundException", message)
        return self._repositories[name]

    def _describe(self, repository: str, image: _Image) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "registryId": self.account,
            "repositoryName": repository,
            "imageDigest": image.digest,
            "imageSizeInBytes": 100_000_000,
            "imagePushedAt": self.clock.datetime(image.pushed),
            "imageManifestMediaType": MANIFEST_TYPE,
        }
        if image.tags:
            answer["imageTags"] = list(image.tags)
        return answer


def _find(images: dict[str, _Image], key: dict[str, str]) -> _Image | None:
    for image in images.values():
        digest_fits = key.get("imageDigest", image.digest) == image.digest
        if digest_fits and ("imageTag" not in key or key["imageTag"] in image.tags):
            return image
    return None
