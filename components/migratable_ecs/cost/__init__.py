"""What a stack costs a month at list prices, and what each option would save. Pure: no Pulumi, no AWS."""

from .bill import Line, Saving, Usage, bill, savings, total, unpriced
from .inventory import Inventory, inventory
from .prices import Prices, UnknownRegion, prices, regions

__all__ = [
    "Inventory",
    "Line",
    "Prices",
    "Saving",
    "UnknownRegion",
    "Usage",
    "bill",
    "inventory",
    "prices",
    "regions",
    "savings",
    "total",
    "unpriced",
]
