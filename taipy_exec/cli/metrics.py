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
    """Listen where the user wants it; None where nobody does. Port 0 is a free one, and is told.

    Raises UsageError where that port cannot be had, ConfigurationError without prometheus_client.
    """
    if port is None:
        return None
    from taipy_exec.observers.metrics import MetricsServer

    try:
        server = MetricsServer(host, port)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "that is no name of a host"
        raise UsageError(
            f"--metrics-port: port {port} of {host} cannot be used: {reason}",
            "give another port, or 0 for a free one; --metrics-host says on which address",
        ) from None
    streams.note(f"metrics: {server.url}")
    return server


def watch_metrics(engine: Engine, server: MetricsServer | None) -> None:
    """Count what this coordinator does. The server is closed with the engine."""
    if server is not None:
        from taipy_exec.observers.metrics import CoordinatorMetrics

        engine.watching.add(CoordinatorMetrics(server, engine.app, engine.runner))


def worker_metrics(server: MetricsServer | None) -> WorkerMetrics | None:
    """What counts the jobs of a worker, if somebody wants that."""
    if server is None:
        return None
    from taipy_exec.observers.worker_metrics import WorkerMetrics

    return WorkerMetrics(server)


def detached_options(server: MetricsServer | None, host: str) -> list[str]:
    """The options with which a detached process listens where this one does now."""
    if server is None:
        return []
    return ["--metrics-port", str(server.port), "--metrics-host", host]
