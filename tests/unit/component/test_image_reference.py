"""What counts as an image reference, and how it is taken apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from migratable_ecs import InvalidArgument
from migratable_ecs.image import Reference, parse

pytestmark = pytest.mark.thorough(keep=3)

WORD = st.from_regex(r"\A[a-z0-9]{1,8}\Z")
REPOSITORIES = st.lists(st.lists(WORD, min_size=1, max_size=3).map("-".join), min_size=1, max_size=3).map(
    "/".join
)
TAGS = st.from_regex(r"\A[a-zA-Z0-9_][a-zA-Z0-9._-]{0,20}\Z")
DIGESTS = st.from_regex(r"\Asha256:[0-9a-f]{64}\Z")
ECR = st.builds(
    "{:012d}.dkr.ecr.{}.amazonaws.com".format,
    st.integers(0, 10**12 - 1),
    st.sampled_from(["eu-west-1", "ap-northeast-1"]),
)
ELSEWHERE = st.sampled_from(["ghcr.io", "localhost", "localhost:5000", "127.0.0.1:4566", "public.ecr.aws"])


def written(registry: str, repository: str, tag: str, digest: str) -> str:
    return f"{registry + '/' if registry else ''}{repository}{':' + tag if tag else ''}{'@' + digest if digest else ''}"


@given(st.just("") | ECR, REPOSITORIES, TAGS, st.just("") | DIGESTS)
def test_what_is_written_is_what_is_read(registry: str, repository: str, tag: str, digest: str) -> None:
    assert parse(written(registry, repository, tag, digest)) == Reference(registry, repository, tag, digest)


@given(ELSEWHERE, REPOSITORIES, st.just("") | TAGS, DIGESTS)
def test_other_registries_are_read_with_a_digest(
    registry: str, repository: str, tag: str, digest: str
) -> None:
    assert parse(written(registry, repository, tag, digest)) == Reference(registry, repository, tag, digest)


@given(ELSEWHERE, REPOSITORIES, TAGS)
def test_other_registries_are_refused_with_a_tag_alone(registry: str, repository: str, tag: str) -> None:
    with pytest.raises(
        InvalidArgument, match="is not ECR and cannot be asked for its digest: give repository@sha256:"
    ):
        parse(written(registry, repository, tag, ""))


@given(st.just("") | ECR | ELSEWHERE, REPOSITORIES)
def test_neither_tag_nor_digest_is_refused(registry: str, repository: str) -> None:
    with pytest.raises(
        InvalidArgument, match="has neither tag nor digest: give repository:tag or repository@sha256:"
    ):
        parse(written(registry, repository, "", ""))


@given(st.text(max_size=60).filter(lambda text: ":" not in text.rpartition("/")[2]))
def test_anything_else_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        parse(text)
    assert repr(text) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "digest",
    [
        "",
        "sha256:",
        "sha256:abc",
        "md5:" + "a" * 64,
        "sha256:" + "A" * 64,
        "sha256:" + "a" * 65,
        "sha256:" + "a" * 64 + "\n",
    ],
)
def test_a_malformed_digest_is_refused(digest: str) -> None:
    with pytest.raises(InvalidArgument, match="a digest is sha256: and 64 hex digits"):
        parse(f"app@{digest}")


@pytest.mark.parametrize(
    "image", ["App:v1", "app:v 1", "/app:v1", "app/:v1", "app::v1", "https://host/app:v1", "app:" + "a" * 129]
)
def test_what_ecr_could_not_hold_is_refused(image: str) -> None:
    with pytest.raises(InvalidArgument, match=r"lower case|is not ECR"):
        parse(image)
