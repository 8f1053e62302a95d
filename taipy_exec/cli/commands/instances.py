"""`instances`: the scenario instances, and what became of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from taipy_exec.cli import completion, options
from taipy_exec.cli.options import help_text, option

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType

    from taipy_exec.model.job import SubmissionRecord
    from taipy_exec.store.rows import Instance
    from taipy_exec.store.store import Store

HELP = help_text(
    "List the scenario instances, oldest first: the name, the values that a sweep gave it, and the "
    "status of its latest submission.",
    "taipy-exec instances",
    "taipy-exec instances app --scenario sales --json",
)


def instances(
    app: options.App = ".",
    scenario: Annotated[
        str | None,
        option(
            "--scenario",
            "-s",
            metavar="ID",
            help="Only those of this scenario.",
            autocompletion=completion.scenarios,
        ),
    ] = None,
    json_output: options.Json = False,
    root: options.Root = None,
    state_dir: options.StateDir = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    color: options.Color = None,
) -> int:
    from taipy_exec.cli.location import Location
    from taipy_exec.cli.shapes import dump
    from taipy_exec.cli.state import open_state
    from taipy_exec.cli.streams import Streams
    from taipy_exec.engine.identity import is_interrupted
    from taipy_exec.errors import NotFoundError

    streams = Streams(color=color, quiet=quiet, verbose=verbose, json=json_output)
    location = Location(streams, app, state_dir, root)
    try:
        store = open_state(location)
    except NotFoundError as nothing:
        if json_output:
            streams.data(dump({"instances": []}))
        else:
            streams.note(nothing.message)
            streams.note(f"hint: {nothing.hint}", style="cyan")
        return 0
    found = store.instances(scenario)
    latest = store.latest_submissions()
    swept = _swept(store)
    if json_output:
        streams.data(dump({"instances": [_fields(one, latest, swept) for one in found]}))
    elif not found:
        streams.data("no such scenario instances" if scenario else "no scenario instances yet")
    else:
        records = [record for one in found if (record := latest.get(one.id))]
        lost = {record.id for record in records if is_interrupted(store.folder, record)}
        streams.show(_table(found, latest, swept, lost))
    return 0


def _swept(store: Store) -> dict[str, SubmissionRecord]:
    """Scenario instance -> the latest submission that was one combination of a sweep."""
    return {record.instance: record for record in store.swept_submissions()}


def _fields(
    instance: Instance,
    latest: Mapping[str, SubmissionRecord],
    swept: Mapping[str, SubmissionRecord],
) -> dict[str, object]:
    from taipy_exec.cli.shapes import past_submission_fields, when

    record, of_sweep = latest.get(instance.id), swept.get(instance.id)
    return {
        "id": instance.id,
        "scenario": instance.scenario,
        "name": instance.name,
        "cycle": instance.cycle or None,
        "created_at": when(instance.created_at),
        "group": of_sweep.group if of_sweep else None,
        "values": dict(of_sweep.swept) if of_sweep else {},
        "submission": past_submission_fields(record) if record else None,
    }


def _table(
    found: Sequence[Instance],
    latest: Mapping[str, SubmissionRecord],
    swept: Mapping[str, SubmissionRecord],
    lost: set[str],
) -> RenderableType:
    from rich.text import Text

    from taipy_exec.cli.render import STYLES, clock, new_table, short_id
    from taipy_exec.display.visible import one_line
    from taipy_exec.engine.sweep import value_text

    has_cycles = any(one.cycle for one in found)
    table = new_table()
    table.add_column("Name", overflow="fold")
    table.add_column("Scenario", overflow="fold")
    if has_cycles:
        table.add_column("Cycle", overflow="fold")
    table.add_column("Values", overflow="fold")
    table.add_column("Status", no_wrap=True)
    table.add_column("Submitted")
    table.add_column("Submission", no_wrap=True)
    for one in found:
        record, of_sweep = latest.get(one.id), swept.get(one.id)
        values = of_sweep.swept.items() if of_sweep else ()
        cells: list[str | Text] = [one_line(one.name), one_line(one.scenario)]
        if has_cycles:
            cells.append(one.cycle.replace("_", " "))
        cells.append(one_line(", ".join(f"{node}={value_text(v)}" for node, v in values)))
        if record is None:
            cells += ["never submitted", "", ""]
        else:
            status = Text(record.status.name, style=STYLES[record.status.name])
            if record.id in lost:
                status.append(" (interrupted)", style="yellow")
            cells += [status, clock(record.created_at), short_id(record.id)]
        table.add_row(*cells)
    return table
