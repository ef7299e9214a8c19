"""What a service stands on."""

from .lookup import Environment, look_up
from .settings import Settings, load

__all__ = ["Environment", "Settings", "load", "look_up"]
