"""`plan`: what `submit` would run or skip, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from taipy_exec.cli import options
from taipy_exec.cli.options import help_text, option

if TYPE_CHECKING:
    from datetime import datetime

    from taipy_exec.cli.streams import Streams
    from taipy_exec.config.application import AppConfig, ScenarioConfig
    from taipy_exec.engine.forecast import Forecast

HELP = help_text(
    "Show for each job whether `submit` would run it, skip it, or could not start it, with the "
    "reason. Nothing is run or written.",
    "taipy-exec plan config.toml",
    "taipy-exec plan app --scenario sales --sequence prepare --json",
)
_STYLES = {"run": "bold blue", "skip": "green dim", "wait": "yellow"}


def plan(
    app: options.App = ".",
    scenario: options.Scenario = None,
    sequence: options.Sequence = None,
    task: options.Task = None,
    mode: options.Mode = None,
    name: options.Name = None,
    creation_date: options.CreationDate = None,
    new: Annotated[bool, option("--new", help="As for a fresh scenario instance.")] = False,
    force: Annotated[bool, option("--force", help="Run also what is up to date.")] = False,
    json_output: options.Json = False,
    state_dir: options.StateDir = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    color: options.Color = None,
) -> int:
    from taipy_exec.cli.application import choose_target, load_application
    from taipy_exec.cli.streams import Streams

    streams = Streams(color=color, quiet=quiet, verbose=verbose, json=json_output)
    config = load_application(app, state_dir=state_dir, mode=mode)
    chosen = config.scenario(scenario)
    target = choose_target(chosen, sequence, task)
    wanted = name or chosen.id
    return show_plan(
        streams, config, chosen, target, wanted, force=force, new=new, created=creation_date
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
    created: datetime | None = None,
) -> int:
    """Print the forecast of `engine.forecast`."""
    from taipy_exec.cli.shapes import dump
    from taipy_exec.engine.forecast import forecast

    entries = forecast(config, scenario, target, name, force=force, new=new, created=created)
    if streams.json:
        jobs = [_shape(entry) for entry in entries]
        shape = {"scenario": scenario.id, "name": name, "target": target, "jobs": jobs}
        streams.data(dump(shape))
        return 0
    if entries:
        _show_table(streams, entries)
    counts = {action: sum(e.action == action for e in entries) for action in _STYLES}
    streams.data(f"{counts['run']} to run, {counts['skip']} up to date", end="")
    streams.data(f", {counts['wait']} waiting for data" if counts["wait"] else "")
    return 0


def _shape(entry: Forecast) -> dict[str, object]:
    return {
        "task": entry.task,
        "action": entry.action,
        "reason": entry.reason,
        "usual_duration": entry.usual_duration,
    }


def _show_table(streams: Streams, entries: list[Forecast]) -> None:
    from rich.text import Text

    from taipy_exec.cli.render import duration, new_table

    table = new_table()
    table.add_column("Task", overflow="fold")
    table.add_column("Action", no_wrap=True)
    table.add_column("Usually", justify="right", no_wrap=True)
    table.add_column("Reason", overflow="fold")
    for entry in entries:
        table.add_row(
            entry.task,
            Text(entry.action, style=_STYLES[entry.action]),
            duration(entry.usual_duration),
            entry.reason,
        )
    streams.show(table)
