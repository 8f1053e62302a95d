"""A broker that refuses, is slow, cuts, forgets or takes nothing: F16, F19 to F21, F24, F25."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Any

import pika
import pytest
from cluster_support import Cluster, assert_completed, kill_tree, queues
from command_support import Application, wait_until

from tools.fault_proxy import FaultProxy
from tools.private_broker import PrivateBroker

JOBS = "taipy-exec.v1.app.jobs"
EDGES: dict[str, list[str]] = {f"t{n}": [f"t{n - 1}"] if n % 4 else [] for n in range(12)}
TLS = {
    "expired": ({"tls_days": -1}, "expired"),
    "wrong name": ({"tls_names": "DNS:elsewhere.example"}, "hostname|doesn't match|not valid for"),
    "unknown authority": ({}, "verify|issuer|self.signed"),
}


def one_sentence(text: str) -> list[str]:
    """The lines of an error, which must be no traceback."""
    assert "Traceback" not in text
    return [line for line in text.splitlines() if line.startswith("error:")]


@pytest.mark.parametrize("what", TLS)
def test_f16_a_certificate_that_does_not_fit_is_exit_code_6(
    app: Application, own_broker: Callable[..., PrivateBroker], what: str
) -> None:
    options, words = TLS[what]
    broker = own_broker(tls=True, **options)
    cluster = Cluster(app, broker)
    assert broker.certificates is not None
    authority = "" if what == "unknown authority" else f'"{broker.certificates.authority}"'
    cluster.graph(
        {"only": ("flow.work", [], ["a"])},
        job=f"broker_ca_file = {authority}\n" if authority else "",
    )
    worker = cluster.worker()
    result = cluster.run("submit", ".")
    assert result.code == 6
    (told,) = one_sentence(result.err)
    assert re.search(words, told), told
    # A worker says so too, and keeps trying.
    assert worker.stderr is not None
    wait_until(lambda: re.search(words, worker.stderr.readline()), 20)  # type: ignore[union-attr]
    assert worker.poll() is None
    worker.terminate()
    assert cluster.end(worker).code == 0


def test_f16_amqps_with_a_client_certificate_runs_jobs(
    app: Application, own_broker: Callable[..., PrivateBroker]
) -> None:
    broker = own_broker(tls=True, config=["ssl_options.fail_if_no_peer_cert = true"])
    cluster = Cluster(app, broker)
    made = broker.certificates
    assert made is not None
    keys = f'broker_ca_file = "{made.authority}"\n'
    cluster.graph({"only": ("flow.work", [], ["a"])}, job=keys)
    assert cluster.run("submit", ".").code == 6
    keys += f'broker_cert_file = "{made.client}"\nbroker_key_file = "{made.client_key}"\n'
    cluster.graph({"only": ("flow.work", [], ["a"])}, job=keys)
    worker = cluster.worker()
    assert_completed(cluster.end(cluster.submit()))
    cluster.leave(worker)
    cluster.nothing_is_left()


def _url(cluster: Cluster, what: str) -> tuple[str, str]:
    """A URL with something wrong, and the word that the message must have."""
    host = f"127.0.0.1:{cluster.broker.port}"
    if what == "rights":
        cluster.broker.add_user("bob", "p@ss:w/rd%")
        cluster.broker.ctl("set_permissions", "bob", "^$", "^$", "^$")
        return f"amqp://bob:p%40ss%3Aw%2Frd%25@{host}/", "access"
    return {
        "down": ("amqp://guest:p%40ss%3Aw%2Frd%25@127.0.0.1:1/", "cannot be reached"),
        "password": (f"amqp://guest:p%40ss%3Aw%2Frd%25@{host}/", "wrong name or password"),
        "vhost": (f"amqp://guest:guest@{host}/nowhere", "nowhere|vhost|not found|no access"),
    }[what]


@pytest.mark.representative
@pytest.mark.parametrize("what", ["down", "password", "vhost", "rights"])
def test_f16_a_broker_that_is_down_or_refuses(cluster: Cluster, what: str) -> None:
    cluster.graph({"only": ("flow.work", [], ["a"])}, job="broker_connect_timeout = 3\n")
    url, words = _url(cluster, what)
    worker = cluster.worker(url=url)
    result = cluster.end(cluster.submit(url=url))
    assert result.code == 6
    assert re.search(words, result.json["error"]["message"], re.I), result.json
    assert worker.stderr is not None
    told = wait_until(lambda: _line_with(worker, words), 20)
    worker.terminate()
    ended = cluster.end(worker)
    assert ended.code == 0
    for text in (result.out, result.err, told, ended.out, ended.err):
        assert "p@ss" not in text
        assert "p%40ss" not in text


def _line_with(process: Any, words: str) -> str:
    line: str = process.stderr.readline()
    return line if re.search(words, line, re.I) else ""


@pytest.mark.representative
@pytest.mark.parametrize("direction", ["to_target", "to_client"])
@pytest.mark.parametrize("whose", ["worker", "submit"])
def test_f20_a_connection_cut_anywhere_costs_nothing(
    shared: Cluster, whose: str, direction: Any, chance: random.Random
) -> None:
    """Between publish and confirm, between report and acknowledgement, or inside a frame."""
    shared.steps(EDGES)
    with FaultProxy("127.0.0.1", shared.broker.port) as proxy:
        through = proxy.url(shared.url)
        worker = shared.worker(url=through if whose == "worker" else None)
        if whose == "worker":
            wait_until(lambda: JOBS in queues(shared.broker, shared.url), 20)
        submit = shared.submit(url=through if whose == "submit" else None)
        for _ in range(3):
            wait_until(lambda: proxy.connections() or submit.poll() is not None, 30)
            proxy.cut_after(chance.randint(1, 6000), direction)
            wait_until(lambda: not proxy.cuts() or submit.poll() is not None, 30)
        result = shared.end(submit)
        assert_completed(result)
        attempts = shared.attempts(result)
        for task, begun in shared.assert_in_order(EDGES).items():
            assert begun == attempts[task] == 1
        shared.leave(worker)
    shared.nothing_is_left(outdated=True)


@pytest.mark.parametrize("slow", ["latency", "throughput"])
def test_f19_a_slow_network_costs_only_time(
    shared: Cluster, slow: str, chance: random.Random
) -> None:
    edges = {"a": [], "b": ["a"], "c": []}
    shared.steps(edges, settings="broker_lease = 30\n")
    with FaultProxy("127.0.0.1", shared.broker.port) as proxy:
        worker = shared.worker(url=proxy.url(shared.url))
        wait_until(lambda: JOBS in queues(shared.broker, shared.url), 20)
        if slow == "latency":
            proxy.delay(chance.uniform(1.5, 2.5))
        else:
            proxy.throttle(1000)
        result = shared.end(shared.submit(), timeout=120)
        assert_completed(result)
        assert set(shared.attempts(result).values()) == {1}
        assert set(shared.assert_in_order(edges).values()) == {1}
        proxy.delay(0)
        proxy.throttle(None)
        shared.leave(worker)


def test_f21_a_queue_with_other_arguments_is_named_with_what_to_do(cluster: Cluster) -> None:
    with pika.BlockingConnection(pika.URLParameters(cluster.url)) as connection:
        connection.channel().queue_declare(
            JOBS, durable=True, arguments={"x-queue-type": "quorum", "x-delivery-limit": 3}
        )
    cluster.graph({"only": ("flow.work", [], ["a"])})
    result = cluster.run("submit", ".")
    assert result.code == 6
    (told,) = one_sentence(result.err)
    assert JOBS in told
    assert "x-delivery-limit" in told or "x-dead-letter" in told or "x-overflow" in told
    assert f"delete_queue {JOBS}" in result.err


def test_f24_orders_that_a_dead_worker_had_not_begun_count_no_attempt(shared: Cluster) -> None:
    shared.graph(
        {f"t{n}": ("flow.gated", [], [f"o{n}"]) for n in range(5)}, job="broker_prefetch = 10\n"
    )
    worker, submit = shared.worker(), shared.submit()
    shared.app.begun()
    wait_until(lambda: _unacknowledged(shared) == 5, 20, "all orders to be with the worker")
    kill_tree(worker)
    second = shared.worker()
    shared.app.open_gate()
    result = shared.end(submit)
    assert_completed(result)
    assert sorted(shared.attempts(result).values()) == [1, 1, 1, 1, 2]
    assert len(shared.begun()) == 6
    shared.leave(second)
    shared.nothing_is_left()


def _unacknowledged(cluster: Cluster) -> int:
    vhost = cluster.url.rpartition("/")[2]
    text = cluster.broker.ctl("list_queues", "-p", vhost, "name", "messages_unacknowledged")
    found = re.search(rf"^{re.escape(JOBS)}\s+(\d+)$", text, re.M)
    return int(found[1]) if found else 0


ALARMS = {
    "memory": (
        ["set_vm_memory_high_watermark", "0.000001"],
        ["set_vm_memory_high_watermark", "0.6"],
    ),
    "disk": (["set_disk_free_limit", "900000GB"], ["set_disk_free_limit", "1MB"]),
}


@pytest.mark.parametrize("alarm", ALARMS)
def test_f25_an_alarm_before_submit_is_told_and_heals(cluster: Cluster, alarm: str) -> None:
    on, off = ALARMS[alarm]
    cluster.graph({"only": ("flow.work", [], ["a"])}, job="broker_connect_timeout = 3\n")
    worker = cluster.worker()
    wait_until(lambda: JOBS in queues(cluster.broker), 20)
    cluster.broker.ctl(*on)
    submit = cluster.submit()
    assert submit.stderr is not None
    wait_until(lambda: "takes no messages now" in submit.stderr.readline(), 20)  # type: ignore[union-attr]
    assert submit.poll() is None
    cluster.broker.ctl(*off)
    assert_completed(cluster.end(submit))
    cluster.leave(worker)


@pytest.mark.parametrize("alarm", ALARMS)
def test_f25_an_alarm_while_a_job_reports_costs_no_second_run(gated: Cluster, alarm: str) -> None:
    on, off = ALARMS[alarm]
    worker, submit = gated.worker(), gated.submit()
    gated.app.begun()
    gated.broker.ctl(*on)
    gated.app.open_gate()
    wait_until(lambda: any(line.startswith("end") for line in gated.app.ledger()), 20)
    # Longer than the lease: nobody can be heard, and so nobody is lost.
    assert submit.stderr is not None
    wait_until(lambda: "takes no messages" in submit.stderr.readline(), 20)  # type: ignore[union-attr]
    gated.broker.ctl(*off)
    result = gated.end(submit)
    assert_completed(result)
    assert set(gated.attempts(result).values()) == {1}
    assert len(gated.begun()) == 1
    gated.leave(worker)
    gated.nothing_is_left()


# What writes the log of all quorum queues: without it nothing is confirmed, and nothing told.
_STALL = """spawn(fun() ->
    Wal = whereis(ra_log_wal), erlang:suspend_process(Wal),
    timer:sleep({}000), erlang:resume_process(Wal) end)."""


def test_f25_a_disk_that_stalls_for_longer_than_the_lease_costs_no_second_run(
    gated: Cluster,
) -> None:
    worker, submit = gated.worker(), gated.submit()
    gated.app.begun()
    gated.broker.ctl("eval", _STALL.format(14))
    gated.app.open_gate()
    result = gated.end(submit)
    assert_completed(result)
    assert set(gated.attempts(result).values()) == {1}
    assert len(gated.begun()) == 1
    gated.leave(worker)
    gated.nothing_is_left()


@pytest.mark.representative
@pytest.mark.parametrize("kind", ["jobs", "reports", "control"])
def test_a_binding_that_somebody_removes_is_made_again(gated: Cluster, kind: str) -> None:
    worker, submit = gated.worker(), gated.submit()
    wait_until(gated.begun, 30)
    exchange = "taipy-exec.v1.app"
    names = [n for n in queues(gated.broker, gated.url) if f".{kind}" in n]
    assert len(names) == 1
    connection = pika.BlockingConnection(pika.URLParameters(gated.url))
    key = names[0] if kind == "reports" else kind
    connection.channel().queue_unbind(names[0], exchange, key)
    connection.close()
    gated.app.open_gate()
    result = gated.end(submit, 60)
    assert_completed(result)
    assert set(gated.attempts(result).values()) == {1}
    gated.leave(worker)
    gated.nothing_is_left()
