"""`--metrics-port`: what Prometheus finds there, on coordinators and on workers."""

from __future__ import annotations

import re
import socket
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from cluster_support import Cluster
from command_support import Application, wait_until

from tools.ports import free_ports
from tools.private_broker import PrivateBroker

pytest.importorskip("prometheus_client")
from prometheus_client.parser import text_string_to_metric_families

GATED = {"t": ("flow.gated", [], ["a"]), "u": ("flow.work", ["a"], ["b"])}


class Numbers:
    """What one fetch gives."""

    def __init__(self, url: str) -> None:
        with urllib.request.urlopen(url, timeout=10) as answer:
            self.text = answer.read().decode()
        self._found = {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(self.text)
            for sample in family.samples
        }

    def __call__(self, name: str, **labels: str) -> float | None:
        return self._found.get((f"taipy_exec_{name}", tuple(sorted(labels.items()))))


def url_of(process: subprocess.Popen[str]) -> str:
    """The address that a command told on stderr."""
    assert process.stderr is not None
    for line in process.stderr:
        found = re.search(r"metrics: (http://\S+)", line)
        if found:
            return found[1]
    raise AssertionError("no address was told")


@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_a_coordinator_tells_what_it_does(app: Application, mode: str) -> None:
    app.module("jobs", "import os\ndef again():\n    if not os.path.exists('once'):\n"
               "        open('once', 'w').close()\n        raise OSError('once')\n")  # fmt: skip
    app.graph(
        {
            "again": ("jobs.again", [], ["one"]),
            "t": ("flow.gated", ["one"], ["a"]),
            "u": ("flow.work", ["a"], ["b"]),
        },
        mode=mode,
        workers=1,
    )
    text = (app.folder / "config.toml").read_text()
    retried = text.replace("[TASK.again]\n", "[TASK.again]\nretries = 1\nretry_delay = 0\n")
    app.config(retried)
    process = app.start("submit", "--json", "--metrics-port", "0")
    url = url_of(process)
    assert url.startswith("http://127.0.0.1:")
    app.begun()
    wait_until(lambda: Numbers(url)("jobs_ended_total", task="again", status="COMPLETED"))
    numbers = Numbers(url)
    assert numbers("jobs", status="RUNNING") == 1
    assert numbers("jobs", status="BLOCKED") == 1
    assert numbers("jobs", status="FAILED") == 0
    assert numbers("queue_depth") == 0
    assert (numbers("slots"), numbers("slots_used")) == (1, 1)
    assert numbers("retries_total") == 1
    assert numbers("lost_attempts_total") == 0
    assert numbers("job_duration_seconds_count", task="again") == 1
    assert numbers("job_wait_seconds_count") == 3
    assert numbers("broker_connected") is None
    assert "process_resident_memory_bytes" in numbers.text
    assert "JOB_" not in numbers.text
    app.open_gate()
    assert app.end(process).code == 0


def test_worker_and_coordinator_of_a_cluster_tell_what_they_do(
    app: Application, broker: PrivateBroker, broker_url: str
) -> None:
    cluster = Cluster(app, broker, broker_url)
    cluster.graph(GATED)
    worker = cluster.worker("--concurrency", "2", "--metrics-port", "0")
    submit = app.start("submit", "--json", "--metrics-port", "0", env=cluster.environment())
    at_worker, at_coordinator = url_of(worker), url_of(submit)
    app.begun()
    wait_until(lambda: Numbers(at_worker)("slots_used") == 1)
    wait_until(lambda: Numbers(at_worker)("queue_depth") == 0)
    numbers = Numbers(at_worker)
    assert (numbers("slots"), numbers("broker_connected")) == (2, 1)
    assert numbers("jobs", status="RUNNING") == 1
    wait_until(lambda: Numbers(at_coordinator)("jobs", status="RUNNING") == 1)
    numbers = Numbers(at_coordinator)
    assert (numbers("broker_connected"), numbers("broker_reconnects_total")) == (1, 0)
    assert numbers("slots") is None
    app.open_gate()
    assert app.end(submit).code == 0
    wait_until(lambda: Numbers(at_worker)("jobs_ended_total", task="u", status="COMPLETED") == 1)
    worker.terminate()
    assert app.end(worker).code == 0


@pytest.mark.long
def test_reconnects_and_lost_attempts_are_counted(app: Application, own_broker: Any) -> None:
    broker = own_broker()
    cluster = Cluster(app, broker)
    cluster.graph(GATED)
    first = cluster.worker("--metrics-port", "0")
    submit = app.start("submit", "--json", "--metrics-port", "0", env=cluster.environment())
    url, at_worker = url_of(submit), url_of(first)
    (pid,) = app.begun()
    broker.ctl("close_all_connections", "test")
    wait_until(lambda: Numbers(url)("broker_reconnects_total") == 1, 30)
    wait_until(lambda: Numbers(at_worker)("broker_reconnects_total") == 1, 30)
    first.kill()
    wait_until(lambda: not Path(f"/proc/{pid}").exists())
    second = cluster.worker("--max-jobs", "2")
    app.open_gate()
    wait_until(lambda: Numbers(url)("lost_attempts_total") == 1 or submit.poll() is not None, 60)
    result = app.end(submit, 60)
    assert (result.code, result.job("t")["attempt"]) == (0, 2)
    app.end(second)


@pytest.mark.parametrize("command", [["submit"], ["submit", "--detach"], ["run-worker"]])
def test_a_port_in_use_is_one_sentence_and_nothing_is_run(
    app: Application, command: list[str]
) -> None:
    app.graph(GATED, mode="development")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = app.run(*command, "--metrics-port", str(port))
    assert result.code == 2
    assert f"--metrics-port: port {port} of 127.0.0.1 cannot be used" in result.err
    assert "Traceback" not in result.err
    assert not app.exists(".taipy-exec/state.db")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--metrics-port", "70000"], "less than or equal to 65535"),
        (["--metrics-port", "-1"], "greater than or equal to 0"),
        (["--metrics-port", "x"], "x"),
        (["--metrics-port", "0", "--metrics-host", "no-such-host.invalid"], "no-such-host"),
        (["--metrics-port", "0", "--metrics-host", "x" * 70], "xxx"),
    ],
)
def test_what_is_no_port_or_host_is_wrong_use(
    app: Application, arguments: list[str], words: str
) -> None:
    app.graph(GATED)
    result = app.run("submit", *arguments)
    assert result.code == 2
    assert words in result.err
    assert "Traceback" not in result.err


def test_a_detached_coordinator_listens_where_it_was_told_to(app: Application) -> None:
    app.graph(GATED)
    (port,) = free_ports(1)
    env = {"TAIPY_EXEC_METRICS_PORT": str(port), "TAIPY_EXEC_METRICS_HOST": "localhost"}
    assert app.run("submit", "--detach", env=env).code == 0
    app.begun()
    assert Numbers(f"http://localhost:{port}/metrics")("jobs", status="RUNNING") == 1
    app.open_gate()
    assert app.run("wait", app.only_submission()).code == 0


def test_without_the_extra_the_error_names_it(app: Application) -> None:
    app.graph(GATED)
    (app.folder / "prometheus_client.py").write_text("raise ModuleNotFoundError(name='p')\n")
    result = app.run("submit", "--metrics-port", "0")
    assert result.code == 3
    assert "metrics (--metrics-port) need prometheus_client" in result.err
    assert "taipy-exec[metrics]" in result.err
