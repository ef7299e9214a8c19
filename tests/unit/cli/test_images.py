"""`images`: what is in ECR, which of it runs, and whether an image holds a migration."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Mapping
from typing import IO, Any
from urllib.request import urlopen

import pytest
from migratable_ecs.cli.errors import CommandError
from migratable_ecs.cli.images import pick, repository
from migratable_ecs.cli.layers import layers, search

from tests.unit.cli.test_rollback import deploy
from tests.unit.cli.world import World

Golden = Callable[..., None]
Matches = Callable[[str, str], Any]


def tar(*paths: str) -> bytes:
    """A layer, packed with gzip."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path in paths:
            archive.addfile(tarfile.TarInfo(path))
    return buffer.getvalue()


def opened(*contents: bytes) -> list[Callable[[], IO[bytes]]]:
    return [lambda content=content: io.BytesIO(content) for content in contents]  # type: ignore[misc]


@pytest.fixture
def world() -> World:
    """Three images; the service runs the second."""
    made = World()
    digests = []
    for number in (1, 2, 3):
        digests.append(made.aws.ecr.push("shop", f"v{number}", content=f"v{number}"))
        made.clock.sleep(60)
    made.aws.ecr.push("shop", "latest", content="v3")
    uri = f"{made.aws.ecr.uri('shop')}@{digests[1]}"
    deploy(made, "", image=uri)
    return made


def test_the_screen(world: World, golden: Golden) -> None:
    golden("images", world.run("images", "-s", "stg").stdout)


def test_json_and_limit(world: World, matches: Matches) -> None:
    data = matches("images", world.run("images", "--limit", "2", "--json").stdout)
    assert [each["tags"] for each in data["images"]] == [["latest", "v3"], ["v2"]]
    assert [each["runs"] for each in data["images"]] == [[], ["service web, 1 task"]]
    assert data["in_all"] == 3
    assert "1 older ones in shop" in world.run("images", "--limit", "2").stdout


class TestHolds:
    @pytest.fixture
    def world(self, world: World, monkeypatch: pytest.MonkeyPatch) -> World:
        """An image of two layers, the upper one with the app."""
        files = {
            "sha256:base": tar("usr/bin/python"),
            "sha256:app": tar("app/courses/migrations/0002_learners.py"),
        }
        manifest = {"layers": [{"digest": each, "size": 1_000_000} for each in files]}

        def images(**_request: Any) -> Mapping[str, Any]:
            return {"images": [{"imageManifest": json.dumps(manifest)}]}

        monkeypatch.setattr(world.aws.ecr, "batch_get_image", images)
        monkeypatch.setattr(
            world.aws.ecr,
            "get_download_url_for_layer",
            lambda **r: {"downloadUrl": r["layerDigest"]},
            raising=False,
        )
        monkeypatch.setattr(world, "download", lambda url: io.BytesIO(files[url]), raising=False)
        return world

    def test_it_does(self, world: World, golden: Golden) -> None:
        done = world.run("images", "--holds", "0002_learners")
        assert done.exit_code == 0
        golden("images_holds", done.stdout)
        assert "layer 1 of 2 (1.0 MB), newest first" in done.stderr
        assert "layer 2" not in done.stderr

    def test_it_does_not(self, world: World, matches: Matches) -> None:
        done = world.run("images", "--holds", "0003_more", "--image", "v1", "--json")
        assert done.exit_code == 8
        assert matches("images", done.stdout)["holds"] is False

    @pytest.mark.parametrize(
        "link", [lambda _: io.BytesIO(b"no layer"), lambda _: urlopen("http://127.0.0.1:1/", timeout=1)]
    )
    def test_a_layer_that_cannot_be_read(
        self, world: World, monkeypatch: pytest.MonkeyPatch, link: Callable[[str], IO[bytes]]
    ) -> None:
        monkeypatch.setattr(world, "download", link, raising=False)
        done = world.run("images", "--holds", "0002_learners")
        assert done.exit_code == 5
        assert "a layer of the image cannot be read from the link that ECR gives (" in done.stderr
        assert "Traceback" not in done.stderr


def test_an_image_by_what_the_screen_shows_of_it() -> None:
    """A tag, and the beginnings of a digest and of a commit."""
    commit = "35b0d78f8c66a2c1a2e673840123456789abcdef"
    images = [
        {"imageDigest": f"sha256:{'a' * 64}", "imageTags": [commit]},
        {"imageDigest": f"sha256:{'b' * 64}", "imageTags": ["v2"]},
    ]
    assert pick(images, "35b0d78f8c66") == pick(images, "aaaa") == f"sha256:{'a' * 64}"
    assert pick(images, "v2") == f"sha256:{'b' * 64}"
    with pytest.raises(CommandError, match="there is no image 'v'"):
        pick(images, "v")


def test_wrong_words(world: World) -> None:
    assert world.run("images", "--image", "v1").exit_code == 2
    assert world.run("images", "--holds", "x", "--image", "v9").exit_code == 6


def test_another_registry() -> None:
    done = World().run("images")
    assert done.exit_code == 3
    assert "is not in ECR: ask its registry" in done.stderr


class TestPure:
    def test_where_an_image_is(self) -> None:
        uri = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/team/shop:v1@sha256:" + "a" * 64
        assert repository(uri) == {"registryId": "123456789012", "repositoryName": "team/shop"}

    def test_a_name_that_fits_several(self) -> None:
        images = [{"imageDigest": "sha256:ab1"}, {"imageDigest": "sha256:ab2"}]
        assert pick(images, "ab1") == "sha256:ab1"
        with pytest.raises(CommandError, match="2 images fit"):
            pick(images, "ab")

    def test_what_an_upper_layer_has_removed_is_not_there(self) -> None:
        base = tar("app/migrations/0001.py", "app/old/0002.py")
        assert search(opened(tar("app/migrations/.wh.0001.py"), base), "0001", lambda _: None) == []
        assert search(opened(tar("app/old/.wh..wh..opq"), base), "0002", lambda _: None) == []
        assert search(opened(tar("x"), base), "0001", lambda _: None) == ["app/migrations/0001.py"]

    def test_the_platform_of_an_index(self) -> None:
        manifests = {
            "arm": {"layers": [{"digest": "a"}]},
            "amd": {"layers": [{"digest": "1"}, {"digest": "2"}]},
        }
        index = {
            "manifests": [
                {"digest": "arm", "platform": {"architecture": "arm64"}},
                {"digest": "amd", "platform": {"architecture": "amd64"}},
            ]
        }
        assert [each["digest"] for each in layers(manifests.__getitem__, index)] == ["2", "1"]

    def test_what_cannot_be_read_is_said(self) -> None:
        packed = {"layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+zstd"}]}
        with pytest.raises(CommandError, match="zstd"):
            layers(lambda _: {}, packed)
        with pytest.raises(CommandError, match="no layers"):
            layers(lambda _: {}, {})
