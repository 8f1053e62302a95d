"""What an application's exchanges and queues are called on the broker."""

from __future__ import annotations

from urllib.parse import quote

PREFIX = "taipy-exec.v1"


class Names:
    """The names of one application; `prefix` starts them all.

    The application's own name is quoted, dots too, so that no two applications meet.
    """

    def __init__(self, application: str) -> None:
        self.application = application
        self.prefix = f"{PREFIX}.{quote(application, safe='').replace('.', '%2E')}"
        self.exchange = self.prefix
        self.beats = f"{self.prefix}.beats"
        self.calls = f"{self.prefix}.calls"
        self.jobs = f"{self.prefix}.jobs"
        self.dead = f"{self.prefix}.dead"
        self.control = f"{self.prefix}.control"

    def reports(self, submission: str) -> str:
        """The queue with what workers tell the coordinator of a submission; also its key."""
        return f"{self.prefix}.reports.{submission}"

    def coordinator(self, epoch: str) -> str:
        """The exclusive queue of one coordinator; also its key."""
        return f"{self.prefix}.coordinator.{epoch}"

    def worker(self, id: str) -> str:
        """The exclusive queue of one worker; also its key."""
        return f"{self.prefix}.worker.{id}"

    def listener(self, id: str) -> str:
        """The exclusive queue of somebody who listens to the workers' beats."""
        return f"{self.prefix}.listener.{id}"
