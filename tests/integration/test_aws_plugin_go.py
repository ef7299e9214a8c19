"""The Go unit tests of the AWS plugin of last resort, with the compiler and the modules that set-up uses."""

from __future__ import annotations

import subprocess

import pytest

from tools.engine.acquire import golang
from tools.engine.acquire.parts import AWS


@pytest.mark.timeout(600)
def test_they_pass() -> None:
    """With the flags of set-up's build, so that what that has compiled need not be compiled again."""
    done = subprocess.run(
        [golang.compiler(print), "test", *golang.FLAGS, "-v", "."],
        cwd=AWS.folder,
        env=golang.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    # "no test files" is a success for Go.
    assert "--- PASS: Test" in done.stdout, done.stdout
