"""The names of an application's exchanges and queues on the broker."""

from __future__ import annotations

from urllib.parse import quote

PREFIX = "taipy-exec.v1"


class Names:
    """The names of one application; all start with `prefix`.

    The application's own name is quoted, including dots, so that no two applications collide.
    """

    def __init__(self, application: str) -> None:
        self.application = application
        self.prefix = f"{PREFIX}.{quote(application, safe='').replace('.', '%2E')}"
        self.exchange = self.prefix
        self.heartbeats = f"{self.prefix}.beats"
        self.calls = f"{self.prefix}.calls"
        self.jobs = f"{self.prefix}.jobs"
        self.dead = f"{self.prefix}.dead"
        self.control = f"{self.prefix}.control"

    def reports(self, submission: str) -> str:
        """The queue of the workers' reports about a submission; also its routing key."""
        return f"{self.prefix}.reports.{submission}"

    def coordinator(self, epoch: str) -> str:
        """The exclusive queue of one coordinator; also its routing key."""
        return f"{self.prefix}.coordinator.{epoch}"

    def worker(self, id: str) -> str:
        """The exclusive queue of one worker; also its routing key."""
        return f"{self.prefix}.worker.{id}"

    def listener(self, id: str) -> str:
        """The exclusive queue of a process that listens to the workers' heartbeats."""
        return f"{self.prefix}.listener.{id}"
