"""Three private RabbitMQ nodes that form a cluster on this machine, for tests."""

from __future__ import annotations

import atexit
import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

from tools.ports import free_ports
from tools.private_broker import PrivateBroker, epmd_command, send_signal, watched

_HANDLING = "cluster_partition_handling"
_STOP_SECONDS = 10.0
_WHOLE_SECONDS = 90.0


class PrivateCluster:
    """Nodes of one cluster, each with its own folder and ports on 127.0.0.1.

    They end with this process. A node that is alone in a partition can still be reached by clients.
    """

    def __init__(self, *, nodes: int = 3, config: Sequence[str] = ()) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="private-cluster-"))
        (self._epmd_port,) = free_ports(1)
        self._watcher: subprocess.Popen[str] | None = None
        self._epmd = 0
        self.nodes: list[PrivateBroker] = []
        lines = list(config)
        cookie = secrets.token_hex(16)
        for number in range(nodes):
            node = PrivateBroker(self.folder / str(number), config=lines, epmd_port=self._epmd_port)
            if number == 0:
                # The other nodes join the first one, which they know by its name.
                lines += [
                    "cluster_formation.peer_discovery_backend = classic_config",
                    f"cluster_formation.classic_config.nodes.1 = {node.node}",
                ]
            path = node.folder / ".erlang.cookie"
            path.write_text(cookie, "utf-8")
            path.chmod(0o400)
            self.nodes.append(node)

    # -- start and stop -------------------------------------------------------------------

    def start(self) -> None:
        """Start all nodes and wait until they form one cluster. Raises RuntimeError if not."""
        missing = PrivateBroker.missing()
        if missing:
            raise RuntimeError(missing)
        atexit.register(self.close)
        environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.folder)}
        with (self.folder / "epmd").open("ab") as output:
            self._watcher, pids = watched(
                [epmd_command(self._epmd_port)], environment, self.folder, output
            )
        if not pids:
            raise RuntimeError("epmd could not be started")
        self._epmd = pids[0]
        self.nodes[0].start()
        self.together(PrivateBroker.start, range(1, len(self.nodes)))
        if len(self.members()) != len(self.nodes):
            raise RuntimeError(f"the nodes formed no cluster: {self.members()}")

    def together(
        self, action: Callable[[PrivateBroker], object], numbers: Iterable[int] | None = None
    ) -> None:
        """Run an action on several nodes at the same time. Without `numbers`, on all nodes.

        At a start, a node that was not the last to stop may wait for the others before it answers.
        """
        chosen = [self.nodes[n] for n in (range(len(self.nodes)) if numbers is None else numbers)]
        with ThreadPoolExecutor(max(len(chosen), 1)) as pool:
            list(pool.map(action, chosen))

    def kill(self, *numbers: int) -> None:
        """Send SIGKILL to these nodes. `PrivateBroker.start` continues with their data."""
        self.together(PrivateBroker.kill, numbers)

    def revive(self, *numbers: int) -> None:
        """Start these nodes again, all at the same time."""
        self.together(PrivateBroker.start, numbers)

    def close(self) -> None:
        """Kill all nodes and remove the folder. The data is not needed any more."""
        atexit.unregister(self.close)
        self.together(PrivateBroker.kill)
        for node in self.nodes:
            node.close()
        if self._watcher is not None:
            send_signal(self._epmd, signal.SIGKILL)
            self._watcher.wait(_STOP_SECONDS)
            self._watcher = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> PrivateCluster:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def handle_partitions(self, how: str) -> None:
        """Set how all nodes handle a partition: `ignore`, `pause_minority` or `autoheal`.

        It works at once, and also for a node that starts again.
        """

        def configure(node: PrivateBroker) -> None:
            path = node.folder / "rabbitmq.conf"
            kept = [line for line in path.read_text("utf-8").splitlines() if _HANDLING not in line]
            path.write_text("\n".join([*kept, f"{_HANDLING} = {how}", ""]), "utf-8")
            node.ctl("eval", f"application:set_env(rabbit, {_HANDLING}, {how}).")

        self.together(configure)

    # -- the network between them ---------------------------------------------------------

    def partition(self, alone: int) -> None:
        """Disconnect one node from the others, which stay connected. Clients still reach all nodes.

        Before that, both sides get different cookies for each other, so that they cannot reconnect.
        """
        one = self.nodes[alone].node
        others = [node.node for node in self.nodes if node.node != one]
        pairs = [(one, other) for other in others] + [(other, one) for other in others]
        cookies = [_call(here, "set_cookie", [there, f"cut by {here}"]) for here, there in pairs]
        partings = [f"erlang:disconnect_node({_atom(other)})" for other in others]
        self.nodes[alone].ctl("eval", ", ".join([*cookies, *partings]) + ".")

    def heal(self) -> None:
        """End a partition. The nodes find each other again within about a second."""

        def forgive(node: PrivateBroker) -> None:
            others = [_atom(other.node) for other in self.nodes if other is not node]
            calls = [f"erlang:set_cookie({other}, erlang:get_cookie())" for other in others]
            node.ctl("eval", ", ".join(calls) + ".")

        self.together(forgive)

    # -- queries --------------------------------------------------------------------------

    def url(self, *, first: int = 0, vhost: str = "/") -> str:
        """The addresses of all nodes, with commas between them. The list begins at `first`."""
        chosen = self.nodes[first:] + self.nodes[:first]
        return ",".join(node.url(vhost=vhost) for node in chosen)

    def ctl(self, *arguments: str) -> str:
        """The output of rabbitmqctl on the first node that was not stopped or killed."""
        return next(node for node in self.nodes if node.pid).ctl(*arguments)

    def add_vhost(self, name: str) -> None:
        """Make a virtual host in which the user guest may do everything."""
        next(node for node in self.nodes if node.pid).add_vhost(name)

    def members(self, seen_by: int = 0) -> list[int]:
        """The running nodes, as seen by the node `seen_by`."""
        text = self.nodes[seen_by].ctl("cluster_status", "--formatter", "json")
        return [self._number(name) for name in json.loads(text)["running_nodes"]]

    def is_whole(self) -> bool:
        """Whether all nodes run and each sees all others."""
        if not all(node.pid for node in self.nodes):
            return False
        try:
            return all(len(self.members(n)) == len(self.nodes) for n in range(len(self.nodes)))
        except (RuntimeError, subprocess.TimeoutExpired):
            return False

    def await_whole(self) -> None:
        """Wait until all nodes see each other. Raises RuntimeError if this takes too long."""
        end = time.monotonic() + _WHOLE_SECONDS
        while not self.is_whole():
            if time.monotonic() > end:
                raise RuntimeError("the nodes do not form one cluster again")

    def leader(self, queue: str, vhost: str = "/") -> int:
        """The leading node of a quorum queue or a stream. Raises ValueError if there is none."""
        text = self.ctl("list_queues", "-p", vhost, "name", "leader", "--formatter", "json")
        (found,) = (row["leader"] for row in json.loads(text) if row["name"] == queue)
        return self._number(found)

    def delete_replica(self, stream: str, vhost: str, number: int) -> None:
        """Remove a stream's copy from a node. The node then knows the stream but has no data."""
        arguments = f'<<"{vhost}">>, <<"{stream}">>, {_atom(self.nodes[number].node)}'
        self.ctl("eval", f"rabbit_stream_queue:delete_replica({arguments}).")

    def _number(self, name: str) -> int:
        return [node.node for node in self.nodes].index(name)


def _atom(name: str) -> str:
    return f"'{name}'"


def _call(node: str, function: str, arguments: Sequence[str]) -> str:
    """The text of an Erlang call on another node."""
    words = ", ".join(map(_atom, arguments))
    return f"rpc:call({_atom(node)}, erlang, {function}, [{words}])"
