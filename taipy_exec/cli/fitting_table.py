"""A table that leaves out some columns on a narrow screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from taipy_exec.cli.render import new_table

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.table import Table
    from rich.text import Text


class FittingTable:
    """Rows with a cell for each column; columns are left out until the rest fits.

    `columns` maps a title to the arguments of Rich's `add_column`; `least_needed` are titles in
    the order in which they are left out.
    """

    def __init__(
        self,
        columns: Mapping[str, Mapping[str, Any]],
        rows: Sequence[Mapping[str, str | Text]],
        least_needed: Sequence[str],
    ) -> None:
        self._columns = columns
        self._rows = rows
        self._least_needed = least_needed

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        everything = options.update(width=10_000)
        titles = list(self._columns)
        table = self._table(titles)
        for title in self._least_needed:
            if console.measure(table, options=everything).maximum <= options.max_width:
                break
            titles = [one for one in titles if one != title]
            table = self._table(titles)
        yield table

    def _table(self, titles: Sequence[str]) -> Table:
        table = new_table()
        for title in titles:
            table.add_column(title, **self._columns[title])
        for row in self._rows:
            table.add_row(*(row[title] for title in titles))
        return table
