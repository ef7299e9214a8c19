"""`FakeSts`: who one is (GetCallerIdentity in the STS API reference)."""

from __future__ import annotations

from migratable_ecs.testing.client import FakeClient, operation
from migratable_ecs.testing.wire import Params, Response


class FakeSts(FakeClient):
    """The "sts" client of boto3. `identity`: the ARN after the account, replaceable."""

    service = "sts"
    identity = "assumed-role/deployer/session"

    @operation("GetCallerIdentity")
    def get_caller_identity(self, params: Params) -> Response:
        return {
            "UserId": "AROAEXAMPLE:session",
            "Account": self.account,
            "Arn": f"arn:aws:sts::{self.account}:{self.identity}",
        }
