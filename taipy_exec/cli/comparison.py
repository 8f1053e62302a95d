"""The output of `compare`: a table, comma-separated values, or JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from taipy_exec.cli.render import new_table
from taipy_exec.engine.sweep import without_secrets
from taipy_exec.operations.compare.cells import (
    NOT_WRITTEN,
    cell_csv,
    cell_text,
    columns,
    is_number,
)
from taipy_exec.views.json_objects import dump
from taipy_exec.views.value_json import as_json, as_text
from taipy_exec.visible_text import one_line

if TYPE_CHECKING:
    from taipy_exec.cli.streams import Streams
    from taipy_exec.operations.compare.selection import Comparison


def _columns(found: Comparison) -> list[tuple[str, list[Any]]]:
    return [column for node, values in found.values.items() for column in columns(node, values)]


def print_table(streams: Streams, found: Comparison, results: dict[str, dict[str, Any]]) -> None:
    """A row for each instance, then the results of comparators, and what is left out."""
    shown = _columns(found)
    table = new_table()
    table.add_column("Instance", overflow="fold")
    for title, cells in shown:
        right = all(is_number(cell) for cell in cells)
        table.add_column(one_line(title), overflow="fold", justify="right" if right else "left")
    for number, one in enumerate(found.compared):
        texts = [one_line(cell_text(cells[number])) for _, cells in shown]
        table.add_row(one_line(one.instance.name), *texts)
    streams.show(table)
    if not shown:
        streams.note("no data node to show: --node NODE chooses one")
    for node, by_name in results.items():
        for name, result in by_name.items():
            text = as_text(result)
            streams.data(f"{node}, {name}:{' ' if text.count(chr(10)) == 0 else chr(10)}{text}")
    if found.left_out:
        parts = ", ".join(f"{name} ({why})" for name, why in found.left_out.items())
        streams.note(f"left out: {parts}; --node {next(iter(found.left_out))} shows it")


def print_csv(streams: Streams, found: Comparison) -> None:
    """The same rows as comma-separated values."""
    shown = _columns(found)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["instance", *(title for title, _ in shown)])
    for number, one in enumerate(found.compared):
        writer.writerow([one.instance.name, *(cell_csv(cells[number]) for _, cells in shown)])
    streams.value(text.getvalue().removesuffix("\n"))


def print_json(
    streams: Streams, scenario: str, found: Comparison, results: dict[str, dict[str, Any]]
) -> None:
    """The values and results as one object."""

    def plain(values: Sequence[Any], number: int) -> Any:
        value = values[number]
        return None if value is NOT_WRITTEN else as_json(value)

    instances = [
        {
            "id": one.instance.id,
            "name": one.instance.name,
            "values": as_json(without_secrets(one.swept)),
            "nodes": {name: plain(values, number) for name, values in found.values.items()},
        }
        for number, one in enumerate(found.compared)
    ]
    streams.data(
        dump(
            {
                "scenario": scenario,
                "instances": instances,
                "comparators": as_json(results),
                "left_out": [{"node": n, "reason": why} for n, why in found.left_out.items()],
            }
        )
    )
