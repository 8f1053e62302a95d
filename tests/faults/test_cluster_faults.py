"""What must survive what in cluster mode (the numbers are those of the list of faults)."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest
from cluster_support import Cluster, assert_completed, kill_tree, queues
from command_support import Application, wait_until

from tools.fault_proxy import FaultProxy
from tools.private_broker import PrivateBroker


@pytest.mark.representative
def test_f12_a_killed_workers_job_runs_again_on_another(gated: Cluster) -> None:
    first = gated.worker()
    submit = gated.submit()
    gated.app.begun()
    second = gated.worker()
    kill_tree(first)
    gated.app.begun(2)
    gated.app.open_gate()
    result = gated.end(submit)
    assert_completed(result)
    assert gated.attempts(result) == {"before": 1, "middle": 2, "after": 1}
    second.terminate()
    assert gated.end(second).code == 0


@pytest.mark.representative
def test_f11_a_killed_submitters_jobs_go_on_and_are_resumed(gated: Cluster) -> None:
    worker = gated.worker()
    submit = gated.submit()
    gated.app.begun()
    kill_tree(submit)
    assert "interrupted" in gated.run("status").out
    gated.app.open_gate()
    wait_until(lambda: any(line.startswith("end") for line in gated.app.ledger()))
    result = gated.run("resume", "--json")
    assert_completed(result)
    assert len(gated.begun()) == 1
    assert set(gated.attempts(result).values()) == {1}
    worker.terminate()
    assert gated.end(worker).code == 0


@pytest.mark.representative
def test_f45_what_a_live_worker_writes_is_left_alone_by_resume(shared: Cluster) -> None:
    shared.app.module(
        "jobs",
        "class Slow:\n    def __reduce__(self):\n        note(f'begin {os.getpid()}')\n"
        "        wait_for('gate')\n        return (int, (7,))\n"
        "def make():\n    return [bytes(100_000), Slow()]\n",
    )
    shared.graph({"make": ("jobs.make", [], ["a"]), "after": ("flow.work", ["a"], ["b"])})
    worker = shared.worker()
    submit = shared.submit()
    shared.app.begun()
    kill_tree(submit)
    resume = shared.app.start("resume", "--json", env=shared.environment())
    wait_until(lambda: not shared.app.run("status").out.count("interrupted"), 30)
    assert any(name.endswith(".part") for name in shared.app.sources())
    shared.app.open_gate()
    result = shared.end(resume)
    assert_completed(result)
    assert set(shared.attempts(result).values()) == {1}
    assert len(shared.begun()) == 1
    assert not any(name.endswith(".part") for name in shared.app.sources())
    shared.leave(worker)


def test_f11_what_was_queued_runs_once_after_the_submitter_died(cluster: Cluster) -> None:
    cluster.graph({f"t{n}": ("flow.gated", [], [f"o{n}"]) for n in range(6)})
    cluster.app.open_gate()
    submit = cluster.submit()
    wait_until(lambda: queues(cluster.broker).get("taipy-exec.v1.app.jobs") == 6, 20)
    kill_tree(submit)
    worker = cluster.worker()
    result = cluster.run("resume", "--json")
    assert_completed(result)
    assert len(cluster.begun()) == 6
    worker.terminate()
    assert cluster.end(worker).code == 0


def test_f13_everything_killed_one_after_the_other(gated: Cluster) -> None:
    worker, submit = gated.worker(), gated.submit()
    gated.app.begun()
    gated.broker.save()
    kill_tree(worker)
    gated.broker.kill()
    kill_tree(submit)
    gated.broker.start()
    gated.app.open_gate()
    worker = gated.worker()
    result = gated.run("resume", "--json")
    assert_completed(result)
    assert gated.attempts(result)["middle"] == 2
    worker.terminate()
    assert gated.end(worker).code == 0


@pytest.mark.representative
def test_f14_a_frozen_workers_late_result_changes_nothing(cluster: Cluster) -> None:
    cluster.app.module(
        "jobs",
        "def middle():\n"
        "    note(f'begin {os.getpid()}')\n"
        "    mine = os.getpid()\n"
        "    wait_for('gate' if not os.path.exists('second') else 'second')\n"
        "    return mine\n",
    )
    cluster.graph({"middle": ("jobs.middle", [], ["b"])})
    frozen = cluster.worker()
    submit = cluster.submit()
    (late,) = cluster.app.begun()
    os.kill(late, signal.SIGSTOP)
    os.kill(frozen.pid, signal.SIGSTOP)
    (cluster.app.folder / "second").touch()
    second = cluster.worker()
    result = cluster.end(submit)
    assert_completed(result)
    assert cluster.attempts(result) == {"middle": 2}
    os.kill(frozen.pid, signal.SIGCONT)
    os.kill(late, signal.SIGCONT)
    cluster.app.open_gate()
    frozen.terminate()
    assert cluster.end(frozen).code == 0
    shown = cluster.run("data", "show", ".", "b", "--json").json
    assert shown["value"] == cluster.app.begun(2)[1]
    second.terminate()
    cluster.end(second)


@pytest.mark.representative
def test_f17_a_broker_that_dies_while_a_job_runs_costs_no_second_run(gated: Cluster) -> None:
    worker, submit = gated.worker(), gated.submit()
    gated.app.begun()
    gated.broker.save()
    gated.broker.kill()
    gated.broker.start()
    gated.app.open_gate()
    result = gated.end(submit)
    assert_completed(result)
    assert len(gated.begun()) == 1
    assert set(gated.attempts(result).values()) == {1}
    worker.terminate()
    assert gated.end(worker).code == 0


def test_f17_of_two_workers_only_one_runs_a_job_when_the_broker_died(gated: Cluster) -> None:
    workers, submit = [gated.worker(), gated.worker()], gated.submit()
    gated.app.begun()
    gated.broker.save()
    gated.broker.kill()
    gated.broker.start()
    wait_until(lambda: gated.run("workers", "--json").out.count('"state"') == 2, 40)
    gated.app.open_gate()
    result = gated.end(submit)
    assert_completed(result)
    assert len(gated.begun()) == 1
    for worker in workers:
        worker.terminate()
        assert gated.end(worker).code == 0


@pytest.mark.parametrize("whose", ["worker", "submit"])
def test_f18_a_reset_connection_costs_nothing(gated: Cluster, whose: str) -> None:
    proxy = FaultProxy("127.0.0.1", gated.broker.port)
    try:
        through = proxy.url(gated.url)
        worker = gated.worker(url=through if whose == "worker" else None)
        submit = gated.submit(url=through if whose == "submit" else None)
        gated.app.begun()
        proxy.reset()
        gated.app.open_gate()
        result = gated.end(submit)
        assert_completed(result)
        assert len(gated.begun()) == 1
        assert set(gated.attempts(result).values()) == {1}
        worker.terminate()
        assert gated.end(worker).code == 0
    finally:
        proxy.close()


def test_f19_a_black_hole_is_noticed_and_the_job_runs_elsewhere(gated: Cluster) -> None:
    proxy = FaultProxy("127.0.0.1", gated.broker.port)
    try:
        lost = gated.worker(url=proxy.url(gated.url))
        submit = gated.submit()
        gated.app.begun()
        proxy.black_hole(True)
        second = gated.worker()
        gated.app.begun(2)
        gated.app.open_gate()
        result = gated.end(submit)
        assert_completed(result)
        assert gated.attempts(result)["middle"] == 2
        proxy.black_hole(False)
        for worker in (lost, second):
            worker.terminate()
            assert gated.end(worker).code == 0
    finally:
        proxy.close()


def test_f21_a_purged_queue_is_filled_again(cluster: Cluster) -> None:
    cluster.graph({"only": ("flow.work", [], ["a"])})
    submit = cluster.submit()
    jobs = "taipy-exec.v1.app.jobs"
    wait_until(lambda: queues(cluster.broker).get(jobs) == 1, 20)
    cluster.broker.ctl("purge_queue", jobs)
    worker = cluster.worker()
    assert_completed(cluster.end(submit))
    worker.terminate()
    assert cluster.end(worker).code == 0


@pytest.mark.representative
def test_f21_a_deleted_queue_is_made_again(gated: Cluster) -> None:
    worker, submit = gated.worker(), gated.submit()
    gated.app.begun()
    gated.broker.ctl("delete_queue", "taipy-exec.v1.app.jobs")
    gated.app.open_gate()
    result = gated.end(submit)
    assert_completed(result)
    assert len(gated.begun()) == 1
    worker.terminate()
    assert gated.end(worker).code == 0


def test_f22_a_job_longer_than_the_acknowledgement_timeout_runs_once(
    app: Application, own_broker: Callable[..., PrivateBroker]
) -> None:
    cluster = Cluster(app, own_broker(consumer_timeout=60_000))
    app.module("jobs", "def long():\n    note('begin 1')\n    time.sleep(150)\n    return 1\n")
    cluster.graph({"long": ("jobs.long", [], ["a"])})
    worker, submit = cluster.worker(), cluster.submit()
    result = cluster.end(submit, timeout=240)
    assert_completed(result)
    assert app.ledger() == ["begin 1"]
    worker.terminate()
    assert cluster.end(worker).code == 0


def test_f23_a_job_that_kills_its_process_is_given_up_after_its_attempts(cluster: Cluster) -> None:
    cluster.app.module(
        "jobs",
        "def poison():\n    note(f'begin {os.getpid()}')\n    os.kill(os.getpid(), 9)\n",
    )
    cluster.graph(
        {
            "poison": ("jobs.poison", [], ["a"]),
            "after": ("flow.work", ["a"], ["b"]),
            "good": ("flow.work", [], ["c"]),
        },
        job="max_attempts = 3\n",
    )
    worker = cluster.worker()
    result = cluster.end(cluster.submit())
    assert result.code == 1
    assert result.statuses() == {"poison": "FAILED", "after": "ABANDONED", "good": "COMPLETED"}
    assert result.job("poison")["reason"] == "quarantined"
    assert result.job("poison")["attempt"] == 3
    assert len(cluster.begun()) == 3
    assert result.job("poison")["error"]["message"].count("SIGKILL") == 3
    worker.terminate()
    assert cluster.end(worker).code == 0


@pytest.mark.representative
def test_f23_a_job_that_kills_its_worker_at_once_is_given_up_too(cluster: Cluster) -> None:
    cluster.app.module(
        "jobs", "def poison(*inputs):\n    note('begin')\n    os.kill(os.getppid(), 9)\n"
    )
    warming = {f"w{n}": ("flow.work", [], [f"o{n}"]) for n in range(6)}
    warm = [f"o{n}" for n in range(6)]
    cluster.graph(
        {**warming, "poison": ("jobs.poison", warm, ["a"])},
        job="max_attempts = 2\n",
    )
    workers = [cluster.worker() for _ in range(3)]
    wait_until(lambda: cluster.run("workers", "--json").out.count('"state"') == 3, 30)
    result = cluster.end(cluster.submit())
    assert result.job("poison")["reason"] == "quarantined"
    assert result.job("poison")["attempt"] == 2
    assert cluster.app.ledger() == ["begin"] * 2
    assert sorted(worker.poll() is None for worker in workers) == [False, False, True]
    cluster.leave(*(worker for worker in workers if worker.poll() is None))


@pytest.mark.representative
def test_f26_forged_messages_lie_in_the_dead_letters(cluster: Cluster) -> None:
    import pika

    cluster.graph({"only": ("flow.work", [], ["a"])})
    worker = cluster.worker()
    wait_until(lambda: "taipy-exec.v1.app.control" in queues(cluster.broker), 20)
    with pika.BlockingConnection(pika.URLParameters(cluster.url)) as connection:
        channel = connection.channel()
        forged = [
            b"garbage",
            b"\x80\x04\x95pickle",
            b"[" * 100_000,
            b'{"version": 1, "kind": "order", "application": "app", "function": "os.system"}',
            b'{"version": 99, "kind": "order", "application": "app"}',
            b'{"version": 1, "kind": "order", "application": "other"}',
        ]
        for body in forged:
            channel.basic_publish("taipy-exec.v1.app", "jobs", body)
    wait_until(lambda: queues(cluster.broker)["taipy-exec.v1.app.dead"] == len(forged), 20)
    assert_completed(cluster.end(cluster.submit()))
    worker.terminate()
    assert cluster.end(worker).code == 0


def test_f27_a_worker_with_another_configuration_runs_nothing(cluster: Cluster) -> None:
    cluster.graph({"only": ("flow.gated", [], ["a"])})
    cluster.app.open_gate()
    worker = cluster.worker()
    wait_until(lambda: "taipy-exec.v1.app.control" in queues(cluster.broker), 20)
    cluster.graph({"only": ("flow.gated", [], ["renamed"])})
    result = cluster.end(cluster.submit())
    assert result.code == 1
    assert result.job("only")["reason"] == "config_mismatch"
    assert cluster.app.ledger() == []
    worker.terminate()
    assert cluster.end(worker).code == 0


@pytest.mark.representative
@pytest.mark.parametrize("signals", [1, 2])
def test_f28_a_rolling_restart_counts_no_attempt(gated: Cluster, signals: int) -> None:
    first, submit = gated.worker(), gated.submit()
    gated.app.begun()
    second = gated.worker()
    first.terminate()
    if signals == 2:
        wait_until(lambda: "leaving" in gated.run("workers").out, 20)
        first.terminate()
        assert gated.end(first).code == 0
        gated.app.begun(2)
    gated.app.open_gate()
    result = gated.end(submit)
    assert_completed(result)
    assert set(gated.attempts(result).values()) == {1}
    if signals == 1:
        assert gated.end(first).code == 0
        assert len(gated.begun()) == 1
    second.terminate()
    assert gated.end(second).code == 0


def test_f31_a_job_canceled_in_the_queue_never_runs(cluster: Cluster) -> None:
    cluster.graph({"one": ("flow.gated", [], ["a"]), "two": ("flow.gated", [], ["b"])})
    cluster.app.open_gate()
    submit = cluster.submit()
    wait_until(lambda: queues(cluster.broker).get("taipy-exec.v1.app.jobs") == 2, 20)
    jobs = {
        job["task"]: job["id"]
        for job in cluster.app.status(cluster.app.only_submission()).json["jobs"]
    }
    assert cluster.run("cancel", jobs["one"]).code == 0
    worker = cluster.worker()
    result = cluster.end(submit)
    assert result.code == 4
    assert result.statuses() == {"one": "CANCELED", "two": "COMPLETED"}
    assert len(cluster.begun()) == 1
    worker.terminate()
    assert cluster.end(worker).code == 0


@pytest.mark.representative
def test_f31_a_running_job_is_stopped_on_its_worker(gated: Cluster) -> None:
    worker, submit = gated.worker(), gated.submit()
    gated.app.begun()
    assert gated.run("cancel", gated.app.only_submission()).code == 0
    result = gated.end(submit)
    assert result.code == 4
    assert result.statuses()["middle"] == "CANCELED"
    worker.terminate()
    assert gated.end(worker).code == 0


def test_f41_no_text_of_ours_holds_the_password(cluster: Cluster) -> None:
    password = "p@ss:w/rd%"
    cluster.broker.add_user("ann", password)
    cluster.broker.ctl("set_permissions", "ann", *[r"^taipy-exec\."] * 3)
    cluster.url = cluster.broker.url(user="ann", password=password)
    cluster.graph({"only": ("flow.work", [], ["a"])})
    worker = cluster.worker("--verbose")
    result = cluster.end(cluster.submit("--verbose"))
    assert_completed(result)
    worker.terminate()
    ended = cluster.end(worker)
    texts = [result.out, result.err, ended.out, ended.err]
    for command in (["status"], ["workers"], ["queue"], ["doctor"]):
        shown = cluster.run(*command)
        texts += [shown.out, shown.err]
    found = [path.read_bytes() for path in cluster.app.folder.rglob("*") if path.is_file()]
    for text in [*(t.encode() for t in texts), *found]:
        assert password.encode() not in text
        assert b"p%40ss" not in text


def test_f31_what_a_dead_submitter_left_is_canceled_for_good(cluster: Cluster) -> None:
    cluster.graph({"one": ("flow.gated", [], ["a"])})
    submit = cluster.submit()
    wait_until(lambda: queues(cluster.broker).get("taipy-exec.v1.app.jobs") == 1, 20)
    kill_tree(submit)
    assert cluster.run("cancel", cluster.app.only_submission()).code == 0
    worker = cluster.worker("--idle-timeout", "2")
    assert cluster.end(worker).code == 0
    assert cluster.app.ledger() == []
    assert not [name for name in queues(cluster.broker) if ".reports." in name]


def test_a_worker_that_nobody_answers_leaves_when_it_is_told_to(cluster: Cluster) -> None:
    cluster.graph({"one": ("flow.gated", [], ["a"])})
    submit = cluster.submit()
    wait_until(lambda: queues(cluster.broker).get("taipy-exec.v1.app.jobs") == 1, 20)
    kill_tree(submit)
    worker = cluster.worker()
    wait_until(lambda: '"state": "ready"' in cluster.run("workers", "--json").out, 20)
    worker.terminate()
    assert cluster.end(worker).code == 0
    cluster.app.open_gate()
    worker = cluster.worker()
    result = cluster.run("resume", "--json")
    assert_completed(result)
    assert cluster.attempts(result) == {"one": 1}
    assert len(cluster.begun()) == 1
    worker.terminate()
    assert cluster.end(worker).code == 0
