"""`submit --sweep --dry-run`: the jobs that each combination would run or skip."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from taipy_exec.cli import outcome
from taipy_exec.cli.commands.plan import (
    expectation,
    forecast_sentence,
    forecast_shape,
    show_forecast,
    warn_of_missing,
)
from taipy_exec.cli.render import new_table
from taipy_exec.cli.shapes import dump
from taipy_exec.engine.forecast import Forecast, forecast, together
from taipy_exec.engine.sweep import shared_nodes, shared_tasks

if TYPE_CHECKING:
    from taipy_exec.cli.streams import Streams
    from taipy_exec.cli.sweep.wanted import WantedSweep
    from taipy_exec.config.application import AppConfig

_IN_FULL = 8


def show_sweep_plan(
    streams: Streams, config: AppConfig, wanted: WantedSweep, *, check: bool
) -> int:
    """Print a forecast for each combination; of very many, only how many jobs each would run."""
    graph = wanted.scenario.graph(wanted.target)
    shared = shared_tasks(graph, shared_nodes(config, wanted.scenario))
    forecasts = _forecasts(config, wanted, shared)
    all_jobs = together(config, wanted.scenario, wanted.target, forecasts, shared)
    names = [one.name for one in wanted.combinations]
    if streams.json:
        plans = [
            {"name": one.name, "values": dict(one.values), **forecast_shape(found)}
            for one, found in zip(wanted.combinations, forecasts, strict=True)
        ]
        shape = {
            "scenario": wanted.scenario.id,
            "target": wanted.target,
            "workers": all_jobs.workers,
            "expected_duration": None if all_jobs.unmeasured else all_jobs.least_duration,
            "least_duration": all_jobs.least_duration,
            "plans": plans,
        }
        streams.data(dump(shape))
    elif len(forecasts) <= _IN_FULL or streams.verbose:
        for name, found in zip(names, forecasts, strict=True):
            streams.line(name)
            show_forecast(streams, found)
    else:
        _show_counts(streams, names, forecasts)
    if not streams.json:
        runs = sum(job.action == "run" for job in all_jobs.jobs)
        skips = sum(job.action == "skip" for job in all_jobs.jobs)
        takes = f"; {expectation(all_jobs)}" if runs else ""
        streams.line(f"{len(names)} combinations: {runs} jobs to run, {skips} up to date{takes}")
    warn_of_missing(streams, config, wanted.scenario, forecasts[0])
    has_work = any(found.has_work for found in forecasts)
    return outcome.WORK_TO_DO if check and has_work else outcome.OK


def _forecasts(config: AppConfig, wanted: WantedSweep, shared: Collection[str]) -> list[Forecast]:
    """One forecast for each combination; tasks that all share run in the first one."""
    elsewhere: dict[str, str] = {}
    found = []
    for one in wanted.combinations:
        of_one = forecast(
            config,
            wanted.scenario,
            wanted.target,
            one.name,
            force=wanted.force,
            new=wanted.new,
            created=wanted.created,
            given=wanted.given,
            swept=one.values,
            elsewhere=elsewhere,
        )
        found.append(of_one)
        for job in of_one.jobs:
            if job.action == "run" and job.task in shared:
                elsewhere[job.task] = f"runs once, in {one.name}"
    return found


def _show_counts(streams: Streams, names: Sequence[str], forecasts: Sequence[Forecast]) -> None:
    table = new_table()
    table.add_column("Combination", overflow="fold")
    table.add_column("Jobs", overflow="fold")
    for name, found in zip(names, forecasts, strict=True):
        table.add_row(name, forecast_sentence(found))
    streams.show(table)
    streams.note("-v shows the jobs of each combination")
