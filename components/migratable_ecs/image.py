"""From what the user calls an image to `repository@sha256:…`, before anything is registered (promise P1)."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from .plugin_errors import refusal
from .validation import InvalidArgument

_DIGEST = re.compile(r"^sha256:[0-9a-f]{64}\Z")
_ECR = re.compile(r"^(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?\Z")

# Source of both: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
_REPOSITORY = re.compile(r"^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*\Z")
_TAG = re.compile(r"^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}\Z")


@dataclass(frozen=True)
class Reference:
    """An image reference taken apart; `registry` is empty for ECR in the stack's own account."""

    registry: str
    repository: str
    tag: str
    digest: str


@dataclass(frozen=True)
class Image:
    """One image, pinned. `uri` is what task definitions carry."""

    uri: str
    digest: str
    repository_arn: str = ""


def parse(reference: str) -> Reference:
    """Take `reference` apart. Pure.

    Raises:
        InvalidArgument: neither tag nor digest, not a reference at all, or a tag in a registry that cannot be asked for its digest.
    """
    rest, at, digest = reference.partition("@")
    if at and not _DIGEST.match(digest):
        raise InvalidArgument(
            f"image {reference!r} has the digest {digest!r}; a digest is sha256: and 64 hex digits, give that or a tag"
        )
    registry, rest = _registry(rest)
    repository, colon, tag = rest.partition(":")
    if not tag and not digest:
        raise InvalidArgument(
            f"image {reference!r} has neither tag nor digest: give repository:tag or repository@sha256:…"
        )
    if not _REPOSITORY.match(repository) or (colon and not _TAG.match(tag)):
        raise InvalidArgument(
            f"image {reference!r} is not an image reference: give repository:tag or repository@sha256:…, in lower case"
        )
    if registry and not digest and not _ECR.match(registry):
        raise InvalidArgument(
            f"image {reference!r} names a tag in {registry}, which is not ECR and cannot be asked for its digest: "
            "give repository@sha256:…"
        )
    return Reference(registry, repository, tag, digest)


def _registry(text: str) -> tuple[str, str]:
    head, slash, rest = text.partition("/")
    if slash and ("." in head or ":" in head or head == "localhost"):
        return head, rest
    return "", text


def resolve(image: pulumi.Input[str], opts: pulumi.InvokeOptions | None = None) -> pulumi.Output[Image]:
    """The pinned image; unknown in a preview only while `image` itself is.

    A plain string is looked up at once, so that a wrong one is refused while nothing has been made.

    Raises:
        InvalidArgument: the reference, its repository or its tag is wrong; inside the Output when `image` is an Output.
    """
    if isinstance(image, str):
        return pulumi.Output.from_input(_resolve(image, opts))
    later: pulumi.Output[str] = pulumi.Output.from_input(image)
    return later.apply(lambda reference: _resolve(reference, opts))


def _resolve(reference: str, opts: pulumi.InvokeOptions | None) -> Image:
    parsed = parse(reference)
    account = _ECR.match(parsed.registry)
    if parsed.registry and account is None:
        return Image(f"{parsed.registry}/{parsed.repository}@{parsed.digest}", parsed.digest)
    return _in_ecr(reference, parsed, account["account"] if account else None, opts)


def _in_ecr(
    reference: str, parsed: Reference, account: str | None, opts: pulumi.InvokeOptions | None
) -> Image:
    try:
        repository = aws.ecr.get_repository(name=parsed.repository, registry_id=account, opts=opts)
    except Exception as error:
        raise refusal(
            f"image {reference!r} is in the ECR repository {parsed.repository!r}",
            error,
            f"correct it, create the repository (`aws ecr create-repository --repository-name {parsed.repository}`), or "
            "check aws:region and the account",
        ) from None
    digest = parsed.digest or _digest_of(reference, parsed, account, opts)
    return Image(f"{repository.repository_url}@{digest}", digest, repository.arn)


def _digest_of(
    reference: str, parsed: Reference, account: str | None, opts: pulumi.InvokeOptions | None
) -> str:
    try:
        found = aws.ecr.get_image(
            repository_name=parsed.repository, image_tag=parsed.tag, registry_id=account, opts=opts
        )
    except Exception as error:
        raise refusal(
            f"image {reference!r} has the tag {parsed.tag!r}",
            error,
            f"push it, or give a tag that is there (`aws ecr describe-images --repository-name {parsed.repository}`)",
        ) from None
    return found.image_digest
