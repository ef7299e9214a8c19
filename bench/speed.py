"""What redaction, decisions and sharing cost. The first two are real time, and so depend on the machine."""

from __future__ import annotations

import time

from migratable_ecs.migration.decide import Recorded, Wanted, decide
from migratable_ecs.migration.redaction import Redactor

LINE = "2026-01-01 00:00:00 INFO  Applying orders.{:05d}_add_column_to_table_with_a_name... OK ({} ms)"


def redacted_lines_a_second(lines: int = 20_000) -> float:
    """Ordinary log lines, with three known secrets to look for."""
    stream = Redactor(["correct horse", "battery staple", "a value that is secret"]).stream()
    texts = [LINE.format(number, number % 977) for number in range(lines)]
    began = time.perf_counter()
    for text in texts:
        stream.feed(text)
    stream.flush()
    return lines / (time.perf_counter() - began)


def decisions_a_second(count: int = 20_000) -> float:
    """New digest against 50 migrated ones."""
    migrated = tuple(f"sha256:{number:064x}" for number in range(50))
    recorded = Recorded(migrated[-1], "succeeded", {"seed": "1"}, "migrate", migrated)
    wanted = Wanted("sha256:" + "f" * 64, {"seed": "1"}, "migrate")
    began = time.perf_counter()
    for _ in range(count):
        decide(recorded, wanted)
    return count / (time.perf_counter() - began)
