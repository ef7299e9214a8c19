"""The closed table of causes, in the order in which it is searched. The first row that matches wins.

The rows are in one module for each place a run can fail at; their order here matters: what this program
itself did comes first, then the refused call, then the task that did not start, then the container that
ran. Within a module special rows come before general ones.
"""

from __future__ import annotations

from .causes_call import CALL_CAUSES
from .causes_image import IMAGE_CAUSES
from .causes_network import NETWORK_CAUSES
from .causes_run import LOCAL_CAUSES, RUN_CAUSES
from .causes_start import PLACEMENT_CAUSES, START_CAUSES
from .model import Cause

SECTIONS: tuple[tuple[str, tuple[Cause, ...]], ...] = (
    ("Stopped, cancelled, forgotten", LOCAL_CAUSES),
    ("RunTask found no place", PLACEMENT_CAUSES),
    ("A call was refused", CALL_CAUSES),
    ("Image, secrets, log group", IMAGE_CAUSES),
    ("The task did not start", START_CAUSES),
    ("AWS was not reached, or failed", NETWORK_CAUSES),
    ("The container ran", RUN_CAUSES),
)

CAUSES: tuple[Cause, ...] = tuple(cause for _, section in SECTIONS for cause in section)
