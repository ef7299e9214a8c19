"""Races that can be repeated: several deployers, of which exactly one runs at any moment.

Each deployer runs on a thread of its own, but a thread goes on only when it is given the turn. Turns change
where a request leaves, where its reply comes back, and in `clock.sleep`; who is next is decided by a seeded
random number, so the same seed gives the same history. When all are asleep the clock jumps to the earliest
wake-up.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from migratable_ecs.testing.clock import FakeClock
from migratable_ecs.testing.wire import CrashPlan, Killed, When

T = TypeVar("T")

_STICKINESS = (0.0, 0.25, 0.6, 0.85)
"""How likely a deployer keeps its turn; one of them is chosen for each history, for long and short turns find
different races."""


class Abandoned(BaseException):
    """Raised in the deployers that are left when a history is given up (see `Interleaving.run`)."""


@dataclass
class Outcome(Generic[T]):
    """How one deployer ended: with `result`, with `error`, or `killed`. `ended`: seconds since 1970."""

    name: str
    result: T | None = None
    error: BaseException | None = None
    killed: bool = False
    ended: float = 0.0


@dataclass
class _Deployer:
    name: str
    work: Callable[[], Any]
    outcome: Outcome[Any]
    turn: threading.Lock = field(default_factory=threading.Lock)
    wake: float = 0.0
    thread: threading.Thread | None = None


class Interleaving:
    """One history of a race, decided by `seed`.

    `stall`: how likely, at a switching point, a deployer stands still for some of `stall_seconds`, as a
    machine does that is suspended between looking and acting (default: never). `most_switches`: after that
    many a history is taken for endless.
    """

    def __init__(
        self,
        seed: int,
        *,
        stall: float = 0.0,
        stall_seconds: tuple[float, float] = (1.0, 120.0),
        most_switches: int = 200_000,
    ) -> None:
        self._random = random.Random(seed)
        self._stickiness = self._random.choice(_STICKINESS)
        self._stall = stall
        self._stall_seconds = stall_seconds
        self._left = most_switches
        self._kills: dict[int, CrashPlan] = {}
        self._by_thread: dict[int, _Deployer] = {}
        self._alive: list[_Deployer] = []
        self._over = threading.Event()
        self._abandoned = ""

    def kill_at(self, deployer: int, call: int, when: When = "before") -> CrashPlan:
        """Kill the `deployer`-th (from 0) before or after its `call`-th API call (from 1) takes effect."""
        plan = CrashPlan(call, when)
        self._kills[deployer] = plan
        return plan

    def run(
        self, clock: FakeClock, *work: Callable[[], T], names: Sequence[str] = (), patience: float = 60.0
    ) -> list[Outcome[T]]:
        """Run all of `work` to its end and say how each ended, in the order given.

        `names`: of the deployers (default "deployer-0", …), also the ledger's `caller`. `patience`: real
        seconds; a deployer that waits for another one in any other way than by `clock.sleep` would wait for
        ever. Raises `RuntimeError` then, and when a history does not end within `most_switches`.
        """
        if not work:
            return []
        wire = clock.wire
        if wire.scheduler is not None:
            raise RuntimeError("another race runs on this clock")
        self._clock = clock
        titles = names or [f"deployer-{index}" for index in range(len(work))]
        deployers = [_Deployer(name, item, Outcome(name)) for name, item in zip(titles, work, strict=True)]
        for index, plan in self._kills.items():
            wire.plan_crash(plan, titles[index])
        wire.scheduler = self
        try:
            self._start(deployers)
            if not self._over.wait(patience):
                self._give_up("a deployer waits for something other than the clock")
                raise RuntimeError(self._abandoned)
        finally:
            wire.scheduler = None
            for name in titles:
                wire.plan_crash(None, name)
        if self._abandoned:
            raise RuntimeError(self._abandoned)
        return [deployer.outcome for deployer in deployers]

    # What the wire and the clock call, on the thread of the deployer that has the turn.

    def caller(self) -> str:
        """The name of the deployer asking; "" for the body of the test."""
        deployer = self._by_thread.get(threading.get_ident())
        return deployer.name if deployer is not None else ""

    def switch(self) -> None:
        """A switching point."""
        me = self._me()
        if self._stall and self._random.random() < self._stall:
            me.wake = self._clock.time() + self._random.uniform(*self._stall_seconds)
        elif self._random.random() < self._stickiness:
            return
        self._pass_on(me)

    def sleep(self, seconds: float) -> None:
        """Give the turn away until `seconds` have passed."""
        me = self._me()
        me.wake = self._clock.time() + seconds
        self._pass_on(me)

    def _me(self) -> _Deployer:
        deployer = self._by_thread.get(threading.get_ident())
        if deployer is None:
            raise RuntimeError(
                "in a race a deployer may call AWS and sleep only on the thread it was started on"
            )
        return deployer

    def _start(self, deployers: Sequence[_Deployer]) -> None:
        self._alive = list(deployers)
        for deployer in deployers:
            deployer.turn.acquire()
            deployer.thread = threading.Thread(
                target=self._live, args=(deployer,), name=deployer.name, daemon=True
            )
            deployer.thread.start()
        self._next().turn.release()

    def _live(self, me: _Deployer) -> None:
        self._by_thread[threading.get_ident()] = me
        me.turn.acquire()
        try:
            if not self._abandoned:
                me.outcome.result = me.work()
        except Killed:
            me.outcome.killed = True
        except Abandoned as error:
            me.outcome.error = error
        except BaseException as error:
            me.outcome.error = error
        me.outcome.ended = self._clock.time()
        self._by_thread.pop(threading.get_ident())
        self._alive.remove(me)
        if self._alive:
            self._next().turn.release()
        else:
            self._over.set()

    def _pass_on(self, me: _Deployer) -> None:
        self._left -= 1
        if self._left <= 0:
            self._give_up("the race does not end: too many switches")
        if self._abandoned:
            raise Abandoned(self._abandoned)
        following = self._next()
        if following is not me:
            following.turn.release()
            me.turn.acquire()
            if self._abandoned:
                raise Abandoned(self._abandoned)

    def _next(self) -> _Deployer:
        """Whose turn it is; moves the clock on when everybody sleeps."""
        now = self._clock.time()
        awake = [deployer for deployer in self._alive if deployer.wake <= now]
        if not awake:
            self._clock.advance_to(min(deployer.wake for deployer in self._alive))
            now = self._clock.time()
            awake = [deployer for deployer in self._alive if deployer.wake <= now]
        return awake[int(self._random.random() * len(awake))]

    def _give_up(self, reason: str) -> None:
        self._abandoned = reason
