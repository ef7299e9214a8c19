"""`backup` and `restore`: a snapshot now, and the steps back to one. On the fakes: the local cloud's RDS keeps no data in snapshots."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from migratable_ecs.cli.restore import restore_request, shell
from migratable_ecs.migration.spec import Backup

from tests.unit.cli.answers import Answers
from tests.unit.cli.world import World

Golden = Callable[..., None]
Matches = Callable[[str, str], Any]

PRESENT = {
    "DBInstanceIdentifier": "shop-db", "DBInstanceStatus": "available", "DBInstanceClass": "db.t4g.medium", "MultiAZ": True,
    "PubliclyAccessible": False, "DeletionProtection": True, "DBSubnetGroup": {"DBSubnetGroupName": "shop"},
    "DBParameterGroups": [{"DBParameterGroupName": "shop-pg16"}], "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-db"}],
}  # fmt: skip


@pytest.fixture
def world() -> World:
    """The program backs up an RDS instance."""
    made = World(props={"backup": {"instance": "shop-db", "keep": 2.0}})
    made.aws.rds.add_instance("shop-db")
    made.aws.rds.snapshot_seconds = 20.0
    return made


def snapshots(world: World) -> list[str]:
    found = world.aws.rds.describe_db_snapshots(DBInstanceIdentifier="shop-db")["DBSnapshots"]
    return [each["DBSnapshotIdentifier"] for each in found]


class TestBackup:
    def test_the_screen(self, world: World, golden: Golden) -> None:
        done = world.run("backup", "-s", "stg")
        assert done.exit_code == 0
        golden("backup", done.stdout)
        assert len(snapshots(world)) == 1

    def test_each_is_one_of_its_own_and_none_is_deleted(
        self, world: World, golden: Golden, matches: Matches
    ) -> None:
        for _ in range(3):
            assert matches("backup", world.run("backup", "--json").stdout)["database"] == "shop-db"
        assert len(matches("backup", world.run("backup", "--list", "--json").stdout)["snapshots"]) == 3
        golden("backup_list", world.run("backup", "--list").stdout)

    def test_one_that_fails(self, world: World) -> None:
        world.aws.rds.snapshots_fail = True
        done = world.run("backup")
        assert done.exit_code == 3
        assert "is failed: see the events of the database in RDS" in done.stderr

    def test_ctrl_c(self, world: World) -> None:
        world.interrupt_after = 2
        done = world.run("backup")
        assert done.exit_code == 4
        assert "RDS goes on with the snapshot" in done.stderr

    def test_a_database_that_is_named(self, matches: Matches) -> None:
        world = World()
        world.aws.rds.add_cluster("shop-aurora")
        world.aws.rds.snapshot_seconds = 20.0
        data = matches("backup", world.run("backup", "--db-cluster", "shop-aurora", "--json").stdout)
        assert (data["database"], data["cluster"]) == ("shop-aurora", True)

    def test_one_that_is_found_by_the_tasks_settings(self, matches: Matches) -> None:
        world = World()
        world.aws.ecs._families["web"][0]["containerDefinitions"][0]["environment"] = [
            {"name": "DB_HOST", "value": "db.example"}
        ]
        found = {"DBInstanceIdentifier": "shop-db", "Endpoint": {"Address": "db.example"}}
        world.others["rds"] = Answers(
            describe_db_instances={"DBInstances": [found]}, describe_db_snapshots={"DBSnapshots": []}
        )
        data = matches("backup", world.run("backup", "--list", "--json").stdout)
        assert data == {"database": "shop-db", "cluster": False, "snapshots": []}

    def test_wrong_words(self) -> None:
        world = World()
        assert world.run("backup", "--instance", "a", "--db-cluster", "b").exit_code == 2
        done = world.run("backup")
        assert done.exit_code == 6
        assert "the tasks' settings name no database: name it with --instance or --db-cluster" in done.stderr


class TestRestore:
    @pytest.fixture
    def world(self, world: World) -> World:
        """There is a snapshot, and RDS restores it in a minute."""
        world.run("backup")
        rds, world_began = world.aws.rds, world.clock.time()
        (snapshot,) = rds.describe_db_snapshots(DBInstanceIdentifier="shop-db")["DBSnapshots"]

        def instance(DBInstanceIdentifier: str) -> Any:  # noqa: N803
            if DBInstanceIdentifier == "shop-db":
                return {"DBInstances": [PRESENT]}
            ready = world.clock.time() > world_began + 60
            return {"DBInstances": [{"DBInstanceStatus": "available" if ready else "creating"}]}

        world.others["rds"] = Answers(
            describe_db_snapshots={"DBSnapshots": [snapshot]},
            describe_db_instances=instance,
            restore_db_instance_from_db_snapshot={},
        )
        return world

    def test_the_steps(self, world: World, golden: Golden) -> None:
        golden("restore", world.run("restore", "-s", "stg").stdout, lines=True)
        assert "restore_db_instance_from_db_snapshot" not in [
            method for method, _ in world.others["rds"].requests
        ]

    def test_who_scales_by_itself_gets_its_minimum_and_workers_are_scaled_too(
        self, world: World, matches: Matches
    ) -> None:
        world.workers = ("queue",)
        world.make_worker("queue")
        limits = {"service/default/web": {"MinCapacity": 2, "MaxCapacity": 4}}
        world.others["application-autoscaling"] = Answers(
            describe_scalable_targets=lambda **asked: {
                "ScalableTargets": [limits[each] for each in asked["ResourceIds"] if each in limits]
            }
        )
        commands = [
            each["command"] for each in matches("restore", world.run("restore", "--json").stdout)["steps"]
        ]
        assert (
            "migratable-ecs scale 0 -s stg --min 0 && migratable-ecs scale 0 -s stg --service queue"
            in commands
        )
        assert (
            "migratable-ecs scale 1 -s stg --min 2 && migratable-ecs scale 2 -s stg --service queue"
            in commands
        )

    def test_run_does_what_loses_nothing(self, world: World, matches: Matches) -> None:
        assert world.run("restore", "--run").exit_code == 3
        assert world.run("restore", "--run", input="n\n").exit_code == 3
        data = matches("restore", world.run("restore", "--run", "--yes", "--json").stdout)
        assert [each["done"] for each in data["steps"]] == [True, True] + [False] * 6
        assert not any(each["loses"] for each in data["steps"] if each["done"])
        (request,) = [
            r for m, r in world.others["rds"].requests if m == "restore_db_instance_from_db_snapshot"
        ]
        assert request["DBInstanceIdentifier"] == "shop-db-restored"
        assert request["DBSubnetGroupName"] == "shop"

    def test_it_never_touches_the_present_database(self, world: World) -> None:
        world.run("restore", "--run", "--yes")
        assert {m for m, _ in world.others["rds"].requests} == {
            "describe_db_snapshots", "describe_db_instances", "restore_db_instance_from_db_snapshot",
        }  # fmt: skip

    def test_a_restore_that_does_not_end(self, world: World, matches: Matches) -> None:
        done = world.run("restore", "--run", "--yes", "--timeout", "30")
        assert done.exit_code == 4
        assert "database shop-db-restored is still creating" in done.stderr

    def test_a_name_that_is_taken(self, world: World) -> None:
        error = {"Error": {"Code": "DBInstanceAlreadyExists", "Message": "DB Instance already exists"}}
        world.others["rds"].answers["restore_db_instance_from_db_snapshot"] = ClientError(error, "Restore")  # type: ignore[arg-type]
        done = world.run("restore", "--run", "--yes")
        assert done.exit_code == 3
        assert "there is a database shop-db-restored already, perhaps of an earlier restore" in done.stderr

    def test_wrong_words(self, world: World) -> None:
        done = world.run("restore", "nonesuch")
        assert done.exit_code == 6
        assert "nonesuch is no snapshot of it (shop-db)" in done.stderr
        world.others["rds"].answers["describe_db_snapshots"] = {"DBSnapshots": []}
        assert "has no manual snapshot that is available" in world.run("restore").stderr


def test_the_request_of_a_cluster() -> None:
    present = {
        "Engine": "aurora-postgresql",
        "DBSubnetGroup": "shop",
        "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-db"}],
        "ServerlessV2ScalingConfiguration": {"MinCapacity": 0.5, "MaxCapacity": 4.0},
    }
    request = restore_request(Backup(cluster="shop"), "snap", "shop-restored", present)
    assert shell("restore-db-cluster-from-snapshot", request) == (
        "aws rds restore-db-cluster-from-snapshot --db-cluster-identifier shop-restored --snapshot-identifier snap "
        "--engine aurora-postgresql --db-subnet-group-name shop "
        "--serverless-v2-scaling-configuration MinCapacity=0.5,MaxCapacity=4.0 --vpc-security-group-ids sg-db"
    )


def test_switches_of_the_aws_cli() -> None:
    assert (
        shell("x", {"MultiAZ": True, "PubliclyAccessible": False})
        == "aws rds x --multi-az --no-publicly-accessible"
    )
