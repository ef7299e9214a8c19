"""What every fake client has in common with a boto3 client, taken from botocore's own service models.

Wrong parameters are refused by botocore's validator (`ParamValidationError`), errors are the classes of
`client.exceptions`, paginators are botocore's, and waiters follow the acceptors of botocore's waiter models,
on the fake clock.
"""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from types import SimpleNamespace
from typing import Any, ClassVar

from botocore import xform_name
from botocore.errorfactory import ClientExceptionsFactory
from botocore.exceptions import ClientError, ParamValidationError, WaiterError
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.paginate import Paginator, PaginatorModel
from botocore.validate import ParamValidator
from botocore.waiter import WaiterModel

from migratable_ecs.testing.clock import FakeClock
from migratable_ecs.testing.throttle import Limit, Throttle
from migratable_ecs.testing.wire import Call, CrashPlan, Params, Response

REGION = "ap-northeast-1"
ACCOUNT = "123456789012"

HIDDEN_THROTTLING = (
    "Error retrieving subnet information for [subnet-0]: Rate exceeded (ErrorCode: Throttling)"
)
"""What RunTask says, as an InvalidParameterException, when EC2 behind it throttled ECS."""

_VALIDATOR = ParamValidator()
_HTTP_STATUS = {"ServerException": 500, "ServiceUnavailableException": 503}


@functools.cache
def service_model(service: str) -> ServiceModel:
    """botocore's model of `service` ("ecs", "logs", …)."""
    return ServiceModel(_loader().load_service_model(service, "service-2"), service)


@functools.cache
def _loader() -> Loader:
    return Loader()


@functools.cache
def _exceptions(service: str) -> Any:
    return ClientExceptionsFactory().create_client_exceptions(service_model(service))


@functools.cache
def _input_shape(service: str, operation: str) -> Any:
    return service_model(service).operation_model(operation).input_shape


def operation(name: str) -> Callable[[Callable[[Any, Params], Response]], Callable[..., Response]]:
    """Make a handler of one operation's parameters into a method with boto3's signature (keywords only)."""

    def decorate(handler: Callable[[Any, Params], Response]) -> Callable[..., Response]:
        @functools.wraps(handler)
        def method(self: FakeClient, **params: Any) -> Response:
            return self._invoke(name, handler, params)

        return method

    return decorate


@dataclass
class _Scripted:
    operation: str
    error: str | Exception
    message: str
    times: int
    after: int
    takes_effect: bool


class FakeClient:
    """The base of all fake clients.

    `clock`: shared by all fakes of one test. `region`, `account`: what ARNs say. `seed`: of every random
    choice of this client. `limits`: throttling buckets; None throttles nothing.
    """

    service: ClassVar[str]

    def __init__(
        self,
        clock: FakeClock,
        *,
        region: str = REGION,
        account: str = ACCOUNT,
        seed: int = 0,
        limits: Sequence[Limit] | None = None,
    ) -> None:
        self.clock = clock
        self.region = region
        self.account = account
        self.seed = seed
        self.exceptions = _exceptions(self.service)
        self.meta = SimpleNamespace(
            region_name=region,
            endpoint_url=f"https://{self.service}.{region}.amazonaws.com",
            service_model=service_model(self.service),
        )
        self._throttle = Throttle(limits) if limits is not None else None
        self._random = random.Random(f"{self.service}:{seed}")
        self._scripted: list[_Scripted] = []
        self._valid: dict[str, str] = {}

    @property
    def calls(self) -> list[Call]:
        """The calls this service received so far, in order."""
        return [call for call in self.clock.wire.calls if call.service == self.service]

    @property
    def crash_plan(self) -> CrashPlan | None:
        """The crash plan of a test without race, one for all fakes of a clock; None revives."""
        return self.clock.wire.crash_plan

    @crash_plan.setter
    def crash_plan(self, plan: CrashPlan | None) -> None:
        self.clock.wire.plan_crash(plan)

    def fail_next(
        self,
        operation: str,
        error: str | Exception,
        message: str = "",
        *,
        times: int = 1,
        after: int = 0,
        takes_effect: bool = False,
    ) -> None:
        """Answer the next `times` calls of `operation` ("RunTask") with `error`.

        `error`: an error code, or an exception such as botocore's `EndpointConnectionError` for a lost
        network. `after`: how many calls still succeed before. `takes_effect`: the call is carried out and
        only its reply is lost.
        """
        self._scripted.append(_Scripted(operation, error, message, times, after, takes_effect))

    def hide_throttling(self, operation: str = "RunTask", *, times: int = 1) -> None:
        """Throttle the next `times` calls as EC2 behind ECS does: inside an InvalidParameterException."""
        self.fail_next(operation, "InvalidParameterException", HIDDEN_THROTTLING, times=times)

    def can_paginate(self, method: str) -> bool:
        """Whether `get_paginator(method)` works, as for a boto3 client."""
        return method in self._paginators()

    def get_paginator(self, method: str) -> Paginator[Any]:
        """botocore's paginator over this fake."""
        config, model = self._paginators()[method]
        return Paginator(getattr(self, method), config, model)

    def get_waiter(self, name: str) -> FakeWaiter:
        """The waiter of that name ("tasks_stopped"), with botocore's acceptors, delay and attempts, on the
        fake clock."""
        return FakeWaiter(self, name)

    def arn(self, resource: str) -> str:
        """The ARN of a resource of this service, account and region."""
        return f"arn:aws:{self.service}:{self.region}:{self.account}:{resource}"

    def error(self, operation: str, code: str, message: str, **members: Any) -> ClientError:
        """The exception boto3 raises for this code; `members`: what the error's shape carries besides."""
        response: Any = {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {
                "HTTPStatusCode": _HTTP_STATUS.get(code, 400),
                "HTTPHeaders": {},
                "RetryAttempts": 0,
            },
            "message": message,
            **members,
        }
        kind: type[ClientError] = self.exceptions.from_code(code)
        return kind(response, operation)

    def _invoke(self, name: str, handler: Callable[[Any, Params], Response], params: Params) -> Response:
        # Whoever polls asks the same again and again: what has just been found valid still is.
        written = repr(params)
        if self._valid.get(name) != written:
            report = _VALIDATOR.validate(params, _input_shape(self.service, name))
            if report.has_errors():
                raise ParamValidationError(report=report.generate_report())
            self._valid[name] = written
        return self.clock.wire.send(
            self.service, name, params, lambda call: self._serve(call, handler, params)
        )

    def _serve(self, call: Call, handler: Callable[[Any, Params], Response], params: Params) -> Response:
        if self._throttle is not None and not self._throttle.admit(call.operation, self.clock.time()):
            raise self.error(call.operation, "ThrottlingException", "Rate exceeded")
        scripted = self._take_scripted(call.operation)
        if scripted is not None and not scripted.takes_effect:
            raise self._scripted_error(scripted)
        response = handler(self, params)
        if scripted is not None:
            raise self._scripted_error(scripted)
        response["ResponseMetadata"] = {
            "RequestId": f"00000000-0000-4000-8000-{call.number:012d}",
            "HTTPStatusCode": 200,
            "HTTPHeaders": {"date": formatdate(self.clock.time(), usegmt=True)},
            "RetryAttempts": 0,
        }
        return response

    def _take_scripted(self, operation: str) -> _Scripted | None:
        for item in self._scripted:
            if item.operation != operation:
                continue
            if item.after > 0:
                item.after -= 1
                return None
            item.times -= 1
            if item.times == 0:
                self._scripted.remove(item)
            return item
        return None

    def _scripted_error(self, item: _Scripted) -> Exception:
        if isinstance(item.error, Exception):
            return item.error
        return self.error(item.operation, item.error, item.message or item.error)

    def _paginators(self) -> dict[str, tuple[Any, Any]]:
        model = service_model(self.service)
        pages = PaginatorModel(_loader().load_service_model(self.service, "paginators-1"))
        found: dict[str, tuple[Any, Any]] = {}
        for name in model.operation_names:
            method = xform_name(name)
            if hasattr(self, method):
                try:
                    found[method] = (pages.get_paginator(name), model.operation_model(name))
                except ValueError:
                    continue
        return found


class FakeWaiter:
    """A botocore waiter that sleeps on the fake clock (botocore's own calls `time.sleep`)."""

    def __init__(self, client: FakeClient, name: str) -> None:
        models = WaiterModel(_loader().load_service_model(client.service, "waiters-2"))
        names: Mapping[str, str] = {xform_name(item): item for item in models.waiter_names}
        if name not in names:
            raise ValueError(f"Waiter does not exist: {name}")
        self.name = names[name]
        self._clock = client.clock
        self.config = models.get_waiter(self.name)
        self._call = getattr(client, xform_name(self.config.operation))

    def wait(self, *, WaiterConfig: Mapping[str, int] | None = None, **params: Any) -> None:  # noqa: N803
        """Poll until an acceptor matches. Raises botocore's `WaiterError` on a failure state or too many
        attempts."""
        settings = WaiterConfig or {}
        delay = settings.get("Delay", self.config.delay)
        attempts = settings.get("MaxAttempts", self.config.max_attempts)
        for attempt in range(1, attempts + 1):
            response = self._ask(params)
            state = next((item.state for item in self.config.acceptors if item.matcher_func(response)), None)
            if state == "success":
                return
            if state == "failure":
                raise WaiterError(self.name, "Waiter encountered a terminal failure state", response)
            if state is None and "Error" in response:
                raise WaiterError(self.name, f"An error occurred ({response['Error']['Code']})", response)
            if attempt < attempts:
                self._clock.sleep(delay)
        raise WaiterError(self.name, "Max attempts exceeded", response)

    def _ask(self, params: Params) -> Any:
        try:
            return self._call(**params)
        except ClientError as error:
            return error.response


def matches(pattern: str, value: str) -> bool:
    """Whether the whole of `value` matches `pattern`."""
    return re.fullmatch(pattern, value) is not None
