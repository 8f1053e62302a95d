"""`plan`: what `submit` would run or skip, why, and how long that would take."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

from taipy_exec.cli import options
from taipy_exec.cli.options import help_text, option

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from taipy_exec.cli.streams import Streams
    from taipy_exec.config.application import AppConfig, ScenarioConfig
    from taipy_exec.engine.forecast import Forecast

HELP = help_text(
    "Show for each job whether `submit` would run it, skip it, or could not start it, and why. "
    "Show its usual duration and that of the whole run. Nothing is run or written. Exit code 0; "
    "with --check 10, if not everything is up to date.",
    "taipy-exec plan config.toml",
    "taipy-exec plan app --scenario sales --sequence prepare --json",
    "taipy-exec plan app --check || taipy-exec submit app",
)
_STYLES = {"run": "bold blue", "skip": "green dim", "wait": "yellow", "ended": "dim"}
_SHOWN_UNMEASURED = 3


def plan(
    app: options.App = ".",
    scenario: options.Scenario = None,
    sequence: options.Sequence = None,
    task: options.Task = None,
    mode: options.Mode = None,
    workers: options.Workers = None,
    values: options.Values = None,
    name: options.Name = None,
    creation_date: options.CreationDate = None,
    new: Annotated[bool, option("--new", help="As for a new scenario instance.")] = False,
    force: Annotated[
        bool, option("--force", help="Run all tasks, even those that are up to date.")
    ] = False,
    check: Annotated[
        bool, option("--check", help="Exit code 10 if not everything is up to date.")
    ] = False,
    json_output: options.Json = False,
    root: options.Root = None,
    state_dir: options.StateDir = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    color: options.Color = None,
) -> int:
    from taipy_exec.cli.application import (
        choose_target,
        cycle_day,
        load_compiled,
        refuse_to_fail,
    )
    from taipy_exec.cli.given_values import given_values
    from taipy_exec.cli.location import Location
    from taipy_exec.cli.streams import Streams

    streams = Streams(color=color, quiet=quiet, verbose=verbose, json=json_output)
    location = Location(streams, app, state_dir, root)
    sys.dont_write_bytecode = True
    compiled = load_compiled(location, mode=mode, workers=workers, tell=streams.warn)
    config = compiled.config
    chosen = config.scenario(scenario)
    target = choose_target(chosen, sequence, task)
    refuse_to_fail(compiled, chosen, target)
    return show_plan(
        streams,
        config,
        chosen,
        target,
        name or chosen.id,
        force=force,
        new=new,
        created=cycle_day(streams, chosen, creation_date),
        given=given_values(values, chosen),
        check=check,
    )


def show_plan(
    streams: Streams,
    config: AppConfig,
    scenario: ScenarioConfig,
    target: str,
    name: str,
    *,
    force: bool,
    new: bool,
    created: datetime | None,
    given: Collection[str],
    check: bool,
) -> int:
    """Print the forecast of `engine.forecast`; the exit code."""
    from taipy_exec.cli import outcome
    from taipy_exec.cli.shapes import dump
    from taipy_exec.engine.forecast import forecast

    found = forecast(
        config, scenario, target, name, force=force, new=new, created=created, given=given
    )
    if streams.json:
        names = {"scenario": scenario.id, "name": name, "target": target}
        streams.data(dump({**names, **forecast_shape(found)}))
    else:
        show_forecast(streams, found)
    warn_of_missing(streams, config, scenario, found)
    return outcome.WORK_TO_DO if check and found.has_work else outcome.OK


def warn_of_missing(
    streams: Streams, config: AppConfig, scenario: ScenarioConfig, found: Forecast
) -> None:
    """Warn about jobs that could not start, since submit would give their inputs no value."""
    from taipy_exec.cli.waiting import missing, readers, sentence

    waiting = [job.task for job in found.jobs if job.action == "wait"]
    by_node = readers(scenario.tasks, waiting)
    for one in missing(config, found.unwritten):
        streams.warn(f"{sentence([one], by_node)}: {one.hint}")


def show_forecast(streams: Streams, found: Forecast) -> None:
    """Show a table of the jobs, and a summary."""
    if found.jobs:
        _show_table(streams, found)
    streams.line(forecast_sentence(found))
    if found.carries_on:
        streams.note(f"submit resumes {found.carries_on}, which has not ended")


def forecast_shape(found: Forecast) -> dict[str, object]:
    """The JSON of a forecast, as `plan --json` prints it."""
    jobs = [
        {
            "task": job.task,
            "action": job.action,
            "reason": job.reason,
            "usual_duration": job.usual_duration,
        }
        for job in found.jobs
    ]
    return {
        "carries_on": found.carries_on,
        "workers": found.workers,
        "expected_duration": None if found.unmeasured else found.least_duration,
        "least_duration": found.least_duration,
        "jobs": jobs,
    }


def forecast_sentence(found: Forecast) -> str:
    """How many jobs would run, be skipped or wait, and how long that takes."""
    counts = {action: sum(job.action == action for job in found.jobs) for action in _STYLES}
    parts = [f"{counts['run']} to run", f"{counts['skip']} up to date"]
    if counts["wait"]:
        parts.append(f"{counts['wait']} waiting for data")
    if counts["ended"]:
        parts.append(f"{counts['ended']} ended already")
    told = ", ".join(parts)
    return f"{told}; {expectation(found)}" if counts["run"] else told


def expectation(found: Forecast) -> str:
    """How long the jobs that would run take together, in words."""
    from taipy_exec.cli.render import duration

    if all(job.usual_duration is None for job in found.jobs if job.action == "run"):
        return "duration unknown (no earlier run)"
    if found.workers is None:
        slots = "with enough workers"
    else:
        slots = f"with {found.workers} worker{'s' if found.workers > 1 else ''}"
    took = f"{duration(found.least_duration)} {slots}"
    # A task runs in each combination of a sweep.
    unmeasured = list(dict.fromkeys(found.unmeasured))
    if not unmeasured:
        return f"about {took}"
    names = ", ".join(unmeasured[:_SHOWN_UNMEASURED])
    more = len(unmeasured) - _SHOWN_UNMEASURED
    rest = f" and {more} more" if more > 0 else ""
    return f"at least {took}: {names}{rest} never ran to the end"


def _show_table(streams: Streams, found: Forecast) -> None:
    from rich.text import Text

    from taipy_exec.cli.render import duration, new_table

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
