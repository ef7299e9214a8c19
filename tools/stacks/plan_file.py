"""A saved plan: where it lies, how old it is, and how it differs from what would happen now. Pure but for reading the file.

The file is what `pulumi preview --save-plan` writes (an experimental part of Pulumi): the configuration, and of each resource its goal and
its steps. `pulumi up --plan` stops at the first resource that exceeds its plan, which may be after the migration has run; so a new preview
is compared with the saved one before anything is done.
Source: https://www.pulumi.com/docs/iac/concepts/update-plans/
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from .pulumi import Refused

#: Nobody remembers longer what was shown.
MAX_AGE = timedelta(hours=24)

FOLDER = Path(".local/plans")

#: Marks a secret in Pulumi's JSON; its text is encrypted anew each time. Source: sdk/go/common/resource/sig in Pulumi's repository.
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"

_MIGRATION = "pulumi-python:dynamic/ecs:MigrationRun"


def path_of(stack: str) -> Path:
    """Where the plan of `stack` lies."""
    return FOLDER / f"{stack.replace('/', '--')}.json"


def read(stack: str, now: datetime | None = None) -> dict[str, Any]:
    """The saved plan of `stack`.

    Raises:
        Refused: there is none, it is no plan, or it is older than MAX_AGE.
    """
    path = path_of(stack)
    again = f"make one with `make plan ENV={stack}` and read it"
    try:
        plan = json.loads(path.read_text())
    except FileNotFoundError:
        raise Refused(f"there is no plan of {stack}: {again}, then apply it") from None
    except ValueError:
        plan = None
    if not isinstance(plan, dict) or not isinstance(plan.get("resourcePlans"), dict):
        raise Refused(f"{path} is not a plan: {again}")
    made = made_at(plan)
    if (now or datetime.now(UTC)) - made > MAX_AGE:
        hours = int(MAX_AGE.total_seconds() // 3600)
        raise Refused(f"the plan of {stack} was made at {_clock(made)}, more than {hours} hours ago: {again}")
    return plan


def made_at(plan: Mapping[str, Any]) -> datetime:
    """When the plan was made; the beginning of time when it does not say."""
    text = str((plan.get("manifest") or {}).get("time") or "")
    try:
        # Nanoseconds, which Python 3.11 refuses.
        return datetime.fromisoformat(text[:19]).replace(tzinfo=UTC)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)


def differences(saved: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What would happen now and was not shown, or was shown and would not happen: one phrase each, the most telling first."""
    return [*_images(saved, now), *_configuration(saved, now), *_resources(saved, now)]


def stale(stack: str, saved: Mapping[str, Any], found: list[str]) -> str:
    """The sentence with which a plan is refused."""
    shown = found[:4] + ([f"{len(found) - 4} more"] if len(found) > 4 else [])
    return (
        f"the plan of {stack} made at {_clock(made_at(saved))} is not what would happen now ({'; '.join(shown)}), and nothing was changed: "
        f"make a new one with `make plan ENV={stack}` and read it"
    )


def _clock(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _images(saved: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    found = []
    for urn, plan in now["resourcePlans"].items():
        if _MIGRATION in urn:
            old, new = (_planned(each, "image_digest") for each in (saved["resourcePlans"].get(urn), plan))
            if old != new:
                found.append(f"the image of {_name(urn)} was {_short(old)} and is {_short(new)}")
    return found


def _planned(plan: Mapping[str, Any] | None, key: str) -> str:
    """The value that an input is to have: what the plan changes, else what the state has."""
    if plan is None:
        return ""
    diff = (plan.get("goal") or {}).get("inputDiff") or {}
    for change in ("adds", "updates"):
        if key in (diff.get(change) or {}):
            return str(diff[change][key])
    return ""


def _short(digest: str) -> str:
    return digest[:19] or "unchanged"


def _configuration(saved: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    old, new = _plain(saved.get("config") or {}), _plain(now.get("config") or {})
    changed = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
    return [f"config key {key} has changed" for key in changed]


def _resources(saved: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    old, new = saved["resourcePlans"], now["resourcePlans"]
    found = []
    for urn in sorted({*old, *new}):
        if urn not in new:
            found.append(f"{_named(urn)} is no longer part of it")
        elif urn not in old:
            found.append(f"{_named(urn)} is new")
        else:
            changed = _changed(_plain(old[urn]), _plain(new[urn]))
            if changed:
                found.append(f"{_named(urn)}: {', '.join(changed)}")
    return found


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The names of the inputs that differ, else of the parts of the plan."""
    if old == new:
        return []
    inputs = [((each.get("goal") or {}).get("inputDiff") or {}) for each in (old, new)]
    keys: set[str] = set()
    for change in ("adds", "updates", "deletes"):
        before, after = ({} if part.get(change) is None else part[change] for part in inputs)
        if isinstance(before, dict) and isinstance(after, dict):
            keys |= {key for key in {*before, *after} if before.get(key) != after.get(key)}
        elif before != after:
            keys |= {str(key) for key in {*before, *after}}
    if keys:
        return sorted(keys)
    if old.get("steps") != new.get("steps"):
        return [f"{_steps(old)} became {_steps(new)}"]
    return (
        ["what the state says of it"] if old.get("state") != new.get("state") else ["options of the resource"]
    )


def _steps(plan: Mapping[str, Any]) -> str:
    return "+".join(plan.get("steps") or []) or "nothing"


def _plain(value: Any) -> Any:
    """Without what differs between two previews of the same: seeds, the order of sets, how a secret is encrypted."""
    if isinstance(value, dict):
        if value.get(_SIGNATURE) == _SECRET:
            return "secret"
        kept = {key: each for key, each in value.items() if key != "seed"}
        return {key: _ordered(each) if _is_set(key) else _plain(each) for key, each in kept.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _is_set(key: str) -> bool:
    return key in ("dependencies", "propertyDependencies")


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _ordered(each) for key, each in value.items()}
    return sorted(value) if isinstance(value, list) else value


def _name(urn: str) -> str:
    return urn.rsplit("::", 1)[-1]


def _named(urn: str) -> str:
    kind = urn.split("::")[2].split("$")[-1].split(":")[-1]
    return f"{kind} {_name(urn)}"
