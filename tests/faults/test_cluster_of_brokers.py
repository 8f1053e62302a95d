"""F54: three RabbitMQ nodes of which one dies, two die, one is cut off, or each is restarted.

The jobs stand in rows. The first job of each row and stage waits for its stage's gate; so a stage
has jobs that run and jobs that are queued while something happens to the brokers.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable

import pytest
from cluster_support import SETTINGS, Cluster, assert_completed
from command_support import wait_until
from invariants import Observed, data_agree, ran

from tools.private_cluster import PrivateCluster

ROWS, STEPS = 4, 3
NODES = (0, 1, 2)
JOBS = "taipy-exec.v1.app.jobs"
CONTROL = "taipy-exec.v1.app.control"
SECONDS = 90.0


class Trouble:
    """A submission of several stages on three brokers, whose nodes have trouble meanwhile."""

    def __init__(self, app: Observed, nodes: PrivateCluster, stages: int) -> None:
        self.app, self.nodes, self.stages = app, nodes, stages
        self.vhost = f"test-{uuid.uuid4().hex}"
        nodes.add_vhost(self.vhost)
        self.cluster = Cluster(app, nodes, nodes.url(vhost=self.vhost))
        functions = []
        tasks: dict[str, tuple[str, list[str], list[str]]] = {}
        for row in range(ROWS):
            before: list[str] = []
            for step in range(stages * STEPS):
                name = f"r{row}s{step}"
                gate = f"    wait_for('gate{step // STEPS}', 300)\n" if step % STEPS == 0 else ""
                functions.append(
                    f"def {name}(*inputs):\n    note(f'begin {{os.getpid()}} {name}')\n{gate}"
                    f"    time.sleep(0.05)\n    note(f'end {{os.getpid()}} {name}')\n"
                    f"    return sum(inputs) + 1\n"
                )
                tasks[name] = (f"jobs.{name}", before, [f"of_{name}"])
                before = [f"of_{name}"]
        app.module("jobs", "".join(functions))
        self.cluster.graph(tasks, settings=SETTINGS)

    def start(self, *, workers: tuple[int, ...], submit: int) -> None:
        """Start workers and the submit, each with a node whose address it has first."""
        self.workers = [
            self.cluster.worker("--concurrency", "2", url=self.url(first)) for first in workers
        ]
        self.submit = self.cluster.submit(url=self.url(submit))

    def url(self, first: int) -> str:
        return self.nodes.url(first=first, vhost=self.vhost)

    def leader(self) -> int:
        """The node that leads the jobs queue."""
        return int(wait_until(lambda: self._leader() + 1, 30, "a leader")) - 1

    def _leader(self) -> int:
        try:
            return self.nodes.leader(JOBS, self.vhost)
        except ValueError:
            return -1

    def begun(self, stage: int, rows: int = ROWS) -> None:
        """Wait until so many rows stand at a stage's gate."""
        self._wait("begin", stage * STEPS, rows)

    def go_through(self, stage: int) -> None:
        """Open a stage's gate, and wait until all its jobs are done."""
        self.open(stage)
        self._wait("end", stage * STEPS + STEPS - 1, ROWS)

    def open(self, stage: int) -> None:
        (self.app.folder / f"gate{stage}").touch()

    def _wait(self, word: str, step: int, rows: int) -> None:
        wanted = {f"r{row}s{step}" for row in range(ROWS)}

        def there() -> bool:
            assert self.submit.poll() is None, self.cluster.end(self.submit).err
            words = [line.split() for line in self.app.ledger()]
            return len({task for what, _, task in words if what == word} & wanted) >= rows

        wait_until(there, SECONDS, f"{word} of {rows} of {sorted(wanted)}")

    def finish(self) -> dict[str, int]:
        """Every job is COMPLETED with the right value; task -> how often it ran beyond once.

        A run beyond the first is an attempt, or noted in the log as an order that came back.
        """
        result = self.cluster.end(self.submit, SECONDS)
        assert_completed(result)
        attempts = self.cluster.attempts(result)
        times = ran(self.app)
        assert set(times) == set(attempts)
        more = {task for task, number in times.items() if number > attempts[task]}
        # To look into the log of each of the jobs would take longer than the rest of the test.
        returned = self.cluster.came_back(result) if more else Counter()
        assert all(times[task] <= attempts[task] + returned[task] for task in more), (
            times,
            attempts,
            returned,
        )
        data_agree(self.app, result, env=self.cluster.environment())
        self.cluster.leave(*self.workers)
        last = f"of_r0s{self.stages * STEPS - 1}"
        shown = self.cluster.run("data", "show", ".", last, "--json").json
        assert shown["value"] == self.stages * STEPS
        return {
            task: max(attempts[task], times[task]) - 1
            for task in times
            if attempts[task] > 1 or times[task] > 1
        }


@pytest.mark.once
def test_f54_leader_follower_and_the_clients_node_are_killed_one_after_the_other(
    app: Observed, three_nodes: Callable[[], PrivateCluster]
) -> None:
    nodes = three_nodes()
    trouble = Trouble(app, nodes, 4)
    trouble.start(workers=(1, 1), submit=1)
    for stage, whom in enumerate(("leader", "follower", "the clients' node")):
        trouble.begun(stage)
        leader = trouble.leader()
        victim = {
            "leader": leader,
            "follower": next(node for node in (0, 2) if node != leader),
            "the clients' node": 1,
        }[whom]
        nodes.kill(victim)
        trouble.go_through(stage)
        nodes.revive(victim)
    trouble.go_through(3)
    assert trouble.finish() == {}
    trouble.cluster.nothing_is_left(outdated=True)


@pytest.mark.once
def test_f54_two_of_three_nodes_killed_at_once_stop_nothing_for_good(
    app: Observed, three_nodes: Callable[[], PrivateCluster]
) -> None:
    nodes = three_nodes()
    trouble = Trouble(app, nodes, 2)
    trouble.start(workers=(1, 2), submit=1)
    trouble.begun(0)
    leader = trouble.leader()
    victims = sorted({leader, 1, 2})[-2:]
    nodes.kill(*victims)
    trouble.open(0)
    wait_until(lambda: sum(line.startswith("end") for line in app.ledger()) >= ROWS, 30)
    nodes.revive(*victims)
    trouble.go_through(0)
    trouble.go_through(1)
    assert trouble.finish() == {}
    trouble.cluster.nothing_is_left(outdated=True)


@pytest.mark.once
def test_f54_a_rolling_restart_of_the_nodes_costs_no_run(
    app: Observed, three_nodes: Callable[[], PrivateCluster]
) -> None:
    nodes = three_nodes()
    trouble = Trouble(app, nodes, len(NODES) + 1)
    trouble.start(workers=(0, 1), submit=2)
    for number in NODES:
        trouble.begun(number)
        trouble.open(number)
        nodes.nodes[number].restart()
        nodes.await_whole()
        trouble.go_through(number)
    trouble.go_through(len(NODES))
    assert trouble.finish() == {}
    trouble.cluster.nothing_is_left(outdated=True)


@pytest.mark.once
def test_f54_a_node_that_pauses_in_a_partition_costs_no_run(
    app: Observed, three_nodes: Callable[[], PrivateCluster]
) -> None:
    nodes = three_nodes()
    nodes.handle_partitions("pause_minority")
    trouble = Trouble(app, nodes, 3)
    trouble.start(workers=(1, 2), submit=1)
    trouble.begun(0)
    nodes.partition(1)
    trouble.go_through(0)
    trouble.begun(1)
    nodes.heal()
    nodes.await_whole()
    trouble.go_through(1)
    trouble.go_through(2)
    assert trouble.finish() == {}
    trouble.cluster.nothing_is_left(outdated=True)


@pytest.mark.once
@pytest.mark.parametrize(("how", "submitter"), [("autoheal", "majority"), ("ignore", "minority")])
def test_f54_a_partition_in_which_both_sides_go_on_loses_nothing(
    app: Observed, three_nodes: Callable[[], PrivateCluster], how: str, submitter: str
) -> None:
    """Nothing is lost. What ran on the smaller side may run again, and its late result is void."""
    nodes = three_nodes()
    nodes.handle_partitions(how)
    trouble = Trouble(app, nodes, 3)
    trouble.start(workers=(1, 2), submit=1 if submitter == "minority" else 0)
    trouble.begun(0)
    nodes.partition(1)
    trouble.open(0)
    if submitter == "majority":
        trouble.go_through(0)
    nodes.heal()
    if how == "ignore":
        # What RabbitMQ's manual says: restart the nodes of the side that is not trusted.
        nodes.nodes[1].restart()
    nodes.await_whole()
    trouble.go_through(0)
    trouble.go_through(1)
    trouble.go_through(2)
    again = trouble.finish()
    assert all(number <= 1 for number in again.values()), again
    trouble.cluster.nothing_is_left(outdated=True)


@pytest.mark.once
def test_f54_a_worker_goes_to_another_node_where_the_stream_has_no_copy(
    app: Observed, three_nodes: Callable[[], PrivateCluster]
) -> None:
    nodes = three_nodes()
    trouble = Trouble(app, nodes, 2)
    trouble.start(workers=(0,), submit=0)
    trouble.begun(0, 2)
    nodes.delete_replica(CONTROL, trouble.vhost, 1)
    late = trouble.cluster.worker("--concurrency", "2", url=trouble.url(1))
    trouble.workers.append(late)
    trouble.begun(0, ROWS)
    assert late.stderr is not None
    told = [late.stderr.readline() for _ in range(3)]
    assert "does not have a" in told[1] and "replica on the local node" in told[1], told
    assert told[2].startswith("connected to RabbitMQ"), told
    trouble.go_through(0)
    trouble.go_through(1)
    assert trouble.finish() == {}
    trouble.cluster.nothing_is_left()
