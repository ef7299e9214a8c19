"""`migratable-ecs images`: what is in ECR, newest first, and which of it runs where."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import click

from ..migration.decide import short
from . import exit_codes
from .desk import Desk, operator_options
from .errors import CommandError
from .revisions import ask, describe_service, main_image, revision
from .screen import plural

#: An image in ECR, by tag or digest.
#: A tag that is a git commit, as `make deploy` gives it.
_COMMIT = re.compile(r"[0-9a-f]{40}")
_ECR = re.compile(
    r"^(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/(?P<repository>[^@:]+)(?::(?P<tag>[^@]+))?"
    r"(?:@(?P<digest>sha256:[0-9a-f]{64}))?$"
)


@click.command("images")
@operator_options
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many, the newest first."
)
@click.option(
    "--holds",
    "name",
    metavar="NAME",
    help="Does the image hold a file whose path contains NAME, such as 0042_add_index?",
)
@click.option(
    "--image",
    "which",
    metavar="TAG|DIGEST",
    help="With --holds: the image to look into; default the one that the service runs.",
)
def command(desk: Desk, limit: int, name: str | None, which: str | None) -> None:
    """Images in ECR, newest first, and which of them runs where.

    --holds NAME looks through the layers of an image for a file, such as a migration, without starting a task; exit code 8 when it is not
    there. Migrations that are compiled into a program are no files: ask `migratable-ecs pending` instead.
    """
    if which and not name:
        raise CommandError("--image is for --holds NAME", exit_codes.USAGE)
    running = revision(desk, str(describe_service(desk)["taskDefinition"])).image
    place = repository(running)
    images = _images(desk, place)
    if name:
        _look_into(desk, place, images, which or running, name)
        return
    used = _used(desk, place["repositoryName"])
    rows = [
        {
            "digest": str(each["imageDigest"]),
            "tags": sorted(each.get("imageTags") or ()),
            "pushed": _time(each.get("imagePushedAt")),
            "bytes": int(each.get("imageSizeInBytes") or 0),
            "runs": used.get(str(each["imageDigest"]), []),
        }
        for each in images[:limit]
    ]
    data = {"repository": place["repositoryName"], "images": rows, "in_all": len(images)}
    desk.screen.result(data, lambda: _draw(desk, data))


def repository(image: str) -> dict[str, str]:
    """Registry and repository of `image`, as ECR's calls want them. Pure.

    Raises:
        CommandError: it is in another registry.
    """
    found = _ECR.match(image)
    if found is None:
        raise CommandError(f"image {image} is not in ECR: ask its registry", exit_codes.REFUSED)
    return {"registryId": found["account"], "repositoryName": found["repository"]}


def _images(desk: Desk, place: Mapping[str, str]) -> list[Mapping[str, Any]]:
    ecr = desk.client("ecr")
    found: list[Mapping[str, Any]] = []
    page: dict[str, str] = {}
    while True:
        reply = ask(desk, "DescribeImages", lambda: ecr.describe_images(**place, **page))  # noqa: B023
        found += reply.get("imageDetails", ())
        if not reply.get("nextToken"):
            return sorted(found, key=lambda each: str(_time(each.get("imagePushedAt"))), reverse=True)
        page = {"nextToken": reply["nextToken"]}


def _used(desk: Desk, name: str) -> dict[str, list[str]]:
    """Digest -> where it is used: the service's deployments, the migration, other tasks of the cluster."""
    used: dict[str, list[str]] = {}

    def note(image: str, digest: str, where: str) -> None:
        found = _ECR.match(image)
        digest = digest or (found["digest"] if found else None) or ""
        if found is not None and found["repository"] == name and digest:
            places = used.setdefault(digest, [])
            if where not in places:
                places.append(where)

    service = describe_service(desk)
    for each in service.get("deployments", ()):
        image = revision(desk, str(each["taskDefinition"])).image
        tasks = int(each.get("runningCount", 0))
        note(image, "", f"service {service['serviceName']}, {plural(tasks, 'task')}")
    migration = desk.target.migration
    if migration is not None:
        recorded = str(migration.recorded.get("digest") or "")
        definition = revision(desk, migration.task_definition).definition
        note(main_image(definition), "", f"migration {migration.family}")
        if recorded and migration.recorded.get("status") == "succeeded":
            note(main_image(definition), recorded, "migrated last")
    for task in _tasks(desk):
        where = str(task.get("group") or "").replace(":", " ", 1)
        if where == f"service {service['serviceName']}":
            continue
        for container in task.get("containers", ()):
            note(str(container.get("image", "")), str(container.get("imageDigest") or ""), where)
    return used


def _tasks(desk: Desk) -> list[Mapping[str, Any]]:
    """Every running task of the cluster."""
    ecs, cluster = desk.client("ecs"), desk.target.cluster
    arns: list[str] = []
    page: dict[str, str] = {}
    while True:
        request = {"cluster": cluster, "desiredStatus": "RUNNING", **page}
        reply = ask(desk, "ListTasks", lambda: ecs.list_tasks(**request))  # noqa: B023
        arns += reply.get("taskArns", ())
        if not reply.get("nextToken"):
            break
        page = {"nextToken": reply["nextToken"]}
    found: list[Mapping[str, Any]] = []
    for start in range(0, len(arns), 100):
        batch = arns[start : start + 100]
        reply = ask(desk, "DescribeTasks", lambda: ecs.describe_tasks(cluster=cluster, tasks=batch))  # noqa: B023
        found += reply.get("tasks", ())
    return found


def _look_into(
    desk: Desk, place: Mapping[str, str], images: list[Mapping[str, Any]], which: str, name: str
) -> None:
    from .layers import holds

    digest = pick(images, which)
    files = holds(desk, place, digest, name)
    data = {
        "repository": place["repositoryName"],
        "digest": digest,
        "name": name,
        "holds": bool(files),
        "files": files,
    }

    def draw() -> None:
        desk.screen.line(f"{short(digest)} {'holds' if files else 'holds no'} {name}")
        for each in files:
            desk.screen.line(f"  {each}")

    desk.screen.result(data, draw)
    if not files:
        click.get_current_context().exit(exit_codes.FINDINGS)


def pick(images: list[Mapping[str, Any]], which: str) -> str:
    """Digest of the image that a reference, a tag, the beginning of a commit's tag, or of a digest names. Pure.

    Raises:
        CommandError: there is none, or there are several.
    """
    found = _ECR.match(which)
    wanted = (found["digest"] or found["tag"] or "latest") if found else which
    for each in images:
        if wanted == each["imageDigest"] or wanted in (each.get("imageTags") or ()):
            return str(each["imageDigest"])
    start = f"sha256:{wanted.removeprefix('sha256:')}"
    fitting = [
        str(each["imageDigest"])
        for each in images
        if str(each["imageDigest"]).startswith(start)
        or any(_COMMIT.fullmatch(tag) and tag.startswith(wanted) for tag in each.get("imageTags") or ())
    ]
    if len(fitting) != 1:
        what = f"{len(fitting)} images fit" if fitting else "there is no image"
        raise CommandError(
            f"{what} {wanted!r}: give a tag or the beginning of a digest, as `migratable-ecs images` shows them",
            exit_codes.NOT_FOUND,
        )
    return fitting[0]


def _draw(desk: Desk, data: Mapping[str, Any]) -> None:
    desk.screen.table(
        ["image", "pushed (UTC)", "MB", "tags", "runs"],
        [
            [
                short(each["digest"]).removeprefix("sha256:"),
                each["pushed"].replace("T", " ")[:16],
                f"{each['bytes'] / 1e6:.0f}",
                ", ".join(tag[:12] if _COMMIT.fullmatch(tag) else tag for tag in each["tags"])[:24] or None,
                "; ".join(each["runs"]),
            ]
            for each in data["images"]
        ],
        right=["MB"],
    )
    left = data["in_all"] - len(data["images"])
    if left > 0:
        desk.screen.line(f"{left} older ones in {data['repository']}: --limit shows more")


def _time(at: Any) -> str:
    """ISO 8601 in UTC."""
    return at.astimezone(UTC).isoformat(timespec="seconds") if isinstance(at, datetime) else str(at or "")
