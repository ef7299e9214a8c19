"""`python -m bench [--seeds N]`: this engine beside other ways, on the fake clock with Fargate's durations.

All but the last table comes from seeds: the same numbers on every machine.
"""

from __future__ import annotations

import argparse

from rich.console import Console
from rich.table import Table

from bench import end_of_run, log_lines, speed


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="tasks for each way (default 100)")
    seeds = parser.parse_args().seeds
    console = Console(width=110)
    console.print(_ends(end_of_run.measure(seeds), seeds))
    console.print(_lines(log_lines.measure(max(1, seeds // 5)), max(1, seeds // 5)))
    console.print(_speed())


def _ends(found: list[end_of_run.Measured], seeds: int) -> Table:
    table = Table(title=f"From the container's exit until it is known: {seeds} tasks of 5 s to 5 min")
    for column in ("", "p50", "p95", "p95, ratio", "API calls a minute"):
        table.add_column(column, justify="left" if not column else "right")
    ours = found[0]
    for way in found:
        table.add_row(
            way.name,
            f"{way.p50:.2f} s",
            f"{way.p95:.2f} s",
            f"{way.p95 / ours.p95:.1f} x",
            f"{way.calls_a_minute:.0f}",
        )
    table.caption = "this engine's calls include those for the live log; the other ways show no log"
    return table


def _lines(found: list[log_lines.Shown], seeds: int) -> Table:
    table = Table(title=f"Log lines lost: {seeds} tasks of 600 lines that arrive up to 15 s late")
    for column in ("", "lines", "lost, whole pages", "lost, short pages", "shown twice"):
        table.add_column(column, justify="left" if not column else "right")
    for way in found:
        lost = [f"{n} ({100 * n / way.lines:.1f} %)" for n in (way.lost, way.lost_short)]
        table.add_row(way.name, str(way.lines), *lost, str(way.twice))
    return table


def _speed() -> Table:
    table = Table(title="Speed on this machine")
    table.add_column("")
    table.add_column("a second", justify="right")
    table.add_row("log lines redacted", f"{speed.redacted_lines_a_second():,.0f}")
    table.add_row("decisions", f"{speed.decisions_a_second():,.0f}")
    return table


if __name__ == "__main__":
    main()
