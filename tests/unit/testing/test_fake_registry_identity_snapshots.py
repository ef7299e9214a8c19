"""The small fakes: ECR, STS, RDS."""

import pytest
from migratable_ecs.testing import FakeAws


class TestEcr:
    def test_a_tag_moves_to_the_image_pushed_last(self, aws: FakeAws) -> None:
        first = aws.ecr.push("app", "latest", "v1", content="one")
        second = aws.ecr.push("app", "latest", content="two")
        assert first != second

        def digest(tag: str) -> str:
            answer = aws.ecr.describe_images(repositoryName="app", imageIds=[{"imageTag": tag}])
            return str(answer["imageDetails"][0]["imageDigest"])

        assert (digest("latest"), digest("v1")) == (second, first)
        by_digest = aws.ecr.describe_images(repositoryName="app", imageIds=[{"imageDigest": first}])
        assert by_digest["imageDetails"][0]["imageTags"] == ["v1"]
        assert len(aws.ecr.describe_images(repositoryName="app")["imageDetails"]) == 2

    def test_what_is_missing_is_an_error_of_its_own(self, aws: FakeAws) -> None:
        aws.ecr.push("app", "v1")
        with pytest.raises(aws.ecr.exceptions.ImageNotFoundException, match="imageTag:'v2'"):
            aws.ecr.describe_images(repositoryName="app", imageIds=[{"imageTag": "v2"}])
        with pytest.raises(aws.ecr.exceptions.RepositoryNotFoundException, match="'web' does not exist"):
            aws.ecr.describe_images(repositoryName="web")

    def test_in_a_batch_it_is_a_failure(self, aws: FakeAws) -> None:
        digest = aws.ecr.push("app", "v1")
        ids = [{"imageTag": "v1"}, {"imageTag": "v2"}]
        answer = aws.ecr.batch_get_image(repositoryName="app", imageIds=ids)
        assert answer["images"][0]["imageId"] == {"imageTag": "v1", "imageDigest": digest}
        assert answer["failures"][0]["failureCode"] == "ImageNotFound"

    def test_addresses_are_amazons(self, aws: FakeAws) -> None:
        assert aws.ecr.uri("app") == "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/app"


def test_sts_tells_the_account(aws: FakeAws) -> None:
    answer = aws.sts.get_caller_identity()
    assert answer["Account"] == "123456789012"
    assert answer["Arn"] == "arn:aws:sts::123456789012:assumed-role/deployer/session"


class TestRds:
    @pytest.fixture(params=["instance", "cluster"])
    def kind(self, request: pytest.FixtureRequest, aws: FakeAws) -> str:
        aws.rds.add_instance("db")
        aws.rds.add_cluster("db")
        return str(request.param)

    def create(self, aws: FakeAws, kind: str, name: str, database: str = "db") -> dict[str, object]:
        if kind == "instance":
            answer = aws.rds.create_db_snapshot(DBSnapshotIdentifier=name, DBInstanceIdentifier=database)
            return dict(answer["DBSnapshot"])
        answer = aws.rds.create_db_cluster_snapshot(
            DBClusterSnapshotIdentifier=name, DBClusterIdentifier=database
        )
        return dict(answer["DBClusterSnapshot"])

    def statuses(self, aws: FakeAws, kind: str) -> list[str]:
        if kind == "instance":
            found = aws.rds.describe_db_snapshots(DBInstanceIdentifier="db")["DBSnapshots"]
        else:
            found = aws.rds.describe_db_cluster_snapshots(DBClusterIdentifier="db")["DBClusterSnapshots"]
        return [item["Status"] for item in found]

    def test_a_snapshot_takes_its_time(self, aws: FakeAws, kind: str) -> None:
        aws.rds.snapshot_seconds = 120
        assert self.create(aws, kind, "before-v2")["Status"] == "creating"
        aws.clock.sleep(119)
        assert self.statuses(aws, kind) == ["creating"]
        aws.clock.sleep(1)
        assert self.statuses(aws, kind) == ["available"]

    def test_a_snapshot_may_fail(self, aws: FakeAws, kind: str) -> None:
        aws.rds.snapshots_fail = True
        self.create(aws, kind, "before-v2")
        aws.clock.sleep(600)
        assert self.statuses(aws, kind) == ["failed"]

    def test_boto3s_waiter_works_on_it(self, aws: FakeAws, kind: str) -> None:
        self.create(aws, kind, "before-v2")
        if kind == "instance":
            aws.rds.get_waiter("db_snapshot_available").wait(DBSnapshotIdentifier="before-v2")
        else:
            waiter = aws.rds.get_waiter("db_cluster_snapshot_available")
            waiter.wait(DBClusterSnapshotIdentifier="before-v2")
        assert self.statuses(aws, kind) == ["available"]

    def test_what_is_refused(self, aws: FakeAws, kind: str) -> None:
        self.create(aws, kind, "before-v2")
        exceptions = aws.rds.exceptions
        instance = kind == "instance"
        with pytest.raises(
            exceptions.DBSnapshotAlreadyExistsFault
            if instance
            else exceptions.DBClusterSnapshotAlreadyExistsFault
        ):
            self.create(aws, kind, "before-v2")
        with pytest.raises(
            exceptions.DBInstanceNotFoundFault if instance else exceptions.DBClusterNotFoundFault
        ):
            self.create(aws, kind, "other", database="nothing")
        with pytest.raises(exceptions.ClientError, match="not a valid identifier"):
            self.create(aws, kind, "ends-with-")
        aws.rds.states["db"] = "modifying"
        with pytest.raises(
            exceptions.InvalidDBInstanceStateFault if instance else exceptions.InvalidDBClusterStateFault
        ):
            self.create(aws, kind, "third")

    def test_old_ones_can_be_deleted(self, aws: FakeAws, kind: str) -> None:
        self.create(aws, kind, "old")
        self.create(aws, kind, "new")
        if kind == "instance":
            aws.rds.delete_db_snapshot(DBSnapshotIdentifier="old")
            with pytest.raises(aws.rds.exceptions.DBSnapshotNotFoundFault):
                aws.rds.delete_db_snapshot(DBSnapshotIdentifier="old")
        else:
            aws.rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier="old")
            with pytest.raises(aws.rds.exceptions.DBClusterSnapshotNotFoundFault):
                aws.rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier="old")
        assert len(self.statuses(aws, kind)) == 1

    def test_databases_are_described_with_their_state(self, aws: FakeAws, kind: str) -> None:
        aws.rds.states["db"] = "backing-up"
        if kind == "instance":
            (found,) = aws.rds.describe_db_instances(DBInstanceIdentifier="db")["DBInstances"]
            assert found["DBInstanceStatus"] == "backing-up"
        else:
            (found,) = aws.rds.describe_db_clusters()["DBClusters"]
            assert found["Status"] == "backing-up"
