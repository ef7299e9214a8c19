"""A snapshot before the run: waited for, named, kept in number, and no migration without it."""

from __future__ import annotations

from typing import Any

import pytest
from migratable_ecs.migration.backup import snapshot_name
from migratable_ecs.migration.errors import BackupFailed, MigrationFailed
from migratable_ecs.migration.run import execute
from migratable_ecs.migration.spec import Backup
from migratable_ecs.testing import FakeAws, Interleaving, Timings, exits, succeeds

from tests.unit.migration.scenario import DIGEST, OTHER_DIGEST, Scenario
from tests.unit.repetitions import times

INSTANCE = Backup(instance="orders")
CLUSTER = Backup(cluster="orders-aurora")
SERVICE = "migratable-ecs:service"


def with_databases(**options: Any) -> Scenario:
    scenario = Scenario(**options)
    scenario.aws.rds.add_instance("orders")
    scenario.aws.rds.add_cluster("orders-aurora")
    return scenario


def snapshots(aws: FakeAws, backup: Backup = INSTANCE) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (
        aws.rds.describe_db_cluster_snapshots()["DBClusterSnapshots"]
        if backup.cluster
        else aws.rds.describe_db_snapshots()["DBSnapshots"]
    )
    return found


def id_of(snapshot: dict[str, Any]) -> str:
    return str(snapshot.get("DBSnapshotIdentifier") or snapshot["DBClusterSnapshotIdentifier"])


@pytest.mark.parametrize("backup", [INSTANCE, CLUSTER])
def test_it_is_made_and_waited_for_before_the_task_is_started(backup: Backup) -> None:
    scenario = with_databases()
    scenario.aws.rds.snapshot_seconds = 400
    record = scenario.run(backup=backup)
    (snapshot,) = snapshots(scenario.aws, backup)
    (task,) = scenario.aws.ecs.tasks
    assert task.created >= snapshot["SnapshotCreateTime"].timestamp() + 400
    assert record.snapshot_id == id_of(snapshot)
    assert any("is available" in line for line in scenario.lines)


def test_its_name_is_service_digest_and_time() -> None:
    scenario = with_databases()
    record = scenario.run(backup=INSTANCE)
    assert record.snapshot_id == "web-aaaaaaaaaaaa-20260101-000000"


@pytest.mark.parametrize(
    ("service", "name"),
    [
        ("web", "web-aaaaaaaaaaaa-20260101-000000"),
        ("shop/web_api--v2-", "shop-web-api-v2-aaaaaaaaaaaa-20260101-000000"),
        ("7eleven", "s-7eleven-aaaaaaaaaaaa-20260101-000000"),
        ("日本", "service-aaaaaaaaaaaa-20260101-000000"),
        ("x" * 300, "x" * 200 + "-aaaaaaaaaaaa-20260101-000000"),
        ("x" * 199 + "-y", "x" * 199 + "-aaaaaaaaaaaa-20260101-000000"),
    ],
)
def test_every_service_has_a_name_that_rds_takes(service: str, name: str) -> None:
    aws = FakeAws()
    aws.rds.add_instance("orders")
    assert snapshot_name(service, DIGEST, aws.clock.time()) == name
    aws.rds.create_db_snapshot(DBSnapshotIdentifier=name, DBInstanceIdentifier="orders")


class TestOnlyTheNewestOfOursAreKept:
    @pytest.mark.parametrize(
        "backup", [Backup(instance="orders", keep=3), Backup(cluster="orders-aurora", keep=3)]
    )
    @pytest.mark.thorough(keep=2)
    def test_by_number(self, backup: Backup) -> None:
        scenario = with_databases()
        ids = [scenario.run(backup=backup, serial=serial).snapshot_id for serial in range(6)]
        assert [id_of(s) for s in snapshots(scenario.aws, backup)] == ids[-3:]
        assert any(f"deleted snapshot {ids[0]}, older than the newest 3" in line for line in scenario.lines)

    def test_nobody_elses(self) -> None:
        scenario = with_databases()
        rds = scenario.aws.rds
        rds.create_db_snapshot(DBSnapshotIdentifier="by-hand", DBInstanceIdentifier="orders")
        others = [{"Key": SERVICE, "Value": "another-service"}]
        rds.create_db_snapshot(DBSnapshotIdentifier="others", DBInstanceIdentifier="orders", Tags=others)
        rds.add_instance("another-database")
        ours = [{"Key": SERVICE, "Value": "web"}]
        rds.create_db_snapshot(
            DBSnapshotIdentifier="elsewhere", DBInstanceIdentifier="another-database", Tags=ours
        )
        for serial in range(4):
            scenario.run(backup=Backup(instance="orders", keep=1), serial=serial)
        left = {id_of(s) for s in snapshots(scenario.aws)}
        assert left >= {"by-hand", "others", "elsewhere"}
        assert len(left) == 4

    def test_never_the_one_just_made(self) -> None:
        scenario = with_databases()
        record = scenario.run(backup=Backup(instance="orders", keep=0))
        assert [id_of(s) for s in snapshots(scenario.aws)] == [record.snapshot_id]

    def test_not_being_allowed_to_delete_is_said_and_stops_nothing(self) -> None:
        scenario = with_databases()
        scenario.aws.rds.fail_next("DeleteDBSnapshot", "AccessDenied", times=100)
        for serial in range(3):
            scenario.run(backup=Backup(instance="orders", keep=1), serial=serial)
        assert any("older snapshots were not deleted" in line for line in scenario.lines)


class TestNoSnapshotNoMigration:
    def refusal(self, scenario: Scenario, **options: Any) -> str:
        with pytest.raises(BackupFailed) as caught:
            scenario.run(**options)
        assert scenario.aws.ecs.tasks == []
        assert str(caught.value).startswith("no migration, because")
        return str(caught.value)

    def test_a_database_that_is_not_there(self) -> None:
        text = self.refusal(Scenario(), backup=INSTANCE)
        assert "DBInstanceNotFound" in text

    @pytest.mark.parametrize("backup", [INSTANCE, CLUSTER])
    def test_a_snapshot_that_fails(self, backup: Backup) -> None:
        scenario = with_databases()
        scenario.aws.rds.snapshots_fail = True
        assert "is failed" in self.refusal(scenario, backup=backup)

    def test_one_that_takes_too_long(self) -> None:
        scenario = with_databases()
        scenario.aws.rds.snapshot_seconds = 5000
        text = self.refusal(scenario, backup=Backup(instance="orders", timeout=600))
        assert "was still creating after 600 s: raise backup.timeout" in text

    def test_not_being_allowed_to(self) -> None:
        scenario = with_databases()
        scenario.aws.rds.fail_next(
            "CreateDBSnapshot", "AccessDenied", "not authorized to rds:CreateDBSnapshot"
        )
        assert "AccessDenied" in self.refusal(scenario, backup=INSTANCE)

    def test_a_database_that_stays_busy(self) -> None:
        scenario = with_databases()
        scenario.aws.rds.states["orders"] = "modifying"
        text = self.refusal(scenario, backup=Backup(instance="orders", timeout=300))
        assert "InvalidDBInstanceState" in text
        assert scenario.aws.clock.time() < 1_767_225_600 + 400


def test_a_database_that_is_busy_for_a_while_is_waited_for() -> None:
    scenario = with_databases()
    scenario.aws.rds.fail_next("CreateDBSnapshot", "InvalidDBInstanceState", "backing-up", times=12)
    assert scenario.run(backup=INSTANCE).snapshot_id
    assert len(snapshots(scenario.aws)) == 1


@pytest.mark.parametrize(
    ("backup", "command"),
    [
        (
            INSTANCE,
            "aws rds restore-db-instance-from-db-snapshot --db-snapshot-identifier {id} "
            "--db-instance-identifier orders-restored",
        ),
        (
            CLUSTER,
            "aws rds restore-db-cluster-from-snapshot --snapshot-identifier {id} "
            "--db-cluster-identifier orders-aurora-restored --engine ",
        ),
    ],
)
def test_a_failure_names_the_snapshot_and_how_to_restore_it(backup: Backup, command: str) -> None:
    scenario = with_databases(script=exits(1, "boom"))
    with pytest.raises(MigrationFailed) as caught:
        scenario.run(backup=backup)
    assert caught.value.record is not None
    snapshot_id = str(caught.value.record["snapshot_id"])
    assert command.format(id=snapshot_id) in str(caught.value)


def test_further_attempts_need_no_further_snapshot() -> None:
    scenario = with_databases(script=lambda number: exits(1) if number < 2 else succeeds())
    record = scenario.run(backup=INSTANCE, attempts=3)
    assert len(snapshots(scenario.aws)) == 1
    assert record.snapshot_id


class TestAcrossProcesses:
    """A snapshot belongs to a run, as the task does."""

    def test_adopting_a_task_makes_none(self) -> None:
        scenario = with_databases()
        operations = self._operations()
        with scenario.aws.killing(operations.index("RunTask") + 1, "after"):
            scenario.run(backup=INSTANCE)
        record = scenario.run(backup=INSTANCE)
        assert record.adopted
        (snapshot,) = snapshots(scenario.aws)
        assert record.snapshot_id == id_of(snapshot)

    def test_a_second_attempt_after_adopting_makes_none_of_what_the_first_has_left(self) -> None:
        """What is restored must be the database before the migration, not after half of it."""
        scenario = with_databases(script=exits(1, duration=100))
        operations = self._operations()
        with scenario.aws.killing(operations.index("RunTask") + 1, "after"):
            scenario.run(backup=INSTANCE, attempts=2)
        with pytest.raises(MigrationFailed) as caught:
            scenario.run(backup=INSTANCE, attempts=2)
        assert len(scenario.aws.ecs.launched) == 2
        (snapshot,) = snapshots(scenario.aws)
        assert f"is in snapshot {id_of(snapshot)}" in str(caught.value)

    @pytest.mark.parametrize("when", ["before", "after"])
    @pytest.mark.thorough
    def test_killed_anywhere_it_is_one_task_and_no_task_without_a_snapshot(self, when: Any) -> None:
        last = self._operations().index("RunTask") + 1
        for call in {*range(1, last, times(3, 1)), last - 1, last}:
            scenario = with_databases()
            with scenario.aws.killing(call, when):
                scenario.run(backup=INSTANCE)
            assert scenario.run(backup=INSTANCE).status == "succeeded"
            (task,) = scenario.aws.ecs.tasks
            first = min(s["SnapshotCreateTime"].timestamp() for s in snapshots(scenario.aws))
            assert first + 180 <= task.created
            assert len(snapshots(scenario.aws)) == 1, "the second process shares what the first has made"

    def test_two_at_the_same_time_share_one(self) -> None:
        for seed in range(times(3, 8)):
            scenario, outcomes = self._race(seed, [{}, {}])
            assert len(scenario.aws.ecs.launched) == 1, f"seed {seed}"
            (snapshot,) = snapshots(scenario.aws)
            assert {o.result.snapshot_id for o in outcomes} == {id_of(snapshot)}

    def test_two_with_different_images_have_one_each_and_run_one_after_the_other(self) -> None:
        for seed in range(times(3, 8)):
            scenario, outcomes = self._race(seed, [{}, {"digest": OTHER_DIGEST}])
            assert len(scenario.aws.ecs.launched) == 2, f"seed {seed}"
            assert scenario.aws.ecs.max_running_at_once("web-migrate") == 1
            assert len({o.result.snapshot_id for o in outcomes}) == 2, f"seed {seed}"

    def test_an_old_one_of_the_same_run_is_not_taken_for_a_backup(self) -> None:
        """The run failed, and the app has been writing since."""
        scenario = with_databases(script=lambda number: exits(1) if number == 0 else succeeds())
        with pytest.raises(MigrationFailed):
            scenario.run(backup=INSTANCE)
        record = scenario.run(backup=INSTANCE)
        assert len(snapshots(scenario.aws)) == 2
        assert record.snapshot_id == max(id_of(s) for s in snapshots(scenario.aws))

    def _operations(self) -> list[str]:
        scenario = with_databases()
        before = len(scenario.aws.calls)
        scenario.run(backup=INSTANCE)
        return [call.operation for call in scenario.aws.calls[before:]]

    def _race(self, seed: int, deployers: list[dict[str, Any]]) -> tuple[Scenario, list[Any]]:
        scenario = with_databases(
            aws_options={"seed": seed, "latency": 0.02, "throttling": False, "timings": Timings(pull=2.0)}
        )
        scenario.aws.rds.snapshot_seconds = 30

        def deployer(choice: dict[str, Any]) -> Any:
            spec = scenario.spec(backup=INSTANCE, **choice)
            return lambda: execute(spec, scenario.aws, scenario.aws.clock, lambda _line: None)

        outcomes = Interleaving(seed).run(scenario.aws.clock, *[deployer(choice) for choice in deployers])
        for outcome in outcomes:
            if outcome.error is not None:
                raise outcome.error
        return scenario, outcomes
