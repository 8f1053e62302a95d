"""The receivers of spans, as the standard variables of OpenTelemetry name them."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any

from taipy_exec.data.extras import extra
from taipy_exec.errors import ConfigurationError
from taipy_exec.observers.once import Once

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_PROTOCOLS = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}
_GROUP = "opentelemetry_traces_exporter"
# Many short jobs end at once; the library's default of 2,048 would lose the spans of a large graph.
_MOST_WAITING = 32_768


def wants_spans(given: bool | None, environ: Mapping[str, str]) -> bool:
    """Whether to make spans: `given` is `[JOB] traces`, None if that is not set."""
    exporter = environ.get("OTEL_TRACES_EXPORTER", "").strip()
    disabled = environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    if given is False or disabled or exporter == "none":
        return False
    return given is True or bool(exporter) or any(environ.get(name) for name in _ENDPOINTS)


def make_provider(tell: Once) -> tuple[Any, bool]:
    """The program's own tracer provider, or a new one; and whether it is new.

    Raises ConfigurationError without OpenTelemetry, or if a variable is wrong. `tell` gets one
    sentence if an exporter is missing or cannot send.
    """
    try:
        return _make_provider(tell)
    except ValueError as error:
        raise ConfigurationError(
            f"OpenTelemetry cannot use one of its variables (OTEL_...): {error}"
        ) from None


def _make_provider(tell: Once) -> tuple[Any, bool]:
    trace = extra("opentelemetry.trace", "opentelemetry", "traces")
    sdk = extra("opentelemetry.sdk.trace", "opentelemetry", "traces")
    export = extra("opentelemetry.sdk.trace.export", "opentelemetry", "traces")
    found = trace.get_tracer_provider()
    if not isinstance(found, trace.ProxyTracerProvider):
        return found, False
    provider = sdk.TracerProvider(resource=_resource(), shutdown_on_exit=False)
    limit = None if os.environ.get("OTEL_BSP_MAX_QUEUE_SIZE") else _MOST_WAITING
    for name in (os.environ.get("OTEL_TRACES_EXPORTER") or "otlp").split(","):
        exporter = _exporter(name.strip(), tell)
        if exporter is not None:
            reporting = _reporting(export, exporter, tell)
            provider.add_span_processor(export.BatchSpanProcessor(reporting, max_queue_size=limit))
    for logger in ("opentelemetry.exporter", "opentelemetry.sdk"):
        # They log every failed attempt, with tracebacks; taipy-exec reports the first one.
        if logging.getLogger(logger).level == logging.NOTSET:
            logging.getLogger(logger).setLevel(logging.CRITICAL)
    return provider, True


def _resource() -> Any:
    """The service that the environment names; without one, taipy-exec."""
    resources = extra("opentelemetry.sdk.resources", "opentelemetry", "traces")
    found = resources.Resource.create()
    if str(found.attributes.get("service.name", "")).startswith("unknown_service"):
        found = found.merge(resources.Resource({"service.name": "taipy-exec"}))
    return found


def _exporter(name: str, tell: Once) -> Any:
    """An exporter by its name in the variables; None if there is none."""
    if name == "otlp":
        protocol = (
            os.environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
            or os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL")
            or "http/protobuf"
        )
        name = _PROTOCOLS.get(protocol, protocol)
    why = "it is not installed"
    for entry in entry_points(group=_GROUP, name=name):
        try:
            return entry.load()()
        except Exception as error:
            # Unknown code with unknown settings: its text may hold a secret.
            why = f"it cannot be made: {type(error).__name__}"
    tell(f"no traces are sent by the exporter {name!r} of OpenTelemetry: {why}; the run goes on")
    return None


def _reporting(export: Any, exporter: Any, tell: Once) -> Any:
    """A wrapper of the exporter that reports the first time that it could not send."""
    failed = export.SpanExportResult.FAILURE

    class Reporting(export.SpanExporter):  # type: ignore[misc]
        def export(self, spans: Any) -> Any:
            try:
                result = exporter.export(spans)
            except Exception:
                result = failed
            if result is failed:
                tell(
                    "traces could not be sent (is OTEL_EXPORTER_OTLP_ENDPOINT right?); the run "
                    "goes on, and later errors like this are not reported"
                )
            return result

        def shutdown(self) -> None:
            exporter.shutdown()

        def force_flush(self, timeout_millis: int = 30_000) -> bool:
            return bool(exporter.force_flush(timeout_millis))

    return Reporting()
