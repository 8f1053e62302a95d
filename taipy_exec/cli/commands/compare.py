"""`compare`: scenario instances side by side."""

from __future__ import annotations

from typing import Annotated

import typer

from taipy_exec.cli import completion, options
from taipy_exec.cli.call import ALL, Call, command
from taipy_exec.cli.options import help_text, option

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
    from taipy_exec.cli.comparison import print_csv, print_json, print_table
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
        print_csv(streams, found)
        return 0
    results = run_comparators(streams, config, chosen, compared, wanted)
    if streams.json:
        print_json(streams, chosen.id, found, results)
        return 0
    print_table(streams, found, results)
    return 0
