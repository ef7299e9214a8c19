"""A program run against Pulumi's mocks, and the graph it registered. No engine, no network.

`deploy` gives back every resource with its inputs as the provider would get them, and what it waits for.
"""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

import grpc
import pulumi
from pulumi.runtime import mocks, rpc
from pulumi.runtime import resource as registration
from pulumi.runtime.proto import resource_pb2, source_pb2

ACCOUNT = "123456789012"
REGION = "ap-northeast-1"
DIGEST = "sha256:" + "a" * 64
REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"

COMPONENT = "migratable-ecs:index:MigratableEcsService"
MIGRATION_RUN = "pulumi-python:dynamic/ecs:MigrationRun"


@dataclass(frozen=True)
class Registered:
    """One resource: its inputs, and the names of what it waits for as `type::name`."""

    type: str
    name: str
    inputs: Mapping[str, Any]
    urn: str
    provider: str
    parent: str
    waits_for: frozenset[str]
    ignored: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    protected: bool = False


@dataclass
class Cloud(mocks.Mocks):
    """What is there before the program runs. Calls that find nothing raise as the aws plugin does."""

    images: Mapping[str, str] = field(default_factory=lambda: {"app:v1": DIGEST})
    secrets: tuple[str, ...] = ("db", "learning-db")
    found: Mapping[str, Mapping[str, Any] | Exception] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    providers_asked: set[str] = field(default_factory=set)
    registered: list[str] = field(default_factory=list)

    def call(self, args: mocks.MockCallArgs) -> Any:
        self.calls.append((args.token, dict(args.args)))
        self.providers_asked.add(args.provider)
        if args.token in self.found:
            answer = self.found[args.token]
            if isinstance(answer, Exception):
                raise answer
            return dict(answer)
        return _ANSWERS[args.token](self, args.args)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.registered.append(args.typ)
        kind = args.typ.split(":")[-1]
        arn = f"arn:aws:{kind}:{args.name}"
        if args.typ == "aws:cloudwatch/logGroup:LogGroup":
            arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{args.inputs['name']}"
        return f"{args.name}-id", {"arn": arn, **args.inputs}

    def asked(self, token: str) -> list[dict[str, Any]]:
        """The arguments of every call of `token`, in order."""
        return [args for called, args in self.calls if called == token]


class PluginError(grpc.RpcError):  # type: ignore[misc]
    """The error of a data source, as it comes from engine and plugin."""

    def __init__(self, token: str, text: str) -> None:
        super().__init__()
        self._text = f"invocation of {token} returned an error: {text}"

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return self._text


def _repository(cloud: Cloud, args: Mapping[str, Any]) -> dict[str, Any]:
    if not any(image.rpartition(":")[0] == args["name"] for image in cloud.images):
        raise PluginError(
            "aws:ecr/getRepository:getRepository",
            f"reading ECR Repository ({args['name']}): couldn't find resource",
        )
    account = args.get("registryId") or ACCOUNT
    return {
        "repositoryUrl": f"{account}.dkr.ecr.{REGION}.amazonaws.com/{args['name']}",
        "arn": f"arn:aws:ecr:{REGION}:{account}:repository/{args['name']}",
    }


def _image(cloud: Cloud, args: Mapping[str, Any]) -> dict[str, Any]:
    tagged = f"{args['repositoryName']}:{args['imageTag']}"
    if tagged not in cloud.images:
        raise PluginError(
            "aws:ecr/getImage:getImage",
            "Your query returned no results. Please change your search criteria and try again.",
        )
    return {"imageDigest": cloud.images[tagged]}


def _secret(cloud: Cloud, args: Mapping[str, Any]) -> dict[str, Any]:
    if args["name"] not in cloud.secrets:
        raise PluginError(
            "aws:secretsmanager/getSecret:getSecret",
            f"reading Secrets Manager Secret ({args['name']}): couldn't find resource",
        )
    return {"arn": secret_arn(args["name"])}


def secret_arn(name: str) -> str:
    return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-AbCdEf"


_ANSWERS: dict[str, Callable[[Cloud, Mapping[str, Any]], dict[str, Any]]] = {
    "aws:ecr/getRepository:getRepository": _repository,
    "aws:ecr/getImage:getImage": _image,
    "aws:secretsmanager/getSecret:getSecret": _secret,
    "aws:lb/getListener:getListener": lambda *_: {
        "protocol": "HTTP",
        "port": 80,
        "loadBalancerArn": "arn:balancer",
    },
    "aws:lb/getLoadBalancer:getLoadBalancer": lambda *_: {"dnsName": "balancer.test"},
    "aws:index/getRegion:getRegion": lambda *_: {"region": REGION},
    "aws:index/getCallerIdentity:getCallerIdentity": lambda *_: {"accountId": ACCOUNT},
}


class Monitor(mocks.MockMonitor):
    """Pulumi's mock monitor, which also keeps what each resource waits for; it answers on the thread it is asked on."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self.cloud = cloud
        self.registered: list[Registered] = []

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """As the engine makes it: all types on the way down from the stack, the stack's own left out."""
        types = parent.split("::")[2] if parent else "pulumi:pulumi:Stack"
        own = type_ if types == "pulumi:pulumi:Stack" else f"{types}${type_}"
        return f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::{own}::{name}"

    def Invoke(self, request: Any) -> Any:  # noqa: N802 - the name of the RPC
        asked = mocks.MockCallArgs(request.tok, rpc.deserialize_properties(request.args), request.provider)
        return resource_pb2.ResourceInvokeResponse(**{"return": _as_struct(self.cloud.call(asked))})

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the name of the RPC
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == "pulumi:pulumi:Stack":
            return resource_pb2.RegisterResourceResponse(urn=urn)
        inputs = rpc.deserialize_properties(request.object)
        identifier, state = self.cloud.new_resource(
            mocks.MockResourceArgs(
                request.type, request.name, inputs, request.provider, request.importId, request.custom
            )
        )
        self.resources[urn] = self.ResourceRegistration(urn, identifier, state)
        self.registered.append(
            Registered(
                request.type,
                request.name,
                inputs,
                urn,
                request.provider,
                _short(request.parent),
                frozenset(_short(urn) for urn in request.dependencies),
                tuple(request.ignoreChanges),
                tuple(request.replaceOnChanges),
                bool(request.protect),
            )
        )
        return resource_pb2.RegisterResourceResponse(urn=urn, id=identifier, object=_as_struct(state))


def _as_struct(properties: Mapping[str, Any]) -> Any:
    """What goes over the wire for plain values: nothing in them is ever waited for, so it takes no event loop."""
    serialising: Coroutine[Any, Any, Any] = rpc.serialize_properties(properties, {})
    try:
        serialising.send(None)
    except StopIteration as done:
        return done.value
    raise TypeError(f"a cloud answers with plain values only, not with {properties}")


class _Loop(asyncio.SelectorEventLoop):
    """Asks the monitor at once: it has its answer, so a thread for each question would only cost time."""

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:
        answer = self.create_future()
        try:
            answer.set_result(func(*args))
        except Exception as error:
            answer.set_exception(error)
        return answer


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    """One for all programs of this process, as Pulumi has it."""
    # For the engine's messages only; on a long stack of test code it is a tenth of a resource's time.
    registration._get_stack_trace = source_pb2.StackTrace
    return _Loop()


def _short(urn: str) -> str:
    if not urn:
        return ""
    _, types, name = urn.rsplit("::", 2)
    return f"{types.split('$')[-1]}::{name}"


@dataclass(frozen=True)
class Graph:
    """What a program registered, without the stack itself."""

    resources: tuple[Registered, ...]
    result: Any

    def one(self, type_: str, name: str = "web") -> Registered:
        found = [each for each in self.resources if (each.type, each.name) == (type_, name)]
        assert len(found) == 1, (
            f"{len(found)} of {type_} {name} among {sorted((r.type, r.name) for r in self.resources)}"
        )
        return found[0]

    def types(self) -> list[str]:
        return sorted(each.type for each in self.resources)

    def container(self, name: str = "web") -> dict[str, Any]:
        """The only container of a task definition."""
        containers = json.loads(
            self.one("aws:ecs/taskDefinition:TaskDefinition", name).inputs["containerDefinitions"]
        )
        assert len(containers) == 1
        return dict(containers[0])

    def waits_for(self, type_: str, name: str = "web") -> frozenset[str]:
        """All that a resource waits for, over any number of steps."""
        reached: set[str] = set()
        ahead = set(self.one(type_, name).waits_for)
        while ahead:
            step = ahead.pop()
            if step not in reached:
                reached.add(step)
                ahead |= self.one(*step.split("::")).waits_for
        return frozenset(reached)


def deploy(
    program: Callable[[], Any], cloud: Cloud | None = None, *, project: str = "learning", stack: str = "stg"
) -> Graph:
    """Run `program` and wait until all it registered is known.

    `result` is what `program` returned, outputs in it resolved. Errors of the program are raised as they are.
    """
    asyncio.set_event_loop(_loop())
    monitor = Monitor(cloud or Cloud())
    pulumi.runtime.set_mocks(monitor.mocks, project=project, stack=stack, preview=False, monitor=monitor)
    results: list[Any] = []

    def run() -> Any:
        return pulumi.Output.from_input(program()).apply(results.append)

    pulumi.runtime.test(run)()  # type: ignore[no-untyped-call]
    registered = tuple(each for each in monitor.registered if each.type != "pulumi:pulumi:Stack")
    return Graph(registered, results[0] if results else None)
