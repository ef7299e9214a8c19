"""Every known text gets its cause; the table is closed, and each of its rows can be reached."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from migratable_ecs.migration.diagnosis import CAUSES, UNKNOWN, Cause, Evidence, diagnose

HERE = Path(__file__).parent
CORPUS: list[dict[str, Any]] = yaml.safe_load((HERE / "corpus.yaml").read_text())
MakeEvidence = Callable[..., Evidence]

# Evidence for the rows that need no text of AWS, or whose text was not found anywhere in public.
MADE_UP: list[dict[str, Any]] = yaml.safe_load((HERE / "rows.yaml").read_text())


@pytest.mark.parametrize("entry", [*CORPUS, *MADE_UP], ids=lambda entry: entry["cause"])
def test_a_known_text_gets_its_cause(entry: dict[str, Any], evidence: MakeEvidence) -> None:
    fields = {key: value for key, value in entry.items() if key not in ("cause", "source")}
    assert diagnose(evidence(**fields)).cause == entry["cause"]


def test_the_corpus_is_large_sourced_and_anonymous() -> None:
    text = (HERE / "corpus.yaml").read_text()
    assert len(CORPUS) >= 60
    assert all(entry["source"].startswith("https://") for entry in CORPUS)
    assert set(re.findall(r"\b\d{12}\b", text)) <= {"123456789012"}
    assert not [entry for entry in CORPUS if re.search(r"[0-9a-f]{32}", str({**entry, "source": ""}))]


def test_every_row_is_reached_and_every_slug_is_unique() -> None:
    slugs = [cause.slug for cause in CAUSES]
    assert len(slugs) == len(set(slugs))
    assert {entry["cause"] for entry in [*CORPUS, *MADE_UP]} == set(slugs)


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.slug)
def test_a_row_says_what_happened_what_to_do_and_where_it_was_seen(cause: Cause) -> None:
    assert cause.slug != UNKNOWN
    assert cause.sentence.endswith((".", "}")) or "{said}" in cause.sentence
    assert cause.next_step
    assert cause.doc
    assert cause.source.startswith("https://")


@pytest.mark.parametrize("entry", [*CORPUS, *MADE_UP], ids=lambda entry: entry["cause"])
def test_no_template_leaves_a_gap(entry: dict[str, Any], evidence: MakeEvidence) -> None:
    fields = {key: value for key, value in entry.items() if key not in ("cause", "source")}
    diagnosis = diagnose(evidence(**fields))
    for text in (diagnosis.sentence.removesuffix(diagnosis.raw), diagnosis.next_step):
        assert "  " not in text
        assert " ," not in text
        assert not re.search(r"\{(container|cluster|region|said|task|name)\b", text)


def test_a_text_that_nobody_knows_is_printed_and_is_still_a_failure(evidence: MakeEvidence) -> None:
    text = "QuantumFluxError: the flux was not quantised"
    for found in (
        diagnose(evidence(task={"stopCode": "FluxLost", "stoppedReason": text})),
        diagnose(evidence(error={"operation": "RunTask", "code": "FluxException", "message": text})),
        diagnose(evidence(failures=[{"reason": text}])),
    ):
        assert found.cause == UNKNOWN
        assert text in found.sentence
        assert text in found.raw
        assert not found.transient


def test_no_evidence_at_all_is_a_failure_too(evidence: MakeEvidence) -> None:
    found = diagnose(evidence())
    assert found.cause == UNKNOWN
    assert "AWS gave no reason" in found.sentence
