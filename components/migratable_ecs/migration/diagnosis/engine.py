"""From evidence to a diagnosis: the first row of the table that matches."""

from __future__ import annotations

import re
import shlex

from .causes import CAUSES
from .facts import Facts, gather
from .hints import HINTS, Hint
from .model import UNKNOWN, Cause, Diagnosis, Evidence

# Fargate's memory sizes in MiB, from
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
_MEMORY_SIZES = (512, 1024, 2048, 4096, 8192, 16384, 30720, 61440, 122880)


def diagnose(evidence: Evidence) -> Diagnosis:
    """Say why the run that left this evidence failed. Never raises, never says success.

    Evidence that no row of the table knows gives the cause `unknown` with AWS's own text in the sentence.
    """
    facts = gather(evidence)
    for cause in CAUSES:
        found = _match(cause, facts)
        if found is not None:
            return _explain(cause, facts, found)
    said = " ".join(facts.raw.split()) or "AWS gave no reason"
    return Diagnosis(
        cause=UNKNOWN,
        sentence=f"The migration failed for a reason that no row of the table knows: {said}",
        next_step=_fill(_LOOK_AT_TASK if facts.task_arn else _LOOK_FOR_TASKS, facts, {}),
        transient=False,
        ran=facts.ran,
        raw=facts.raw,
    )


_LOOK_FOR_TASKS = (
    "Look for tasks of the migration: aws ecs list-tasks --cluster {cluster:q} --family {family:q} "
    "--desired-status STOPPED --region {region:q}"
)
_LOOK_AT_TASK = (
    "Look at the task: aws ecs describe-tasks --cluster {cluster:q} --tasks {task:q} --region {region:q} "
    "(AWS forgets a stopped task after about an hour)."
)


def _match(cause: Cause, facts: Facts) -> dict[str, str] | None:
    """The named groups of the pattern that matched, or None when the row does not apply."""
    for kind in cause.kinds:
        text = facts.text(kind)
        if text is None or (cause.when is not None and not cause.when(facts)):
            continue
        if not cause.patterns:
            return {}
        for pattern in cause.patterns:
            found = pattern.search(text)
            if found:
                return {name: value for name, value in found.groupdict().items() if value}
    return None


def _explain(cause: Cause, facts: Facts, found: dict[str, str]) -> Diagnosis:
    ran = facts.ran
    sentence, next_step = _say(cause.sentence, facts, found), _fill(cause.next_step, facts, found)
    hint = _hint(facts) if ran and facts.exit_code is not None else None
    if hint is not None:
        sentence, next_step = f"{sentence} {hint.sentence}", f"{hint.remedy} {next_step}"
    return Diagnosis(cause.slug, sentence, next_step, cause.transient and not ran, ran, facts.raw)


def _hint(facts: Facts) -> Hint | None:
    lines = [line for line in facts.evidence.last_lines if isinstance(line, str)]
    return next((hint for hint in HINTS if any(hint.pattern.search(line) for line in reversed(lines))), None)


class _Value(str):
    """A text that can be put into a shell command: `{name:q}` quotes it."""

    def __format__(self, spec: str) -> str:
        return shlex.quote(self) if spec == "q" else str(self)


class _Fields(dict[str, _Value]):
    """A template's values; what is not known is a placeholder in a command and left out of a sentence."""

    placeholders: bool

    def __missing__(self, key: str) -> _Value:
        return _Value(key.replace("_", " ").upper() if self.placeholders else "")


def _say(template: str, facts: Facts, found: dict[str, str]) -> str:
    """Fill a sentence: what is not known is left out, together with the blank before it."""
    return re.sub(r" +(?=[ ,.:;])", "", _fill(template, facts, found, placeholders=False))


def _fill(template: str, facts: Facts, found: dict[str, str], placeholders: bool = True) -> str:
    evidence = facts.evidence
    exit_code = "none" if facts.exit_code is None else str(facts.exit_code)
    said = {
        "container": evidence.container,
        "cluster": evidence.cluster,
        "family": evidence.family,
        "region": evidence.region,
        "log_group": evidence.log_group,
        "timeout": "its time limit" if evidence.timeout is None else f"{evidence.timeout:g} s",
        "memory": "its" if evidence.memory is None else f"{evidence.memory} MiB of",
        "more_memory": str(_more(evidence.memory)),
        "operation": facts.operation or "the call",
        "action": facts.operation or "this",
        "resource": "the resource",
        "code": facts.code,
        "exit_code": exit_code,
        "signal": str(facts.exit_code - 128) if facts.exit_code and 128 < facts.exit_code < 193 else "",
        "task": facts.task_arn or "TASK",
        "status": facts.task_status or "unknown",
        "said": _first_line(facts),
        "sidecar": facts.other_exits[0][0] if facts.other_exits else "another container",
        "sidecar_exit": str(facts.other_exits[0][1]) if facts.other_exits else "none",
    }
    fields = _Fields({name: _Value(value) for name, value in said.items()})
    fields.placeholders = placeholders
    fields.update({name: _Value(value) for name, value in found.items()})
    return template.format_map(fields)


def _first_line(facts: Facts) -> str:
    text = facts.raw or "AWS gave no reason"
    return re.sub(r"\s+", " ", text).strip()[:300]


def _more(memory: int | None) -> int:
    wanted = 2 * memory if isinstance(memory, int) and memory > 0 else 1024
    return next((size for size in _MEMORY_SIZES if size >= wanted), _MEMORY_SIZES[-1])
