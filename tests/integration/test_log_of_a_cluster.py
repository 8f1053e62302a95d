"""The log of cluster mode: a killed worker is in the logs of the coordinator and of the workers."""

from __future__ import annotations

import re
from pathlib import Path

from cluster_support import Cluster, assert_completed, kill_tree
from command_support import Application, wait_until

from tools.private_broker import PrivateBroker


def events(path: Path, task: str = "") -> list[str]:
    """The names of the events about a task, or of all."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [line.split()[3] for line in lines if not task or f" task={task} " in line]


def value(path: Path, event: str, field: str) -> str:
    """A field of the first event of this name."""
    line = next(line for line in path.read_text().splitlines() if line.split()[3] == event)
    found = re.search(rf' {field}=("[^"]*"|\S+)', line)
    assert found is not None, line
    return found[1].strip('"')


def in_order(wanted: list[str], found: list[str]) -> None:
    """The wanted events are among those found, in this order."""
    rest = iter(found)
    missing = [name for name in wanted if name not in rest]
    assert not missing, f"{missing} not in this order in {found}"


def test_a_killed_worker_is_in_the_logs_of_all(app: Application, broker: PrivateBroker) -> None:
    broker.add_user("logged", "h:unter2@secret")
    broker.add_vhost("logged")
    broker.ctl("set_permissions", "-p", "logged", "logged", ".*", ".*", ".*")
    url = broker.url(user="logged", password="h:unter2@secret", vhost="logged")
    cluster = Cluster(app, broker, url)
    cluster.graph({"train": ("flow.gated", [], ["model"])})
    submit_log, one, two = (app.folder / f"{name}.log" for name in ("submit", "one", "two"))
    first = cluster.worker("--log-file", str(one))
    submit = cluster.submit("--log-file", str(submit_log))
    app.begun()
    second = cluster.worker("--log-file", str(two))
    wait_until(lambda: "worker-ready" in events(two))
    kill_tree(first)
    app.begun(2)
    app.open_gate()
    result = cluster.end(submit)
    assert_completed(result)
    cluster.leave(second)

    in_order(
        [
            *("order-sent", "run-begun", "order-returned", "run-suspect", "run-lost"),
            *("order-sent", "run-begun", "run-ended"),
        ],
        events(submit_log, "train"),
    )
    in_order(["order-received", "run-begun"], events(one, "train"))
    assert "run-ended" not in events(one)
    assert "worker-ended" not in events(one)
    in_order(
        [
            *("order-received", "order-returned"),
            *("order-received", "run-begun", "run-ended", "report-confirmed"),
        ],
        events(two, "train"),
    )
    in_order(
        ["worker-started", "connecting", "connected", "worker-leaving", "worker-ended"],
        events(two),
    )
    # The same run has the same name at both ends.
    assert value(submit_log, "run-lost", "run") == value(one, "run-begun", "run")
    assert value(submit_log, "run-lost", "worker") == value(one, "run-begun", "worker")
    assert "lost its connection or died" in value(submit_log, "run-lost", "how")
    assert value(submit_log, "order-sent", "job") == result.job("train")["id"]
    for path in (submit_log, one, two):
        assert "unter2" not in path.read_text()


def test_a_worker_that_refuses_an_order_shows_why(
    app: Application, broker: PrivateBroker, broker_url: str
) -> None:
    cluster = Cluster(app, broker, broker_url)
    cluster.graph({"train": ("flow.work", [], ["model"])})
    log = app.folder / "worker.log"
    worker = cluster.worker("--log-file", str(log))
    wait_until(lambda: "worker-ready" in events(log))
    cluster.graph({"train": ("flow.work", [], ["other"])})
    cluster.end(cluster.submit())
    cluster.leave(worker)
    in_order(["order-received", "order-refused", "order-returned"], events(log, "train"))
    assert "has another configuration" in value(log, "order-refused", "detail")
    assert value(log, "order-returned", "why") == "config_mismatch"
