"""The report as Markdown for a pull request's comment or an issue. Pure.

Parts have a long and a short form. When the whole is longer than GitHub takes, details of migrations go first, then changes, then drift,
and a line says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from ..migration.decide import short
from .model import Change, Difference, Drift, Migration, Plan, Report, Who
from .texts import block, cell, code, count, folded, is_long, long_value

#: GitHub refuses a longer body with 422 `body is too long (maximum is 65536 characters)`: https://docs.github.com/en/rest/issues/comments
LIMIT = 65_536
# For the line about what was left out.
_RESERVE = 300
_SEPARATOR = "\n\n"
_PER_GROUP = 5
_UNKNOWN = "Not known, because the engine failed."


@dataclass(frozen=True)
class _Part:
    """A piece of the report. Of those with the highest `rank` the details go first; `keep`: its short form is never left out."""

    full: str
    short: str
    keep: bool = False
    rank: int = 0


def marker(stack: str) -> str:
    """The invisible first line by which the comment, or the issue, of a stack is found again."""
    return f"<!-- migratable-ecs drift: {stack} -->"


def markdown(report: Report, *, limit: int = LIMIT, pull_request: bool = True) -> str:
    """The whole report, at most `limit` characters long.

    Args:
        pull_request: whether the changes are those of a pull request, or what `pulumi up` would do.
    """
    parts = [_head(report, pull_request), *_errors(report)]
    if report.looked_at is not None:
        parts += _drifts(report)
    if report.previewed:
        parts += _changes(report, pull_request)
        parts += _migrations(report)
    return _within(parts, limit)


def _head(report: Report, pull_request: bool) -> _Part:
    title = f"## {'Preview' if pull_request and report.previewed else 'State'} of {code(report.stack)}"
    counts = []
    if report.errors:
        counts.append("the engine failed")
    if report.looked_at is not None and (report.drifts or not report.errors):
        counts.append(f"{count(len(report.drifts), 'drifted resource')}" if report.drifts else "no drift")
    if report.previewed and (report.changes or not report.errors):
        replaced = sum(each.operation == "replaced" for each in report.changes)
        deleted = sum(each.operation == "deleted" for each in report.changes)
        worst = [
            f"{number} {word}" for number, word in ((replaced, "replaced"), (deleted, "deleted")) if number
        ]
        counts.append(
            (count(len(report.changes), "change") if report.changes else "no changes")
            + (f" ({', '.join(worst)})" if worst else "")
        )
    running = sum(each.will_run for each in report.migrations)
    if report.previewed and (running or not report.errors):
        counts.append(f"{count(running, 'migration')} will run" if running else "no migration will run")
    text = f"{marker(report.stack)}\n{title}\n\n**{', '.join(counts)}**"
    return _Part(text, text, keep=True)


def _errors(report: Report) -> list[_Part]:
    if not report.errors:
        return []
    text = "### The engine failed: this report is incomplete\n\n" + block("\n".join(report.errors))
    return [_Part(text, "### The engine failed: this report is incomplete", keep=True)]


def _drifts(report: Report) -> list[_Part]:
    title = "### Drift: AWS is not what the state says\n\n"
    if not report.drifts and report.errors:
        return [_Part(title + _UNKNOWN, title + _UNKNOWN, keep=True)]
    if not report.drifts:
        text = f"{title}None. {count(report.looked_at or 0, 'resource was', 'resources were')} compared with AWS."
        return [_Part(text, text, keep=True)]
    heading = _Part(title.rstrip(), title.rstrip(), keep=True)
    return [heading, *(_Part(_drift(each), _drift_in_short(each), rank=1) for each in report.drifts)]


def _drift(drift: Drift) -> str:
    lines = [f"#### {_title(drift)}", ""]
    if drift.differences:
        lines += [*_table(drift.differences, "state", "AWS"), ""]
    lines += [f"- **Means:** {meaning}" for meaning in drift.meanings]
    lines += _who(drift.who)
    way = drift.way_out
    lines += _way("Adopt it", way.adopt, way.adopt_commands, joined=", then")
    lines += _way("Put it back", way.put_back, way.put_back_commands)
    return "\n".join(lines)


def _drift_in_short(drift: Drift) -> str:
    paths = ", ".join(code(each.path) for each in drift.differences)
    return f"- {_title(drift)}{': ' + paths if paths else ''}"


def _title(drift: Drift) -> str:
    what = " was deleted" if drift.kind == "deleted" else ""
    return f"{code(drift.name)} ({code(drift.type)}){what}"


def _who(who: Who) -> list[str]:
    if not who.calls:
        return [f"- **Who:** unknown{': ' + who.unknown if who.unknown else ''}"]
    return [
        f"- **Who:** {code(call.actor)} by {code(call.name)} at {call.at}"
        + (f" ({', '.join(map(code, call.properties))})" if call.properties else "")
        for call in who.calls
    ]


def _way(name: str, said: Sequence[str], commands: Sequence[str], joined: str = "") -> list[str]:
    """The sentences, and then the commands in a block that can be copied."""
    if not said and not commands:
        return []
    lines = [f"- **{name}:**{' ' + '; '.join(said) if said else ''}{joined if said and commands else ''}"]
    if commands:
        lines += [f"  {line}" for line in block("\n".join(commands), "sh").splitlines()]
    return lines


def _changes(report: Report, pull_request: bool) -> list[_Part]:
    title = (
        f"### {'Changes of this pull request' if pull_request else 'Changes that `pulumi up` would make'}\n\n"
    )
    if not report.changes and report.errors:
        return [_Part(title + _UNKNOWN, title + _UNKNOWN, keep=True)]
    if not report.changes:
        return [_Part(f"{title}None.", f"{title}None.", keep=True)]
    parts = [_Part(title.rstrip(), title.rstrip(), keep=True)]
    for operation, group in groupby(report.changes, key=lambda each: each.operation):
        found = list(group)
        mark = (
            "**REPLACED**"
            if operation == "replaced"
            else "**DELETED**"
            if operation == "deleted"
            else operation.capitalize()
        )
        heading = f"{mark} ({len(found)})"
        parts.append(_Part(heading, heading, keep=True))
        parts += [_Part(_change(each), _change_in_short(each), rank=2) for each in found]
    return parts


def _change(change: Change) -> str:
    lines = [_change_in_short(change)]
    if change.because:
        lines.append(f"  - replaced because of {', '.join(map(code, change.because))}")
    if change.differences:
        table = "\n".join(_table(change.differences, "now", "then", fold=False))
        lines += ["", folded(_properties(change.differences), table)]
    return "\n".join(lines)


def _change_in_short(change: Change) -> str:
    means = f": {'; '.join(change.meanings)}" if change.meanings else ""
    return f"- {code(change.name)} ({code(change.type)}){means}"


def _properties(differences: Sequence[Difference]) -> str:
    names = list(dict.fromkeys(each.property for each in differences))
    more = len(names) - _PER_GROUP
    return ", ".join(names[:_PER_GROUP]) + (f" and {more} more" if more > 0 else "")


def _table(differences: Iterable[Difference], before: str, after: str, *, fold: bool = True) -> list[str]:
    """A row for each short difference; the long ones below, folded unless all of it is."""
    every = list(differences)
    rows = [each for each in every if not is_long(each)]
    lines = [f"| property | {before} | {after} |", "|---|---|---|"] if rows else []
    lines += [f"| {code(each.path)} | {cell(each.before)} | {cell(each.after)} |" for each in rows]
    for each in every:
        if is_long(each):
            values = ((before, each.before), (after, each.after))
            body = "\n\n".join(f"{name}:\n\n{block(long_value(value))}" for name, value in values)
            lines += ["", folded(f"{each.path} (long)", body) if fold else f"{code(each.path)}\n\n{body}", ""]
    return "\n".join(lines).strip("\n").split("\n")


def _migrations(report: Report) -> list[_Part]:
    title = "### Migrations\n\n"
    if not report.migrations and report.errors:
        return [_Part(title + _UNKNOWN, title + _UNKNOWN, keep=True)]
    if not report.migrations:
        text = f"{title}None in this program."
        return [_Part(text, text, keep=True)]
    heading = _Part(title.rstrip(), title.rstrip(), keep=True)
    return [
        heading,
        *(
            _Part(_migration(each), _migration_in_short(each), keep=True, rank=3)
            for each in report.migrations
        ),
    ]


def _migration_in_short(migration: Migration) -> str:
    verb = "REFUSED" if migration.refused else "will run" if migration.will_run else "will not run"
    why = migration.line.removeprefix("migration refused: ").removeprefix(f"migration {verb}")
    text = f"{':' if migration.refused else ''} {why.strip()}" if migration.refused else why
    return f"- **{code(migration.name)} {verb}**{text}"


def _migration(migration: Migration) -> str:
    old = code(short(migration.old_digest)) if migration.old_digest else "none before"
    new = code(short(migration.new_digest)) if migration.new_digest else "not built yet"
    lines = [
        _migration_in_short(migration),
        f"  - digest {old} → {new}, phase {code(migration.phase)}",
        f"  - command {code(migration.command) if migration.command else 'of the image'}",
    ]
    if migration.plan is not None:
        lines += _plan(migration.plan)
    return "\n".join(lines)


def _plan(plan: Plan) -> list[str]:
    if plan.problem:
        lines = [f"  - what it would apply is not known: {plan.problem}"]
        return [*lines, "", folded("what it printed", block(long_value(plan.text)))] if plan.text else lines
    lines = []
    for danger in plan.dangers:
        lines.append(f"  - **DANGEROUS** (line {danger.line}, {code(danger.rule)}): {danger.message}")
        if danger.safe_way:
            lines.append(f"    - safe way: {danger.safe_way}")
    if plan.not_linted:
        lines.append(f"  - the SQL was not checked: {plan.not_linted}")
    elif plan.sql and not plan.dangers:
        lines.append("  - no dangerous statement was found in the SQL")
    shown = plan.sql or plan.text
    language, what = (
        ("sql", "the SQL that the new image would apply")
        if plan.sql
        else ("", "what the new image would apply")
    )
    if shown.strip():
        lines += ["", folded(what, block(long_value(shown), language))]
    else:
        lines.append("  - the new image would apply nothing")
    return lines


def _within(parts: list[_Part], limit: int) -> str:
    """All parts; where they are too long, in short or left out, by rank and from the end, as far as the limit wants it."""
    texts = [part.full for part in parts]
    length = sum(map(len, texts)) + len(_SEPARATOR) * len(texts)
    if len(_joined(texts)) <= limit:
        return _joined(texts)
    for index, text in _reductions(parts):
        if length <= limit - _RESERVE:
            break
        length -= len(texts[index]) - len(text)
        texts[index] = text
    left_out = sum(not text for text in texts)
    shortened = sum(text not in ("", part.full) for text, part in zip(texts, parts, strict=True))
    line = (
        f"**Shortened** to fit into a comment: {count(shortened, 'entry', 'entries')} without details, {left_out} left out. "
        "The whole report is the file of this run, and `migratable-ecs drift --json` has everything."
    )
    texts.insert(1, line)
    return _joined([text for text in texts if text])[:limit]


def _reductions(parts: list[_Part]) -> Iterator[tuple[int, str]]:
    """What to shorten, and then to leave out, in this order: the least important rank first, and in a rank the last first."""
    for rank in sorted({part.rank for part in parts}, reverse=True):
        places = [index for index in reversed(range(len(parts))) if parts[index].rank == rank]
        yield from (
            (index, parts[index].short) for index in places if parts[index].short != parts[index].full
        )
        yield from ((index, "") for index in places if not parts[index].keep)


def _joined(texts: list[str]) -> str:
    return _SEPARATOR.join(texts) + "\n"
