"""`run-worker`: a worker service for cluster mode."""

from __future__ import annotations

from typing import Annotated

from taipy_exec.cli import options
from taipy_exec.cli.call import OF_A_WORKER, Call, command
from taipy_exec.cli.options import help_text, option

HELP = help_text(
    "Take jobs of an application from RabbitMQ and run them, until the worker is stopped. Ctrl-C "
    "or SIGTERM once: take no more, finish running jobs; twice: hand them back; a third time: "
    "exit now.",
    "taipy-exec run-worker --application-path app",
    "taipy-exec run-worker -a app --concurrency 4 --broker-url amqp://user@broker/",
    "taipy-exec run-worker -a app --autoscale 1,8 --idle-timeout 600",
)


@command(*OF_A_WORKER)
def run_worker(
    call: Call,
    application_path: options.ApplicationPathOption = ".",
    concurrency: Annotated[
        int,
        options.number("--concurrency", "-c", min=1, help="How many jobs at once."),
    ] = 1,
    broker_url: options.BrokerUrl = None,
    max_jobs: Annotated[
        int | None,
        options.number("--max-jobs", min=1, help="Stop after N jobs."),
    ] = None,
    idle_timeout: Annotated[
        float | None,
        option("--idle-timeout", min=0, metavar="S", help="Stop after S seconds without a job."),
    ] = None,
    autoscale: Annotated[
        str | None,
        option(
            "--autoscale",
            metavar="MIN,MAX",
            help="Between MIN and MAX slots, by the depth of the queue.",
        ),
    ] = None,
    metrics_port: options.MetricsPort = None,
    metrics_host: options.MetricsHost = options.LOCALHOST,
) -> int:
    from taipy_exec.cli.metrics import open_metrics, worker_metrics
    from taipy_exec.cli.worker_session import WorkerSession
    from taipy_exec.config.cluster import cluster_config
    from taipy_exec.operations.application import load_compiled
    from taipy_exec.worker.prefetch import WorkerLimits

    streams = call.streams
    location = call.location
    least, most = _slots(concurrency, autoscale)
    app = load_compiled(
        location,
        mode="cluster",
        coordinates=False,
        takes_programs=True,
        prefers_program=True,
    ).config
    if app.program is not None and app.main_file is not None:
        from taipy_exec.taipy_plugin.application import import_warning

        warning = import_warning(app.main_file)
        if warning is not None:
            streams.warn(warning)
    cluster = cluster_config(app, broker_url)
    limits = WorkerLimits(least=least, most=most, max_jobs=max_jobs, idle_timeout=idle_timeout)
    server = open_metrics(streams, metrics_port, metrics_host)
    return WorkerSession(streams, app, cluster, limits, worker_metrics(server)).run()


def _slots(concurrency: int, autoscale: str | None) -> tuple[int, int]:
    """The least and the most slots. Raises UsageError for a wrong `--autoscale`."""
    from taipy_exec.errors import UsageError

    if autoscale is None:
        return concurrency, concurrency
    least, _, most = autoscale.partition(",")
    try:
        found = int(least), int(most)
    except ValueError:
        found = (0, 0)
    if not 1 <= found[0] <= found[1]:
        raise UsageError(
            f"--autoscale takes MIN,MAX with 1 <= MIN <= MAX, not {autoscale!r}",
            "for example --autoscale 1,8",
        )
    return found
