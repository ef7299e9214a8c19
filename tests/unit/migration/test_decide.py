"""P2, P10, P13: the migration runs when, and only when, its trigger changes; one line says why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from migratable_ecs.migration import provider as provider_module
from migratable_ecs.migration.decide import Recorded, Wanted, decide
from migratable_ecs.migration.state import EMPTY_OUTPUTS, UNKNOWN

A, B, C = ("sha256:" + letter * 64 for letter in "abc")
DONE_A = Recorded(digest=A, status="succeeded", command="migrate", migrated=(A,))
WANT_A = Wanted(digest=A, command="migrate")

TRUTH = [
    (
        "first run",
        None,
        WANT_A,
        "migration will run before the service rolls: first run, image sha256:aaaaaaaaaaaa",
    ),
    (
        "same digest",
        DONE_A,
        WANT_A,
        "migration will not run: image sha256:aaaaaaaaaaaa is already migrated",
    ),
    (
        "new digest",
        DONE_A,
        Wanted(B, command="migrate"),
        "migration will run before the service rolls: image sha256:aaaaaaaaaaaa -> sha256:bbbbbbbbbbbb",
    ),
    (
        "new digest after the roll",
        DONE_A,
        Wanted(B, command="migrate", phase="after"),
        "migration will run after the service has rolled: image sha256:aaaaaaaaaaaa -> sha256:bbbbbbbbbbbb",
    ),
    (
        "trigger changed",
        DONE_A,
        Wanted(A, {"seed": "2"}, "migrate"),
        "migration will run before the service rolls: trigger seed changed, image sha256:aaaaaaaaaaaa",
    ),
    (
        "forced",
        DONE_A,
        Wanted(A, {"force": "1"}, "migrate"),
        "migration will run before the service rolls: forced, image sha256:aaaaaaaaaaaa",
    ),
    (
        "trigger removed",
        Recorded(A, "succeeded", {"seed": "1"}, "migrate", (A,)),
        WANT_A,
        "migration will not run: image sha256:aaaaaaaaaaaa is already migrated",
    ),
    (
        "command changed alone",
        DONE_A,
        Wanted(A, command="migrate --fake"),
        "migration will not run: image sha256:aaaaaaaaaaaa is already migrated; the changed command takes effect with the "
        "next image, or with a trigger",
    ),
    (
        "skipped",
        DONE_A,
        Wanted(B, command="migrate", skip=True),
        "migration will not run: skipped on request; it stays pending, image sha256:bbbbbbbbbbbb",
    ),
    (
        "nothing is due that could be skipped",
        DONE_A,
        Wanted(A, command="migrate", skip=True),
        "migration will not run: image sha256:aaaaaaaaaaaa is already migrated",
    ),
    (
        "pending after a skipped first run",
        Recorded("", "skipped"),
        WANT_A,
        "migration will run before the service rolls: pending since it was skipped, image sha256:aaaaaaaaaaaa",
    ),
    (
        "failed under warn",
        Recorded(B, "failed", command="migrate", migrated=(A,)),
        Wanted(B, command="migrate"),
        "migration will run before the service rolls: the last run failed and is still pending, image sha256:bbbbbbbbbbbb",
    ),
    (
        "unknown until built",
        DONE_A,
        Wanted(None, command="migrate"),
        "migration will run before the service rolls: unknown until the image is built; it runs unless the digest is still "
        "sha256:aaaaaaaaaaaa",
    ),
    (
        "unknown until built, after a skipped first run",
        Recorded("", "skipped"),
        Wanted(None),
        "migration will run before the service rolls: pending since it was skipped, image unknown until it is built",
    ),
    (
        "unknown until built, failed under warn",
        Recorded(A, "failed", command="migrate"),
        Wanted(None, command="migrate"),
        "migration will run before the service rolls: the last run failed and is still pending, image unknown until it is built",
    ),
    (
        "unknown until built, forced",
        DONE_A,
        Wanted(None, {"force": "1"}, "migrate"),
        "migration will run before the service rolls: forced, image unknown until it is built",
    ),
    (
        "first run, unknown",
        None,
        Wanted(None),
        "migration will run before the service rolls: first run, image unknown until it is built",
    ),
    (
        "manual",
        None,
        Wanted(A, phase="manual"),
        "migration will not run: its phase is manual; start it with `migratable-ecs run`",
    ),
]


@pytest.mark.parametrize(
    ("recorded", "wanted", "line"), [row[1:] for row in TRUTH], ids=[row[0] for row in TRUTH]
)
def test_the_line_tells_what_and_why(recorded: Recorded | None, wanted: Wanted, line: str) -> None:
    assert decide(recorded, wanted).line == line


ROLLED_FORWARD = Recorded(B, "succeeded", command="migrate", migrated=(A, B))


@pytest.mark.parametrize(
    ("policy", "runs", "refused"), [("run", True, False), ("skip", False, False), ("refuse", False, True)]
)
def test_going_back_to_an_earlier_digest_is_said_and_a_choice(policy: str, runs: bool, refused: bool) -> None:
    decision = decide(ROLLED_FORWARD, Wanted(A, command="migrate", on_rollback=policy))  # type: ignore[arg-type]
    assert (decision.run, decision.refused) == (runs, refused)
    assert "back to a digest that was migrated before" in decision.line


@pytest.mark.parametrize(("trigger", "runs"), [("force", True), ("schema", False)])
def test_only_force_runs_on_a_rollback_that_is_to_be_skipped(trigger: str, runs: bool) -> None:
    """A trigger such as the hash of the migrations goes back together with the image."""
    decision = decide(ROLLED_FORWARD, Wanted(A, {trigger: "1"}, "migrate", on_rollback="skip"))
    assert decision.run is runs
    assert "on_rollback is skip" in decision.line


def test_the_default_runs_on_rollback() -> None:
    assert decide(ROLLED_FORWARD, WANT_A).run


def test_after_a_skipped_rollback_the_newer_digest_is_still_migrated() -> None:
    assert not decide(ROLLED_FORWARD, Wanted(B, command="migrate", on_rollback="skip")).run


def test_a_refusal_says_how_to_go_on() -> None:
    line = decide(ROLLED_FORWARD, Wanted(A, on_rollback="refuse")).line
    assert line.startswith("migration refused: ")
    assert "deploy a newer image, or set on_rollback to run or skip" in line


digests = st.sampled_from([A, B, C])
triggers = st.dictionaries(st.sampled_from(["force", "seed", "x"]), st.sampled_from(["1", "2"]), max_size=2)
props = st.fixed_dictionaries(
    {
        "urn": st.just("urn:pulumi:s::p::t::n"),
        "image_digest": st.one_of(digests, st.just(UNKNOWN)),
        "triggers": st.one_of(triggers, st.just(UNKNOWN)),
        "command": st.sampled_from(["migrate", "other"]),
        "phase": st.sampled_from(["before", "after", "manual"]),
        "on_rollback": st.sampled_from(["run", "skip"]),
        "skip": st.booleans(),
        "cpu": st.sampled_from([256.0, 512.0]),
        "subnets": st.lists(st.sampled_from(["subnet-1", "subnet-2"])),
        "timeout": st.sampled_from([60.0, 3600.0]),
    }
)
outputs = st.fixed_dictionaries(
    {
        "digest": digests,
        "status": st.sampled_from(["succeeded", "failed", "skipped", "manual"]),
        "ran_triggers": triggers,
        "ran_command": st.sampled_from(["migrate", "other"]),
        "migrated": st.lists(digests, unique=True),
    }
)


@given(olds=outputs, news=props)
def test_diff_says_changes_if_and_only_if_the_migration_runs(olds: dict, news: dict) -> None:  # type: ignore[type-arg]
    before = {**EMPTY_OUTPUTS, **olds}
    decision = decide(provider_module.recorded(before), provider_module.wanted(news))
    diff = provider_module.MigrationProvider().diff("id", before, news)
    assert diff.changes is decision.run
    assert not diff.replaces


@given(olds=outputs, news=props, other=props)
def test_nothing_but_the_trigger_matters(olds: dict, news: dict, other: dict) -> None:  # type: ignore[type-arg]
    """Sizes, subnets, time-outs and the command may change at will."""
    before = provider_module.recorded({**EMPTY_OUTPUTS, **olds})
    changed = {**news, **{key: other[key] for key in ("cpu", "subnets", "timeout", "command")}}
    now, then = decide(before, provider_module.wanted(news)), decide(before, provider_module.wanted(changed))
    assert now.run == then.run


@given(olds=outputs, news=props)
def test_every_line_is_one_line(olds: dict, news: dict) -> None:  # type: ignore[type-arg]
    line = decide(provider_module.recorded({**EMPTY_OUTPUTS, **olds}), provider_module.wanted(news)).line
    assert "\n" not in line
    assert line.startswith(("migration will run", "migration will not run", "migration refused: "))
