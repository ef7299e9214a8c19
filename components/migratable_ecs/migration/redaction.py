"""No secret leaves: values that are known, and texts that look like one, are replaced by `[redacted]`.

`Redactor.text` works on a whole text (an exception, a state file, a history entry). `Redactor.stream`
works on log events one after the other, also where a secret is cut in two by the end of an event. Names
of variables, users and hosts stay readable. What is not covered: a value that is neither given to the
Redactor nor recognisable by its name or form.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

from .redaction_rules import (
    KEY_BEGIN,
    KEY_END,
    MARKER,
    Span,
    assignments,
    names_something,
    open_end,
    private_keys,
    settled_end,
    tokens,
    url_credentials,
)

# A shorter value would be found in every second word.
MIN_VALUE = 4
# Of a value of several lines, lines of this length are looked for one by one.
_MIN_LINE = 8
# From this many characters on, the beginning of a secret at the end of a line is worth waiting for.
_HOLD_FROM = 3
_CONTEXT = 2048
# A secret that was glued to another one is seen once the other one is gone.
_PASSES = 4
_CONTEXT_WORDS = 6
_MAX_HELD = 64
# The longest private key in use (RSA 16384) has fewer lines.
_MAX_KEY_LINES = 250
_BLANK = re.compile(r"\s")
_NEAR = re.compile(r"://|:\\/|-----|@")
_MARKERS = re.compile(re.escape(MARKER))


class Redactor:
    """Hides secrets in texts.

    `values` are secrets known by their value; their URL-encoded, base64 and JSON-escaped forms are
    found too. Values shorter than 4 characters are ignored (`ignored` says how many), as are values
    that are part of `[redacted]` itself.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        given = {value for value in values if value}
        usable = {value for value in given if len(value) >= MIN_VALUE and value not in MARKER}
        self.ignored = len(given) - len(usable)
        self._forms = sorted({form for value in usable for form in _forms(value)}, key=len, reverse=True)
        # A form that holds another one cannot be in a text without it.
        self._shortest = [
            form for form in self._forms if not any(other in form for other in self._forms if other != form)
        ]
        self.has_blanks = any(_BLANK.search(form) for form in self._forms)
        self._ends: dict[str, list[tuple[str, int]]] = {}
        for form in self._forms:
            for length in range(_HOLD_FROM, len(form)):
                self._ends.setdefault(form[length - _HOLD_FROM : length], []).append((form, length))

    def text(self, text: str) -> str:
        """`text` without secrets; the number of lines stays the same, and doing it twice changes nothing
        more.
        """
        for _ in range(_PASSES):
            shown = _cover(text, self.spans(text))
            if shown == text:
                break
            text = shown
        return text

    def stream(self) -> Stream:
        """A redactor for the consecutive events of one log stream."""
        return Stream(self)

    def spans(self, text: str) -> list[Span]:
        """Where the secrets are in `text`, in no order; spans may overlap."""
        found = [*self._values_in(text), *tokens(text), *private_keys(text)]
        if "@" in text:
            found += url_credentials(text)
        if names_something(text):
            found += assignments(text)
        return found

    def words(self, text: str) -> list[Span]:
        """Only what is a secret by itself, whatever stands before it."""
        return [*self._values_in(text), *tokens(text)]

    def opening(self, text: str) -> int | None:
        """Where a secret may begin that the end of `text` cuts off; None if there is no such place."""
        starts = [
            len(text) - length
            for form, length in self._ends.get(text[-_HOLD_FROM:], ())
            if text.endswith(form[:length])
        ]
        start = open_end(text)
        if start is not None and len(text) - start >= _HOLD_FROM:
            starts.append(start)
        return min(starts, default=None)

    def _values_in(self, text: str) -> Iterator[Span]:
        if not [form for form in self._shortest if form in text]:
            return
        for form in self._forms:
            at = text.find(form)
            while at >= 0:
                yield at, at + len(form)
                at = text.find(form, at + 1)


@dataclass
class _Line:
    """One event, its place in the concatenation of all events, and what is to be hidden in it."""

    start: int
    raw: str
    spans: list[Span] = field(default_factory=list)

    @property
    def end(self) -> int:
        return self.start + len(self.raw)

    def hide(self, start: int, end: int) -> None:
        """Hide what lies in this line of a span given by places in the whole stream."""
        first, last = max(start, self.start) - self.start, min(end, self.end) - self.start
        if first < last:
            self.spans.append((first, last))


class Stream:
    """Redacts log events in order: each event that goes in comes out once, as one line.

    An event is held back only when its end may be the beginning of a secret that the next event goes
    on with; it comes out with a later `feed`, or with `flush`. The end of each event stays known, so
    that the rest of a secret is hidden even when its first two characters have been shown already.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._held: list[_Line] = []
        self._context = ""
        self._named = False
        self._at = 0
        self._key_lines = 0

    def feed(self, line: str) -> list[str]:
        """Take one event; give back the lines that are ready (none, one or several)."""
        new = _Line(self._at, line)
        self._at += len(line)
        joined = self._context + line
        self._hide(new, line, joined)
        if self._key_lines or "-----" in joined:
            self._private_key(new, line, joined)
        self._held.append(new)
        opening = None if self._covered_to_the_end(new) else self._redactor.opening(joined)
        settled = opening is None and settled_end(line)
        self._context = "" if settled else _tail(joined, opening)
        self._named = names_something(self._context)
        return self._release(self._at if opening is None else self._at - len(joined) + opening)

    def flush(self) -> list[str]:
        """Give back everything that is held; what comes later is still seen as its continuation."""
        return self._release(self._at)

    def _hide(self, new: _Line, line: str, joined: str) -> None:
        """Hide the secrets of the event itself, and those that began in the events before it."""
        for start, end in self._redactor.spans(line):
            new.hide(new.start + start, new.start + end)
        if not self._context:
            return
        last, first = _last_word(self._context), _first_word(line)
        seam = last + first
        if self._named or self._redactor.has_blanks or _NEAR.search(seam) or names_something(seam):
            spans, base = self._redactor.spans(joined), self._at - len(joined)
        elif last and first:
            spans, base = self._redactor.words(seam), self._at - len(line) - len(last)
        else:
            return
        for start, end in spans:
            for held in (*self._held, new):
                held.hide(base + start, base + end)

    def _private_key(self, new: _Line, line: str, joined: str) -> None:
        """Follow a private key over its lines: all of them are hidden, up to the line with END."""
        shift = len(joined) - len(line)
        if self._key_lines:
            end = KEY_END.search(joined)
            inside = max(0, end.start() - shift) if end and end.end() > shift else len(line)
            new.hide(new.start, new.start + inside)
            self._key_lines = 0 if end and end.end() > shift else self._key_lines - 1
        begins = list(KEY_BEGIN.finditer(joined))
        if begins and begins[-1].end() > shift and not KEY_END.search(joined, begins[-1].end()):
            self._key_lines = _MAX_KEY_LINES

    def _covered_to_the_end(self, line: _Line) -> bool:
        return self._key_lines > 0 or any(end == len(line.raw) for _, end in line.spans)

    def _release(self, until: int) -> list[str]:
        """The held lines that end before `until`, and the oldest ones when too many are held."""
        ready = [line for line in self._held if line.end <= until]
        keep = self._held[len(ready) :]
        while len(keep) > _MAX_HELD:
            oldest = keep.pop(0)
            oldest.hide(until, oldest.end)
            ready.append(oldest)
        self._held = keep
        return [
            self._redactor.text(_cover(line.raw, line.spans)) if line.spans else line.raw for line in ready
        ]


def _tail(joined: str, opening: int | None) -> str:
    """As much of the end as is needed to understand the next event: some words, or all since a secret may
    have begun.
    """
    window = joined[-_CONTEXT:]
    words = window.rsplit(None, _CONTEXT_WORDS)
    start = len(words[0]) if len(words) > _CONTEXT_WORDS else 0
    if opening is not None:
        start = min(start, max(0, opening - (len(joined) - len(window))))
    return window[start:]


def _last_word(text: str) -> str:
    return "" if not text or text[-1].isspace() else text.rsplit(None, 1)[-1]


def _first_word(text: str) -> str:
    return "" if not text or text[0].isspace() else text.split(None, 1)[0]


def _cover(text: str, spans: list[Span]) -> str:
    """Replace the spans; those that overlap or touch become one, and so do marks that are there already."""
    if not spans:
        return text
    marks = [found.span() for found in _MARKERS.finditer(text)]
    merged: list[list[int]] = []
    for start, end in sorted([*spans, *marks]):
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    parts, at = [], 0
    for start, end in merged:
        parts += [text[at:start], _mark(text[start:end])]
        at = end
    return "".join([*parts, text[at:]])


def _mark(secret: str) -> str:
    """One mark for a secret; for one of several lines, a mark for each line that is not empty."""
    if "\n" not in secret:
        return MARKER
    return "\n".join(MARKER if line.strip() else line for line in secret.split("\n"))


def _forms(value: str) -> Iterator[str]:
    """The value as it is, URL-encoded, JSON-escaped, and in base64, also as part of a longer base64 text."""
    yield value
    lines = value.splitlines()
    if len(lines) > 1:
        yield from (line for line in lines if len(line) >= _MIN_LINE and not line.startswith("-----"))
    yield from (quote(value, safe=""), quote(value), quote_plus(value))
    yield from (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1])
    data = value.encode()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(data).decode()
        yield encode(data).decode().rstrip("=")
        if len(data) >= 6:
            for shift in (1, 2):
                # The characters that also carry bits of the neighbours are left out.
                whole = encode(b"\0" * shift + data).decode().rstrip("=")
                yield whole[shift + 1 : len(whole) - (1 if (len(data) + shift) % 3 else 0)]
            if len(data) % 3:
                yield encode(data).decode().rstrip("=")[:-1]
