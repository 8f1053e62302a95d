"""`generic`: values that the user's own functions read and write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taipy_exec.config.reference import realise
from taipy_exec.data.registry import ALWAYS
from taipy_exec.errors import DataError

if TYPE_CHECKING:
    from taipy_exec.data.node import DataNodeRef


class Generic:
    """`read_fct(*read_fct_args)` and `write_fct(value, *write_fct_args)`.

    Their errors are passed on. The user's function must make its write atomic.
    """

    extension: str | None = None

    def place(self, node: DataNodeRef) -> str:
        return f"the functions of {node.id}"

    def read(self, node: DataNodeRef) -> Any:
        function, arguments = _function(node, "read")
        return function(*arguments)

    def write(self, node: DataNodeRef, value: Any) -> None:
        function, arguments = _function(node, "write")
        if node.before_change is not None:
            node.before_change()
        function(value, *arguments)

    def append(self, node: DataNodeRef, value: Any) -> None:
        raise DataError("a generic data node cannot be appended to: write the whole value")

    def changed_at(self, node: DataNodeRef) -> float | None:
        return ALWAYS


def _function(node: DataNodeRef, what: str) -> tuple[Any, list[Any]]:
    """`read_fct` or `write_fct` with its arguments. As in Taipy, one argument needs no list."""
    properties = node.config.properties
    function = realise(properties.get(f"{what}_fct"))
    if function is None:
        raise DataError(
            f"it has no {what}_fct",
            f'write {what}_fct = "module.name:function" into [DATA_NODE.{node.config.id}]',
        )
    arguments = realise(properties.get(f"{what}_fct_args"))
    if not arguments:
        return function, []
    return function, list(arguments) if isinstance(arguments, list | tuple) else [arguments]
