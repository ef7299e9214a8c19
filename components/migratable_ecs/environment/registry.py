"""A repository for the images. Building and pushing them stays outside the program."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from ..validation import InvalidArgument, between, text
from .making import Making

#: Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
_NAME = re.compile(r"(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*\Z")


@dataclass(frozen=True, kw_only=True)
class RegistryArgs:
    """An ECR repository.

    Args:
        repository: its name, 2 to 256 characters; default the environment's name.
        keep: images kept, 1 to 10000, default 30; older ones are deleted by ECR.
        immutable: whether a tag, once pushed, stays with its image; default whether the environment is protected.
        scan: whether each image is looked through for known weaknesses when it is pushed, default True.
        kms_key_arn: of the key that encrypts images; default ECR's own (AES-256).
    """

    repository: str | None = None
    keep: int = 30
    immutable: bool | None = None
    scan: bool = True
    kms_key_arn: str | None = None

    def validate(self, where: str) -> None:
        """Refuse what ECR would refuse.

        Raises:
            InvalidArgument: one sentence with the remedy.
        """
        text(f"{where}.repository", self.repository)
        name = self.repository
        if name is not None and not (2 <= len(name) <= 256 and _NAME.match(name)):
            raise InvalidArgument(
                f"{where}.repository is {name!r}; give 2 to 256 lower-case letters, digits, and . _ - / between them, such as 'shop/app'"
            )
        between(f"{where}.keep", self.keep, 1, 10_000, " images")
        text(f"{where}.kms_key_arn", self.kms_key_arn)


def registry(making: Making, args: RegistryArgs) -> pulumi.Output[str]:
    """The URL of a repository that is made."""
    key = args.kms_key_arn
    made = aws.ecr.Repository(
        making.called("images"),
        name=args.repository or making.called("", 256),
        image_tag_mutability="IMMUTABLE" if _immutable(making, args) else "MUTABLE",
        image_scanning_configuration={"scan_on_push": args.scan},
        encryption_configurations=[{"encryption_type": "KMS", "kms_key": key}] if key else None,
        # Outside production a destroy takes the images along; in it ECR refuses while there are any.
        force_delete=not making.keep,
        tags=making.tagged("images"),
        opts=making.options(),
    )
    aws.ecr.LifecyclePolicy(making.called("images"), repository=made.name, policy=lifecycle(args.keep))
    return made.repository_url


def lifecycle(keep: int) -> str:
    """The policy that keeps the newest `keep` images. Pure.

    Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
    """
    newest = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": keep}
    rule = {
        "rulePriority": 1,
        "description": f"Keep {keep}",
        "selection": newest,
        "action": {"type": "expire"},
    }
    return json.dumps({"rules": [rule]})


def _immutable(making: Making, args: RegistryArgs) -> bool:
    return making.protected if args.immutable is None else args.immutable
