"""A cluster to break: an application, a broker, and workers that come and go."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import Any

from command_support import Application, Result, kill

from tools.private_broker import PrivateBroker

# Short enough for tests, long enough for two noisy cores.
SETTINGS = "broker_lease = 6\nbroker_heartbeat = 5\n"


class Cluster:
    """An application in cluster mode. Jobs note `begin PID` and `end PID` in the ledger."""

    def __init__(self, app: Application, broker: PrivateBroker) -> None:
        self.app = app
        self.broker = broker
        self.url = broker.url()

    def environment(self, url: str | None = None, **extra: str) -> dict[str, str | None]:
        return {"TAIPY_EXEC_BROKER_URL": url or self.url, **extra}

    def graph(self, tasks: Any, *, job: str = "", **options: Any) -> None:
        """Write the configuration."""
        self.app.graph(tasks, mode="cluster", job=SETTINGS + job, **options)

    def worker(self, *arguments: str, url: str | None = None) -> subprocess.Popen[str]:
        """Start a worker."""
        return self.app.start(
            "run-worker", "--application-path", ".", *arguments, env=self.environment(url)
        )

    def submit(self, *arguments: str, url: str | None = None) -> subprocess.Popen[str]:
        """Start a submit."""
        return self.app.start("submit", ".", "--json", *arguments, env=self.environment(url))

    def run(self, *arguments: str) -> Result:
        """Run a command to its end."""
        return self.app.run(*arguments, env=self.environment())

    def end(self, process: subprocess.Popen[str], timeout: float = 90) -> Result:
        return self.app.end(process, timeout)

    def attempts(self, result: Result) -> dict[str, int]:
        """Task -> attempt."""
        return {job["task"]: job["attempt"] for job in result.json["jobs"]}

    def begun(self) -> list[str]:
        return [line for line in self.app.ledger() if line.startswith("begin")]


def kill_tree(process: subprocess.Popen[str]) -> None:
    """SIGKILL to a worker; its slots die with it."""
    kill(process.pid, signal.SIGKILL)
    process.wait(10)


def queues(broker: PrivateBroker) -> dict[str, int]:
    """Queue -> messages."""
    text = broker.ctl("list_queues", "name", "messages", "--formatter", "json")
    return {row["name"]: row["messages"] for row in json.loads(text)}


def assert_completed(result: Result) -> None:
    assert result.code == 0, result.out + result.err
    assert set(result.statuses().values()) == {"COMPLETED"}
