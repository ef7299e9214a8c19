"""Nothing secret stays in a text, and nothing else is touched."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from migratable_ecs.migration.redaction import Redactor
from planted import FORMS, KNOWN, Planted, private_key

from tests.pace import in_paces, processor_time

MARK = "[redacted]"


def redactor_for(secret: Planted) -> Redactor:
    return Redactor([secret.secret] if secret.known else [])


def test_200_planted_secrets_in_all_shapes_leave_no_trace(secrets: list[Planted]) -> None:
    assert len(secrets) == 200
    assert {secret.shape for secret in secrets} == {*FORMS, *KNOWN}
    for secret in secrets:
        shown = redactor_for(secret).text(secret.line)
        traces = [secret.secret[at : at + 6] for at in range(len(secret.secret) - 5)]
        assert MARK in shown, secret.shape
        assert not [trace for trace in traces if trace in shown], secret.shape


def test_a_whole_state_with_all_of_them_leaves_no_trace(secrets: list[Planted]) -> None:
    redactor = Redactor([secret.secret for secret in secrets if secret.known])
    for text in (
        "\n".join(secret.line for secret in secrets),
        json.dumps({"history": [{"lines": [secret.line]} for secret in secrets]}, indent=1),
    ):
        shown = redactor.text(text)
        assert [secret.shape for secret in secrets if secret.secret in shown] == []
        assert shown.count("\n") == text.count("\n")


def test_what_is_around_a_secret_stays_readable() -> None:
    word = "".join(random.Random(3).sample("abcdefghkmnpqrstuvwxyz", 12))
    shown = Redactor().text(
        f"DB_PASSWORD={word} url=postgres://app:{word}@db.internal:5432/app GET /?token={word}&page=2"
    )
    assert shown == (
        f"DB_PASSWORD={MARK} url=postgres://app:{MARK}@db.internal:5432/app GET /?token={MARK}&page=2"
    )


def test_a_clean_log_is_not_touched(clean: list[str]) -> None:
    redactor = Redactor(["correct-horse-battery"])
    changed = [line for line in clean if redactor.text(line) != line]
    assert len(changed) <= len(clean) // 100, changed[:5]


@pytest.mark.parametrize(
    "line",
    [
        "Migrating: 2014_10_12_100000_create_password_resets_table",
        "  Applying token_blacklist.0001_initial... OK",
        "== 20240101000000 AddResetPasswordTokenToUsers: migrating ====",
        "DB_PASSWORD: arn:aws:secretsmanager:eu-west-1:123456789012:secret:app-AbCdEf:password::",
        "PWD=/app",
        "password = $1, token = NULL",
        "Unknown option --password",
        "https://127.0.0.1:8000/path@v2",
        'Parameters: {"password"=>"[FILTERED]"}',
    ],
)
def test_a_line_that_only_talks_about_secrets_stays_as_it_is(line: str) -> None:
    assert Redactor().text(line) == line


def test_references_and_placeholders_stay_but_values_do_not() -> None:
    assert Redactor().text("API_KEY=${API_KEY}") == "API_KEY=${API_KEY}"
    assert Redactor().text("API_KEY=$tart7rek") == f"API_KEY={MARK}"


def test_a_private_key_is_hidden_line_by_line() -> None:
    key = private_key(random.Random(5))
    shown = Redactor().text("\n".join(["before", *key, "after"])).split("\n")
    assert shown == ["before", key[0], *[MARK] * (len(key) - 2), key[-1], "after"]


def test_a_private_key_in_one_line_is_hidden() -> None:
    key = private_key(random.Random(5))
    shown = Redactor().text(json.dumps({"key": "\n".join(key), "n": 1}))
    assert not [line for line in key[1:-1] if line in shown]
    assert shown.endswith('", "n": 1}')


def test_values_shorter_than_4_characters_are_ignored_and_counted() -> None:
    redactor = Redactor(["abc", "", "abcd"])
    assert redactor.ignored == 1
    assert redactor.text("abc abcd") == f"abc {MARK}"


def test_each_line_of_a_known_value_of_several_lines_is_hidden() -> None:
    value = "first-line-of-it\nsecond-line-of-it"
    assert Redactor([value]).text("x second-line-of-it y") == f"x {MARK} y"


@pytest.mark.thorough
def test_20_000_lines_take_less_than_eight_paces(clean: list[str]) -> None:
    """A pace is about 0.1 s."""
    redactor = Redactor([f"known-value-{number}-of-ten" for number in range(10)])
    assert in_paces(lambda: processor_time(lambda: [redactor.text(line) for line in clean * 2]), below=8) < 8


@pytest.mark.parametrize(
    "text",
    [
        "a" * 200_000,
        "://" * 70_000,
        "://a:" * 40_000,
        "password" * 25_000,
        "token=" * 35_000,
        'password="' * 20_000,
        "eyJ" * 70_000,
        "eyJaaaaaa." * 20_000,
        "AKIA" * 50_000,
        "a:b@" * 50_000,
        '\\"' * 100_000,
        "-----BEGIN PRIVATE KEY-----" * 8_000,
        "aB3/" * 50_000,
        "ghp_" * 50_000,
        "a.b-" * 50_000 + "=",
        "Bearer " * 30_000,
    ],
    ids=lambda text: text[:12],
)
@pytest.mark.thorough(keep=8)
def test_a_hostile_text_takes_time_that_grows_with_its_length_only(text: str) -> None:
    assert in_paces(lambda: processor_time(lambda: Redactor(["known-value-1"]).text(text)), below=30) < 30


PIECES = st.sampled_from(
    ["password", "token", "=", ":", " ", '"', "'", "\\", "://", "app", "@", "\n", "eyJabcdefg.hij", "AKIA", "&", "?", "Bearer ",
     "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "[redacted]", "--", "x" * 40, "s3cr3t-value", ",", "}"]
)  # fmt: skip
texts = st.lists(PIECES | st.text(max_size=5), max_size=14).map("".join)


@given(texts)
def test_twice_is_the_same_as_once_and_lines_stay_lines(text: str) -> None:
    redactor = Redactor(["s3cr3t-value"])
    once = redactor.text(text)
    assert redactor.text(once) == once
    assert once.count("\n") == text.count("\n")
    assert "s3cr3t-value" not in once
