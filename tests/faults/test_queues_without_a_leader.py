"""F61: RabbitMQ is killed just after a queue was made; it comes back without a leader for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cluster_support import SETTINGS, Cluster, assert_completed, kill_tree, queues
from command_support import graph_toml, wait_until

# The queue's process ends, and RabbitMQ fails each time when it is needed.
_WITHOUT_PROCESS = """{{ok, Q}} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<"{}">>)),
    {{Name, _}} = amqqueue:get_pid(Q), ra:force_delete_server(quorum_queues, {{Name, node()}})."""


def of_reports(cluster: Cluster) -> list[str]:
    return [name for name in queues(cluster.broker) if ".reports." in name]


@dataclass
class Submission:
    """Its two jobs run; the queue of its reports is younger than `saved`."""

    cluster: Cluster
    worker: Any
    submit: Any
    saved: dict[Path, bytes]

    def lose_the_leader(self) -> None:
        """Kill the broker; it comes back with the list of queues that it had saved before."""
        self.cluster.broker.kill()
        for path, content in self.saved.items():
            path.write_bytes(content)
        self.cluster.broker.start()

    def lose_the_coordinator(self) -> Cluster:
        """As `lose_the_leader`, and kill the submitter; the jobs go on."""
        self.lose_the_leader()
        kill_tree(self.submit)
        self.cluster.app.open_gate()
        return self.cluster

    def lose_the_process(self) -> None:
        (queue,) = of_reports(self.cluster)
        self.cluster.broker.ctl("eval", _WITHOUT_PROCESS.format(queue))
        # It is asked for what is in the queue only when somebody consumes.
        self.cluster.broker.ctl("close_all_connections", "test")


def other(cluster: Cluster) -> Any:
    """A submission that has nothing to do with it."""
    return cluster.run("submit", ".", "--scenario", "other", "--new", "--json", timeout=90)


@pytest.fixture
def begun(cluster: Cluster) -> Submission:
    """One scenario whose two jobs wait for the gate, beside another of 40 short jobs."""
    held = {
        **{f"held{n}": ("flow.gated", [], [f"h{n}"]) for n in range(2)},
        **{f"next{n}": ("flow.work", [f"h{n}"], [f"n{n}"]) for n in range(2)},
    }
    short = {f"t{n}": ("flow.work", [], [f"o{n}"]) for n in range(40)}
    main = graph_toml(held, mode="cluster", job=SETTINGS, scenario="main")
    others = graph_toml(short, mode="cluster", scenario="other")
    cluster.app.config(main + "\n" + others[others.index("[DATA_NODE") :])
    worker = cluster.worker("--concurrency", "2")
    wait_until(lambda: "taipy-exec.v1.app.control" in queues(cluster.broker), 30)
    cluster.broker.save()
    folder = cluster.broker.folder
    saved = {path: path.read_bytes() for path in folder.rglob("quorum/*/*.dets")}
    assert saved
    submit = cluster.submit("--scenario", "main")
    cluster.app.begun(2)
    return Submission(cluster, worker, submit, saved)


@pytest.mark.representative
@pytest.mark.parametrize("lost", [Submission.lose_the_process, Submission.lose_the_leader])
def test_f61_the_coordinator_makes_the_queue_again(
    begun: Submission, lost: Callable[[Submission], None]
) -> None:
    cluster = begun.cluster
    lost(begun)
    cluster.app.open_gate()
    assert_completed(other(cluster))
    assert_completed(cluster.end(begun.submit, 120))
    cluster.leave(begun.worker)
    cluster.nothing_is_left(outdated=True)


def test_f61_orders_of_a_dead_coordinator_keep_no_worker_from_others(begun: Submission) -> None:
    cluster = begun.lose_the_coordinator()
    assert_completed(other(cluster))
    assert_completed(cluster.run("resume", "--json", timeout=120))
    cluster.leave(begun.worker)
    cluster.nothing_is_left(outdated=True)


def test_f61_a_submission_without_a_leader_is_canceled(begun: Submission) -> None:
    cluster = begun.lose_the_coordinator()
    assert cluster.run("cancel", "latest").code == 0
    assert not of_reports(cluster)
    assert_completed(other(cluster))
    cluster.leave(begun.worker)
