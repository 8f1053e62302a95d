"""Running the comparators of a scenario's configuration."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from taipy_exec.config.import_failure import place_of
from taipy_exec.config.reference import by_name
from taipy_exec.engine.instances import instance_nodes
from taipy_exec.errors import ComparatorFailed
from taipy_exec.operations.compare.cells import NOT_WRITTEN
from taipy_exec.operations.compare.selection import Compared, value_of

if TYPE_CHECKING:
    from taipy_exec.config.application import AppConfig, ScenarioConfig
    from taipy_exec.config.reference import FunctionRef
    from taipy_exec.operations.listener import Listener


def run_comparators(
    listener: Listener,
    app: AppConfig,
    scenario: ScenarioConfig,
    compared: Sequence[Compared],
    wanted: Collection[str],
) -> dict[str, dict[str, Any]]:
    """Data node -> comparator's name -> its result, as `tp.compare_scenarios` gives it.

    Only for the `wanted` data nodes, if there are any, and for at least two instances. An instance
    in which the data node has no value is left out, with a warning. Raises ComparatorFailed, and
    DataError for a value that cannot be read.
    """
    found: dict[str, dict[str, Any]] = {}
    nodes = [instance_nodes(app, scenario, one.instance) for one in compared]
    for name, references in scenario.comparators.items():
        if (wanted and name not in wanted) or len(compared) < 2:
            continue
        values = [value_of(of[name]) for of in nodes]
        written = [value for value in values if value is not NOT_WRITTEN]
        if len(written) < len(values):
            _tell_missing(listener, name, compared, values)
        if len(written) > 1:
            found[name] = {
                own: _result(name, reference, written)
                for own, reference in by_name(references).items()
            }
    return found


def _tell_missing(
    listener: Listener, node: str, compared: Sequence[Compared], values: Sequence[Any]
) -> None:
    names = [
        one.instance.name
        for one, value in zip(compared, values, strict=True)
        if value is NOT_WRITTEN
    ]
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    listener.warn(
        f"the comparators of {node} leave out instances without a value: {names[0]}{more}"
    )


def _result(node: str, reference: FunctionRef, values: Sequence[Any]) -> Any:
    function = reference.load()
    try:
        return function(*values)
    except (Exception, SystemExit) as error:
        raise ComparatorFailed(
            f"comparator {reference.path} of data node {node} raised "
            f"{type(error).__name__}: {error}{place_of(error)}",
            f"it gets {len(values)} values, one for each scenario instance",
        ) from error
