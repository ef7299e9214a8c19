"""The wire between a deployer and the fake AWS: every API call passes here, once on its way there, once on
its way back.

Being the one place where all calls of all services meet, it numbers them, keeps the ledger, cuts deployers
down where a crash plan says so, and offers a switching point on both ways to whoever schedules a race.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Params = dict[str, Any]
Response = dict[str, Any]
When = Literal["before", "after"]


class Killed(BaseException):
    """The process was killed here (SIGKILL): not an `Exception`, so that no handler for errors takes it for
    one.

    `finally` blocks do run, which a real SIGKILL prevents; so a killed deployer's further calls and sleeps
    raise this again and have no effect.
    """


class Timekeeper(Protocol):
    """What the wire needs of a clock."""

    def time(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class Scheduler(Protocol):
    """Who runs next, in a race test (see `Interleaving`)."""

    def switch(self) -> None: ...

    def sleep(self, seconds: float) -> None: ...

    def caller(self) -> str: ...


@dataclass(slots=True)
class Call:
    """One API call that reached AWS.

    `number` counts from 1 over all services of one clock; `time` is seconds since 1970; `caller` is the
    deployer's name ("" outside a race); `error` is the error code it was answered with, None when it
    succeeded.
    """

    number: int
    service: str
    operation: str
    time: float
    caller: str
    params: Mapping[str, Any] = field(repr=False)
    error: str | None = None


@dataclass(slots=True)
class CrashPlan:
    """SIGKILL right before or right after the `call`-th API call (from 1, counted from now) takes effect.

    `fired` tells afterwards whether the deployer lived long enough to be killed.
    """

    call: int
    when: When = "before"
    seen: int = 0
    fired: bool = False


class Wire:
    """See the module. `latency`: seconds a call takes, half of it on each way (default 0: none)."""

    def __init__(self, clock: Timekeeper) -> None:
        self._clock = clock
        self._plans: dict[str, CrashPlan] = {}
        self._count = 0
        self._lock = threading.RLock()
        self.calls: list[Call] = []
        self.latency = 0.0
        self.scheduler: Scheduler | None = None

    def send(
        self, service: str, operation: str, params: Params, effect: Callable[[Call], Response]
    ) -> Response:
        """Carry one call there (`effect`) and its reply, or the error it raised, back."""
        caller = self._caller()
        plan = self._plans.get(caller)
        self._travel(plan)
        # The lock is not held while others are given their turn: they need it too.
        with self._lock:
            self._count += 1
            due = self._due(plan)
            if due == "before":
                raise self._killed(plan, operation, "before")
            call = Call(self._count, service, operation, self._clock.time(), caller, params)
            self.calls.append(call)
            failure: Exception | None = None
            response: Response = {}
            try:
                response = effect(call)
            except Exception as error:
                failure = error
                call.error = _code(error)
            if due == "after":
                raise self._killed(plan, operation, "after")
        self._travel(plan)
        if failure is not None:
            raise failure
        return response

    def is_dead(self) -> bool:
        """Whether the deployer asking has been killed."""
        plan = self._plans.get(self._caller()) if self._plans else None
        return plan is not None and plan.fired

    @property
    def crash_plan(self) -> CrashPlan | None:
        """The plan of a test without race."""
        return self._plans.get("")

    def plan_crash(self, plan: CrashPlan | None, caller: str = "") -> None:
        """Set, or with None remove, the crash plan of one deployer ("" outside a race)."""
        if plan is None:
            self._plans.pop(caller, None)
        else:
            self._plans[caller] = plan

    @contextmanager
    def killing(self, call: int, when: When = "before") -> Iterator[CrashPlan]:
        """Run the block until its `call`-th API call, then leave it as if it had been killed there."""
        plan = CrashPlan(call, when)
        self.plan_crash(plan)
        try:
            yield plan
        except Killed:
            if not plan.fired:
                raise
        finally:
            self.plan_crash(None)

    def _caller(self) -> str:
        return self.scheduler.caller() if self.scheduler is not None else ""

    def _travel(self, plan: CrashPlan | None) -> None:
        if plan is not None and plan.fired:
            raise Killed("a killed process calls nobody")
        if self.scheduler is not None:
            self.scheduler.switch()
        if self.latency:
            self._clock.sleep(self.latency / 2)

    def _due(self, plan: CrashPlan | None) -> When | None:
        if plan is None:
            return None
        plan.seen += 1
        return plan.when if plan.seen == plan.call else None

    def _killed(self, plan: CrashPlan | None, operation: str, when: When) -> Killed:
        assert plan is not None
        plan.fired = True
        return Killed(f"killed {when} call {plan.call} ({operation}) took effect")


def _code(error: Exception) -> str:
    response = getattr(error, "response", None)
    return str(response["Error"]["Code"]) if isinstance(response, dict) else type(error).__name__
