"""What is looked up in AWS before anything is made: the digests of images, the ARNs of secrets; each once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pulumi

from . import image, secrets
from .args import MigratableEcsServiceArgs, ProcessArgs, SidecarArgs
from .args.containers import ContainerArgs


class LookUps:
    """Answers already had are given again. What is a plain string is looked up at once, so that a wrong one is refused early."""

    def __init__(self, opts: pulumi.InvokeOptions) -> None:
        self._opts = opts
        self._images: dict[str, pulumi.Output[image.Image]] = {}
        self._arns: dict[str, str] = {}

    def image(self, reference: pulumi.Input[str]) -> pulumi.Output[image.Image]:
        """The pinned image."""
        if not isinstance(reference, str):
            return image.resolve(reference, self._opts)
        if reference not in self._images:
            self._images[reference] = image.resolve(reference, self._opts)
        return self._images[reference]

    def secrets(
        self, given: Mapping[str, pulumi.Input[str]] | None, argument: str = "secrets"
    ) -> pulumi.Output[list[secrets.Secret]]:
        """All secrets, sorted by the variable they go to. `argument`: the map, as errors name it."""
        return secrets.resolve(given, self._opts, self._arns, argument)

    def prefetch(self, args: MigratableEcsServiceArgs) -> None:
        """Look up everything that `args` name.

        Raises:
            InvalidArgument: an image or a secret is not there.
        """
        for reference in all_images(args):
            self.image(reference)
        for argument, given in all_secrets(args):
            self.secrets(given, argument)


def _processes(args: MigratableEcsServiceArgs) -> Iterator[tuple[str, ProcessArgs]]:
    if args.migration:
        yield "migration", args.migration
    if args.contract:
        yield "contract", args.contract
    for name, worker in (args.workers or {}).items():
        yield f"workers[{name!r}]", worker
    for name, schedule in (args.schedules or {}).items():
        yield f"schedules[{name!r}]", schedule


def _sidecars(args: MigratableEcsServiceArgs) -> Iterator[tuple[str, SidecarArgs]]:
    for name, sidecar in (args.sidecars or {}).items():
        yield f"sidecars[{name!r}]", sidecar
    for key, worker in (args.workers or {}).items():
        for name, sidecar in (worker.sidecars or {}).items():
            yield f"workers[{key!r}].sidecars[{name!r}]", sidecar


def all_images(args: MigratableEcsServiceArgs) -> Iterator[pulumi.Input[str]]:
    """Every reference to an image."""
    yield args.image
    for migration in (args.migration, args.contract):
        if migration and migration.image:
            yield migration.image
    for _, sidecar in _sidecars(args):
        yield sidecar.image


def all_secrets(
    args: MigratableEcsServiceArgs,
) -> Iterator[tuple[str, Mapping[str, pulumi.Input[str]] | None]]:
    """Every map of references to secrets, by the argument that holds it."""
    yield "secrets", args.secrets
    yield from _log_secrets("container.", args.container)
    for where, process in _processes(args):
        yield f"{where}.secrets", process.secrets
        yield from _log_secrets(f"{where}.container.", process.container)
    for where, sidecar in _sidecars(args):
        yield f"{where}.secrets", sidecar.secrets
        yield from _log_secrets(f"{where}.", sidecar)


def _log_secrets(
    where: str, container: ContainerArgs | None
) -> Iterator[tuple[str, Mapping[str, pulumi.Input[str]] | None]]:
    if container and container.log:
        yield f"{where}log.secret_options", container.log.secret_options
