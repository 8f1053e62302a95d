"""The commands of the pages that need a broker are run, and print what the page shows."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pika
import pytest
from command_support import wait_until
from docs_support import STATES, Place, blocks
from test_docs_commands import CLUSTER

URL = "TAIPY_EXEC_BROKER_URL"
COMMANDS = {
    command.text: command
    for block in blocks()
    for command in block.commands
    if re.search(CLUSTER, command.text) and "taipy-exec run " not in command.text
}
WORKERS = [text for text in COMMANDS if text.startswith("taipy-exec run-worker")]
DEAD = [text for text in COMMANDS if text.startswith("taipy-exec queue dead")]
WATCHED = ("taipy-exec workers -a app", "taipy-exec queue -a app")
ELSEWHERE = "taipy-exec workers --application app --broker-url amqp://user@broker/"
SUBMIT = "taipy-exec submit app --mode cluster"
DOCTOR = "taipy-exec doctor -a app --mode cluster"
# This machine has room on its disk, the application has no csv data node, the vhost differs.
NOT_SHOWN = re.compile(
    r"storage type csv|disk of the state|see what can be removed|set_permissions"
)


class ClusterPlace(Place):
    """A place with the address of a broker in its environment, and workers."""

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder, {URL: url})
        self.url = url
        STATES["new"](self)

    def real(self, text: str) -> str:
        """Also with ports and a broker of this machine."""
        text = re.sub(r"\b9101\b", self.port, text).replace("0.0.0.0", "127.0.0.1")
        return super().real(text).replace("amqp://user@broker/", self.url)

    def worker(self, text: str) -> subprocess.Popen[bytes]:
        """Start a worker of a page, and wait until it takes jobs."""
        log = self.folder / "worker.log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                ["bash", "-c", f"exec {self.real(text)}"],
                cwd=self.folder,
                env=self.app.environment({**self.env, "HOME": str(self.folder)}),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
            )

        def takes_jobs() -> bool:
            assert process.poll() is None, log.read_text()
            shown = self.type(f"taipy-exec queue -a {'app/src' if 'src' in text else 'app'}")
            return " 1 worker" in shown

        wait_until(takes_jobs, 60, "a worker")
        return process


@pytest.fixture
def place(tmp_path: Path, broker_url: str) -> Iterator[ClusterPlace]:
    made = ClusterPlace(tmp_path / "place", broker_url)
    yield made
    made.app.kill_everything()


@pytest.mark.parametrize(
    "text", [WORKERS[0], *(pytest.param(text, marks=pytest.mark.long) for text in WORKERS[1:])]
)
def test_a_worker_takes_jobs_and_stops_at_sigterm(place: ClusterPlace, text: str) -> None:
    if "/srv/app/src" in text:
        STATES["app/src"](place)
    worker = place.worker(text)
    assert "COMPLETED" in place.type(
        SUBMIT.replace(" app ", " app/src ") if "src" in text else SUBMIT
    )
    worker.terminate()
    assert worker.wait(60) == 0


def test_workers_and_queue_show_a_running_job(place: ClusterPlace) -> None:
    place.flag("hold", True)
    worker = place.worker("taipy-exec run-worker -a app --concurrency 2")
    place.type("taipy-exec submit app --mode cluster --detach -q")
    wait_until(lambda: "train" in place.type(WATCHED[0]), 60, "a running job")
    for text in WATCHED:
        printed = place.type(text)
        assert place.missing(COMMANDS[text].output, printed) == [], printed
    assert "train" in place.type(ELSEWHERE)
    place.flag("hold", False)
    wait_until(lambda: "train" not in place.type(WATCHED[0]), 60, "the job's end")
    worker.terminate()
    worker.wait(60)


@pytest.mark.long
def test_dead_letters_are_shown_sent_again_and_removed(place: ClusterPlace) -> None:
    worker = place.worker("taipy-exec run-worker -a app")
    worker.terminate()
    worker.wait(60)
    with pika.BlockingConnection(pika.URLParameters(place.url)) as connection:
        channel = connection.channel()
        for body in (b"no order", b"none either"):
            channel.basic_publish("taipy-exec.v1.app", "dead", body)
    wait_until(lambda: " 2 dead" in place.type(WATCHED[1]), 30, "dead letters")
    order = ("list", "show 1", "requeue 1", "purge --yes")
    texts = [text for part in order for text in DEAD if f"dead {part}" in text]
    assert sorted(DEAD) == sorted(set(texts))
    for text in ("taipy-exec queue dead list", "taipy-exec queue dead show 1"):
        assert "no order" in place.type(text) or "list" in text
    place.type("taipy-exec queue dead requeue 1 2")
    assert " 0 dead" in place.type(WATCHED[1])
    place.type("taipy-exec queue dead purge --yes")


def test_doctor_prints_what_the_page_shows(place: ClusterPlace) -> None:
    printed = place.type(DOCTOR, code=None)
    shown = [line for line in COMMANDS[DOCTOR].output if not NOT_SHOWN.search(line)]
    assert place.missing(shown, printed) == [], printed


def test_every_command_that_needs_a_broker_is_run() -> None:
    run = {*WORKERS, *DEAD, *WATCHED, ELSEWHERE, SUBMIT, DOCTOR}
    assert set(COMMANDS) == run
