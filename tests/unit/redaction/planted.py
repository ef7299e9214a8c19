"""Secrets and the lines they appear in. They are made at run time from a seed, so none is in the repository."""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

SEED = 20240607
ALNUM = string.ascii_letters + string.digits
ODD = "!#$%*+,-.:;<=>?@^_~|"


@dataclass(frozen=True)
class Planted:
    """`line` holds `secret`; `known` says that the Redactor is given the value."""

    shape: str
    secret: str
    line: str
    known: bool


def _word(rng: random.Random, alphabet: str, length: int) -> str:
    return "".join(rng.choice(alphabet) for _ in range(length))


def _password(rng: random.Random) -> str:
    return (
        rng.choice(string.ascii_letters)
        + _word(rng, ALNUM + "-_.!*", rng.randint(9, 20))
        + _word(rng, ALNUM, 2)
    )


def _odd_password(rng: random.Random) -> str:
    return (
        rng.choice(string.ascii_letters) + _word(rng, ALNUM + ODD, rng.randint(12, 24)) + _word(rng, ALNUM, 2)
    )


def _jwt(rng: random.Random) -> str:
    def part(data: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")

    head = part({"alg": "HS256", "typ": "JWT"})
    return f"{head}.{part({'sub': _word(rng, ALNUM, 12), 'iat': rng.randint(10**9, 2 * 10**9)})}.{_word(rng, ALNUM + '-_', 43)}"


def _aws_secret(rng: random.Random) -> str:
    return _word(rng, ALNUM + "/+", 38) + rng.choice(string.digits) + rng.choice(string.ascii_uppercase)


def _aws_id(rng: random.Random) -> str:
    return rng.choice(["AKIA", "ASIA"]) + _word(rng, string.ascii_uppercase + string.digits, 16)


def _vendor(rng: random.Random) -> str:
    return rng.choice(
        [
            "gh" + "p_" + _word(rng, ALNUM, 36),
            "xox" + "b-" + _word(rng, string.digits, 12) + "-" + _word(rng, ALNUM, 24),
            "sk" + "_live_" + _word(rng, ALNUM, 24),
            "gl" + "pat-" + _word(rng, ALNUM + "-_", 20),
            "np" + "m_" + _word(rng, ALNUM, 36),
            "pul" + "-" + _word(rng, "0123456789abcdef", 40),
        ]
    )


# By form or name only: the Redactor is given nothing.
FORMS: dict[str, tuple[Callable[[random.Random], str], Callable[[str], str]]] = {
    "env": (_password, lambda s: f"DB_PASSWORD={s}"),
    "env in a line": (_password, lambda s: f"2024-06-07 INFO starting with SECRET_KEY_BASE={s} RAILS_ENV=production"),
    "export": (_password, lambda s: f'export APP_SECRET="{s}"'),
    "yaml": (_odd_password, lambda s: f"  database_password: {s}"),
    "json": (_odd_password, lambda s: json.dumps({"user": "app", "password": s, "port": 5432})),
    "json in json": (_password, lambda s: json.dumps({"message": json.dumps({"api_key": s, "n": 1})})),
    "python dict": (_password, lambda s: f"{{'HOST': 'db', 'PASSWORD': '{s}', 'PORT': '5432'}}"),
    "ruby hash": (_password, lambda s: f'{{:user=>"app", :password=>"{s}"}}'),
    "flag": (_password, lambda s: f"flyway --password {s} migrate"),
    "flag with =": (_password, lambda s: f"mysql --host=db --password={s} app"),
    "sql": (_password, lambda s: f"ALTER USER app WITH PASSWORD '{s}';"),
    "mysql sql": (_password, lambda s: f"CREATE USER app IDENTIFIED BY '{s}';"),
    "url": (_password, lambda s: f"connecting to postgresql://app:{s}@db.internal:5432/app?sslmode=require"),
    "url with odd password": (lambda rng: _password(rng) + "@" + _password(rng) + ":x1", lambda s: f"mysql2://app:{s}@db/app"),
    "url, percent-encoded": (lambda rng: quote(_odd_password(rng), safe=""), lambda s: f"redis://:{s}@cache:6379/0 is up"),
    "url in quotes": (_password, lambda s: f'datasource db {{ url = "postgres://app:{s}@db/app" }}'),
    "go dsn": (_password, lambda s: f"goose: dial app:{s}@tcp(db:3306)/app failed"),
    "query": (_password, lambda s: f"GET /hook?access_token={s}&page=2 200"),
    "bearer": (_jwt, lambda s: f"Authorization: Bearer {s}"),
    "basic": (lambda rng: base64.b64encode(_word(rng, ALNUM, 21).encode()).decode(), lambda s: f"> authorization: Basic {s}"),
    "header in json": (_password, lambda s: json.dumps({"headers": {"X-Api-Key": s, "Accept": "*/*"}})),
    "jwt alone": (_jwt, lambda s: f"session {s} accepted"),
    "aws id": (_aws_id, lambda s: f"using credentials {s} of profile default"),
    "aws secret alone": (_aws_secret, lambda s: f"key is {s} for now"),
    "aws secret": (_aws_secret, lambda s: f"AWS_SECRET_ACCESS_KEY={s}"),
    "aws ini": (_aws_secret, lambda s: f"aws_secret_access_key = {s}"),
    "vendor": (_vendor, lambda s: f"cloning with {s} ..."),
    "vendor in url": (_vendor, lambda s: f"https://x-access-token:{s}@example.com/app.git"),
}  # fmt: skip

# Values that the Redactor knows, in places that give nothing away.
KNOWN: dict[str, Callable[[str], str]] = {
    "bare": lambda s: f"it was {s} again",
    "url-encoded": lambda s: f"GET /?x={quote(s, safe='')} 404",
    "base64": lambda s: f"payload {base64.b64encode(s.encode()).decode()} end",
    "base64 of user:value": lambda s: f"payload {base64.b64encode(f'app:{s}'.encode()).decode()} end",
    "json-escaped": lambda s: f"body {json.dumps(s)} end",
    "glued": lambda s: f"<<{s}>>",
}


def planted(count: int = 200) -> Iterator[Planted]:
    """`count` secrets, spread evenly over all shapes."""
    rng = random.Random(SEED)
    makers: list[Callable[[], Planted]] = []
    for shape, (make, line) in FORMS.items():
        makers.append(lambda shape=shape, make=make, line=line: _made(shape, make(rng), line, known=False))  # type: ignore[misc]
    for shape, line in KNOWN.items():
        makers.append(
            lambda shape=shape, line=line: _made(shape, _odd_password(rng) + '"é', line, known=True)
        )  # type: ignore[misc]
    for number in range(count):
        yield makers[number % len(makers)]()


def _made(shape: str, secret: str, line: Callable[[str], str], known: bool) -> Planted:
    return Planted(shape, secret, line(secret), known)


def private_key(rng: random.Random, lines: int = 12) -> list[str]:
    """The lines of a key block with random letters in it."""
    body = [_word(rng, ALNUM + "+/", 64) for _ in range(lines)]
    dashes = "-" * 5
    return [f"{dashes}BEGIN RSA PRIVATE KEY{dashes}", *body, f"{dashes}END RSA PRIVATE KEY{dashes}"]
