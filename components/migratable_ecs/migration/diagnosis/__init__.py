"""Why a migration failed, said in one sentence, with the next step.

`diagnose` turns what AWS said into a `Diagnosis`, by one closed table (`CAUSES`); `render` makes the
short message a user sees. Pure functions: no AWS call, no Pulumi.
"""

from .causes import CAUSES
from .engine import diagnose
from .facts import succeeded
from .hints import HINTS, Hint
from .model import UNKNOWN, ApiError, Cause, Diagnosis, Evidence, Kind
from .render import render

__all__ = [
    "CAUSES",
    "HINTS",
    "UNKNOWN",
    "ApiError",
    "Cause",
    "Diagnosis",
    "Evidence",
    "Hint",
    "Kind",
    "diagnose",
    "render",
    "succeeded",
]
