"""Spans of OpenTelemetry: for whom, what is in them, and an endpoint that is in trouble."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from command_support import Application
from receiver_support import Receiver

from taipy_exec.observers.span_export import wants_spans

pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

BAD = """
import os

def fail(x):
    raise ValueError("cannot reach http://ann:s3cret@host/")

def again():
    if not os.path.exists("once"):
        open("once", "w").close()
        raise OSError("once")
"""
TASKS = {
    "t": ("flow.work", [], ["a"]),
    "bad": ("bads.fail", ["a"], ["b"]),
    "after": ("flow.work", ["b"], ["c"]),
    "again": ("bads.again", [], []),
}
ERROR = 2


def flow(app: Application, **options: Any) -> None:
    app.module("bads", BAD)
    app.graph(TASKS, **options)
    text = (app.folder / "config.toml").read_text()
    app.config(text.replace("[TASK.again]\n", "[TASK.again]\nretries = 1\nretry_delay = 0\n"))


def spans(server: Receiver) -> tuple[list[Any], dict[str, str]]:
    """The spans that were posted, and the attributes of the service."""
    found, service = [], {}
    for post in server.posts:
        assert post.path == "/v1/traces"
        request = ExportTraceServiceRequest.FromString(post.body)
        for of_resource in request.resource_spans:
            service = attributes(of_resource.resource)
            for of_scope in of_resource.scope_spans:
                found += of_scope.spans
    return found, service


def attributes(of: Any) -> dict[str, Any]:
    return {
        pair.key.removeprefix("taipy_exec."): getattr(pair.value, pair.value.WhichOneof("value"))
        for pair in of.attributes
    }


@pytest.mark.one_variant
@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_a_submission_is_a_span_with_a_span_for_each_attempt_in_it(
    app: Application, receiver: Callable[..., Receiver], mode: str
) -> None:
    server = receiver()
    flow(app, mode=mode)
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": server.url}
    result = app.run("submit", "--json", env=env)
    assert result.code == 1
    found, service = spans(server)
    assert service["service.name"] == "taipy-exec"
    (root,) = (span for span in found if not span.parent_span_id)
    assert root.name == "submission s"
    told = attributes(root)
    assert told["submission.id"] == result.json["submission"]["id"]
    assert (told["submission.status"], told["submission.jobs"]) == ("FAILED", 4)
    assert root.status.code == ERROR
    jobs = [span for span in found if span.parent_span_id == root.span_id]
    assert {span.trace_id for span in found} == {root.trace_id}
    seen = sorted((s.name, (a := attributes(s))["job.attempt"], a["job.status"]) for s in jobs)
    assert seen == [
        ("job after", 1, "ABANDONED"),
        ("job again", 1, "PENDING"),
        ("job again", 2, "COMPLETED"),
        ("job bad", 1, "FAILED"),
        ("job t", 1, "COMPLETED"),
    ]
    by_name = {span.name: span for span in jobs}
    bad, after = by_name["job bad"], by_name["job after"]
    assert attributes(bad)["job.id"] == result.job("bad")["id"]
    assert attributes(bad)["job.reason"] == "raised"
    assert attributes(bad)["job.waited"] >= 0
    assert bad.end_time_unix_nano > bad.start_time_unix_nano
    assert root.start_time_unix_nano <= bad.start_time_unix_nano
    assert bad.status.code == ERROR
    (event,) = bad.events
    assert attributes(event)["exception.message"] == "cannot reach http://ann:***@host/"
    assert "s3cret" not in str(found)
    assert after.end_time_unix_nano == after.start_time_unix_nano


def test_the_standard_variables_say_service_headers_and_parent(
    app: Application, receiver: Callable[..., Receiver]
) -> None:
    server = receiver()
    app.graph({"t": ("flow.work", [], ["a"])}, job="traces = true\n")
    trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    env = {
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{server.url}/v1/traces",
        "OTEL_EXPORTER_OTLP_HEADERS": "x-key=s3cret",
        "OTEL_SERVICE_NAME": "nightly",
        "TRACEPARENT": f"00-{trace}-{parent}-01",
    }
    result = app.run("submit", env=env)
    assert (result.code, "warning" in result.err) == (0, False)
    found, service = spans(server)
    assert service["service.name"] == "nightly"
    assert {span.trace_id.hex() for span in found} == {trace}
    assert parent in {span.parent_span_id.hex() for span in found}
    assert server.posts[0].headers["x-key"] == "s3cret"


@pytest.mark.parametrize(
    ("given", "environ", "wanted"),
    [
        (None, {}, False),
        (True, {}, True),
        (None, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h"}, True),
        (None, {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://h"}, True),
        (None, {"OTEL_TRACES_EXPORTER": "console"}, True),
        (False, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h"}, False),
        (True, {"OTEL_TRACES_EXPORTER": "none"}, False),
        (True, {"OTEL_SDK_DISABLED": "true"}, False),
        (None, {"OTEL_SERVICE_NAME": "n"}, False),
    ],
)
def test_the_configuration_or_the_environment_switches_them_on(
    given: bool | None, environ: dict[str, str], wanted: bool
) -> None:
    assert wants_spans(given, environ) is wanted


def test_the_console_exporter_leaves_the_data_alone(app: Application) -> None:
    app.graph({"t": ("flow.work", [], ["a"])})
    result = app.run("submit", "--json", env={"OTEL_TRACES_EXPORTER": "console"})
    assert result.statuses() == {"t": "COMPLETED"}
    assert '"name": "submission s"' in result.err


@pytest.mark.long
def test_an_endpoint_that_is_down_or_silent_is_one_warning_and_a_bounded_delay(
    app: Application, receiver: Callable[..., Receiver]
) -> None:
    flow(app)
    for url in ("http://127.0.0.1:1", receiver(hold=True).url, receiver(401).url):
        begin = time.monotonic()
        result = app.run("submit", env={"OTEL_EXPORTER_OTLP_ENDPOINT": url})
        assert time.monotonic() - begin < 15
        assert result.code == 1
        warnings = [line for line in result.err.splitlines() if line.startswith("warning")]
        assert len(warnings) == 1, result.err
        assert "traces could not be sent" in warnings[0]
        assert "opentelemetry" not in result.err.lower()


def test_an_exporter_that_is_not_there_is_one_warning(app: Application) -> None:
    app.graph({"t": ("flow.work", [], ["a"])})
    result = app.run("submit", env={"OTEL_TRACES_EXPORTER": "zipkin,no-such-thing"})
    assert result.code == 0
    assert result.err.count("warning") == 1
    assert "'zipkin'" in result.err


@pytest.mark.long
def test_a_wrong_variable_is_a_warning_and_an_error_where_traces_are_configured(
    app: Application,
) -> None:
    env = {"OTEL_TRACES_EXPORTER": "console", "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "x"}
    app.graph({"t": ("flow.work", [], ["a"])})
    result = app.run("submit", env=env)
    assert (result.code, result.err.count("warning")) == (0, 1)
    app.graph({"t": ("flow.work", [], ["a"])}, job="traces = true\n")
    result = app.run("submit", env=env)
    assert result.code == 3
    assert "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT" in result.err


@pytest.mark.long
def test_without_the_extra_only_the_configuration_asks_for_it(app: Application) -> None:
    app.graph({"t": ("flow.work", [], ["a"])})
    (app.folder / "opentelemetry.py").write_text("raise ModuleNotFoundError(name='o')\n")
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}
    result = app.run("submit", env=env)
    assert (result.code, "warning" in result.err) == (0, False)
    app.graph({"t": ("flow.work", [], ["a"])}, job="traces = true\n")
    for command in ("check", "submit"):
        result = app.run(command, env=env)
        assert result.code == 3
        assert "[JOB] traces: needs OpenTelemetry" in result.err
        assert "taipy-exec[opentelemetry]" in result.err


LEFT = """
import taipy_exec as tp
from taipy_exec import Config

def work():
    return 1

task = Config.configure_task("t", work, [], Config.configure_data_node("a"))
plan = Config.configure_scenario("s", [task])
tp.Orchestrator().run()
tp.create_scenario(plan).submit()
"""


def test_a_program_that_ends_without_stop_sends_its_spans(
    app: Application, receiver: Callable[..., Receiver]
) -> None:
    server = receiver()
    (app.folder / "script.py").write_text(LEFT)
    subprocess.run(
        [sys.executable, "script.py"],
        cwd=app.folder,
        env=app.environment({"OTEL_EXPORTER_OTLP_ENDPOINT": server.url}),
        timeout=60,
        check=True,
    )
    assert {span.name for span in spans(server)[0]} == {"submission s", "job t"}


SCRIPT = """
import sys
import taipy_exec as tp
from taipy_exec import Config
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

seen = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(seen))
trace.set_tracer_provider(provider)

def work():
    return 1

Config.configure_job_executions(mode=sys.argv[1], traces=True)
task = Config.configure_task("t", work, [], Config.configure_data_node("a"))
plan = Config.configure_scenario("s", [task])
tp.Orchestrator().run()
with trace.get_tracer("mine").start_as_current_span("mine"):
    tp.create_scenario(plan).submit(wait=True)
tp.Orchestrator().stop()
with trace.get_tracer("mine").start_as_current_span("later"):
    pass
print(sorted(span.name for span in seen.get_finished_spans()))
"""


@pytest.mark.one_variant
@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_a_program_that_has_a_tracer_provider_keeps_it(app: Application, mode: str) -> None:
    (app.folder / "script.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "script.py", mode],
        cwd=app.folder,
        env={**os.environ, **app.environment()},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "['job t', 'later', 'mine', 'submission s']\n", done.stderr
