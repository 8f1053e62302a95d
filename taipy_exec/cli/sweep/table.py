"""The live table of a sweep: a row for each combination."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from taipy_exec.cli.live import LiveTable
from taipy_exec.cli.render import STYLES, line, new_table
from taipy_exec.cli.streams import Streams
from taipy_exec.model.job import JobRecord
from taipy_exec.operations.sweep.rows import (
    CombinationRow,
    counts_of_statuses,
    rows_in_room,
    status_counts,
    value_cells,
    value_columns,
)
from taipy_exec.views.words import duration
from taipy_exec.visible_text import one_line

if TYPE_CHECKING:
    from rich.console import RenderableType

_LINES_BESIDE_ROWS = 8
_NARROW = 70


class SweepTable(LiveTable):
    """Draws the combinations as their records are; it changes nothing."""

    def __init__(
        self,
        streams: Streams,
        group: str,
        rows: Sequence[CombinationRow],
        usual: Mapping[str, float],
        workers: int | None,
        redacted: Callable[[str], str],
        clock: Callable[[], float],
    ) -> None:
        super().__init__(streams, rows[0].record, _all_jobs(rows), usual, workers, redacted, clock)
        self._short_group = rows[0].record.shorten(group)
        self._rows = rows
        self._columns = value_columns([row.record for row in rows])

    def follow(self, rows: Sequence[CombinationRow]) -> None:
        """Draw these rows from now on: the same combinations, read again."""
        self._rows = rows
        # The time goes on as long as one of them has not ended.
        left = (row.record for row in rows if row.record.finished_at is None)
        self._record = next(left, self._record)

    def render(self) -> RenderableType:
        """One frame, not higher than the terminal."""
        from rich.console import Group
        from rich.text import Text

        console = self._streams.err
        # The jobs of a mapped task's elements come later.
        self._jobs = _all_jobs(self._rows)
        shown = rows_in_room(self._rows, max(console.height - _LINES_BESIDE_ROWS, 3))
        parts: list[Any] = [self._head(), self._combinations(shown, console.width < _NARROW)]
        if len(shown) < len(self._rows):
            rest = status_counts(self._rows) - status_counts(shown)
            left = len(self._rows) - len(shown)
            parts.append(Text(f"  {left} more: {counts_of_statuses(rest)}", style="dim"))
        parts.append(self._progress())
        if self.notice:
            parts.append(line(self.notice, style="yellow"))
        return Group(*parts)

    def _head(self) -> Any:
        from rich.text import Text

        record = self._rows[0].record
        return Text.assemble(
            line(record.scenario, style="bold"),
            f"  {record.mode}  {len(self._rows)} combinations  ",
            (self._short_group, "dim"),
            no_wrap=True,
        )

    def _combinations(self, rows: Sequence[CombinationRow], narrow: bool) -> Any:
        from rich.text import Text

        table = new_table()
        for title in self._columns:
            table.add_column(one_line(title), overflow="ellipsis", no_wrap=True, max_width=40)
        table.add_column("Status", no_wrap=True)
        table.add_column("Jobs", justify="right", no_wrap=True)
        table.add_column("Time", justify="right", no_wrap=True)
        if not narrow:
            table.add_column("Running")
        for row in rows:
            cells: list[Any] = [one_line(text) for text in value_cells(row.record, self._columns)]
            cells += [
                Text(row.status, style=STYLES[row.status]),
                f"{row.ended}/{len(row.jobs)}",
                duration(row.seconds(self._clock())),
            ]
            if not narrow:
                tasks = one_line(", ".join(row.running))
                cells.append(Text(tasks, no_wrap=True, overflow="ellipsis"))
            table.add_row(*cells)
        return table


def _all_jobs(rows: Sequence[CombinationRow]) -> list[JobRecord]:
    return [job for row in rows for job in row.jobs]
