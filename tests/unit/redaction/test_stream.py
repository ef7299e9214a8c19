"""Log events come out redacted, once each, in order, and as soon as possible."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from migratable_ecs.migration.redaction import Redactor
from planted import Planted, private_key
from test_text import MARK, redactor_for, texts

from tests.pace import in_paces, processor_time
from tests.unit.repetitions import times

# Of a secret cut in two, its first few characters look like any word and may have been shown before the rest came.
SHOWN_AT_MOST = 7


def through(redactor: Redactor, events: Iterable[str]) -> list[str]:
    stream = redactor.stream()
    lines = [line for event in events for line in stream.feed(event)]
    return lines + stream.flush()


def traces(secret: str) -> list[str]:
    size = min(SHOWN_AT_MOST + 1, len(secret))
    return [secret[at : at + size] for at in range(len(secret) - size + 1)]


def test_200_secrets_cut_at_every_place_leave_no_trace(secrets: list[Planted]) -> None:
    leaks = []
    for secret in secrets[:: times(4, 1)]:
        redactor, parts = redactor_for(secret), traces(secret.secret)
        for cut in range(1, len(secret.line)):
            lines = through(redactor, ["before it", secret.line[:cut], secret.line[cut:], "after it"])
            assert len(lines) == 4
            shown = "".join(lines)
            if any(part in shown for part in parts):
                leaks.append((secret.shape, cut))
    assert leaks == []


def test_secrets_cut_into_three_leave_no_trace(secrets: list[Planted]) -> None:
    rng, leaks = random.Random(11), []
    for secret in secrets[:: times(4, 1)]:
        redactor, parts = redactor_for(secret), traces(secret.secret)
        for _ in range(20):
            one, two = sorted(rng.sample(range(1, len(secret.line)), 2))
            shown = "".join(through(redactor, [secret.line[:one], secret.line[one:two], secret.line[two:]]))
            if any(part in shown for part in parts):
                leaks.append((secret.shape, one, two))
    assert leaks == []


def test_a_private_key_over_many_events_is_hidden_line_by_line() -> None:
    key = private_key(random.Random(5))
    assert through(Redactor(), ["before", *key, "after"]) == [
        "before",
        key[0],
        *[MARK] * (len(key) - 2),
        key[-1],
        "after",
    ]


def test_a_private_key_cut_anywhere_is_hidden() -> None:
    key = private_key(random.Random(5), lines=2)
    for number, line in enumerate(key):
        for cut in range(1, len(line)):
            events = [*key[:number], line[:cut], line[cut:], *key[number + 1 :], "after"]
            lines = through(Redactor(), events)
            assert len(lines) == len(events)
            assert lines[-1] == "after"
            assert not [part for body in key[1:-1] for part in traces(body) if part in "".join(lines)]


@pytest.mark.thorough
def test_a_clean_log_comes_out_as_it_went_in(clean: list[str]) -> None:
    lines = through(Redactor(["correct-horse-battery"]), clean)
    changed = [pair for pair in zip(clean, lines, strict=True) if pair[0] != pair[1]]
    assert len(changed) <= len(clean) // 100, changed[:5]


def test_lines_stay_live_and_only_few_are_held_back(clean: list[str]) -> None:
    stream = Redactor(["correct-horse-battery"]).stream()
    held = sum(1 for line in clean if not stream.feed(line))
    assert held <= len(clean) // 20


def test_a_line_is_held_back_only_while_its_end_may_be_the_beginning_of_a_secret() -> None:
    stream = Redactor(["correct-horse-battery"]).stream()
    assert stream.feed("it is correct") == []
    assert stream.feed(" that we wait") == ["it is correct", " that we wait"]
    assert stream.feed("it is correct-horse") == []
    assert stream.feed("-battery again") == [f"it is {MARK}", f"{MARK} again"]


def test_flush_gives_back_what_is_held_and_the_rest_of_a_secret_is_still_hidden() -> None:
    stream = Redactor(["correct-horse-battery"]).stream()
    assert stream.feed("it is correct-ho") == []
    assert stream.flush() == ["it is correct-ho"]
    assert stream.feed("rse-battery again") == [f"{MARK} again"]
    assert stream.flush() == []


def test_a_chain_of_events_without_an_end_is_not_held_for_ever() -> None:
    stream = Redactor().stream()
    given_back = sum(len(stream.feed("aB3dE5fG7")) for _ in range(1_000))
    assert given_back >= 900


@pytest.mark.thorough
def test_20_000_lines_take_less_than_twenty_paces(clean: list[str]) -> None:
    """A pace is about 0.1 s."""
    redactor = Redactor([f"known-value-{number}-of-ten" for number in range(10)])
    assert len(through(redactor, clean * 2)) == len(clean * 2)
    assert in_paces(lambda: processor_time(lambda: through(redactor, clean * 2)), below=20) < 20


@given(st.lists(texts, max_size=8), st.sets(st.integers(0, 7)))
def test_every_event_comes_out_once_and_in_order(events: list[str], flushes: set[int]) -> None:
    redactor = Redactor(["s3cr3t-value"])
    stream, lines = redactor.stream(), []
    for number, event in enumerate(events):
        lines += stream.feed(event)
        assert len(lines) <= number + 1
        if number in flushes:
            lines += stream.flush()
            assert len(lines) == number + 1
    lines += stream.flush()
    assert len(lines) == len(events)
    assert "s3cr3t-value" not in "".join(lines) or flushes
    for event, line in zip(events, lines, strict=True):
        assert line.count("\n") == event.count("\n")
        assert "s3cr3t-value" not in line


@given(st.lists(st.text(alphabet="abc xyz.0123", max_size=12), max_size=8))
def test_harmless_events_come_out_as_they_went_in(events: list[str]) -> None:
    assert through(Redactor(["s3cr3t-value"]), events) == events


@pytest.mark.parametrize("values", [[], ["s3cr3t-value"]])
def test_an_empty_stream_is_empty(values: list[str]) -> None:
    assert through(Redactor(values), []) == []
    assert through(Redactor(values), ["", ""]) == ["", ""]
