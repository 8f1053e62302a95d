"""`compare`: scenario instances side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taipy_exec.cli import completion, options
from taipy_exec.cli.call import ALL, Call, command
from taipy_exec.cli.options import help_text, option

if TYPE_CHECKING:
    from taipy_exec.cli.streams import Streams
    from taipy_exec.operations.compare.selection import Comparison

HELP = help_text(
    "Show data nodes of scenario instances side by side, a row for each instance, and the results "
    "of the scenario's comparators. Without names: the instances of the latest sweep, or all if "
    "there was no sweep. Without --node: the swept inputs, and final outputs that are small.",
    "taipy-exec compare app",
    "taipy-exec compare app window=7 window=14 --node metrics",
    "taipy-exec compare app --csv > sweep.csv",
)


@command(*ALL)
def compare(
    call: Call,
    app: options.App = ".",
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME",
            help="Scenario instances by name or id, or a sweep by its id.",
            show_default=False,
            autocompletion=completion.names,
        ),
    ] = None,
    scenario: options.Scenario = None,
    node: Annotated[
        list[str] | None,
        option(
            "--node",
            "-n",
            metavar="NODE",
            help="Show this data node; may be given several times.",
            autocompletion=completion.data_nodes,
        ),
    ] = None,
    csv: Annotated[bool, option("--csv", help="Print comma-separated values.")] = False,
) -> int:
    from taipy_exec.errors import UsageError
    from taipy_exec.operations.application import load_compiled
    from taipy_exec.operations.compare.comparators import run_comparators
    from taipy_exec.operations.compare.selection import chosen_instances, compare_nodes

    streams = call.streams
    if csv and streams.json:
        raise UsageError("--csv and --json exclude each other", "give one of them")
    location = call.location
    config = load_compiled(location, imports=False, coordinates=False).config
    chosen = config.scenario(scenario)
    store = call.store
    wanted = list(dict.fromkeys(node or ()))
    compared = chosen_instances(store, chosen, names or ())
    found = compare_nodes(config, chosen, compared, wanted)
    if csv:
        _print_csv(streams, found)
        return 0
    results = run_comparators(streams, config, chosen, compared, wanted)
    if streams.json:
        _print_json(streams, chosen.id, found, results)
        return 0
    _print_table(streams, found)
    _print_results(streams, results)
    if found.left_out:
        parts = ", ".join(f"{name} ({why})" for name, why in found.left_out.items())
        streams.note(f"left out: {parts}; --node {next(iter(found.left_out))} shows it")
    return 0


def _columns(found: Comparison) -> list[tuple[str, list[Any]]]:
    from taipy_exec.operations.compare.cells import columns

    return [column for node, values in found.values.items() for column in columns(node, values)]


def _print_table(streams: Streams, found: Comparison) -> None:
    from taipy_exec.cli.render import new_table
    from taipy_exec.operations.compare.cells import cell_text, is_number
    from taipy_exec.visible_text import one_line

    shown = _columns(found)
    table = new_table()
    table.add_column("Instance", overflow="fold")
    for title, cells in shown:
        right = all(is_number(cell) for cell in cells)
        table.add_column(one_line(title), overflow="fold", justify="right" if right else "left")
    for number, one in enumerate(found.compared):
        texts = [one_line(cell_text(cells[number])) for _, cells in shown]
        table.add_row(one_line(one.instance.name), *texts)
    streams.show(table)
    if not shown:
        streams.note("no data node to show: --node NODE chooses one")


def _print_results(streams: Streams, results: dict[str, dict[str, Any]]) -> None:
    from taipy_exec.views.value_json import as_text

    for node, by_name in results.items():
        for name, result in by_name.items():
            text = as_text(result)
            streams.data(f"{node}, {name}:{' ' if text.count(chr(10)) == 0 else chr(10)}{text}")


def _print_csv(streams: Streams, found: Comparison) -> None:
    import csv
    import io

    from taipy_exec.operations.compare.cells import cell_csv

    shown = _columns(found)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["instance", *(title for title, _ in shown)])
    for number, one in enumerate(found.compared):
        writer.writerow([one.instance.name, *(cell_csv(cells[number]) for _, cells in shown)])
    streams.value(text.getvalue().removesuffix("\n"))


def _print_json(
    streams: Streams, scenario: str, found: Comparison, results: dict[str, dict[str, Any]]
) -> None:
    from taipy_exec.engine.sweep import without_secrets
    from taipy_exec.operations.compare.cells import NOT_WRITTEN
    from taipy_exec.views.json_objects import dump
    from taipy_exec.views.value_json import as_json

    def plain(values: Sequence[Any], number: int) -> Any:
        value = values[number]
        return None if value is NOT_WRITTEN else as_json(value)

    instances = [
        {
            "id": one.instance.id,
            "name": one.instance.name,
            "values": as_json(without_secrets(one.swept)),
            "nodes": {name: plain(values, number) for name, values in found.values.items()},
        }
        for number, one in enumerate(found.compared)
    ]
    streams.data(
        dump(
            {
                "scenario": scenario,
                "instances": instances,
                "comparators": as_json(results),
                "left_out": [{"node": n, "reason": why} for n, why in found.left_out.items()],
            }
        )
    )
