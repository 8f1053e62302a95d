"""Showing what a submit would do: for `plan` and `submit --dry-run`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from taipy_exec.cli import outcome
from taipy_exec.cli.render import new_table
from taipy_exec.engine.forecast import Forecast
from taipy_exec.engine.sweep import without_secrets
from taipy_exec.operations.missing_data import missing, readers, sentence
from taipy_exec.operations.wanted import SubmitRequest, Wanted, wanted_submission
from taipy_exec.views.forecast import expectation, forecast_sentence, forecast_shape
from taipy_exec.views.json_objects import dump
from taipy_exec.views.value_json import as_json
from taipy_exec.views.words import duration

if TYPE_CHECKING:
    from taipy_exec.cli.call import Call
    from taipy_exec.cli.streams import Streams

_STYLES = {"run": "bold blue", "skip": "green dim", "wait": "yellow", "ended": "dim"}
# Of more combinations of a sweep, only the counts are shown.
_IN_FULL = 8


def show_plan(call: Call, request: SubmitRequest, *, check: bool) -> int:
    """Print the forecast of a request, or one for each combination of a sweep; the exit code.

    Nothing is run or written. `check`: the code says if there is work to do.
    """
    sys.dont_write_bytecode = True
    streams = call.streams
    wanted = wanted_submission(call.location, request, streams)
    found = wanted.forecasts()
    if wanted.combinations:
        _show_sweep(streams, wanted, found)
    elif streams.json:
        names = {"scenario": wanted.scenario.id, "name": wanted.name, "target": wanted.target}
        streams.data(dump({**names, **forecast_shape(found[0])}))
    else:
        _show(streams, found[0])
    _warn_of_missing(streams, wanted, found[0])
    return outcome.WORK_TO_DO if check and any(one.has_work for one in found) else outcome.OK


def _show_sweep(streams: Streams, wanted: Wanted, forecasts: Sequence[Forecast]) -> None:
    """All combinations; of very many, only how many jobs each would run."""
    names = [one.name for one in wanted.combinations]
    every = wanted.all_together(forecasts)
    if streams.json:
        plans = [
            {
                "name": one.name,
                "values": as_json(without_secrets(one.values)),
                **forecast_shape(found),
            }
            for one, found in zip(wanted.combinations, forecasts, strict=True)
        ]
        shape = {
            "scenario": wanted.scenario.id,
            "target": wanted.target,
            "workers": every.workers,
            "expected_duration": None if every.unmeasured else every.least_duration,
            "least_duration": every.least_duration,
            "plans": plans,
        }
        streams.data(dump(shape))
        return
    if len(forecasts) <= _IN_FULL or streams.verbose:
        for name, found in zip(names, forecasts, strict=True):
            streams.line(name)
            _show(streams, found)
    else:
        _show_counts(streams, names, forecasts)
    runs = sum(job.action == "run" for job in every.jobs)
    skips = sum(job.action == "skip" for job in every.jobs)
    takes = f"; {expectation(every)}" if runs else ""
    streams.line(f"{len(names)} combinations: {runs} jobs to run, {skips} up to date{takes}")


def _show_counts(streams: Streams, names: Sequence[str], forecasts: Sequence[Forecast]) -> None:
    table = new_table()
    table.add_column("Combination", overflow="fold")
    table.add_column("Jobs", overflow="fold")
    for name, found in zip(names, forecasts, strict=True):
        table.add_row(name, forecast_sentence(found))
    streams.show(table)
    streams.note("-v shows the jobs of each combination")


def _warn_of_missing(streams: Streams, wanted: Wanted, found: Forecast) -> None:
    """Warn about jobs that could not start, since submit would give their inputs no value."""
    waiting = [job.task for job in found.jobs if job.action == "wait"]
    by_node = readers(wanted.scenario.tasks, waiting)
    for one in missing(wanted.app, found.unwritten):
        streams.warn(f"{sentence([one], by_node)}: {one.hint}")


def _show(streams: Streams, found: Forecast) -> None:
    """Show a table of the jobs, and a summary."""
    if found.jobs:
        _show_table(streams, found)
    streams.line(forecast_sentence(found))
    if found.carries_on:
        streams.note(f"submit resumes {found.carries_on_short}, which has not ended")


def _show_table(streams: Streams, found: Forecast) -> None:
    from rich.text import Text

    table = new_table()
    table.add_column("Task", overflow="fold")
    table.add_column("Action", no_wrap=True)
    table.add_column("Usually", justify="right", no_wrap=True)
    table.add_column("Reason", overflow="fold")
    for job in found.jobs:
        is_unknown = job.action == "run" and job.usual_duration is None
        table.add_row(
            job.task,
            Text(job.action, style=_STYLES[job.action]),
            Text("unknown", style="dim") if is_unknown else duration(job.usual_duration),
            job.reason,
        )
    streams.show(table)
