"""A local cloud of the tests' own: other names, ports and labels than `make up`, in this checkout or another."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tools.localcloud.instance import LocalCloud


@contextlib.contextmanager
def running(name: str, folder_prefix: str) -> Iterator[LocalCloud]:
    """A local cloud that is up within the block, and gone after it with all it made.

    Args:
        name: what its labels begin with; this process's number follows, so that two test runs never share one.
        folder_prefix: what the name of its folder for logs and state begins with.
    """
    folder = Path(tempfile.mkdtemp(prefix=folder_prefix))
    made = LocalCloud(f"{name}-{os.getpid()}", folder, print)
    try:
        made.up()
        yield made
    finally:
        made.down()
        shutil.rmtree(folder, ignore_errors=True)
