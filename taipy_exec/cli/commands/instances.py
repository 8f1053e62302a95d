"""`instances`: the scenario instances, and the latest result of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taipy_exec.cli import options
from taipy_exec.cli.call import ALL, Call, command
from taipy_exec.cli.options import help_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.text import Text

    from taipy_exec.cli.fitting_table import FittingTable
    from taipy_exec.model.job import SubmissionRecord
    from taipy_exec.store.rows import Instance
    from taipy_exec.store.store import Store

HELP = help_text(
    "List the scenario instances, oldest first: the name, the values that a sweep gave it, and the "
    "status of its latest submission.",
    "taipy-exec instances",
    "taipy-exec instances app --scenario sales --json",
)


@command(*ALL)
def instances(
    call: Call,
    app: options.App = ".",
    scenario: options.OfScenario = None,
) -> int:
    from taipy_exec.engine.identity import is_interrupted
    from taipy_exec.views.json_objects import dump

    streams = call.streams
    store = call.store_if_any()
    if store is None:
        if streams.json:
            streams.data(dump({"instances": []}))
        return 0
    file = call.location.named_file
    latest = store.latest_submissions(file)
    found = store.instances(scenario)
    if file is not None:
        # An instance that was never submitted belongs to no file yet.
        others = store.latest_submissions().keys() - latest.keys()
        found = [one for one in found if one.id not in others]
    swept = _swept(store)
    if streams.json:
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
    from taipy_exec.engine.sweep import without_secrets
    from taipy_exec.views.json_objects import past_submission_fields, when
    from taipy_exec.views.value_json import as_json

    record, of_sweep = latest.get(instance.id), swept.get(instance.id)
    return {
        "id": instance.id,
        "scenario": instance.scenario,
        "name": instance.name,
        "cycle": instance.cycle or None,
        "created_at": when(instance.created_at),
        "group": of_sweep.group if of_sweep else None,
        "values": as_json(without_secrets(of_sweep.swept)) if of_sweep else {},
        "submission": past_submission_fields(record) if record else None,
    }


def _table(
    found: Sequence[Instance],
    latest: Mapping[str, SubmissionRecord],
    swept: Mapping[str, SubmissionRecord],
    lost: set[str],
) -> FittingTable:
    from taipy_exec.cli.fitting_table import FittingTable

    columns: dict[str, dict[str, Any]] = {
        "Name": {"overflow": "fold"},
        "Scenario": {"overflow": "fold"},
        "Cycle": {"overflow": "fold"},
        "Values": {"overflow": "fold"},
        "Status": {"no_wrap": True},
        "Submitted": {"no_wrap": True},
        "Submission": {"no_wrap": True},
        "File": {"overflow": "fold"},
    }
    if len({record.file for one in found if (record := latest.get(one.id))}) < 2:
        del columns["File"]
    if not any(one.cycle for one in found):
        del columns["Cycle"]
    rows = [_row(one, latest.get(one.id), swept.get(one.id), lost) for one in found]
    # The name of a combination holds its values.
    first_left_out = ["Values", "Scenario", "Submitted", "Submission", "Cycle", "File"]
    return FittingTable(columns, rows, first_left_out)


def _row(
    instance: Instance,
    record: SubmissionRecord | None,
    of_sweep: SubmissionRecord | None,
    lost: set[str],
) -> dict[str, str | Text]:
    from rich.text import Text

    from taipy_exec.cli.render import STYLES
    from taipy_exec.engine.sweep import shown_value
    from taipy_exec.views.words import clock
    from taipy_exec.visible_text import one_line

    values = of_sweep.swept.items() if of_sweep else ()
    status = Text("never submitted", style="dim")
    if record is not None:
        status = Text(record.status.name, style=STYLES[record.status.name])
        if record.id in lost:
            status.append(" (interrupted)", style="yellow")
    return {
        "Name": one_line(instance.name),
        "Scenario": one_line(instance.scenario),
        "Cycle": instance.cycle.replace("_", " "),
        "Values": one_line(", ".join(f"{node}={shown_value(node, v)}" for node, v in values)),
        "Status": status,
        "Submitted": clock(record.created_at) if record else "",
        "Submission": record.short_id if record else "",
        "File": one_line(record.file or "") if record else "",
    }
