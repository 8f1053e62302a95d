"""Check generic, mongo_collection and s3_object data nodes by Taipy's and our own rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from taipy_exec.config.application import DataNodeConfig
from taipy_exec.config.compile import Compiled
from taipy_exec.config.problem import Level, Problem
from taipy_exec.config.reference import ClassRef, FunctionRef
from taipy_exec.config.secrets import MASK, is_secret

_REQUIRED = {
    "mongo_collection": ("db_name", "collection_name"),
    "s3_object": (
        "aws_access_key",
        "aws_secret_access_key",
        "aws_s3_bucket_name",
        "aws_s3_object_key",
    ),
}


class _Kind(NamedTuple):
    wanted: str
    fits: Callable[[Any], bool]


_FUNCTION = _Kind(
    'a function such as "module.name:function"',
    lambda value: isinstance(value, FunctionRef | ClassRef) or callable(value),
)
_CLASS = _Kind(
    'a class such as "module.Name:class"', lambda value: isinstance(value, ClassRef | type)
)
_LIST = _Kind("a list of arguments", lambda value: isinstance(value, list | tuple))
_TABLE = _Kind("a table", lambda value: isinstance(value, Mapping))
_TEXT = _Kind("a text", lambda value: isinstance(value, str))
_NUMBER = _Kind("a whole number", lambda value: type(value) is int)
_KINDS: Mapping[str, Mapping[str, _Kind]] = {
    "generic": {
        "read_fct": _FUNCTION,
        "write_fct": _FUNCTION,
        "read_fct_args": _LIST,
        "write_fct_args": _LIST,
    },
    "mongo_collection": {
        "db_name": _TEXT,
        "collection_name": _TEXT,
        "custom_document": _CLASS,
        "db_username": _TEXT,
        "db_password": _TEXT,
        "db_host": _TEXT,
        "db_port": _NUMBER,
        "db_driver": _TEXT,
        "db_extra_args": _TABLE,
    },
    "s3_object": {
        "aws_access_key": _TEXT,
        "aws_secret_access_key": _TEXT,
        "aws_s3_bucket_name": _TEXT,
        "aws_s3_object_key": _TEXT,
        "aws_region": _TEXT,
        "aws_s3_object_parameters": _TABLE,
        "aws_endpoint_url": _TEXT,
    },
}


def server_problems(compiled: Compiled, node: DataNodeConfig) -> Iterator[Problem]:
    """The missing properties of a data node, and those of the wrong kind."""
    kind, given = node.storage_type, node.properties

    def problem(key: str, what: str, level: Level = Level.ERROR, value: object = None) -> Problem:
        return compiled.merged.problem("DATA_NODE", node.id, key, what, level=level, value=value)

    for key in _REQUIRED.get(kind, ()):
        if given.get(key) in (None, ""):
            level = Level.WARNING if node.id == "default" else Level.ERROR
            yield problem(key, f"is missing: {kind} data nodes need it", level)
    functions = (given.get("read_fct"), given.get("write_fct"))
    if kind == "generic" and node.id != "default" and functions == (None, None):
        yield problem("read_fct", f"is missing, as is write_fct: give one, {_FUNCTION.wanted}")
    for key, allowed in _KINDS.get(kind, {}).items():
        value = given.get(key)
        if value is not None and not allowed.fits(value):
            shown = MASK if is_secret(key) or allowed is _TABLE else repr(value)
            yield problem(key, f"must be {allowed.wanted}, not {shown}", value=value)
