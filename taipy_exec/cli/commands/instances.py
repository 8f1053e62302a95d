"""`instances`: the scenario instances, and the latest result of each."""

from __future__ import annotations

from taipy_exec.cli import options
from taipy_exec.cli.call import ALL, Call, command
from taipy_exec.cli.options import help_text

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
    from taipy_exec.cli.instances_table import instance_fields, instances_table
    from taipy_exec.operations.instances import listed_instances
    from taipy_exec.views.json_objects import dump

    streams = call.streams
    store = call.store_if_any()
    if store is None:
        if streams.json:
            streams.data(dump({"instances": []}))
        return 0
    found = listed_instances(store, scenario, call.location.named_file)
    if streams.json:
        streams.data(dump({"instances": [instance_fields(one) for one in found]}))
    elif not found:
        streams.data("no such scenario instances" if scenario else "no scenario instances yet")
    else:
        streams.show(instances_table(found))
    return 0
