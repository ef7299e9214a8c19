"""Posts a report to GitHub: as the one comment of a pull request, or as the one issue of a stack. What is there is updated, not added to.

Needs nothing but Python, so that the job with the permission to write installs nothing: scripts/post-report runs this file by itself.
The report's first line is its marker. Source: https://docs.github.com/en/rest/issues
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Whose comments and issues are ours: that of the token of a workflow.
AUTHOR = "github-actions[bot]"
_PAGE = 100
_DRIFT, _ERROR = 3, 1


@dataclass(frozen=True)
class GitHub:
    """A repository on GitHub, by its REST API. `api` is its address; `author` whose posts are updated."""

    api: str
    repository: str
    token: str
    author: str = AUTHOR

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """One request below the repository. Raises urllib.error.URLError."""
        request = urllib.request.Request(
            f"{self.api}/repos/{self.repository}/{path}",
            data=json.dumps(body).encode() if body is not None else None,
            method=method,
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self.token}",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def ours(self, path: str, marker: str) -> Iterator[dict[str, Any]]:
        """Comments or issues of ours that begin with `marker`, oldest first."""
        page = 1
        while True:
            separator = "&" if "?" in path else "?"
            found = self.call("GET", f"{path}{separator}per_page={_PAGE}&page={page}")
            for each in found:
                mine = each["user"]["login"] == self.author and "pull_request" not in each
                if mine and str(each["body"] or "").startswith(marker):
                    yield each
            if len(found) < _PAGE:
                return
            page += 1


def comment(github: GitHub, number: int, text: str) -> str:
    """Make `text` the one comment of pull request `number`; says what was done."""
    old = next(github.ours(f"issues/{number}/comments", _marker(text)), None)
    if old is None:
        made = github.call("POST", f"issues/{number}/comments", {"body": text})
        return f"comment added: {made['html_url']}"
    if old["body"] == text:
        return f"comment is as it was: {old['html_url']}"
    github.call("PATCH", f"issues/comments/{old['id']}", {"body": text})
    return f"comment updated: {old['html_url']}"


def issue(github: GitHub, title: str, text: str, exit_code: int) -> str:
    """Open or update the stack's issue when there is drift; close it when there is none. After an error nothing is known, nor done."""
    if exit_code == _ERROR:
        return "no issue was touched: the report is incomplete"
    old = next(github.ours("issues?state=open", _marker(text)), None)
    if exit_code != _DRIFT:
        if old is None:
            return "no drift, and no issue is open"
        github.call(
            "POST", f"issues/{old['number']}/comments", {"body": "The last look found no drift any more."}
        )
        github.call("PATCH", f"issues/{old['number']}", {"state": "closed", "state_reason": "completed"})
        return f"issue closed: {old['html_url']}"
    if old is None:
        made = github.call("POST", "issues", {"title": title, "body": text})
        return f"issue opened: {made['html_url']}"
    github.call("PATCH", f"issues/{old['number']}", {"body": text})
    return f"issue updated: {old['html_url']}"


def main(arguments: Sequence[str], environment: dict[str, str]) -> int:
    """The program: 0 done, 1 GitHub refused, 2 wrong use."""
    parser = argparse.ArgumentParser(
        prog="post-report", description="Post a report of scripts/drift to GitHub."
    )
    kinds = parser.add_subparsers(dest="kind", required=True)
    pull_request = kinds.add_parser("pull-request", help="as the one comment of a pull request")
    pull_request.add_argument("number", type=int)
    pull_request.add_argument("report", type=Path, help="the Markdown")
    of_stack = kinds.add_parser("issue", help="as the one issue of a stack")
    of_stack.add_argument("stack")
    of_stack.add_argument("report", type=Path, help="the Markdown")
    of_stack.add_argument("json", type=Path, help="the JSON, which says whether there is drift")
    given = parser.parse_args(arguments)
    missing = [name for name in ("GITHUB_REPOSITORY", "GITHUB_TOKEN") if not environment.get(name)]
    if missing:
        parser.error(f"{' and '.join(missing)} must be set, as GitHub Actions does")
    api = environment.get("GITHUB_API_URL") or "https://api.github.com"
    github = GitHub(api, environment["GITHUB_REPOSITORY"], environment["GITHUB_TOKEN"])
    try:
        text = given.report.read_text()
        if given.kind == "pull-request":
            print(comment(github, given.number, text))
        else:
            print(
                issue(
                    github,
                    f"Drift in {given.stack}",
                    text,
                    int(json.loads(given.json.read_text())["exit_code"]),
                )
            )
    except urllib.error.HTTPError as error:
        print(
            f"error: GitHub answered {error.code} to {error.url}: {error.read().decode(errors='replace')[:500]}",
            file=sys.stderr,
        )
        return 1
    except FileNotFoundError as error:
        print(f"error: there is no {error.filename}: scripts/drift writes it", file=sys.stderr)
        return 1
    except urllib.error.URLError as error:
        print(f"error: GitHub cannot be reached at {api}: {error.reason}", file=sys.stderr)
        return 1
    return 0


def _marker(text: str) -> str:
    return text.split("\n", 1)[0]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], dict(os.environ)))
