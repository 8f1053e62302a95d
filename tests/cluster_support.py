"""A cluster to break: an application, a broker, and workers that come and go."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from command_support import Application, Result, kill, wait_until

from tools.private_broker import PrivateBroker
from tools.private_cluster import PrivateCluster

# Short enough for tests, long enough for two noisy cores.
SETTINGS = "broker_lease = 6\nbroker_heartbeat = 5\n"
_SABOTAGE = Path(__file__).parent / "faults" / "sabotage.py"
_PREFIX = "taipy-exec.v1.app."


class Cluster:
    """An application in cluster mode. Jobs note `begin PID` and `end PID` in the ledger."""

    def __init__(
        self, app: Application, broker: PrivateBroker | PrivateCluster, url: str | None = None
    ) -> None:
        self.app = app
        self.broker = broker
        self.url = url or broker.url()

    def environment(self, url: str | None = None, **extra: str) -> dict[str, str | None]:
        return {"TAIPY_EXEC_BROKER_URL": url or self.url, **extra}

    def graph(self, tasks: Any, *, job: str = "", settings: str = SETTINGS, **options: Any) -> None:
        """Write the configuration."""
        self.app.graph(tasks, mode="cluster", job=settings + job, **options)

    def worker(
        self, *arguments: str, url: str | None = None, **options: Any
    ) -> subprocess.Popen[str]:
        """Start a worker."""
        return self.app.start(
            "run-worker",
            "--application-path",
            ".",
            *arguments,
            env=self.environment(url),
            **options,
        )

    def submit(self, *arguments: str, url: str | None = None) -> subprocess.Popen[str]:
        """Start a submit."""
        return self.app.start("submit", ".", "--json", *arguments, env=self.environment(url))

    def sabotaged(
        self, what: str, *arguments: str, url: str | None = None
    ) -> subprocess.Popen[str]:
        """Start a worker or a submit with something wrong; see faults/sabotage.py."""
        rest = (
            ("run-worker", "--application-path", ".")
            if arguments[0] == "run-worker"
            else (arguments[0], ".", "--json")
        )
        command = [sys.executable, str(_SABOTAGE), *what.split("|"), "--"]
        return self.app.start(*rest, *arguments[1:], env=self.environment(url), command=command)

    def run(self, *arguments: str, timeout: float = 60) -> Result:
        """Run a command to its end."""
        return self.app.run(*arguments, env=self.environment(), timeout=timeout)

    def end(self, process: subprocess.Popen[str], timeout: float = 90) -> Result:
        return self.app.end(process, timeout)

    def attempts(self, result: Result) -> dict[str, int]:
        """Task -> attempt."""
        return {job["task"]: job["attempt"] for job in result.json["jobs"]}

    def came_back(self, result: Result) -> Counter[str]:
        """Task -> how often its order came back from a worker that died before it told of a start.

        Such a run counts as no attempt, and is noted in the job's log.
        """
        return Counter(
            {
                job["task"]: self.run("logs", job["id"]).out.count("its order came back")
                for job in result.json["jobs"]
            }
        )

    def begun(self) -> list[str]:
        return [line for line in self.app.ledger() if line.startswith("begin")]

    def leave(self, *workers: subprocess.Popen[str]) -> None:
        """Tell workers to leave; they do, in good order."""
        for worker in workers:
            worker.terminate()
        for worker in workers:
            result = self.end(worker)
            assert result.code == 0, result.err

    def nothing_is_left(self, *, outdated: bool = False) -> None:
        """No order waits, no letter is dead, and no queue outlives its submission.

        `outdated`: the network broke, so an order may have been sent twice. The second copy is a
        dead letter where it is taken after the submission's end.
        """

        ignored = (".control", ".dead") if outdated else (".control",)

        def left() -> dict[str, int]:
            return {
                name.removeprefix(_PREFIX): messages
                for name, messages in queues(self.broker, self.url).items()
                if ".reports." in name or (messages and not name.endswith(ignored))
            }

        try:
            wait_until(lambda: not left(), 20)
        except AssertionError:
            raise AssertionError(f"left on the broker: {left()}") from None

    def steps(self, edges: dict[str, list[str]], **options: Any) -> None:
        """Tasks that note `begin NAME` and `end NAME`; `edges` names those that each waits for."""
        self.app.module(
            "steps",
            "".join(
                f"def {name}(*inputs):\n    note('begin {name}')\n    time.sleep(0.05)\n"
                f"    note('end {name}')\n    return 1\n"
                for name in edges
            ),
        )
        self.graph(
            {
                name: (f"steps.{name}", [f"of_{other}" for other in before], [f"of_{name}"])
                for name, before in edges.items()
            },
            **options,
        )

    def assert_in_order(self, edges: dict[str, list[str]]) -> Counter[str]:
        """Each began only after those before it had ended; how often each began."""
        lines = self.app.ledger()
        for name, before in edges.items():
            first = lines.index(f"begin {name}")
            for other in before:
                assert f"end {other}" in lines[:first], (name, other, lines)
        return Counter(line.split()[1] for line in lines if line.startswith("begin"))


def kill_tree(process: subprocess.Popen[str]) -> None:
    """SIGKILL to a worker; its slots die with it."""
    kill(process.pid, signal.SIGKILL)
    process.wait(10)


def queues(broker: PrivateBroker | PrivateCluster, url: str = "/") -> dict[str, int]:
    """Queue -> messages, in the virtual host of a URL."""
    vhost = unquote(url.rpartition("/")[2]) or "/"
    text = broker.ctl("list_queues", "-p", vhost, "name", "messages", "--formatter", "json")
    return {row["name"]: row["messages"] for row in json.loads(text)}


def assert_completed(result: Result) -> None:
    assert result.code == 0, result.out + result.err
    assert set(result.statuses().values()) == {"COMPLETED"}
