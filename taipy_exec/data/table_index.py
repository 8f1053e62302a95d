"""The index of a DataFrame. It is stored if the user asks for it; if not, a warning says so."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from taipy_exec.errors import DataError

if TYPE_CHECKING:
    from taipy_exec.data.node import DataNodeRef

_log = logging.getLogger("taipy_exec.data")


def index_columns(node: DataNodeRef) -> list[int]:
    """The columns that hold the index, by the data node's property `index`. Empty by default."""
    return list(range(int(node.config.properties.get("index") or 0)))


def keeps_index(node: DataNodeRef, frames: Mapping[str, Any]) -> bool:
    """Whether to write the index of these DataFrames (by the name of their sheet).

    A warning in the log names an index that is not written. Raises DataError if the index has
    another number of levels than the property `index`.
    """
    levels = len(index_columns(node))
    if not levels:
        _warn_of_losses(node, frames)
        return False
    for sheet, frame in frames.items():
        found = frame.index.nlevels
        if found != levels:
            raise DataError(
                f"{_of(sheet)}the index has {_number(found)}, and the data node keeps "
                f"{levels}: set its property index = {'true' if found == 1 else found}, or return "
                "df.reset_index()"
            )
    return True


def columns_of_levels(frame: Any) -> str | None:
    """The warning for columns with several levels, which tables of rows do not have, or None."""
    levels = frame.columns.nlevels
    if levels == 1:
        return None
    names = ", ".join(map(repr, list(frame.columns)[:3]))
    return (
        f"the columns have {_number(levels)} ({names}{', ...' if len(frame.columns) > 3 else ''}), "
        "which are not restored: give each column one name, as in "
        'df.columns = ["_".join(map(str, c)) for c in df.columns]'
    )


def _warn_of_losses(node: DataNodeRef, frames: Mapping[str, Any]) -> None:
    """Log one warning for a data node, about the first table that loses a part."""
    lost = [
        f"{_of(sheet)}{loss}"
        for sheet, frame in frames.items()
        for loss in (_lost_index(frame), columns_of_levels(frame))
        if loss is not None
    ]
    if lost:
        more = f" (the same for {len(lost) - 1} more)" if len(lost) > 1 else ""
        kind = node.config.storage_type
        _log.warning("data node %r (%s): %s%s", node.config.id, kind, lost[0], more)


def _lost_index(frame: Any) -> str | None:
    index = frame.index
    names = [name for name in index.names if name is not None]
    if not names and index.nlevels == 1 and (_is_plain(index) or not len(index)):
        return None
    if names:
        named = ", ".join(repr(name) for name in index.names)
    elif index.nlevels > 1:
        named = f"of {_number(index.nlevels)} without names"
    else:
        shown = ", ".join(repr(value) for value in index[:3].tolist())
        named = f"without a name ({shown}{', ...' if len(index) > 3 else ''})"
    wanted = "true" if index.nlevels == 1 else index.nlevels
    return (
        f"the index {named} of the DataFrame is not written: return df.reset_index(), or set the "
        f"data node's property index = {wanted}"
    )


def _is_plain(index: Any) -> bool:
    return type(index).__name__ == "RangeIndex"


def _number(levels: int) -> str:
    return "1 level" if levels == 1 else f"{levels} levels"


def _of(sheet: str) -> str:
    return f"sheet {sheet!r}: " if sheet else ""
