"""`graph`: the job graph as text or as a picture."""

from __future__ import annotations

from typing import Annotated

from taipy_exec.cli import completion, options
from taipy_exec.cli.call import ALL, Call, command
from taipy_exec.cli.options import help_text, option

HELP = help_text(
    "Print the job graph of APP on stdout, as ascii, mermaid, dot or svg. Nothing is run.",
    "taipy-exec graph config.toml",
    "taipy-exec graph config.toml --format svg > graph.svg",
    "taipy-exec graph config.toml --format dot | dot -Tpng > graph.png",
)


@command(*ALL)
def graph(
    call: Call,
    app: options.App = ".",
    format: Annotated[
        str,
        option(
            "--format",
            "-f",
            metavar="FORMAT",
            help="ascii, mermaid, dot or svg.",
            autocompletion=completion.one_of("ascii", "mermaid", "dot", "svg"),
        ),
    ] = "ascii",
    scenario: options.Scenario = None,
    sequence: options.Sequence = None,
    task: options.Task = None,
) -> int:
    from taipy_exec.errors import UsageError
    from taipy_exec.operations.application import choose_target, load_compiled
    from taipy_exec.views.graph import FORMATS, render_graph
    from taipy_exec.views.json_objects import dump

    if format not in FORMATS:
        raise UsageError(f"--format takes {', '.join(FORMATS)}, not {format!r}")
    streams = call.streams
    location = call.location
    config = load_compiled(location, imports=False, takes_programs=True).config
    chosen = config.scenario(scenario)
    found = chosen.graph(choose_target(chosen, sequence, task))
    if streams.json:
        tasks = [
            {
                "task": spec.id,
                "inputs": spec.inputs,
                "outputs": spec.outputs,
                "after": found.predecessors[spec.id],
            }
            for spec in found.tasks
        ]
        streams.data(dump({"scenario": chosen.id, "tasks": tasks}))
        return 0
    unicode = (streams.out.encoding or "").lower().startswith("utf")
    text = render_graph(found, format, title=chosen.id, width=streams.out.width, unicode=unicode)
    streams.data(text.rstrip("\n"))
    return 0
