"""One comment for a pull request and one issue for a stack, against a small GitHub on the loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from migratable_ecs.drift.post import AUTHOR, main

MARKER = "<!-- migratable-ecs drift: stg -->"


class Hub:
    """Comments of pull request 7 and the repository's issues; `log` are the requests that write."""

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = []
        self.issues: list[dict[str, Any]] = []
        self.log: list[str] = []
        self.refuse = False
        self.url = ""

    def answer(self, method: str, target: str, body: dict[str, Any]) -> Any:
        split = urlsplit(target)
        path = split.path.removeprefix("/repos/us/shop/")
        if method == "GET":
            query = parse_qs(split.query)
            found = (
                self.comments
                if path == "issues/7/comments"
                else [each for each in self.issues if each["state"] == "open"]
            )
            size, page = int(query["per_page"][0]), int(query["page"][0])
            return found[(page - 1) * size : page * size]
        self.log.append(f"{method} {path}")
        if method == "POST":
            kind = self.issues if path == "issues" else self.comments
            return self.add(kind, body["body"], AUTHOR, title=body.get("title", ""))
        every = self.comments if "comments" in path else self.issues
        (old,) = [each for each in every if each["id"] == int(path.rsplit("/", 1)[-1])]
        return old.update(body) or old

    def add(self, kind: list[dict[str, Any]], body: str, login: str, **more: Any) -> dict[str, Any]:
        number = 1 + len(self.comments) + len(self.issues)
        made = {
            "id": number, "number": number, "state": "open", "body": body, "user": {"login": login},
            "html_url": f"https://x/{number}", **more,
        }  # fmt: skip
        kind.append(made)
        return made


@pytest.fixture
def hub() -> Iterator[Hub]:
    found = Hub()

    class Handler(BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline()
            if not self.raw_requestline or not self.parse_request():
                return
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "{}")
            assert self.headers["Authorization"] == "Bearer t"
            self.send_response(422 if found.refuse else 200)
            self.end_headers()
            self.wfile.write(json.dumps(found.answer(self.command, self.path, body)).encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture
def post(hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*words: str, text: str = f"{MARKER}\nnew", exit_code: int = 3) -> str:
        report, document = tmp_path / "report.md", tmp_path / "report.json"
        report.write_text(text)
        document.write_text(json.dumps({"exit_code": exit_code}))
        files = {"MD": str(report), "JSON": str(document)}
        environment = {"GITHUB_REPOSITORY": "us/shop", "GITHUB_TOKEN": "t", "GITHUB_API_URL": hub.url}
        code = main([files.get(word, word) for word in words], environment)
        said = capsys.readouterr()
        return f"{code} {said.out}{said.err}".strip()

    return run


COMMENT, ISSUE = ("pull-request", "7", "MD"), ("issue", "stg", "MD", "JSON")


def test_the_first_report_is_added_and_the_next_one_takes_its_place(hub: Hub, post: Any) -> None:
    assert post(*COMMENT) == "0 comment added: https://x/1"
    assert post(*COMMENT, text=f"{MARKER}\nnewer") == "0 comment updated: https://x/1"
    assert post(*COMMENT, text=f"{MARKER}\nnewer") == "0 comment is as it was: https://x/1"
    assert [each["body"] for each in hub.comments] == [f"{MARKER}\nnewer"]


def test_our_comment_is_found_behind_a_hundred_others(hub: Hub, post: Any) -> None:
    for number in range(120):
        hub.add(hub.comments, f"nice {number}", "kim")
    hub.add(hub.comments, f"{MARKER}\nold", AUTHOR)
    assert post(*COMMENT).startswith("0 comment updated")


@pytest.mark.parametrize(
    ("body", "login"),
    [
        (f"{MARKER}\nold", "kim"),
        ("<!-- migratable-ecs drift: prod -->\nold", AUTHOR),
        (f"> {MARKER}", AUTHOR),
    ],
    ids=["somebody else's", "another stack's", "a quotation"],
)
def test_other_comments_are_never_touched(hub: Hub, post: Any, body: str, login: str) -> None:
    hub.add(hub.comments, body, login)
    assert post(*COMMENT).startswith("0 comment added")
    assert hub.comments[0]["body"] == body


def test_one_issue_is_opened_updated_and_closed(hub: Hub, post: Any) -> None:
    assert post(*ISSUE, exit_code=0) == "0 no drift, and no issue is open"
    assert post(*ISSUE) == "0 issue opened: https://x/1"
    assert post(*ISSUE, text=f"{MARKER}\nmore") == "0 issue updated: https://x/1"
    assert post(*ISSUE, exit_code=0) == "0 issue closed: https://x/1"
    (issue,) = hub.issues
    assert (issue["title"], issue["state"], issue["body"]) == ("Drift in stg", "closed", f"{MARKER}\nmore")
    assert post(*ISSUE).startswith("0 issue opened")


def test_an_incomplete_report_leaves_the_issue_alone(hub: Hub, post: Any) -> None:
    hub.add(hub.issues, f"{MARKER}\nold", AUTHOR)
    assert post(*ISSUE, exit_code=1) == "0 no issue was touched: the report is incomplete"
    assert hub.log == []


def test_a_pull_request_in_the_list_of_issues_is_none(hub: Hub, post: Any) -> None:
    hub.add(hub.issues, f"{MARKER}\nold", AUTHOR, pull_request={})
    assert post(*ISSUE).startswith("0 issue opened")


def test_a_refusal_is_one_sentence_with_github_s_words(hub: Hub, post: Any) -> None:
    hub.refuse = True
    assert post(*COMMENT).startswith("1 error: GitHub answered 422 to http://127.0.0.1:")


def test_a_report_that_was_not_written_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = {
        "GITHUB_REPOSITORY": "us/shop",
        "GITHUB_TOKEN": "x",
        "GITHUB_API_URL": "http://127.0.0.1:1",
    }
    assert main(["pull-request", "7", str(tmp_path / "report.md")], environment) == 1
    assert capsys.readouterr().err == f"error: there is no {tmp_path}/report.md: scripts/drift writes it\n"
