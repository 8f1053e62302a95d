"""The data nodes of `data list` as a table: on a narrow screen only what fits; and as JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from taipy_exec.cli.render import line, new_table
from taipy_exec.views.json_objects import when
from taipy_exec.views.words import clock

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.table import Table

    from taipy_exec.data.node import DataNodeRef
    from taipy_exec.operations.data import InstanceData

COLUMNS = ("Data node", "Type", "Scope", "Written", "By", "Place")
# Columns left out on a narrow screen, after the rest of generated ids and then their whole paths.
_LEAST_NEEDED = ("Scope", "Place", "Type", "By")
_GENERATED = "generated"
_UUID_TAIL = re.compile(r"(_[0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?=\.|$)")


def short_place(place: str, *, unicode: bool = True) -> str:
    """A generated path with the first eight digits of its id: `pickles/DATANODE_a_1b2c3d4e….p`."""
    return _UUID_TAIL.sub(r"\1…" if unicode else r"\1...", place)


class DataTable:
    """One row for each data node; the keys of its values are the names of `COLUMNS`."""

    def __init__(self, rows: Sequence[Mapping[str, str]], *, unicode: bool) -> None:
        self._rows = rows
        short = [short_place(row["Place"], unicode=unicode) for row in rows]
        self._short = [{**row, "Place": at} for row, at in zip(rows, short, strict=True)]
        self._shortest = [
            {**row, "Place": row["Place"] if row["Place"] == at else _GENERATED}
            for row, at in zip(rows, short, strict=True)
        ]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        table, left_out = self._fitting(console, options)
        yield table
        if left_out:
            yield line(f"No room for: {', '.join(left_out)}. --json shows all.", style="dim")

    def _fitting(self, console: Console, options: ConsoleOptions) -> tuple[Table, tuple[str, ...]]:
        """The first table that fits, or the narrowest, and the columns that are left out."""
        everything = options.update(width=10_000)
        *wider, narrowest = self._narrower_and_narrower()
        for table, left_out in wider:
            if console.measure(table, options=everything).maximum <= options.max_width:
                return table, left_out
        return narrowest

    def _narrower_and_narrower(self) -> Iterator[tuple[Table, tuple[str, ...]]]:
        yield _table(self._rows, COLUMNS), ()
        yield _table(self._short, COLUMNS), ()
        yield _table(self._shortest, COLUMNS), ()
        for number in range(1, len(_LEAST_NEEDED) + 1):
            left_out = _LEAST_NEEDED[:number]
            yield _table(self._shortest, [c for c in COLUMNS if c not in left_out]), left_out


def _table(rows: Sequence[Mapping[str, str]], columns: Sequence[str]) -> Table:
    table = new_table()
    for title in columns:
        table.add_column(title, overflow="fold", no_wrap=title == "Written")
    for row in rows:
        table.add_row(*(row[title] for title in columns))
    return table


def data_row(data: InstanceData, node: DataNodeRef, editors: dict[str, str]) -> dict[str, str]:
    """The cells of a data node in the list, by column."""
    at, by = data.written(node)
    return {
        "Data node": node.config.id,
        "Type": node.config.storage_type,
        "Scope": _scope(data, node),
        "Written": clock(at) or ("never" if node.changed_at() is None else "not known"),
        "By": _by(data, by, editors.get(node.config.id)),
        "Place": data.place(node),
    }


def _by(data: InstanceData, by: str | None, editor: str | None) -> str:
    """The last writer and the current one, as the list shows them."""
    short = data.store.short_id if data.store else str
    shown = [short(who) if who.startswith("JOB_") else who for who in (by or "", editor or "")]
    return f"{shown[0]} (now {shown[1]})".lstrip() if editor else shown[0]


def data_fields(data: InstanceData, node: DataNodeRef) -> dict[str, Any]:
    """A data node as JSON, without its value."""
    at, by = data.written(node)
    return {
        "node": node.config.id,
        "storage_type": node.config.storage_type,
        "scope": node.config.scope.name,
        "path": data.place(node) if node.path else None,
        "written_at": when(at),
        "written_by": by,
    }


def _scope(data: InstanceData, node: DataNodeRef) -> str:
    """The scope, with the name of the instance or the cycle that is meant."""
    if node.config.scope.name == "CYCLE" and data.instance.cycle:
        return data.instance.cycle.replace("_", " ")
    name = f" {data.instance.name}" if node.config.scope.name == "SCENARIO" else ""
    return f"{node.config.scope.name}{name}"
