"""The scenario instances and the data nodes that are compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from taipy_exec.config.problem import nearest
from taipy_exec.config.secrets import MASK, says_secret
from taipy_exec.engine.instances import instance_nodes, read_node
from taipy_exec.engine.sweep import shared_nodes
from taipy_exec.errors import DataError, NotFoundError
from taipy_exec.operations.compare.cells import NOT_WRITTEN, is_small
from taipy_exec.operations.sweep.stored import latest_sweep, means_sweep, submissions_of_sweep

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taipy_exec.config.application import AppConfig, ScenarioConfig
    from taipy_exec.data.node import DataNodeRef
    from taipy_exec.store.rows import Instance
    from taipy_exec.store.store import Store

# A larger file is not read to find out whether its value is small.
_LARGE_FILE = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A scenario instance, and the values that its sweep gave it."""

    instance: Instance
    swept: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Data node -> its value in each instance, in order; `left_out`: data node -> the reason."""

    compared: Sequence[Compared]
    values: Mapping[str, Sequence[Any]]
    left_out: Mapping[str, str] = field(default_factory=dict)


def chosen_instances(
    store: Store, scenario: ScenarioConfig, names: Sequence[str]
) -> list[Compared]:
    """The instances of these names, ids or sweeps. Without names: the latest sweep, or all.

    Each instance comes once. Raises NotFoundError if there is no such instance.
    """
    swept = {one.instance: one.swept for one in store.swept_submissions()}
    known = {one.id: one for one in store.instances(scenario.id)}
    if names:
        ids = [id for name in names for id in _named(store, scenario, known, name)]
    else:
        ids = [one.instance for one in latest_sweep(store, scenario.id)] or list(known)
    found = [known[id] for id in dict.fromkeys(ids) if id in known]
    if not found:
        raise NotFoundError(
            f"scenario {scenario.id} has no instances", "submit it first, for example with --sweep"
        )
    return [Compared(instance=one, swept=swept.get(one.id, {})) for one in found]


def _named(
    store: Store, scenario: ScenarioConfig, known: Mapping[str, Instance], name: str
) -> list[str]:
    if name in known:
        return [name]
    if means_sweep(store, name):
        return [one.instance for one in submissions_of_sweep(store, name)]
    found = store.find_instance(scenario.id, name)
    if found is None:
        names = [one.name for one in known.values()]
        raise NotFoundError(
            f"scenario {scenario.id} has no instance named {name!r}{nearest(name, names)}",
            "taipy-exec instances lists them",
        )
    return [found.id]


def compare_nodes(
    app: AppConfig, scenario: ScenarioConfig, compared: Sequence[Compared], wanted: Sequence[str]
) -> Comparison:
    """The values of the wanted data nodes. Without names: swept inputs and small final outputs.

    Raises NotFoundError for an unknown data node, and DataError for a wanted one that cannot be
    read.
    """
    nodes = [instance_nodes(app, scenario, one.instance) for one in compared]
    if wanted:
        known = [node.id for node in scenario.data_nodes]
        for name in wanted:
            if name not in known:
                raise NotFoundError(
                    f"scenario {scenario.id} has no data node {name!r}{nearest(name, known)}",
                    f"its data nodes are {', '.join(known)}",
                )
        values = {name: _discreet(name, [value_of(of[name]) for of in nodes]) for name in wanted}
        return Comparison(compared=compared, values=values)
    names = dict.fromkeys(name for one in compared for name in one.swept if name in nodes[0])
    outputs = [name for name in scenario.graph().outputs if name not in names]
    found: dict[str, Sequence[Any]] = {}
    left_out = {}
    shared = shared_nodes(app, scenario) if len(compared) > 1 else {}
    for name in (*names, *outputs):
        if name in shared:
            left_out[name] = f"one value for all: {_short_place(app, shared[name])}"
            continue
        try:
            values_of_one = _small_values([of[name] for of in nodes])
        except _LeftOut as why:
            left_out[name] = str(why)
            continue
        if any(value is not NOT_WRITTEN for value in values_of_one):
            found[name] = _discreet(name, values_of_one)
    return Comparison(compared=compared, values=found, left_out=left_out)


def _discreet(name: str, values: Sequence[Any]) -> Sequence[Any]:
    """The values of a data node, with `***` for each if its name is that of a secret."""
    if not says_secret(name):
        return values
    return [value if value is NOT_WRITTEN else MASK for value in values]


def _short_place(app: AppConfig, node: DataNodeRef) -> str:
    """The place of a data node, as the user wrote it if it is in the application's folder."""
    if node.path is not None and node.path.is_relative_to(app.root):
        return str(node.path.relative_to(app.root))
    return node.place


def value_of(node: DataNodeRef) -> Any:
    """The value, or NOT_WRITTEN. Raises DataError."""
    return NOT_WRITTEN if node.changed_at() is None else read_node(node)


def _small_values(nodes: Sequence[DataNodeRef]) -> list[Any]:
    """The values of a data node in each instance. Raises _LeftOut."""
    found = []
    for node in nodes:
        try:
            path = node.path if node.has_file else None
            if path is not None and path.is_file() and path.stat().st_size > _LARGE_FILE:
                raise _LeftOut("too large")
            value = value_of(node)
        except (DataError, OSError):
            raise _LeftOut("cannot be read") from None
        if not is_small(value):
            raise _LeftOut("too large")
        found.append(value)
    return found


class _LeftOut(Exception):
    """A data node is not shown without --node; the text says why."""
