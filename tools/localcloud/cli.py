"""``scripts/local up|down|status|reset|mariadb|prepare|env|push``: the local cloud from the shell."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tools.localcloud import engine, example_images, prerequisites, processes
from tools.localcloud.docker_api import Docker
from tools.localcloud.errors import LocalCloudError
from tools.localcloud.instance import LocalCloud

_NOT_UP = "not up: run `scripts/local up`"


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the exit code: 0, or 1 after one sentence on standard error."""
    given = _parser().parse_args(arguments)
    try:
        cloud = LocalCloud(given.instance, given.state, say=_say)
        command: str = given.command
        if command == "push":
            print(cloud.push(given.example, given.version, given.tag, given.repository))
        elif command == "prepare":
            cloud.prepare(given.system)
        elif command == "env":
            _print_env(cloud, given.json)
        elif command == "status":
            return _print_status(cloud)
        else:
            getattr(cloud, command)()
    except LocalCloudError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "error: interrupted; `scripts/local up` goes on, `scripts/local down` removes what was begun.",
            file=sys.stderr,
        )
        return 130
    return 0


def _say(line: str) -> None:
    print(line, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/local", description="The local cloud; see docs/local-cloud.md."
    )
    parser.add_argument(
        "--instance", help="its name (LOCALCLOUD_INSTANCE; default: from the checkout's path)"
    )
    parser.add_argument(
        "--state", type=Path, help="its folder (LOCALCLOUD_STATE; default: .local in the checkout)"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start what does not run yet, and seed it")
    commands.add_parser("down", help="remove everything of this instance")
    commands.add_parser("reset", help="down, then up with fresh data")
    commands.add_parser("status", help="show what runs, where")
    commands.add_parser("mariadb", help="start a MariaDB too, for the examples that use one")
    prepare = commands.add_parser(
        "prepare", help="make what the document of a system takes for there already"
    )
    prepare.add_argument("system", help=f"one of {', '.join(sorted(prerequisites.SYSTEMS))}")
    env = commands.add_parser("env", help='print variables for the shell: eval "$(scripts/local env)"')
    env.add_argument("--json", action="store_true", help="print them as a JSON object")
    push = commands.add_parser(
        "push", help="build an example and push it to the local ECR; prints the digest"
    )
    push.add_argument("example", help=f"one of {', '.join(example_images.names())}")
    push.add_argument("version", help="v1, v2 or broken")
    push.add_argument("--tag", default="latest", help="the tag to push under (default: latest)")
    push.add_argument("--repository", default="", help="the repository to push to (default: EXAMPLE-app)")
    return parser


def _print_env(cloud: LocalCloud, as_json: bool) -> None:
    variables = cloud.env()
    if as_json:
        print(json.dumps(variables, indent=2))
    else:
        for name, value in variables.items():
            print(f"export {name}={shlex.quote(value)}")


def _print_status(cloud: LocalCloud) -> int:
    """Print the table; return 0 when everything runs, 1 otherwise."""
    state = cloud.state()
    table = Table(title=f"local cloud {cloud.settings.name}", show_header=False)
    reachable = bool(state.docker_host) and Docker.answers(state.docker_host)
    origin = ", started by us" if state.docker_host == engine.own_host() else ""
    table.add_row(
        "Docker engine", f"{state.docker_host}{origin}" if reachable else f"not reachable {state.docker_host}"
    )
    complete = reachable
    for name, key in (("ministack", "gateway"), ("forwarder", "http")):
        process = state.processes.get(name)
        runs = processes.alive(process)
        complete = complete and runs
        where = f"127.0.0.1:{state.ports[key]}, pid {process.pid}" if runs and process else _NOT_UP
        table.add_row(name, where)
    if reachable:
        complete = _add_containers(table, cloud) and complete
    table.add_row("load balancer", cloud.url if state.ports else _NOT_UP)
    table.add_row("state, logs", f"{cloud.settings.state_dir}, {cloud.settings.logs}")
    table.add_row("cloud id", f"{state.cloud_id or '-'} (kept in memory: gone when ministack stops)")
    Console().print(table)
    return 0 if complete else 1


def _add_containers(table: Table, cloud: LocalCloud) -> bool:
    """Add a row a container; return whether the database is among the running ones."""
    found = False
    for container in sorted(cloud.containers(), key=lambda c: c.name):
        what = container.labels.get("migratable-ecs.role", "task container")
        where = (
            f", 127.0.0.1:{cloud.state().ports['database']}" if what == "database" else f", {container.image}"
        )
        found = found or (what == "database" and container.status == "running")
        table.add_row(what, f"{container.name}, {container.status}{where}")
    if not found:
        table.add_row("database", _NOT_UP)
    return found


if __name__ == "__main__":
    sys.exit(main())
