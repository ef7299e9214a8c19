"""What a service stands on."""

from .ground import Balancer, Environment, Network
from .settings import Settings, has_service, load
from .settings_image import image_to_push
from .settings_service import check, service_args, url
from .stand_on import stand_on

__all__ = [
    "Balancer",
    "Environment",
    "Network",
    "Settings",
    "check",
    "has_service",
    "image_to_push",
    "load",
    "service_args",
    "stand_on",
    "url",
]
