"""The page for users of `migratable_ecs.testing` shows code that runs: its snippets are parts of files that are tested here."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import migratable_ecs.testing as testing

REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLE = REPOSITORY / "examples" / "testing"
PAGE = REPOSITORY / "docs" / "testing-your-stack.md"


def test_the_example_s_tests_pass() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--rootdir", str(EXAMPLE),
         "-c", os.devnull, str(EXAMPLE)],
        cwd=EXAMPLE, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert re.search(r"\b\d\d+ passed", done.stdout), done.stdout


def test_every_snippet_of_the_page_is_part_of_the_example() -> None:
    files = [path.read_text() for path in sorted(EXAMPLE.glob("*.py"))]
    snippets = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(snippets) >= 6
    for snippet in snippets:
        assert any(snippet.strip() in text for text in files), snippet


def test_the_page_names_only_what_there_is() -> None:
    page = PAGE.read_text()
    rows = page[page.index("| you write") : page.index("## What the fakes are held to")].splitlines()
    written = " ".join(row.split("|")[1] for row in rows if row.startswith("| `"))
    names = set(re.findall(r"\b([A-Za-z_]+)\(", written))
    assert len(names) > 15
    unknown = {name for name in names if name not in testing.__all__ and not hasattr(testing.FakeEcs, name)}
    assert unknown == set()
