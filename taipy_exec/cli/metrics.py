"""`--metrics-port`: what this process does, for Prometheus to fetch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taipy_exec.cli.streams import Streams
from taipy_exec.errors import UsageError

if TYPE_CHECKING:
    from taipy_exec.observers.metrics import MetricsServer
    from taipy_exec.observers.worker_metrics import WorkerMetrics
    from taipy_exec.wiring import Engine


def open_metrics(streams: Streams, port: int | None, host: str) -> MetricsServer | None:
    """Listen on the chosen port; None without one. For port 0, a free one is used and printed.

    Raises UsageError if the port cannot be used, ConfigurationError without prometheus_client.
    """
    if port is None:
        return None
    from taipy_exec.observers.metrics import MetricsServer

    try:
        server = MetricsServer(host, port)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "there is no host with this name"
        raise UsageError(
            f"--metrics-port: port {port} of {host} cannot be used: {reason}",
            "give another port, or 0 for a free one; --metrics-host sets the address",
        ) from None
    streams.note(f"metrics: {server.url}")
    return server


def watch_metrics(engine: Engine, server: MetricsServer | None) -> None:
    """Count what this coordinator does. The server is closed with the engine."""
    if server is not None:
        from taipy_exec.observers.metrics import CoordinatorMetrics

        engine.watching.add(CoordinatorMetrics(server, engine.app, engine.runner))


def worker_metrics(server: MetricsServer | None) -> WorkerMetrics | None:
    """The counter of a worker's jobs, if metrics are wanted."""
    if server is None:
        return None
    from taipy_exec.observers.worker_metrics import WorkerMetrics

    return WorkerMetrics(server)


def detached_options(server: MetricsServer | None, host: str) -> list[str]:
    """The options with which a detached process listens on the same port as this one."""
    if server is None:
        return []
    return ["--metrics-port", str(server.port), "--metrics-host", host]
