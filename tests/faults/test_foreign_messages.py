"""Messages that nobody of ours sends: odd headers, huge and deep bodies, forged reports: F47, F48.

Who may publish at all must not be able to stop those who read, with or without a secret.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pika
import pika.data
import pytest
from cluster_support import Cluster, assert_completed, queues
from command_support import Application, wait_until

from tools.private_broker import PrivateBroker

EXCHANGE = "taipy-exec.v1.app"
TASKS = {
    f"t{n}": ("flow.work" if n else "flow.gated", [f"d{n - 1}"] if n else [], [f"d{n}"])
    for n in range(6)
}


class Raw:
    """A header as it stands in the message: the letter of its type, and its bytes."""

    def __init__(self, encoded: bytes) -> None:
        self.encoded = encoded


def _deep(depth: int) -> Raw:
    value = b"V"
    for _ in range(depth):
        value = b"A" + struct.pack(">I", len(value)) + value
    return Raw(value)


HEADERS: dict[str, Any] = {
    "year 10000": {"x": Raw(b"T" + struct.pack(">Q", 253402300800))},
    "deep": {"x": _deep(3000)},
    "many": {f"h{n}": "v" for n in range(5000)},
    "signature": {"taipy-exec-signature": Raw(b"T" + struct.pack(">Q", 2**63))},
    "name": {"taipy-exec-too-large": Raw(b"S" + struct.pack(">I", 2) + b"\xff\xfe")},
}
_HEAD = '{"version":1,"application":"app","kind":'
BODIES: dict[str, bytes] = {
    "nothing": b"",
    "deep": (_HEAD + "[" * 100_000).encode(),
    "long number": (_HEAD + '"mark","worker_id":1' + "0" * 10_000 + "}").encode(),
    "twice": (_HEAD + '"call","kind":"order"}').encode(),
    "half a character": (_HEAD + '"mark","worker_id":"\\ud800"}').encode(),
    "20 MB": b" " * 20_000_000,
}


@contextmanager
def published(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Publish anything to an exchange and a key."""
    as_usual = pika.data.encode_value

    def encode(pieces: list[bytes], value: Any) -> int:
        if isinstance(value, Raw):
            pieces.append(value.encoded)
            return len(value.encoded)
        return int(as_usual(pieces, value))

    monkeypatch.setattr(pika.data, "encode_value", encode)
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.confirm_delivery()

    def publish(exchange: str, key: str, body: bytes, headers: dict[str, Any]) -> None:
        properties = pika.BasicProperties(headers=headers, delivery_mode=2)
        channel.basic_publish(exchange, key, body, properties)

    try:
        yield publish
    finally:
        if connection.is_open:
            connection.close()


def _queue(cluster: Cluster, kind: str) -> str:
    """The only queue of its kind, as soon as the broker lists it."""
    found: list[str] = []

    def is_there() -> bool:
        found[:] = [n for n in queues(cluster.broker, cluster.url) if f".{kind}." in n]
        return bool(found)

    wait_until(is_there, 20)
    return found[0]


@pytest.mark.parametrize("secret", [None, "s3cr3t"], ids=["open", "secret"])
def test_f47_odd_messages_stop_nobody(
    app: Application,
    own_broker: Callable[..., PrivateBroker],
    monkeypatch: pytest.MonkeyPatch,
    secret: str | None,
) -> None:
    if secret:
        monkeypatch.setenv("TAIPY_EXEC_SECRET", secret)
    cluster = Cluster(app, own_broker())
    cluster.graph(TASKS)
    first = cluster.worker()
    wait_until(lambda: queues(cluster.broker, cluster.url).get(f"{EXCHANGE}.jobs") is not None, 20)
    odd = [*((b"{}", headers) for headers in HEADERS.values())]
    odd += [(body, {}) for body in BODIES.values()]
    with published(cluster.url, monkeypatch) as publish:
        for body, headers in odd:
            publish(EXCHANGE, "jobs", body, headers)
            publish(EXCHANGE, "control", body[:1_000_000], headers)
            publish(f"{EXCHANGE}.calls", "", body, headers)
        second = cluster.worker()
        submit = cluster.submit()
        wait_until(app.ledger, 30)
        reports, coordinator = _queue(cluster, "reports"), _queue(cluster, "coordinator")
        for body, headers in odd:
            publish(EXCHANGE, reports, body, headers)
            publish(EXCHANGE, coordinator, body, headers)
    app.open_gate()
    assert_completed(cluster.end(submit, 60))
    assert len(cluster.begun()) == 1
    dead = cluster.run("queue", "dead", "list", "--json")
    assert dead.code == 0, dead.err
    # Those to the jobs, and those to the reports.
    assert len(dead.json["dead"]) == 2 * len(odd)
    cluster.leave(first, second)


GOOD = {
    "version": 1,
    "attempt": 1,
    "finished_at": 1.0,
    "duration": 0.5,
    "failure": None,
    "leaked": 0,
    "peak_memory": None,
    "source": None,
}
FAILURE = {"kind": "raised", "message": "m"}
FORGED: tuple[dict[str, Any], ...] = (
    {"failure": {**FAILURE, "kind": ["x"]}},
    {"failure": {**FAILURE, "message": {"a": 1}}},
    {"failure": {**FAILURE, "traceback": [1, 2]}},
    {"failure": ["x"]},
    {"peak_memory": 10**30},
    {"duration": float("inf")},
    {"duration": float("nan")},
    {"duration": 10**400},
    {"leaked": "x"},
    {"failure": {**FAILURE, "message": "\ud800"}},
)


@pytest.mark.representative
def test_f48_forged_reports_change_nothing_and_the_state_stays_readable(
    app: Application, own_broker: Callable[..., PrivateBroker], monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = Cluster(app, own_broker())
    cluster.graph({"only": ("flow.gated", [], ["a"])})
    worker = cluster.worker()
    submit = cluster.submit()
    wait_until(app.ledger, 30)
    reports = _queue(cluster, "reports")
    submission = reports.rpartition(".")[2]
    job = cluster.run("status", submission, "--json").json["jobs"][0]["id"]
    about = {"job": job, "attempt": 1, "epoch": "", "worker": "evil:1", "worker_id": "ab"}
    head = {"version": 1, "application": "app", "kind": "ended", **about}
    with published(cluster.url, monkeypatch) as publish:
        for change in FORGED:
            report = {**GOOD, "job": job, **change}
            # Whoever reads the queue knows the run; it makes no difference here.
            body = json.dumps({**head, "run": "x", "report": report}).encode()
            publish(EXCHANGE, reports, body, {})
    app.open_gate()
    result = cluster.end(submit, 60)
    assert_completed(result)
    dead = cluster.run("queue", "dead", "list", "--json")
    assert len(dead.json["dead"]) == len(FORGED)
    for command in (["status"], ["status", submission, "--json"], ["history"]):
        shown = cluster.run(*command)
        assert shown.code == 0, shown.err
        assert "Infinity" not in shown.out
    cluster.leave(worker)
