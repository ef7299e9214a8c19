"""What the installed pulumi_aws package declares: tokens, property names and shapes."""

from __future__ import annotations

import ast
import collections.abc
import importlib
import inspect
import re
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws
from pulumi import _types as declared

MAX_DEPTH = 8
_TOKEN = re.compile(r"'(aws:[a-z0-9]+/\w+:\w+)'")


@dataclass
class Property:
    """One declared property.

    Attributes:
        kind: scalar, list, map or object.
        fields: those of the object, or of the list's or map's elements; None when they are plain values.
        required: the program must give it.
        json: it may be given as an object where AWS wants a JSON string.
    """

    kind: str
    fields: dict[str, Property] | None = None
    required: bool = False
    json: bool = False


@dataclass
class Declaration:
    """Inputs and outputs of one resource or function, by their camelCase names."""

    inputs: dict[str, Property] = field(default_factory=dict)
    outputs: dict[str, Property] = field(default_factory=dict)


def member_of(token: str) -> tuple[str, str]:
    """`aws:ecs/service:Service` -> (`ecs`, `Service`); the module of `aws:index/…` is the package itself."""
    _, module, name = token.split(":")
    return module.split("/")[0], name


def module_named(name: str) -> types.ModuleType:
    """The Python module of a token's module; raises ModuleNotFoundError when the package has none."""
    return pulumi_aws if name == "index" else importlib.import_module(f"pulumi_aws.{name}")


def resource(token: str) -> Declaration:
    """The declaration of a resource; raises AttributeError or ModuleNotFoundError when there is none."""
    module_name, name = member_of(token)
    module = module_named(module_name)
    cls, args = getattr(module, name), getattr(module, f"{name}Args")
    inputs = _properties(_input_annotations(args))
    names = declared.input_type_py_to_pulumi_names(args)
    for parameter in inspect.signature(args.__init__).parameters.values():
        if parameter.default is inspect.Parameter.empty and parameter.name in names:
            inputs[names[parameter.name]].required = True
    return Declaration(inputs, _properties(declared.resource_types(cls)))


def function(token: str) -> Declaration:
    """The declaration of a function; raises AttributeError or ModuleNotFoundError when there is none."""
    module_name, name = member_of(token)
    module = module_named(module_name)
    call = getattr(module, snake(name))
    arguments = re.findall(r"__args__\['(\w+)'\]", inspect.getsource(call))
    result = getattr(module, f"{name[0].upper()}{name[1:]}Result")
    inputs = {argument: Property(kind="") for argument in arguments}
    return Declaration(inputs, _properties(declared.output_type_types(result)))


def configuration() -> dict[str, Property]:
    """The inputs of `aws.Provider`."""
    return _properties(_input_annotations(pulumi_aws.ProviderArgs))


def token_of(python_path: str) -> str | None:
    """The token behind `ecs.Service` or `get_region_output`; None when it is a type or the provider."""
    target: Any = pulumi_aws
    for name in python_path.split("."):
        target = getattr(target, name.removesuffix("_output"), None) or getattr(target, name)
    if not (
        inspect.isfunction(target) or (inspect.isclass(target) and issubclass(target, pulumi.CustomResource))
    ):
        return None
    tokens = _TOKEN.findall(inspect.getsource(target))
    return tokens[-1] if tokens else None


def used_in(files: list[Path]) -> Iterator[tuple[Path, str]]:
    """Each `(file, "ecs.Service")` that a program takes from pulumi_aws, under whatever name."""
    for file in files:
        tree = ast.parse(file.read_text(), str(file))
        aliases = dict(_imports(tree))
        for node in ast.walk(tree):
            path = _dotted(node)
            first, _, rest = path.partition(".")
            if first in aliases and (rest or aliases[first]):
                yield file, ".".join(part for part in (aliases[first], rest) if part)


def snake(name: str) -> str:
    """`getLoadBalancer` -> `get_load_balancer`, as Pulumi's generator has it."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def _imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """(local name, path inside pulumi_aws) of every import; the path is empty for the package itself."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                if name.name == "pulumi_aws" or (name.name.startswith("pulumi_aws.") and name.asname):
                    yield name.asname or "pulumi_aws", name.name.removeprefix("pulumi_aws").removeprefix(".")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "pulumi_aws":
            prefix = (node.module or "").removeprefix("pulumi_aws").removeprefix(".")
            for name in node.names:
                yield name.asname or name.name, f"{prefix}.{name.name}".removeprefix(".")


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = _dotted(node.value)
        return f"{base}.{node.attr}" if base else ""
    return ""


def _input_annotations(cls: type) -> dict[str, Any]:
    names = declared.input_type_py_to_pulumi_names(cls)
    return {names.get(name, name): annotation for name, annotation in declared.input_type_types(cls).items()}


def _properties(annotations: dict[str, Any], depth: int = 0) -> dict[str, Property]:
    return {name: _property(annotation, depth) for name, annotation in annotations.items()}


def _property(annotation: Any, depth: int) -> Property:
    members = [member for member in _members(annotation) if member is not type(None)]
    classes = [member for member in members if _is_declared(member)]
    if str in members:
        return Property("scalar", json=any(not issubclass(_class(member), str) for member in members))
    if classes:
        return Property("object", _fields(classes[0], depth))
    for member in members:
        origin, arguments = typing.get_origin(member), typing.get_args(member)
        if origin in (list, collections.abc.Sequence):
            return Property("list", _property(arguments[0], depth).fields)
        if origin in (dict, collections.abc.Mapping):
            return Property("map", _property(arguments[1], depth).fields)
    return Property("scalar")


def _members(annotation: Any) -> Iterator[Any]:
    """The types a value may have: unions, outputs and awaitables taken apart."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        for member in typing.get_args(annotation):
            yield from _members(member)
    elif typing.get_origin(annotation) in (pulumi.Output, collections.abc.Awaitable):
        yield from _members(typing.get_args(annotation)[0])
    else:
        yield annotation


def _class(member: Any) -> type:
    return typing.get_origin(member) or member


def _is_declared(member: Any) -> bool:
    return inspect.isclass(member) and (declared.is_input_type(member) or declared.is_output_type(member))


def _fields(cls: type, depth: int) -> dict[str, Property] | None:
    if depth >= MAX_DEPTH:
        return None
    annotations = _input_annotations(cls) if declared.is_input_type(cls) else declared.output_type_types(cls)
    return _properties(annotations, depth + 1)
