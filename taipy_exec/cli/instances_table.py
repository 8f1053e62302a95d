"""The scenario instances of `instances`, for people and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from taipy_exec.cli.fitting_table import FittingTable
from taipy_exec.cli.render import STYLES
from taipy_exec.engine.sweep import shown_value, without_secrets
from taipy_exec.views.json_objects import past_submission_fields, when
from taipy_exec.views.value_json import as_json
from taipy_exec.views.words import clock
from taipy_exec.visible_text import one_line

if TYPE_CHECKING:
    from rich.text import Text

    from taipy_exec.operations.instances import ListedInstance


def instance_fields(one: ListedInstance) -> dict[str, object]:
    """An instance as JSON."""
    instance, record, of_sweep = one.instance, one.latest, one.of_sweep
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


def instances_table(found: Sequence[ListedInstance]) -> FittingTable:
    """A row for each instance."""
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
    if len({one.latest.file for one in found if one.latest}) < 2:
        del columns["File"]
    if not any(one.instance.cycle for one in found):
        del columns["Cycle"]
    rows = [_row(one) for one in found]
    # The name of a combination holds its values.
    first_left_out = ["Values", "Scenario", "Submitted", "Submission", "Cycle", "File"]
    return FittingTable(columns, rows, first_left_out)


def _row(one: ListedInstance) -> dict[str, str | Text]:
    from rich.text import Text

    instance, record, of_sweep = one.instance, one.latest, one.of_sweep
    values = of_sweep.swept.items() if of_sweep else ()
    status = Text("never submitted", style="dim")
    if record is not None:
        status = Text(record.status.name, style=STYLES[record.status.name])
        if one.is_interrupted:
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
