"""Rules of production: `protect()` in a program refuses what should not be deployed there."""

from .guarding import Protection, may_destroy, protect, protection
from .service import guarded_service

__all__ = ["Protection", "guarded_service", "may_destroy", "protect", "protection"]
