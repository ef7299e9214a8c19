"""Whether a role's policies allow something. Pure.

Conditions, permission boundaries and policies of the organization are not looked at: what is found missing here is missing in any case.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any


def allowed(statements: Iterable[Mapping[str, Any]], action: str, resource: str) -> bool:
    """Whether a statement allows `action` on `resource` and none without a condition denies it."""
    found = False
    for each in statements:
        if not _covers(each, "Action", action.lower()) or not _covers(each, "Resource", resource):
            continue
        if each.get("Effect") == "Deny" and not each.get("Condition"):
            return False
        found = found or each.get("Effect") == "Allow"
    return found


def trusted(document: Mapping[str, Any]) -> frozenset[str]:
    """The services that a trust policy lets assume the role."""
    services: set[str] = set()
    for each in _listed(document.get("Statement")):
        principal = each.get("Principal")
        if each.get("Effect") == "Allow" and isinstance(principal, Mapping):
            services |= set(_listed(principal.get("Service")))
    return frozenset(services)


def statements(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The statements of a policy document; one may stand without a list."""
    return list(_listed(document.get("Statement")))


def _covers(statement: Mapping[str, Any], key: str, value: str) -> bool:
    if f"Not{key}" in statement:
        return not any(_matches(each, value, key) for each in _listed(statement[f"Not{key}"]))
    return any(_matches(each, value, key) for each in _listed(statement.get(key)))


def _matches(pattern: str, value: str, key: str) -> bool:
    wanted = pattern.lower() if key == "Action" else pattern
    return bool(re.fullmatch(re.escape(wanted).replace(r"\*", ".*").replace(r"\?", "."), value))


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]
