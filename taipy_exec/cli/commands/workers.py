"""`workers`: which workers take jobs of an application from RabbitMQ, and what they do now."""

from __future__ import annotations

from taipy_exec.cli.call import ON_A_BROKER, Call, command
from taipy_exec.cli.options import help_text

HELP = help_text(
    "List the workers of an application in cluster mode that answer within one second. The "
    "broker's address is enough: with --application no configuration is needed.",
    "taipy-exec workers",
    "taipy-exec workers -a app --json",
    "taipy-exec workers --application app --broker-url amqp://user@broker/",
)


@command(*ON_A_BROKER)
def workers(
    call: Call,
) -> int:
    from taipy_exec.cli.workers_table import workers_table
    from taipy_exec.operations.cluster import look, serves
    from taipy_exec.views.json_objects import dump

    streams = call.streams
    place = call.place
    seen = look(place.cluster)
    if streams.json:
        streams.data(dump({"workers": seen.workers}))
        return 0
    streams.show(workers_table(seen.heartbeats, place.digest, place.cluster.application))
    if not seen.heartbeats:
        where = call.location.where_of_application
        streams.hint(
            f"taipy-exec run-worker{where} starts one for application {place.cluster.application}"
        )
    if not all(serves(heartbeat, place.digest) for heartbeat in seen.heartbeats):
        streams.warn(
            "a worker with another configuration runs no jobs that are submitted from here: "
            "update the application there"
        )
    return 0
