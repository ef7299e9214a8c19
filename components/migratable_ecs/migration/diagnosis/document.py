"""`docs/failures.md`, written from the table so that it cannot say anything else than the program does."""

from __future__ import annotations

from .causes import SECTIONS
from .hints import HINTS
from .model import Cause

_HEAD = """# When a migration fails

Written by `scripts/failures-doc` from the table in `components/migratable_ecs/migration/diagnosis/`. Do
not edit it by hand.

A failed run prints what happened, what AWS said, the last lines of the log, and what to do next. Each
message comes from one of the causes below; `cause` in the outputs and in the history is the heading. The
table is searched from top to bottom and the first cause that fits is taken. A text that no cause knows
has the cause `unknown`: it is printed as AWS wrote it, and the run has failed all the same.

*Tried again by itself* means: while the migration's process has certainly not started, five times in all,
with growing pauses. Once it has started, a retry is your decision, because a migration may be
half applied.

Pulumi's own summary of a failed update may list the stack's outputs with a minus before them, as if they were gone. They are in the
state as they were: `pulumi stack output` has them, and so have the stacks that read them.

Words in capitals (`SECRET`) and names in braces stand for values of the run.
"""

_HINTS_HEAD = """## What the log says

              When the container ended, its last lines are compared with this list; the
              first match adds a sentence and a remedy.

              | hint | what it means | what to do | |---|---|---|
              """


def failures_document() -> str:
    """The whole page, as Markdown."""
    parts = [_HEAD]
    for title, causes in SECTIONS:
        parts.append(f"\n## {title}\n")
        parts += [_section(cause) for cause in causes]
    rows = [f"| `{hint.slug}` | {_cell(hint.sentence)} | {_cell(hint.remedy)} |\n" for hint in HINTS]
    return "".join([*parts, _HINTS_HEAD, *rows])


def _section(cause: Cause) -> str:
    again = "no, the container may have run" if cause.ran else "no"
    if cause.transient:
        again = "only if the container had not started" if cause.ran else "yes"
    return (
        f"\n### {cause.slug}\n\n"
        f"{cause.doc}\n\n"
        f"- Says: {_plain(cause.sentence)}\n"
        f"- Next: {_plain(cause.next_step)}\n"
        f"- Tried again by itself: {again}\n"
        f"- Seen in: <{cause.source}>\n"
    )


def _plain(template: str) -> str:
    return template.replace(":q}", "}")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
