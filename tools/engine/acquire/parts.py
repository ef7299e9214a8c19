"""What the engine consists of: three parts, their programs, versions and how each is built."""

from __future__ import annotations

import hashlib
import platform
from dataclasses import dataclass
from pathlib import Path

ENGINE = Path(__file__).resolve().parent.parent
"""The folder with one Go module per part."""

CLI_VERSION = "3.255.0"
"""The newest command line whose Go module can be had; tried with the Python SDK of requirements.lock."""

HOST_VERSION = "3.72.0"
"""The last sdk module that contains the language host; later ones keep it in an unpublished module."""

AWS_VERSION = "7.51.1"
"""The plugin version the locked pulumi-aws package asks for."""

_VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"


@dataclass(frozen=True)
class Copy:
    """A script that is taken from a Go module's source instead of being compiled.

    Attributes:
        module: path of the Go module, as `go.mod` of the part that names its version has it.
        path: the script's path inside that module.
    """

    module: str
    path: str


@dataclass(frozen=True)
class Part:
    """One part of the engine.

    Attributes:
        key: short name; also the folder of its Go module.
        title: what it is called in messages.
        programs: file names that must end up in the tools folder.
        minimum: oldest version accepted from PATH.
        below: first version not accepted from PATH; None accepts every later one.
        package: Go package of the one program that is compiled (always `programs[0]`).
        ldflags: linker flags of the build.
        build_time: how long a build takes on two cores, in words.
        download_time: how long a download takes, in words.
        copies: scripts beside the compiled program, file name -> where they come from.
        scripts_from: key of the part whose go.mod names the version of `copies`.
    """

    key: str
    title: str
    programs: tuple[str, ...]
    minimum: str
    below: str | None
    package: str
    ldflags: str
    build_time: str
    download_time: str
    copies: tuple[tuple[str, Copy], ...] = ()
    scripts_from: str = ""

    @property
    def folder(self) -> Path:
        """The folder of the part's Go module."""
        return ENGINE / self.key

    def fingerprint(self) -> str:
        """Hash of everything the built programs depend on: module files, sources, flags and platform."""
        digest = hashlib.sha256()
        for folder in sorted({self.folder, ENGINE / (self.scripts_from or self.key)}):
            for file in _module_files(folder, sources=folder == self.folder):
                digest.update(f"{file.relative_to(ENGINE)}\0".encode())
                digest.update(file.read_bytes())
        flags = (self.package, self.ldflags, repr(self.copies), platform.system(), platform.machine())
        digest.update("\0".join(flags).encode())
        return digest.hexdigest()[:16]


def _module_files(folder: Path, *, sources: bool) -> list[Path]:
    files = [folder / "go.mod", folder / "go.sum"]
    if sources:
        files += [f for f in folder.rglob("*.go") if not f.name.endswith("_test.go")]
    return sorted(files)


CLI = Part(
    key="cli",
    title="Pulumi command line",
    programs=("pulumi",),
    minimum=CLI_VERSION,
    below="4",
    package="github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    ldflags=f"-s -w -X {_VERSION_VARIABLE}=v{CLI_VERSION}",
    build_time="4 to 8 minutes",
    download_time="20 seconds",
)

HOST = Part(
    key="host",
    title="Python language host",
    programs=("pulumi-language-python", "pulumi-language-python-exec", "pulumi-resource-pulumi-python"),
    minimum=HOST_VERSION,
    below="4",
    package="github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python",
    ldflags=f"-s -w -X {_VERSION_VARIABLE}=v{HOST_VERSION}",
    build_time="20 seconds to 2 minutes",
    download_time="nothing, it comes with the command line",
    # The scripts must know the SDK of requirements.lock, so they are the command line's, not the old host's.
    copies=(
        (
            "pulumi-language-python-exec",
            Copy("github.com/pulumi/pulumi/sdk/v3", "python/cmd/pulumi-language-python-exec"),
        ),
        (
            "pulumi-resource-pulumi-python",
            Copy("github.com/pulumi/pulumi/sdk/v3", "python/dist/pulumi-resource-pulumi-python"),
        ),
    ),
    scripts_from="cli",
)

AWS = Part(
    key="aws",
    title="AWS plugin",
    programs=("pulumi-resource-aws",),
    minimum=AWS_VERSION,
    below="8",
    package=".",
    ldflags="-s -w",
    build_time="3 to 7 minutes",
    download_time="1 minute",
)

PARTS = (CLI, HOST, AWS)
