"""Which versions of the user's own programs are accepted."""

from __future__ import annotations

import pytest

from tools.engine.acquire import versions


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("v3.255.0\n", (3, 255, 0)),
        ("go1.26.8", (1, 26, 8)),
        ("go1.27", (1, 27, 0)),
        ("7.51.1-alpha.1+dirty", (7, 51, 1)),
        ("no number", None),
    ],
)
def test_programs_tell_their_version_in_different_words(text: str, version: tuple[int, ...] | None) -> None:
    assert versions.parse(text) == version


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("7.51.1", True),
        ("7.100.0", True),  # later as a number, earlier as text
        ("7.51.0", False),
        ("8.0.0", False),
        ("unknown", False),
    ],
)
def test_a_version_must_be_the_minimum_or_later_and_below_the_next_major(text: str, accepted: bool) -> None:
    assert versions.accepts(text, "7.51.1", "8") is accepted
