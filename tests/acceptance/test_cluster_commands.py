"""workers, queue, doctor, attach, and what status shows of a cluster."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pika
import pytest
from command_support import Application, Result, Terminal, wait_until

from taipy_exec.model.job import short_id

GATED = {"t": ("flow.gated", [], ["a"])}
URL = "TAIPY_EXEC_BROKER_URL"
PREFIX = "taipy-exec.v1.app"
NOBODY = "amqp://someone:s3cret@127.0.0.1:1/"


class Cluster:
    """An application in cluster mode, and the command with the broker's address."""

    def __init__(self, app: Application, url: str) -> None:
        self.app = app
        self.url = url
        self.env = {URL: url}

    def run(self, *arguments: str, **more: Any) -> Result:
        """Run the command to its end."""
        return self.app.run(*arguments, env=self.env, **more)

    def worker(self, *arguments: str) -> Any:
        """Start a worker, and wait until it takes jobs."""
        process = self.app.start("run-worker", *arguments, env=self.env)
        wait_until(lambda: self.queue()["workers"], 30, "a worker")
        return process

    def queue(self) -> dict[str, Any]:
        """`queue --json`."""
        result = self.run("queue", "--json")
        assert result.code == 0, result.err
        return dict(result.json["queue"])

    def publish(self, key: str, *bodies: str, headers: dict[str, Any] | None = None) -> None:
        """Put messages to the jobs or to the dead."""
        with pika.BlockingConnection(pika.URLParameters(self.url)) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            properties = pika.BasicProperties(delivery_mode=2, headers=headers)
            for body in bodies:
                channel.basic_publish(PREFIX, key, body.encode(), properties, mandatory=True)

    def bodies(self, number: int) -> list[str]:
        """The texts of the dead letters, as `show` prints them."""
        shown = (self.run("queue", "dead", "show", str(n)) for n in range(1, number + 1))
        return [result.out.splitlines()[-1] for result in shown]

    def dead(self) -> list[dict[str, Any]]:
        """`queue dead list --json`."""
        result = self.run("queue", "dead", "list", "--json")
        assert result.code == 0, result.err
        return list(result.json["dead"])


@pytest.fixture
def cluster(app: Application, broker_url: str) -> Cluster:
    app.graph(GATED, mode="cluster")
    return Cluster(app, broker_url)


@pytest.fixture
def declared(cluster: Cluster) -> Cluster:
    """With everything declared, as after the first worker has left."""
    process = cluster.worker()
    process.send_signal(signal.SIGTERM)
    assert cluster.app.end(process).code == 0
    return cluster


@pytest.fixture
def silent_url() -> Iterator[str]:
    """The address of somebody who takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"amqp://someone:s3cret@127.0.0.1:{server.getsockname()[1]}/"


def stop(cluster: Cluster, worker: Any) -> None:
    worker.send_signal(signal.SIGTERM)
    assert cluster.app.end(worker).code == 0


# -- workers and queue --------------------------------------------------------------------


@pytest.mark.long
def test_detached_without_a_worker_the_submitter_says_so(cluster: Cluster) -> None:
    result = cluster.run("submit", "--detach")
    assert result.code == 0
    assert "no worker takes the jobs of application app, so they wait" in result.err
    assert "taipy-exec run-worker --application-path" in result.err
    worker = cluster.worker()
    cluster.app.open_gate()
    id = result.out.strip()
    assert cluster.run("wait", id, "--timeout", "60").code == 0
    assert "no worker" not in cluster.run("submit", "--detach", "--new").err
    assert cluster.run("wait", "--timeout", "60").code == 0
    worker.send_signal(signal.SIGTERM)
    assert cluster.app.end(worker).code == 0


def test_workers_queue_and_status_tell_what_runs(cluster: Cluster) -> None:
    worker = cluster.worker("--concurrency", "2")
    submitter = cluster.app.start("submit", "--json", env=cluster.env)
    cluster.app.begun()
    (found,) = cluster.run("workers", "--json").json["workers"]
    assert set(found) == {
        "worker",
        "state",
        "slots",
        "running",
        "done",
        "failed",
        "uptime",
        "config_digest",
    }
    assert (found["state"], found["slots"], found["done"], found["failed"]) == ("ready", 2, 0, 0)
    assert found["worker"].endswith(f":{worker.pid}")
    (running,) = found["running"]
    assert running["task"] == "t"
    assert running["job"].startswith("JOB_t_")
    assert running["seconds"] >= 0
    queue = cluster.queue()
    assert queue == {"name": f"{PREFIX}.jobs", "ready": 0, "running": 1, "dead": 0, "workers": 1}
    status = cluster.run("status", "--json").json
    assert (status["queue"], len(status["submissions"])) == (queue, 1)
    assert [w["worker"] for w in status["workers"]] == [found["worker"]]
    table = cluster.run("workers").out
    assert re.search(r"ready +1/2 +t \d.* same", table)
    text = cluster.run("status").out
    assert "0 ready, 1 running, 0 dead, 1 worker" in text
    assert "1/2" in text
    cluster.app.open_gate()
    assert cluster.app.end(submitter).code == 0
    (after,) = cluster.run("workers", "--json").json["workers"]
    assert (after["done"], after["running"]) == (1, [])
    stop(cluster, worker)
    assert cluster.run("workers", "--json").json["workers"] == []


# Imported by every Python that starts: a worker's new process waits until the file is there.
SLOW_START = """\
import os, sys, time
if "multiprocess.spawn" in " ".join(sys.orig_argv):
    while not os.path.exists("ready"):
        time.sleep(0.01)
"""


def test_a_job_is_starting_until_its_process_on_the_worker_is_ready(cluster: Cluster) -> None:
    app = cluster.app
    (app.folder / "slow").mkdir()
    (app.folder / "slow" / "sitecustomize.py").write_text(SLOW_START)
    path = os.pathsep.join(filter(None, ["slow", os.environ.get("PYTHONPATH")]))
    worker = app.start("run-worker", env={**cluster.env, "PYTHONPATH": path})
    submitter = app.start("submit", "--json", env=cluster.env)

    def job() -> dict[str, Any]:
        jobs: list[dict[str, Any]] = app.status(app.only_submission()).json["jobs"]
        return jobs[0]

    wait_until(lambda: app.run("history", "--json").json["submissions"], 20, "the submission")
    starting = wait_until(lambda: (j := job())["reason"] == "starting" and j, 20, "its process")
    assert (starting["status"], starting["duration"]) == ("RUNNING", None)
    (app.folder / "ready").touch()
    app.begun()
    running = wait_until(lambda: (j := job())["reason"] is None and j, 20, "its beginning")
    assert running["status"] == "RUNNING"
    assert running["started_at"] > starting["started_at"]
    app.open_gate()
    ended = app.end(submitter).job("t")
    assert ended["status"] == "COMPLETED"
    assert ended["cpu_seconds"] is not None
    stop(cluster, worker)


@pytest.mark.long
def test_the_name_and_the_address_are_enough_on_another_machine(
    cluster: Cluster, tmp_path: Path
) -> None:
    worker = cluster.worker()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    place = ["--application", "app", "--broker-url", cluster.url]
    for command in (["workers"], ["queue"], ["status"], ["doctor"], ["queue", "dead", "list"]):
        result = cluster.app.run(*command, *place, cwd=elsewhere)
        assert result.code == 0, (command, result.err)
    (found,) = cluster.app.run("workers", "--json", *place, cwd=elsewhere).json["workers"]
    status = cluster.app.run("status", "--json", *place, cwd=elsewhere).json
    assert status["submissions"] == []
    assert (status["queue"]["workers"], status["workers"][0]["worker"]) == (1, found["worker"])
    assert list(elsewhere.iterdir()) == []
    nothing = cluster.app.run("workers", cwd=elsewhere)
    assert nothing.code == 3
    assert "--application" in nothing.err
    stop(cluster, worker)


def test_a_worker_with_another_configuration_is_told(cluster: Cluster) -> None:
    worker = cluster.worker()
    cluster.app.graph({**GATED, "u": ("flow.work", ["a"], ["b"])}, mode="cluster")
    result = cluster.run("workers")
    assert re.search("ready.* other", result.out)
    assert "another configuration" in result.err
    assert "another configuration" in cluster.run("doctor").out
    stop(cluster, worker)


def test_looking_leaves_nothing_on_the_broker(cluster: Cluster) -> None:
    for command in (["workers"], ["queue"], ["queue", "dead", "list"], ["status"], ["doctor"]):
        assert cluster.run(*command, "--application", "nobody").code == 0
    with pika.BlockingConnection(pika.URLParameters(cluster.url)) as connection:
        for name in (f"{PREFIX}.beats", "taipy-exec.v1.nobody", "taipy-exec.v1.nobody.beats"):
            with pytest.raises(pika.exceptions.ChannelClosedByBroker):
                connection.channel().exchange_declare(name, passive=True)


@pytest.mark.parametrize(
    "command",
    [["workers"], ["queue"], ["queue", "dead", "list"], ["queue", "dead", "purge", "--yes"]],
    ids=" ".join,
)
def test_no_broker_is_exit_code_6(app: Application, command: list[str]) -> None:
    app.graph(GATED, mode="cluster")
    result = app.run(*command, "--json", env={URL: NOBODY})
    assert result.code == 6
    assert result.json["error"]["kind"] == "broker"
    assert "refused" in result.json["error"]["message"]
    assert "s3cret" not in result.out + result.err


def test_a_wrong_password_is_told_and_not_shown(cluster: Cluster) -> None:
    wrong = cluster.url.replace("guest:guest", "guest:s3cret")
    result = cluster.app.run("workers", "--broker-url", wrong)
    assert result.code == 6
    assert "RabbitMQ refuses user 'guest': wrong name or password" in result.err
    assert "s3cret" not in result.err


# -- status -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["silent", "nobody"])
def test_status_only_warns_of_a_broker_that_does_not_answer(
    app: Application, silent_url: str, kind: str
) -> None:
    app.graph(GATED, mode="cluster")
    begun = time.monotonic()
    result = app.run("status", "--json", env={URL: silent_url if kind == "silent" else NOBODY})
    # Far less than the time that a connection may take, and enough for a busy machine.
    assert time.monotonic() - begun < 20
    assert result.code == 0
    assert (result.json["queue"], result.json["workers"]) == (None, [])
    assert result.err.startswith("warning: RabbitMQ cannot be reached")
    assert "s3cret" not in result.err


def test_status_of_a_local_mode_does_not_look_for_a_broker(app: Application) -> None:
    app.graph({"t": ("flow.work", [], ["a"])})
    assert app.run("submit").code == 0
    probe = app.folder / "probe"
    probe.mkdir()
    (probe / "sitecustomize.py").write_text(
        "import atexit, sys\natexit.register(lambda: print('pika' in sys.modules, file=sys.stderr))"
    )
    env = {"PYTHONPATH": str(probe), URL: NOBODY}
    assert app.run("status", "--json", env=env).err == "False\n"
    asked = app.run("status", "--broker-url", NOBODY)
    assert (asked.code, "cannot be reached" in asked.err) == (0, True)


def test_local_workers_have_the_keys_of_the_others(app: Application) -> None:
    app.graph(GATED)
    process = app.start("submit")
    app.begun()
    found = app.run("status", "--json").json
    (worker,) = found["workers"]
    assert found["queue"] is None
    assert {"worker", "job", "task", "submission", "state", "slots", "running"} <= set(worker)
    assert worker["running"][0]["task"] == "t"
    app.open_gate()
    assert app.end(process).code == 0


# -- dead letters -------------------------------------------------------------------------


@pytest.mark.long
def test_dead_letters_are_listed_and_stay_in_their_order(declared: Cluster) -> None:
    assert declared.run("queue", "dead", "list").out == "no dead letters\n"
    texts = [f"letter {n}" for n in range(40)]
    declared.publish("dead", *texts, headers={"taipy-exec-reason": "no\x1b[2J good"})
    for _ in range(3):
        found = declared.dead()
        assert [letter["number"] for letter in found] == list(range(1, 41))
    assert {letter["reason"] for letter in found} == {"no\x1b[2J good"}
    assert {letter["job"] for letter in found} == {None}
    first, last = (declared.run("queue", "dead", "show", n) for n in ("1", "40"))
    assert (first.out.splitlines()[-1], last.out.splitlines()[-1]) == ("letter 0", "letter 39")
    assert "\x1b" not in first.out + declared.run("queue", "dead", "list").out
    assert declared.queue()["dead"] == 40
    assert declared.run("queue", "dead", "show", "41").code == 8


def test_what_the_broker_buried_has_a_reason_and_a_time(declared: Cluster) -> None:
    declared.publish("jobs", "refuse me")
    with pika.BlockingConnection(pika.URLParameters(declared.url)) as connection:
        channel = connection.channel()
        method, _, _ = channel.basic_get(f"{PREFIX}.jobs")
        channel.basic_reject(method.delivery_tag, requeue=False)
    (letter,) = wait_until(declared.dead, what="the dead letter")
    assert letter["reason"] == "a worker rejected it"
    assert letter["at"] is not None


@pytest.mark.long
def test_requeue_moves_the_chosen_ones_without_what_made_them_dead(declared: Cluster) -> None:
    declared.publish(
        "dead", "one", "two", "three", headers={"taipy-exec-reason": "old", "kept": "yes"}
    )
    assert declared.run("queue", "dead", "requeue").code == 2
    assert declared.run("queue", "dead", "requeue", "4").code == 8
    result = declared.run("queue", "dead", "requeue", "2", "--json")
    assert (result.code, result.json["requeued"]) == (0, 1)
    assert declared.bodies(2) == ["one", "three"]
    with pika.BlockingConnection(pika.URLParameters(declared.url)) as connection:
        channel = connection.channel()
        _, properties, body = channel.basic_get(f"{PREFIX}.jobs")
        assert body == b"two"
        assert set(properties.headers) <= {"kept", "x-delivery-count"}
        assert properties.headers["kept"] == "yes"
    assert declared.run("queue", "dead", "requeue", "--all").code == 0
    queue = declared.queue()
    assert (queue["ready"], queue["dead"]) == (3, 0)


def test_an_order_among_the_dead_is_named_and_runs_after_requeue(cluster: Cluster) -> None:
    worker = cluster.worker()
    stop(cluster, worker)
    submitter = cluster.app.start("submit", "--json", env=cluster.env)
    queue = f"{PREFIX}.jobs"

    def ready() -> bool:
        return bool(cluster.queue()["ready"])

    wait_until(ready, what="the order")
    with pika.BlockingConnection(pika.URLParameters(cluster.url)) as connection:
        channel = connection.channel()
        method, _, _ = channel.basic_get(queue)
        channel.basic_reject(method.delivery_tag, requeue=False)
    (letter,) = wait_until(cluster.dead, what="the dead letter")
    assert (letter["task"], letter["attempt"]) == ("t", 1)
    assert letter["job"].startswith("JOB_t_")
    assert cluster.run("queue", "dead", "requeue", "1").code == 0
    cluster.app.open_gate()
    worker = cluster.worker()
    assert cluster.app.end(submitter).statuses() == {"t": "COMPLETED"}
    stop(cluster, worker)


def test_purge_asks_on_a_terminal_and_refuses_elsewhere(declared: Cluster) -> None:
    declared.publish("dead", "one", "two")
    refused = declared.run("queue", "dead", "purge")
    assert (refused.code, "--yes" in refused.err) == (2, True)
    terminal = Terminal(declared.app, "queue", "dead", "purge", env=declared.env)
    terminal.read_until("[y/N]")
    terminal.type("n\n")
    assert terminal.finish() == 0
    assert len(declared.dead()) == 2
    purged = declared.run("queue", "dead", "purge", "--yes", "--json")
    assert (purged.code, purged.json["purged"]) == (0, 2)
    assert declared.dead() == []


def test_options_before_dead_are_not_lost_silently(app: Application) -> None:
    result = app.run("queue", "--application", "x", "dead", "list")
    assert (result.code, "come after it" in result.err) == (2, True)


# -- attach -------------------------------------------------------------------------------


def running(app: Application) -> tuple[Any, str]:
    """A submission of two tasks, the first of which waits for the gate."""
    app.graph({**GATED, "u": ("flow.fail", ["a"], ["b"])})
    process = app.start("submit")
    app.begun()
    return process, app.only_submission()


def attached(app: Application, submission: str, *arguments: str) -> subprocess.Popen[str]:
    """Somebody who looks on already."""
    viewer = app.start("attach", submission, *arguments)
    assert viewer.stderr is not None
    assert viewer.stderr.readline() == f"attached to {short_id(submission)}: 1 running, 1 blocked\n"
    return viewer


def test_attach_tells_each_change_and_gives_the_exit_code(app: Application) -> None:
    process, submission = running(app)
    viewer = attached(app, submission, "--json")
    app.open_gate()
    result = app.end(viewer)
    assert result.code == app.end(process).code == 1
    assert result.statuses() == {"t": "COMPLETED", "u": "FAILED"}
    assert "t COMPLETED" in result.err
    assert "u RUNNING" in result.err
    assert "u FAILED" in result.err


def test_attach_shows_the_live_table_on_a_terminal(app: Application) -> None:
    process, submission = running(app)
    terminal = Terminal(app, "attach", submission)
    terminal.read_until("RUNNING")
    app.open_gate()
    assert terminal.finish() == 1
    assert app.end(process).code == 1
    screen = "\n".join(terminal.screen())
    assert re.search("t +✓ COMPLETED", screen)
    assert "2/2" in screen


def test_ctrl_c_leaves_what_is_attached_to_alone(app: Application) -> None:
    process, submission = running(app)
    viewer = attached(app, submission)
    viewer.send_signal(signal.SIGINT)
    result = app.end(viewer)
    assert result.code == 130
    assert "continues" in result.err
    app.open_gate()
    assert app.end(process).code == 1
    assert app.status(submission).statuses()["t"] == "COMPLETED"


def test_attach_to_what_has_ended_is_like_wait(app: Application) -> None:
    app.graph({"t": ("flow.work", [], ["a"])})
    submission = app.run("submit", "--json").json["submission"]["id"]
    attached, waited = (app.run(c, submission, "--json") for c in ("attach", "wait"))
    assert (attached.code, attached.json) == (0, waited.json)
    assert app.run("attach", "SUBMISSION_nope").code == 8


# -- doctor -------------------------------------------------------------------------------


def levels(result: Result) -> dict[str, str]:
    return {check["name"]: check["level"] for check in result.json["checks"]}


def test_doctor_is_content_with_a_good_application(app: Application) -> None:
    app.graph({"t": ("flow.work", [], ["a"])})
    result = app.run("doctor", "--json")
    assert result.code == 0
    assert set(levels(result).values()) == {"ok"}
    assert all(set(c) == {"name", "level", "message", "fix"} for c in result.json["checks"])
    assert not app.exists(".taipy-exec")


def _unknown_function(app: Application) -> None:
    app.graph({"t": ("flow.nope", [], ["a"])})


def _broken_toml(app: Application) -> None:
    app.config("[JOB\n")


def _damaged_store(app: Application) -> None:
    (app.folder / ".taipy-exec").mkdir()
    (app.folder / ".taipy-exec" / "state.db").write_bytes(b"no database" * 100)


@pytest.mark.parametrize("break_it", [_unknown_function, _broken_toml, _damaged_store])
def test_doctor_tells_what_is_wrong_and_how_to_fix_it(
    app: Application, break_it: Callable[[Application], None]
) -> None:
    app.graph({"t": ("flow.work", [], ["a"])})
    break_it(app)
    result = app.run("doctor", "--json")
    assert result.code == 3
    problems = [c for c in result.json["checks"] if c["level"] == "problem"]
    assert len(problems) == 1
    text = app.run("doctor")
    assert (text.code, problems[0]["message"] in text.out) == (3, True)


def test_doctor_without_a_broker_is_exit_code_6(app: Application) -> None:
    app.graph(GATED, mode="cluster")
    result = app.run("doctor", "--json", env={URL: NOBODY})
    assert (result.code, levels(result)["broker"]) == (6, "problem")
    assert "s3cret" not in result.out + result.err


def test_doctor_looks_at_the_broker_in_cluster_mode(cluster: Cluster) -> None:
    result = cluster.run("doctor", "--json")
    assert result.code == 0
    found = levels(result)
    assert (found["broker"], found["rights"], found["workers"]) == ("ok", "ok", "warning")
    assert {"TLS", "long jobs", "data folder", "in-memory data nodes"} <= set(found)
    worker = cluster.worker()
    assert levels(cluster.run("doctor", "--json"))["workers"] == "ok"
    stop(cluster, worker)


@pytest.mark.long
def test_the_least_rights_that_doctor_names_are_enough(cluster: Cluster, broker: Any) -> None:
    broker.add_user("least", "s3cret")
    vhost = cluster.url.rpartition("/")[2]
    cluster.env[URL] = cluster.url.replace("guest:guest", "least:s3cret")
    refused = cluster.run("doctor", "--json")
    assert refused.code == 6
    broker.ctl("set_permissions", "-p", vhost, "least", "^nothing$", "^nothing$", "^nothing$")
    told = cluster.run("doctor", "--json")
    assert (told.code, levels(told)["rights"]) == (6, "problem")
    line = next(c["fix"] for c in told.json["checks"] if c["name"] == "rights")
    words = line.partition("rabbitmqctl ")[2].replace("'", "").split()
    broker.ctl(*words)
    assert levels(cluster.run("doctor", "--json"))["rights"] == "ok"
    worker = cluster.worker()
    cluster.app.open_gate()
    assert cluster.run("submit", "--json").statuses() == {"t": "COMPLETED"}
    assert len(cluster.run("workers", "--json").json["workers"]) == 1
    stop(cluster, worker)
    assert "s3cret" not in json.dumps(told.json)
