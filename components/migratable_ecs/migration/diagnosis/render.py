"""The short message a user sees when a migration fails."""

from __future__ import annotations

from .model import UNKNOWN, Diagnosis, Evidence

MAX_LINES = 20
MAX_RAW = 300


def render(diagnosis: Diagnosis, evidence: Evidence) -> str:
    """What happened, what AWS said, the last lines of the log (20 at most), what to do. Ends without a
    newline.

    The text of AWS is shortened to 300 characters when the cause is known; an unknown cause shows all
    of it, in its sentence.
    """
    parts = [diagnosis.sentence]
    raw = " ".join(diagnosis.raw.split())
    if raw and diagnosis.cause != UNKNOWN and raw not in diagnosis.sentence:
        parts.append(f"  AWS said: {raw if len(raw) <= MAX_RAW else raw[: MAX_RAW - 1] + '…'}")
    lines = [line.rstrip("\r\n") for line in evidence.last_lines[-MAX_LINES:] if isinstance(line, str)]
    if lines:
        parts.append(
            f"  The last {len(lines)} lines of {evidence.container}:"
            if len(lines) > 1
            else f"  The last line of {evidence.container}:"
        )
        parts += [f"    | {line}" for line in lines]
    parts.append(f"  What to do: {diagnosis.next_step}")
    return "\n".join(parts)
