"""The checkout's tools folder: the programs in use, and a note of how each was had."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from . import found
from .parts import AWS, Part
from .ways import PATH, Acquired


class ToolsFolder:
    """`<checkout>/.tools`, which holds

    - `bin/`: one link per program, to be put on PATH;
    - `pulumi/plugins/`: the AWS plugin once more, where the engine looks for it with
      `PULUMI_HOME=<checkout>/.tools/pulumi` and `PULUMI_IGNORE_AMBIENT_PLUGINS=true`; without those two it is
      taken from PATH, with a warning at each run;
    - `engine.json`: what the links stand for and why.

    Args:
        path: the folder; created when something is linked.
    """

    def __init__(self, path: Path) -> None:
        self.bin = path / "bin"
        self._plugin = path / "pulumi" / "plugins" / f"resource-aws-v{AWS.minimum}"
        self._notes_file = path / "engine.json"
        self._notes = self._read()

    @property
    def own_folders(self) -> tuple[Path, ...]:
        """The folders this class fills; what is in them is not the user's own."""
        return (self.bin, self._plugin)

    def current(self, part: Part, ways: tuple[str, ...]) -> Acquired | None:
        """What is linked for `part`; None when something it depends on has changed since."""
        note = self._notes.get(part.key)
        if not isinstance(note, dict) or note.get("key") != self._key(part, ways):
            return None
        programs = {name: Path(target) for name, target in note["programs"].items()}
        linked = all(_stands_for(link, target) for link, target in self._links(part, programs))
        return Acquired(note["way"], programs) if linked else None

    def link(self, part: Part, ways: tuple[str, ...], acquired: Acquired) -> None:
        """Links the programs of `part` and notes what they depend on."""
        for link, target in self._links(part, acquired.programs):
            _replace(link, target, symbolic=acquired.way == PATH)
        self._notes[part.key] = {
            "key": self._key(part, ways),
            "way": acquired.way,
            "programs": {name: str(target) for name, target in acquired.programs.items()},
        }
        self._write()

    def _links(self, part: Part, programs: dict[str, Path]) -> list[tuple[Path, Path]]:
        links = [(self.bin / name, target) for name, target in programs.items()]
        if part is AWS:
            links += [(self._plugin / name, target) for name, target in programs.items()]
        return links

    def _key(self, part: Part, ways: tuple[str, ...]) -> str:
        return "|".join([part.fingerprint(), found.candidate(part, self.own_folders), ",".join(ways)])

    def _read(self) -> dict[str, Any]:
        try:
            notes = json.loads(self._notes_file.read_text())
        except (OSError, ValueError):
            return {}
        return notes if isinstance(notes, dict) else {}

    def _write(self) -> None:
        unfinished = self._notes_file.with_suffix(f".{os.getpid()}")
        unfinished.write_text(json.dumps(self._notes, indent=2) + "\n")
        os.replace(unfinished, self._notes_file)


def _replace(link: Path, target: Path, *, symbolic: bool) -> None:
    """Puts `link` in place of whatever is there, at once.

    What is in the cache is linked hard (copied where that cannot be): the engine expects its language host in
    the folder of its own real file, and warns when it is elsewhere. The user's own programs are linked
    symbolically, so that they are found beside each other where they are.
    """
    link.parent.mkdir(parents=True, exist_ok=True)
    unfinished = link.parent / f".{link.name}.{os.getpid()}"
    unfinished.unlink(missing_ok=True)
    if symbolic:
        unfinished.symlink_to(target)
    else:
        try:
            unfinished.hardlink_to(target)
        except OSError:
            shutil.copy2(target, unfinished)
    os.replace(unfinished, link)
    unfinished.unlink(missing_ok=True)  # a rename onto another hard link of the same file leaves both


def _stands_for(link: Path, target: Path) -> bool:
    try:
        ours, theirs = link.stat(), target.stat()
    except OSError:
        return False
    same = (ours.st_dev, ours.st_ino) == (theirs.st_dev, theirs.st_ino)
    copied = (ours.st_size, ours.st_mtime_ns) == (theirs.st_size, theirs.st_mtime_ns)
    return (same or copied) and os.access(link, os.X_OK)
