"""`plan`: what `submit` would run or skip, why, and how long that would take."""

from __future__ import annotations

from typing import Annotated

from taipy_exec.cli import options
from taipy_exec.cli.call import ALL, Call, command
from taipy_exec.cli.options import help_text, option

HELP = help_text(
    "Show for each job whether `submit` would run it, skip it, or could not start it, and why. "
    "Show its usual duration and that of the whole run. Nothing is run or written. Exit code 0; "
    "with --check 10, if not everything is up to date.",
    "taipy-exec plan config.toml",
    "taipy-exec plan app --scenario sales --sequence prepare --json",
    "taipy-exec plan app --check || taipy-exec submit app",
)


@command(*ALL)
def plan(
    call: Call,
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
) -> int:
    from taipy_exec.cli.forecast import show_plan
    from taipy_exec.operations.wanted import SubmitRequest

    request = SubmitRequest(
        scenario=scenario,
        sequence=sequence,
        task=task,
        mode=mode,
        workers=workers,
        values=values,
        name=name,
        creation_date=creation_date,
        new=new,
        force=force,
        dry_run=True,
    )
    return show_plan(call, request, check=check)
