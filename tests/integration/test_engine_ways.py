"""Where the engine's programs come from: PATH, the cache, the official download, a build; each part once."""

from __future__ import annotations

import http.server
import io
import os
import shutil
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tools.engine.acquire import cache, official, parts, ways
from tools.engine.acquire.errors import SetupError
from tools.engine.acquire.parts import AWS, CLI, HOST, Part
from tools.engine.acquire.tools_folder import ToolsFolder

ALL = ways.WAYS
NOWHERE = "http://127.0.0.1:1"

# Answers as much of Go's command line as a build uses, and counts the builds in $GO_LOG.
FAKE_GO = """#!/bin/sh
case "$1" in
env) echo go1.99.0 ;;
list) echo "$GO_MODULE" ;;
build)
    echo build >> "$GO_LOG"
    [ -z "${GO_FAILS:-}" ] || { echo "go: downloading x" >&2; echo "no space left" >&2; exit 1; }
    while [ "$1" != -o ]; do shift; done
    sleep 0.2; echo program > "$2"; chmod +x "$2" ;;
esac
"""


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with an empty cache, no network, a Go compiler and nothing else on PATH."""
    monkeypatch.setenv("MIGRATABLE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "pulumi-home"))
    monkeypatch.delenv(ways.ENVIRONMENT, raising=False)
    monkeypatch.setattr(official, "SITE", NOWHERE)
    program(tmp_path / "bin" / "go", FAKE_GO)
    for tool in ("sleep", "chmod"):
        (tmp_path / "bin" / tool).symlink_to(str(shutil.which(tool)))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("GO_LOG", str(tmp_path / "go.log"))
    monkeypatch.setenv("GO_MODULE", str(tmp_path / "module"))
    for _, script in HOST.copies:
        program(tmp_path / "module" / script.path, "#!/bin/sh\n")
    return tmp_path


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def says(version: str) -> str:
    return f"#!/bin/sh\necho {version}\n"


def get(part: Part, allowed: tuple[str, ...] = ALL, notices: list[str] | None = None) -> ways.Acquired:
    said = notices if notices is not None else []

    def no_cli() -> Path:
        raise AssertionError("the command line is only needed for plugin downloads")

    return ways.acquire(part, allowed, [], no_cli, said.append)


def builds(machine: Path) -> int:
    log = machine / "go.log"
    return len(log.read_text().splitlines()) if log.exists() else 0


# PATH


def test_a_new_enough_program_on_path_is_used(machine: Path) -> None:
    own = program(machine / "bin" / "pulumi-resource-aws", says("v7.60.0"))
    assert get(AWS) == ways.Acquired(ways.PATH, {"pulumi-resource-aws": own})


@pytest.mark.parametrize("version", ["7.50.0", "8.0.0"])
def test_another_version_on_path_is_not_used(machine: Path, version: str) -> None:
    program(machine / "bin" / "pulumi-resource-aws", says(version))
    assert get(AWS).way == ways.BUILD


def test_a_program_that_does_not_run_is_not_used(machine: Path) -> None:
    program(machine / "bin" / "pulumi", "#!/bin/sh\necho 'command not found' >&2; exit 127\n")
    assert get(CLI).way == ways.BUILD


def test_the_language_host_is_the_one_beside_the_users_command_line(machine: Path) -> None:
    program(machine / "release" / "pulumi", says("v3.300.0"))
    for name in HOST.programs:
        program(machine / "release" / name, "#!/bin/sh\n")
    (machine / "bin" / "pulumi").symlink_to(machine / "release" / "pulumi")
    assert get(HOST).programs == {name: machine / "release" / name for name in HOST.programs}


def test_a_language_host_without_a_command_line_beside_it_is_not_used(machine: Path) -> None:
    for name in HOST.programs:
        program(machine / "bin" / name, "#!/bin/sh\n")
    assert get(HOST).way == ways.BUILD


def test_an_installed_plugin_is_used_without_being_on_path(machine: Path) -> None:
    own = program(
        machine / "pulumi-home" / "plugins" / "resource-aws-v7.51.1" / "pulumi-resource-aws", says("7.51.1")
    )
    assert get(AWS).programs["pulumi-resource-aws"] == own


def test_what_set_up_linked_itself_is_not_the_users_own(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = ToolsFolder(machine / "tools")
    program(tools.bin / "pulumi", says("v3.300.0"))
    monkeypatch.setenv("PATH", f"{tools.bin}{os.pathsep}{machine / 'bin'}")
    acquired = ways.acquire(CLI, ALL, tools.own_folders, lambda: tools.bin, lambda _: None)
    assert acquired.way == ways.BUILD


# The official download


class Site(http.server.BaseHTTPRequestHandler):
    """Serves one release archive."""

    archive = b""
    requests: list[str] = []  # noqa: RUF012

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.end_headers()

    def do_GET(self) -> None:
        self.requests.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.archive)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[set[str]], list[str]]]:
    """Starts a download site whose archive holds the given files; returns the list of its requests."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(official, "SITE", f"http://127.0.0.1:{server.server_port}")

    def serve(names: set[str]) -> list[str]:
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w:gz") as tar:
            for name in sorted(names):
                member = tarfile.TarInfo(f"pulumi/{name}")
                member.size = len(name)
                tar.addfile(member, io.BytesIO(name.encode()))
        monkeypatch.setattr(Site, "archive", content.getvalue())
        monkeypatch.setattr(Site, "requests", [])
        return Site.requests

    yield serve
    server.shutdown()
    server.server_close()


def test_command_line_and_language_host_come_from_one_download(
    machine: Path, site: Callable[[set[str]], list[str]]
) -> None:
    requests = site({*CLI.programs, *HOST.programs, "pulumi-watch"})
    cli, host = get(CLI), get(HOST)
    assert (cli.way, host.way, len(requests)) == (ways.DOWNLOAD, ways.DOWNLOAD, 1)
    assert cli.programs["pulumi"].read_text() == "pulumi"
    assert all(os.access(path, os.X_OK) for path in host.programs.values())
    assert builds(machine) == 0


def test_an_archive_without_the_programs_leads_to_a_build(
    machine: Path, site: Callable[[set[str]], list[str]]
) -> None:
    site({"README"})
    notices: list[str] = []
    assert get(CLI, notices=notices).way == ways.BUILD
    assert any("the release archive holds no pulumi" in each for each in notices)


def test_an_unreachable_site_is_asked_once(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(official, "_answers", lambda url, _: bool(asked.append(url)))
    get(CLI)
    get(HOST)
    assert len(asked) == 1
    official.forget_failure()
    get(AWS)
    assert len(asked) == 2


def test_a_name_look_up_that_hangs_does_not_hold_set_up_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(official.urllib.request, "urlopen", lambda *_, **__: time.sleep(30))
    started = time.monotonic()
    assert official._answers(NOWHERE, 0.2) is False
    assert time.monotonic() - started < 5


# Builds and the cache


def test_a_part_is_built_once_and_then_taken_from_the_cache(machine: Path) -> None:
    first, second = get(HOST), get(HOST)
    assert first == second
    assert builds(machine) == 1
    assert all(os.access(path, os.X_OK) for path in first.programs.values())


def test_set_ups_at_the_same_time_build_once(machine: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: get(CLI), range(4)))
    assert builds(machine) == 1
    assert len({each.programs["pulumi"] for each in results}) == 1


def test_a_failed_build_leaves_nothing_behind_and_shows_gos_words(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GO_FAILS", "1")
    with pytest.raises(SetupError, match="no space left") as failed:
        get(CLI)
    assert "go: downloading" not in str(failed.value)
    assert [path.name for path in cache.root().iterdir() if path.is_dir()] == []
    monkeypatch.delenv("GO_FAILS")
    assert get(CLI).way == ways.BUILD


def test_what_a_killed_set_up_left_is_replaced(machine: Path) -> None:
    (cache.root() / ways.built_entry(CLI)).mkdir()  # a folder without the program
    (cache.root() / f".{ways.built_entry(CLI)}-unfinished").mkdir()
    assert get(CLI).programs["pulumi"].read_text() == "program\n"
    assert not list(cache.root().glob(".*-unfinished"))


def test_a_changed_source_is_built_anew_but_a_changed_test_is_not(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = machine / "engine" / AWS.key
    module.mkdir(parents=True)
    for name in ("go.mod", "go.sum", "main.go"):
        (module / name).write_text(name)
    monkeypatch.setattr(parts, "ENGINE", machine / "engine")
    before = AWS.fingerprint()
    (module / "main_test.go").write_text("test")
    assert AWS.fingerprint() == before
    (module / "main.go").write_text("changed")
    assert AWS.fingerprint() != before


# Choice of ways


def test_the_ways_can_be_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ways.ENVIRONMENT, "build, path")
    assert ways.allowed() == (ways.PATH, ways.BUILD)


def test_an_unknown_way_is_named_with_what_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ways.ENVIRONMENT, "brew")
    with pytest.raises(SetupError, match=r"'brew'; allowed is .*path, download, build"):
        ways.allowed()


def test_when_no_way_is_left_the_message_says_what_to_do(machine: Path) -> None:
    with pytest.raises(SetupError, match=r"put pulumi 3\.255\.0 or later on PATH"):
        get(CLI, (ways.PATH, ways.DOWNLOAD))


# The tools folder


def test_what_is_linked_stays_until_something_changes(machine: Path) -> None:
    tools = ToolsFolder(machine / "tools")
    assert tools.current(AWS, ALL) is None
    acquired = get(AWS)
    tools.link(AWS, ALL, acquired)
    again = ToolsFolder(machine / "tools")
    assert again.current(AWS, ALL) == acquired
    assert (tools.bin / "pulumi-resource-aws").read_text() == "program\n"
    program(machine / "bin" / "pulumi-resource-aws", says("7.60.0"))
    assert again.current(AWS, ALL) is None, "a program of the user's own has come up"


def test_a_removed_link_is_made_again(machine: Path) -> None:
    tools = ToolsFolder(machine / "tools")
    tools.link(CLI, ALL, get(CLI))
    (tools.bin / "pulumi").unlink()
    assert tools.current(CLI, ALL) is None
    tools.link(CLI, ALL, get(CLI))
    tools.link(CLI, ALL, get(CLI))  # over itself
    assert [path.name for path in tools.bin.iterdir()] == ["pulumi"]
