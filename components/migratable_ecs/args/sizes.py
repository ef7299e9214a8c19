"""What Fargate and CloudWatch Logs have on offer."""

from __future__ import annotations

from ..validation import InvalidArgument, is_plain

#: Fargate's task sizes: CPU units -> memory in MiB.
#: Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
FARGATE_SIZES: dict[int, tuple[int, ...]] = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4096 + 1, 1024)),
    1024: tuple(range(2048, 8192 + 1, 1024)),
    2048: tuple(range(4096, 16384 + 1, 1024)),
    4096: tuple(range(8192, 30720 + 1, 1024)),
    8192: tuple(range(16384, 61440 + 1, 4096)),
    16384: tuple(range(32768, 122880 + 1, 8192)),
}

#: Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip


def fargate_size(where: str, cpu: object, memory: object) -> None:
    """Refuse pairs that Fargate does not have."""
    if not is_plain(cpu) or not is_plain(memory):
        return
    if not isinstance(cpu, int) or cpu not in FARGATE_SIZES:
        raise InvalidArgument(
            f"cpu of {where} is {cpu!r}; Fargate has {', '.join(map(str, FARGATE_SIZES))} units"
        )
    sizes = FARGATE_SIZES[cpu]
    if not isinstance(memory, int) or memory not in sizes:
        raise InvalidArgument(
            f"memory of {where} is {memory!r}; with {cpu} CPU units Fargate has {_sizes(sizes)} MiB"
        )


def _sizes(sizes: tuple[int, ...]) -> str:
    if len(sizes) <= 4:
        return ", ".join(map(str, sizes))
    return f"{sizes[0]} to {sizes[-1]} in steps of {sizes[1] - sizes[0]}"
