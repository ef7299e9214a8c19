"""What looks like a secret in a text. Each rule yields the spans (start, end) that must not be shown.

Every pattern is bounded, so that the time a text takes grows with its length only. Rules prefer to hide
too much: a value that cannot be told apart from a secret is hidden.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

MARKER = "[redacted]"
Span = tuple[int, int]


def lower(text: str) -> str:
    """`text` in lower case with every character at its place (some letters have a longer lower case)."""
    small = text.lower()
    return small if len(small) == len(text) else "".join(c.lower() if c.isascii() else c for c in text)


# --- URLs: scheme://user:password@host -------------------------------------------------------------------------------
# The authority ends at "/", "?" or "#" (RFC 3986); a password that holds one of these unescaped is still looked for, up to
# the last "@" of the word, unless a port follows the colon.
_URL = re.compile(
    r":(?:\\?/){2}(?:"
    r"(?P<plain>[^\s/?#\"'<>\\]{1,512})@"
    r"|(?P<odd>[^\s/:@\"'<>\\]{0,64}:(?!\d{1,5}(?:[/?#\s\"']|$))[^\s\"'<>]{1,512})@)"
)
_GO_DSN = re.compile(r"(?<![\w.%-])[\w.%-]{1,64}:([^\s\"']{1,256})@(?=(?:tcp|unix)\()")
_LONG_USER = 20


def url_credentials(text: str) -> Iterator[Span]:
    """Passwords in URLs, and user parts without a password that are as long as a token."""
    for found in _URL.finditer(text) if "@" in text else ():
        group = "plain" if found.group("plain") is not None else "odd"
        start, end = found.span(group)
        colon = text.find(":", start, end)
        if colon >= 0:
            if colon + 1 < end:
                yield colon + 1, end
        elif end - start >= _LONG_USER:
            yield start, end
    if "@tcp(" in text or "@unix(" in text:
        for found in _GO_DSN.finditer(text):
            yield found.span(1)


# --- NAME=value, NAME: value, "name": "value", --name value ---------------------------------------------------------
# Looked for backwards from each separator, because a line has few of them.
_SEPARATOR = re.compile(r"=>|=(?![=>~])|:(?![:=/])")
# The text before a separator, read backwards: blanks, a quote or bracket, backslashes, the name.
_EMAN = re.compile(r"\s{0,3}(?P<quote>[\"'\]]?)\\{0,4}(?P<name>[\w.-]{1,80})")
_NAME_WINDOW = 96
_SECRET_WORD = re.compile(
    r"password|passwd|passphrase|passcode|(?<![a-z])pass(?![a-z])|pwd|secret|token|api[_-]?key|access[_-]?key"
    r"|private[_-]?key|encryption[_-]?key|signing[_-]?key|master[_-]?key|app[_-]?key|credential|authorization"
    r"|x-amz-signature|(?<![a-z])auth(?![a-z])"
)
_FLAG = re.compile(
    r"--?[\w-]{0,64}(?:password|passwd|passphrase|secret|token|api-?key|access-?key|private-?key)\s{1,3}(?=[^\s-])",
    re.IGNORECASE,
)
_SQL = re.compile(r"\b(?:PASSWORD|IDENTIFIED\s{1,3}BY(?:\s{1,3}PASSWORD)?)\s{1,3}(?=')", re.IGNORECASE)
_BEARER = re.compile(r"\b(?:Bearer|Basic)\s{1,3}(?=[\w+/=.~-]{0,512}\d)([\w+/=.~-]{12,4096})", re.IGNORECASE)
_SCHEME = re.compile(r"(?:Bearer|Basic|Token|Digest|Negotiate|AWS4-HMAC-SHA256)\s{1,3}", re.IGNORECASE)
# What a name may go on with and still not hold the secret itself.
_NOT_THE_SECRET = re.compile(
    r"(?!_id\b)\w*[_.-]?(?:url|uri|host|file|path|arn|name|type|ttl|count|length|table|field|column|expir\w*|reset\w*"
    r"|policy|validat\w*|version|provider|manager|driver|hasher\w*)$",
    re.IGNORECASE,
)
# With a colon the name must end in the secret word: "create_password_resets_table: 3ms" is no assignment.
_COLON_REST = re.compile(
    r"(?:s|_?(?:key|id|base|value|string|hash|digest|header)|[_-]?\d{1,3})*$", re.IGNORECASE
)
_HARMLESS = re.compile(
    r"(?:\[\w*\]|\*+|<[^<>]*>|\$\d+|\$\{{?[^{}]*\}?\}|(?-i:\$[A-Z][A-Z0-9_]*)|\{\{.*|%\(?\w*\)?s|\?|:\w+|null|nil|none|undefined|true|false|empty"
    r"|set|unset|string|text|integer|bigint|bool(?:ean)?|binary|uuid|(?:var)?char(?:acter)?\b.*|varying|digest|ok|done"
    r"|migrat(?:ing|ed)|revert(?:ing|ed)|applied|skipped|missing|required|invalid|expired|\W{0,3}"
    r"|arn:aws[\w-]*:(?:secretsmanager|ssm|iam|kms):.*)$",
    re.IGNORECASE,
)
_STOP_WORDS = frozenset(
    {"to", "is", "or", "and", "for", "in", "option", "flag", "argument", "value", "the", "was", "not"}
)
_SHORT_NUMBER = re.compile(r"[\d.]{1,6}(?:ms|s)?$")
_ESCAPED_QUOTE = re.compile(r"(\\*)([\"'`])")


def assignments(text: str) -> Iterator[Span]:
    """The values of names that look secret."""
    small, done = lower(text), 0
    for sep in _SEPARATOR.finditer(small):
        at = sep.start()
        if at < done:
            continue
        before = _EMAN.match(small[max(0, at - _NAME_WINDOW) : at][::-1])
        name = before["name"][::-1] if before else ""
        word = _SECRET_WORD.search(name)
        if not before or not word:
            continue
        start, rest = at - before.end("name") + word.start(), name[word.end() :]
        if not _holds_a_secret(text, start, sep[0], word[0], rest, before["quote"] in ("'", '"')):
            continue
        begin, done = _value(text, start, _skip_blanks(text, sep.end()), header=word[0] == "authorization")
        if not _harmless(text, start, begin, done, bool(rest)):
            yield begin, done
    yield from _without_separator(text, small)


def _without_separator(text: str, small: str) -> Iterator[Span]:
    """`--password value`, `PASSWORD 'value'`, `Bearer value`."""
    for found in _FLAG.finditer(small) if " -" in text or text.startswith("-") else ():
        begin, end = _value(text, found.start(), found.end(), header=False)
        if not _harmless(text, found.start(), begin, end, False) and small[begin:end] not in _STOP_WORDS:
            yield begin, end
    for found in _SQL.finditer(text) if "'" in text else ():
        begin, end = _value(text, found.start(), found.end(), header=False)
        if not _harmless(text, found.start(), begin, end, False):
            yield begin, end
    for found in _BEARER.finditer(text) if "bearer" in small or "basic" in small else ():
        yield found.span(1)


def _holds_a_secret(text: str, start: int, sep: str, word: str, rest: str, quoted: bool) -> bool:
    """Whether a name, made of a secret word and what follows it, is the name of a secret."""
    if rest and not rest.endswith("_id") and _NOT_THE_SECRET.match(rest):
        return False
    if sep != ":":
        return True
    return word != "auth" and (quoted or _COLON_REST.match(rest) is not None) and not _in_url(text, start)


def _value(text: str, name_at: int, start: int, header: bool) -> Span:
    """The value at `start`: inside its quotes, or up to the next blank (in a query: the next "&")."""
    quote = _ESCAPED_QUOTE.match(text, start)
    if quote:
        start = quote.end()
        end = _closing(text, start, quote.group(0))
    else:
        end = _word_end(text, start)
        if _in_query(text, name_at):
            ampersand = text.find("&", start, end)
            end = ampersand if ampersand >= 0 else end
    scheme = _SCHEME.match(text, start) if header else None
    if scheme:
        start = scheme.end()
        many = scheme.group(0)[:2].lower() in ("di", "aw")
        if not quote:
            end = _line_end(text, start) if many else _word_end(text, start)
    while not quote and end > start and text[end - 1] in ",;":
        end -= 1
    return start, max(start, end)


def _harmless(text: str, name_at: int, start: int, end: int, more_name: bool) -> bool:
    """Whether a value is none: empty, a placeholder, a reference, a type, a small number of something."""
    value = text[start:end]
    if not value or _HARMLESS.match(value) or (more_name and _SHORT_NUMBER.match(value)):
        return True
    return value.startswith("/") and text[name_at : name_at + 4].lower() in ("pwd=", "pwd:")


def _in_url(text: str, at: int) -> bool:
    """Whether a name is the user part of a URL; the password after it is for `url_credentials` to find."""
    start = text.rfind("://", max(0, at - 64), at)
    return start >= 0 and not _BLANK.search(text, start, at)


def _in_query(text: str, at: int) -> bool:
    head = text[max(0, at - 64) : at]
    cut = max(head.rfind("?"), head.rfind("&"))
    return cut >= 0 and not re.search(r"[\s=\"']", head[cut + 1 :])


def _closing(text: str, start: int, quote: str) -> int:
    """Where the quoted value ends: at the same quote with as many backslashes, or at the end of the line."""
    limit, at = _line_end(text, start), start
    slashes = len(quote) - 1
    while True:
        at = text.find(quote[-1], at, limit)
        if at < 0:
            return limit
        before = at
        while before > start and text[before - 1] == "\\":
            before -= 1
        if at - before == slashes or (slashes == 0 and (at - before) % 2 == 0):
            return before if slashes else at
        at += 1


_BLANK = re.compile(r"\s")


def _skip_blanks(text: str, start: int) -> int:
    while start < len(text) and text[start] in " \t":
        start += 1
    return start


def _word_end(text: str, start: int) -> int:
    found = _BLANK.search(text, start)
    return found.start() if found else len(text)


def _line_end(text: str, start: int) -> int:
    at = text.find("\n", start)
    return at if at >= 0 else len(text)


# --- tokens that are known by their form ----------------------------------------------------------------------------
_JWT = r"eyJ[\w-]{5,4096}\.[\w-]{2,8192}(?:\.[\w-]{0,4096})?"
_VENDOR = (
    r"gh[pousr]_\w{16,255}|github_pat_\w{16,255}|glpat-[\w-]{16,255}|xox[abeoprs]-[\w-]{10,255}"
    r"|(?:sk|rk|pk)_(?:live|test)_\w{12,255}|whsec_[\w+/=]{16,255}|sk-[\w-]{20,255}|npm_\w{30,64}|pypi-[\w-]{40,255}"
    r"|AIza[\w-]{30,64}|SG\.[\w-]{16,64}\.[\w-]{16,64}|dop_v1_\w{32,128}|hvs\.[\w-]{20,255}|pul-[0-9a-f]{40}"
    r"|shp(?:at|ss|ca)_\w{32,64}|dapi[0-9a-f]{32}"
)
_AWS_ID = r"(?:AKIA|ASIA)[A-Z0-9]{12,20}"
_TOKENS = re.compile(rf"(?<![A-Za-z0-9])(?:{_JWT}|{_VENDOR}|{_AWS_ID})")
# A secret access key is 40 characters of base64 without a mark of its own; a SHA-1 and a path are no such thing.
_AWS_SECRET = re.compile(r"(?<![A-Za-z0-9/+=_-])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=_-])")
_TOKEN_STARTS = (
    "eyJ", "AKIA", "ASIA", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox", "_live_", "_test_",
    "whsec_", "sk-", "npm_", "pypi-", "AIza", "SG.", "dop_v1_", "hvs.", "pul-", "shp", "dapi",
)  # fmt: skip


def tokens(text: str) -> Iterator[Span]:
    """JWTs, AWS keys, and tokens with the prefix of their issuer."""
    if [start for start in _TOKEN_STARTS if start in text]:
        for found in _TOKENS.finditer(text):
            yield found.span()
    if len(text) >= 40 and max(map(len, text.split()), default=0) >= 40:
        for found in _AWS_SECRET.finditer(text):
            if looks_random(found.group()):
                yield found.span()


def looks_random(word: str) -> bool:
    """Upper case, lower case and digits mixed, as in a random base64 text; not a path, not a CamelCase
    name.
    """
    if word in (word.lower(), word.upper()):
        return False
    changes = sum(1 for a, b in pairwise(word) if _kind(a) != _kind(b))
    kinds = {_kind(character) for character in word}
    return kinds >= {"a", "A", "0"} and changes * 4 >= len(word)


def _kind(character: str) -> str:
    return "a" if character.islower() else "A" if character.isupper() else "0" if character.isdigit() else "/"


# --- a first look ---------------------------------------------------------------------------------------------------
_NAMES = (
    "pass", "pwd", "secret", "token", "key", "cred", "auth", "signature", "bearer", "basic", "identified",
)  # fmt: skip


def names_something(text: str) -> bool:
    """Whether `text` has a word that the rules for names look for."""
    small = text.lower()
    return bool([name for name in _NAMES if name in small])


# --- private keys ---------------------------------------------------------------------------------------------------
KEY_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
KEY_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")


def private_keys(text: str) -> Iterator[Span]:
    """All between BEGIN and END; without an END, all up to the end of the text."""
    at = 0 if "-----BEGIN" in text else len(text)
    while begin := KEY_BEGIN.search(text, at):
        end = KEY_END.search(text, begin.end())
        stop = end.start() if end else len(text)
        if text[begin.end() : stop].strip("\\nr \t\r\n"):
            yield begin.end(), stop
        at = end.end() if end else len(text)


# --- what may be the beginning of a secret at the end of a line -----------------------------------------------------
_OPEN = re.compile(
    r"(?<![A-Za-z0-9])(?:eyJ[\w-]*(?:\.[\w-]*){0,2}"
    r"|(?:AKI|ASI)A?[A-Z0-9]*"
    r"|(?:gh[pousr]_|github_pa|glpat|xox[abeoprs]-|(?:sk|rk|pk)_(?:live|test)|whsec|sk-|npm_|pypi-|AIza|SG\.|dop_v1"
    r"|hvs\.|pul-|shp(?:at|ss|ca)_|dapi)[\w./+=-]*"
    r")$"
)
_OPEN_URL = re.compile(r":(?:\\?/){2}[^\s/:@\"'<>]{0,64}:[^\s\"'<>]+$")
_OPEN_DSN = re.compile(r"(?<![\w.%/-])[A-Za-z][\w.%-]{0,63}:[^\s\"':/][^\s\"']*$")
_OPEN_RANDOM = re.compile(r"(?<![A-Za-z0-9/+=_-])[A-Za-z0-9/+]{6,39}$")
_PLAIN_WORD = re.compile(r"(?:[a-z/]+|[A-Z]+|[A-Z][a-z]+|[0-9/]+|[0-9a-f]+|[a-z]+\d{1,4})$")
_OPEN_WINDOW = 1024


def open_end(text: str) -> int | None:
    """Where something begins that may be the first part of a secret cut off at the end of `text`; None if
    nothing does.
    """
    base = max(0, len(text) - _OPEN_WINDOW)
    word = text[base:]
    blank = max(word.rfind(" "), word.rfind("\t"), word.rfind("\n")) + 1
    word = word[blank:]
    for pattern in (_OPEN, _OPEN_URL, _OPEN_DSN):
        found = pattern.search(word)
        if found:
            return base + blank + found.start()
    found = _OPEN_RANDOM.search(word)
    if found and not _PLAIN_WORD.match(found.group()):
        return base + blank + found.start()
    return None


_SETTLED = re.compile(
    r"[=:]\s{0,3}[\"']?(?:\*{3,}|\$\{?[A-Z][A-Z0-9_]{2,}\}?|<[^<>]+>|\[\w+\]|null|NULL|None)[\"',;]?$"
)


def settled_end(text: str) -> bool:
    """Whether `text` ends in a value that is complete and no secret, so that the next event does not go
    on with it.
    """
    return _SETTLED.search(text, max(0, len(text) - 128)) is not None
