"""A stand-in for `aws ecs execute-command`, which the local cloud does not carry: the command runs in the container of the task that is
named, by Docker instead of by the agent of ECS Exec. What it does not show: AWS's session, its permissions and its log.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path

from tests.e2e.stack import ROOT
from tools.localcloud.docker_api import Docker


def install(folder: Path) -> Path:
    """Put `aws` and `session-manager-plugin` into `folder`, which is to be first on PATH; returns it."""
    aws = f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m {__spec__.name} "$@"\n'
    for name, script in (("aws", aws), ("session-manager-plugin", "#!/bin/sh\n")):
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)
    return folder


def main(words: list[str]) -> int:
    """Carry out `ecs execute-command …`; what AWS would refuse, such as a task of another cluster, is refused."""
    parser = argparse.ArgumentParser(prog="aws")
    parser.add_argument("service", choices=["ecs"])
    parser.add_argument("action", choices=["execute-command"])
    for option in ("--cluster", "--task", "--container", "--command", "--region"):
        parser.add_argument(option, required=True)
    parser.add_argument("--interactive", action="store_true", required=True)
    given = parser.parse_args(words)
    docker = Docker(os.environ["DOCKER_HOST"])
    cluster = given.cluster.rsplit("/", 1)[-1]
    (found,) = [
        each
        for each in docker.containers(f"com.amazonaws.ecs.container-name={given.container}")
        if each.labels["com.amazonaws.ecs.task-arn"].endswith(f":task/{cluster}/{given.task}")
    ]
    code, output = docker.executed(found.id, shlex.split(given.command))
    print(output, end="")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
