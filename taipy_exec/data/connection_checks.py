"""Checks whether the servers of data nodes (databases, buckets) can be reached."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator

from taipy_exec.config.application import AppConfig, DataNodeConfig, TaskConfig
from taipy_exec.config.compile import Compiled
from taipy_exec.config.problem import Problem
from taipy_exec.data.node import Owner, locate
from taipy_exec.data.node_checks import listed, uses_of
from taipy_exec.data.packages import missing_packages
from taipy_exec.data.registry import storage_type
from taipy_exec.errors import TaipyExecError

# The key that a problem names if a server does not answer.
_KEYS = {"s3_object": "aws_s3_bucket_name"}
# Keys that differ between data nodes of one server.
_OF_THE_NODE = ("collection_name", "table_name", "aws_s3_object_key", "read_query")


def connection_problems(compiled: Compiled, tasks: Iterable[TaskConfig]) -> Iterator[Problem]:
    """An error for each server, used by these tasks, that does not answer or refuses the user.

    Each server is asked once. Data nodes with missing packages are left out.
    """
    groups: dict[Hashable, list[DataNodeConfig]] = {}
    for use in uses_of(tasks):
        connect = getattr(storage_type(use.node.storage_type), "connect", None)
        if connect is not None and not missing_packages(use.node, reads=True, writes=False):
            groups.setdefault(_server(use.node), []).append(use.node)
    for nodes in groups.values():
        why = _why_not(compiled.config, nodes[0])
        if why is None:
            continue
        if len(nodes) > 1:
            why += f"; the same for {listed([node.id for node in nodes[1:]])}"
        given = nodes[0].properties
        key = _KEYS.get(nodes[0].storage_type) or ("db_host" if given.get("db_host") else "db_name")
        yield compiled.merged.problem("DATA_NODE", nodes[0].id, key, why, value=given.get(key))


def _server(node: DataNodeConfig) -> Hashable:
    """A key that is equal for data nodes of the same server, user and database or bucket."""
    own = {
        key: repr(value)
        for key, value in node.properties.items()
        if key.startswith(("db_", "aws_")) and key not in _OF_THE_NODE
    }
    return node.storage_type.partition("_")[0], frozenset(own.items())


def _why_not(config: AppConfig, node: DataNodeConfig) -> str | None:
    kind = storage_type(node.storage_type)
    try:
        kind.connect(locate(config, node, Owner(instance="")))  # type: ignore[attr-defined]
    except TaipyExecError as error:
        return str(error)
    return None
