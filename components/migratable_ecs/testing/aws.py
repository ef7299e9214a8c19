"""`FakeAws`: one account and region with all the fakes on one clock."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, overload

from migratable_ecs.testing.client import ACCOUNT, REGION, FakeClient
from migratable_ecs.testing.clock import FakeClock
from migratable_ecs.testing.ecr import FakeEcr
from migratable_ecs.testing.ecs import Consistency, FakeEcs
from migratable_ecs.testing.logs import FakeLogs
from migratable_ecs.testing.pages import Paging
from migratable_ecs.testing.rds import FakeRds
from migratable_ecs.testing.script import Timings
from migratable_ecs.testing.streams import Ingestion
from migratable_ecs.testing.sts import FakeSts
from migratable_ecs.testing.throttle import ECS_LIMITS
from migratable_ecs.testing.wire import Call, CrashPlan, When


class FakeAws:
    """Stands where a `boto3.Session` would: `aws.client("ecs")`, `aws.region_name`.

    `seed`: of all random durations and delays. `latency`: seconds a call takes. `throttling`: False lifts all
    quotas. The rest as for `FakeEcs` and `FakeLogs`.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        region: str = REGION,
        account: str = ACCOUNT,
        clusters: Sequence[str] = ("default",),
        timings: Timings | None = None,
        consistency: Consistency | None = None,
        ingestion: Ingestion | None = None,
        paging: Paging | None = None,
        latency: float = 0.0,
        throttling: bool = True,
        clock: FakeClock | None = None,
    ) -> None:
        self.clock = clock or FakeClock()
        self.clock.wire.latency = latency
        self.region_name = region
        self.account = account
        place: dict[str, Any] = {"region": region, "account": account, "seed": seed}
        self.logs = FakeLogs(
            self.clock, ingestion=ingestion, paging=paging, limits=() if throttling else None, **place
        )
        self.ecs = FakeEcs(
            self.clock,
            logs=self.logs,
            clusters=clusters,
            timings=timings,
            consistency=consistency,
            limits=ECS_LIMITS if throttling else None,
            **place,
        )
        self.ecr = FakeEcr(self.clock, **place)
        self.sts = FakeSts(self.clock, **place)
        self.rds = FakeRds(self.clock, **place)

    @overload
    def client(self, service_name: Literal["ecs"], **_settings: Any) -> FakeEcs: ...
    @overload
    def client(self, service_name: Literal["logs"], **_settings: Any) -> FakeLogs: ...
    @overload
    def client(self, service_name: Literal["ecr"], **_settings: Any) -> FakeEcr: ...
    @overload
    def client(self, service_name: Literal["sts"], **_settings: Any) -> FakeSts: ...
    @overload
    def client(self, service_name: Literal["rds"], **_settings: Any) -> FakeRds: ...
    @overload
    def client(self, service_name: str, **_settings: Any) -> FakeClient: ...
    def client(self, service_name: str, **_settings: Any) -> FakeClient:
        """The fake of that service; settings such as `region_name` are taken and not looked at.

        Raises `ValueError` for a service without a fake.
        """
        clients: dict[str, FakeClient] = {
            "ecs": self.ecs,
            "logs": self.logs,
            "ecr": self.ecr,
            "sts": self.sts,
            "rds": self.rds,
        }
        if service_name not in clients:
            raise ValueError(f"there is no fake of {service_name}, only of {', '.join(sorted(clients))}")
        return clients[service_name]

    @property
    def calls(self) -> list[Call]:
        """All calls to all services, in order."""
        return self.clock.wire.calls

    @property
    def crash_plan(self) -> CrashPlan | None:
        """Where the deployer under test is killed; counts the calls to all services. None: nowhere."""
        return self.clock.wire.crash_plan

    @crash_plan.setter
    def crash_plan(self, plan: CrashPlan | None) -> None:
        self.clock.wire.plan_crash(plan)

    def killing(self, call: int, when: When = "before") -> AbstractContextManager[CrashPlan]:
        """Run a `with` block until its `call`-th API call to any service, then leave it as if killed there.

        `when`: right before or right after the call takes effect. `plan.fired`: whether it got that far.
        """
        return self.clock.wire.killing(call, when)
