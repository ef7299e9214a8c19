"""boto3 clients that act on the same account, region and endpoint as the aws provider of the stack (promise P11)."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from .errors import Unreachable


class Clients(Protocol):
    """What hands out AWS clients: `connect` for AWS, `migratable_ecs.testing.FakeAws` for tests."""

    def client(self, service: str, /) -> Any:
        """The boto3 client of `service`, such as `ecs`."""


@dataclass(frozen=True)
class Role:
    """A role to assume."""

    arn: str
    session_name: str = ""
    external_id: str = ""


@dataclass(frozen=True)
class AwsSettings:
    """The part of the `aws:` configuration that decides where calls go. Empty values mean boto3's own defaults.

    `endpoints` maps a service (`ecs`, `logs`, …) to its URL. `role_arn` is assumed first when given, by way of the roles in `via`, each
    from the one before, as the aws provider does. Keys are never part of the state: they come from the stack's configuration or the
    environment, in the plugin's own process.
    """

    region: str = ""
    profile: str = ""
    endpoints: Mapping[str, str] = field(default_factory=dict)
    role_arn: str = ""
    role_session_name: str = ""
    external_id: str = ""
    via: tuple[Role, ...] = ()
    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


class AwsClients:
    """Clients of one boto3 session, each made once. boto3 is imported on first use: a preview never needs it."""

    def __init__(self, settings: AwsSettings) -> None:
        self._settings = settings
        self._made: dict[str, Any] = {}
        self._session: Any = None
        self._lock = threading.Lock()

    def client(self, service: str) -> Any:
        """Raises Unreachable where there can be no client: no such profile, no region, a role that may not be assumed."""
        from botocore.exceptions import BotoCoreError, ClientError

        with self._lock:
            try:
                if service not in self._made:
                    self._session = self._session or _session(self._settings)
                    self._made[service] = _client(self._session, service, self._settings)
            except (BotoCoreError, ClientError) as error:
                raise Unreachable(
                    f"nothing was started, because AWS cannot be reached as configured: {error}; check aws:profile, aws:region, "
                    "aws:assumeRoles and the credentials of this machine"
                ) from error
            return self._made[service]


_connected: dict[str, AwsClients] = {}
_connecting = threading.Lock()


def connect(settings: AwsSettings) -> AwsClients:
    """The clients for `settings`, shared by all runs of this process."""
    key = repr(settings) + str(hash((settings.access_key, settings.secret_key, settings.token)))
    with _connecting:
        return _connected.setdefault(key, AwsClients(settings))


#: Seconds until an answer; StartSyncExecution answers when the run has ended, and one that was given up is started a second time.
#: Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartSyncExecution.html (five minutes at most)
_READ_TIMEOUT = {"stepfunctions": 330}


def _client(session: Any, service: str, settings: AwsSettings) -> Any:
    from botocore.config import Config

    config = Config(
        retries={"mode": "standard", "total_max_attempts": 4},
        connect_timeout=10,
        read_timeout=_READ_TIMEOUT.get(service, 60),
        # A connection over which nothing comes for minutes is dropped on its way by gateways and firewalls.
        tcp_keepalive=service in _READ_TIMEOUT,
        max_pool_connections=50,
    )
    return session.client(service, endpoint_url=settings.endpoints.get(service) or None, config=config)


def _session(settings: AwsSettings) -> Any:
    import boto3

    session = boto3.Session(
        region_name=settings.region or None,
        profile_name=settings.profile or None,
        aws_access_key_id=settings.access_key or None,
        aws_secret_access_key=settings.secret_key or None,
        aws_session_token=settings.token or None,
    )
    last = Role(settings.role_arn, settings.role_session_name, settings.external_id)
    for role in (*settings.via, last):
        if role.arn:
            session = _assumed(session, role, settings)
    return session


def _assumed(session: Any, role: Role, settings: AwsSettings) -> Any:
    """A session in the assumed role that renews its credentials, because a migration may outlive them."""
    import boto3
    from botocore.credentials import RefreshableCredentials
    from botocore.session import get_session

    sts = _client(session, "sts", settings)

    def fetch() -> dict[str, str]:
        request = {"RoleArn": role.arn, "RoleSessionName": role.session_name or "migratable-ecs"}
        if role.external_id:
            request["ExternalId"] = role.external_id
        got = sts.assume_role(**request)["Credentials"]
        return {
            "access_key": got["AccessKeyId"],
            "secret_key": got["SecretAccessKey"],
            "token": got["SessionToken"],
            "expiry_time": got["Expiration"].isoformat(),
        }

    inner: Any = get_session()
    inner._credentials = RefreshableCredentials.create_from_metadata(
        metadata=fetch(), refresh_using=fetch, method="sts-assume-role"
    )
    inner.set_config_variable("region", session.region_name)
    return boto3.Session(botocore_session=inner)
