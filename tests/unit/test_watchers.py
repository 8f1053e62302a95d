"""Those who are told of submissions: the order, the bounds, and that they harm nobody."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from command_support import wait_until
from receiver_support import Receiver

from taipy_exec.config.webhook_address import shown_address, wrong_address
from taipy_exec.model.event import Change
from taipy_exec.model.job import Failure, JobRecord, SubmissionRecord
from taipy_exec.model.status import Status
from taipy_exec.observers import webhook
from taipy_exec.observers.function import EventFunction
from taipy_exec.observers.mailbox import Mailbox
from taipy_exec.observers.watching import Watching
from taipy_exec.observers.webhook import Webhook


class Scene:
    """A coordinator with one submission of one job, and those who are told of it."""

    def __init__(self, **record: Any) -> None:
        self.record = SubmissionRecord(
            id="SUBMISSION_1",
            scenario="s",
            instance="i",
            name="s",
            counts={Status.PENDING: 1},
            **record,
        )
        failure = Failure(
            kind="raised", type="ValueError", message="no hunter2 here", traceback="at hunter2"
        )
        self.job = JobRecord(
            id="JOB_t", task="t", submission="SUBMISSION_1", position=0, failure=failure
        )
        job_table = SimpleNamespace(jobs={"JOB_t": self.job})
        self.coordinator: Any = SimpleNamespace(observers=[], job_table=job_table)
        self.plan: Any = SimpleNamespace(record=self.record, jobs=[self.job])
        self.watching = Watching(self.coordinator)
        self.warnings: list[str] = []

    def move(self, after: Status, before: Status = Status.PENDING) -> None:
        change = Change(job="JOB_t", before=before, after=after, at=1.0, attempt=1)
        for observer in self.coordinator.observers:
            observer([change])

    def fail_and_end(self) -> None:
        self.watching.begin(self.plan)
        self.move(Status.RUNNING)
        self.job.status = Status.FAILED
        self.record.counts = {Status.FAILED: 1}
        self.record.finished_at = 2.0
        self.move(Status.FAILED, Status.RUNNING)
        self.watching.close()

    def webhook(self, url: str) -> None:
        redact = lambda text: text.replace("hunter2", "***")  # noqa: E731
        self.watching.add(Webhook(url, redact, self.warnings.append))

    def function(self, function: Callable[[dict[str, Any]], Any]) -> None:
        self.watching.add(EventFunction(function, lambda text: text, self.warnings.append))


# -- from the coordinator to the watchers ---------------------------------------------------


def test_while_nobody_watches_the_coordinator_tells_nobody() -> None:
    scene = Scene()
    scene.watching.begin(scene.plan)
    assert scene.coordinator.observers == []
    scene.watching.close()


def test_a_submission_is_told_from_beginning_to_end() -> None:
    scene = Scene()
    told: list[dict[str, Any]] = []
    scene.function(told.append)
    scene.fail_and_end()
    assert [(event["event"], event["status"]) for event in told] == [
        ("submission", "PENDING"),
        ("job", "RUNNING"),
        ("job", "FAILED"),
        ("end", "FAILED"),
    ]
    assert all(event["schema"] == "taipy-exec/1" for event in told)
    assert scene.warnings == []


def test_a_submission_without_jobs_begins_and_ends() -> None:
    scene = Scene(finished_at=1.0)
    told: list[dict[str, Any]] = []
    scene.function(told.append)
    scene.watching.begin(scene.plan)
    scene.watching.close()
    assert [event["event"] for event in told] == ["submission", "end"]


def test_a_submission_that_is_left_ends_without_a_time() -> None:
    scene = Scene()
    told: list[dict[str, Any]] = []
    scene.function(told.append)
    scene.watching.begin(scene.plan)
    scene.watching.close()
    assert (told[-1]["event"], told[-1]["at"]) == ("end", None)


def test_jobs_of_a_submission_that_was_not_begun_here_are_not_told() -> None:
    scene = Scene()
    told: list[dict[str, Any]] = []
    scene.function(told.append)
    scene.move(Status.RUNNING)
    scene.watching.close()
    assert told == []


# -- on_event -----------------------------------------------------------------------------


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3)])
def test_a_function_that_raises_each_time_is_told_once_and_called_on(error: BaseException) -> None:
    scene = Scene()
    called = []

    def raising(event: dict[str, Any]) -> None:
        called.append(event)
        raise error

    scene.function(raising)
    scene.fail_and_end()
    (warning,) = scene.warnings
    assert type(error).__name__ in warning
    assert "the run goes on" in warning
    assert len(called) == 4


def test_a_function_that_hangs_delays_the_end_by_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taipy_exec.observers.function._LAST_SECONDS", 0.2)
    scene = Scene()
    gate = threading.Event()
    scene.function(lambda event: gate.wait(60))
    begin = time.monotonic()
    scene.fail_and_end()
    assert time.monotonic() - begin < 5
    gate.set()
    (warning,) = scene.warnings
    assert "4 events were not given" in warning


# -- the mailbox ----------------------------------------------------------------------------


def test_a_full_mailbox_drops_and_counts_but_not_what_goes_first() -> None:
    gate, got = threading.Event(), []

    def deliver(item: int) -> None:
        gate.wait(60)
        got.append(item)

    box: Mailbox[int] = Mailbox("box", deliver, most=2, seconds=30)
    box.put(0)
    wait_until(lambda: box._busy)
    for item in (1, 2, 3):
        box.put(item)
    box.put(4, first=True)
    gate.set()
    box.close()
    assert (sorted(got), box.lost) == ([0, 1, 2, 4], 1)


def test_what_goes_first_is_delivered_when_the_time_is_short() -> None:
    got = []
    gate = threading.Event()

    def deliver(item: int) -> None:
        gate.wait(60)
        got.append(item)
        if item == 9:
            gate.clear()

    box: Mailbox[int] = Mailbox("box", deliver, most=10, seconds=1)
    for item in (0, 1, 2):
        box.put(item)
    box.put(9, first=True)
    threading.Timer(0.7, gate.set).start()
    box.close()
    gate.set()
    assert got[:2] == [0, 9]
    assert box.lost == 2


def test_a_mailbox_may_be_closed_by_what_it_delivers() -> None:
    closed = threading.Event()

    def deliver(item: int) -> None:
        box.close()
        closed.set()

    box: Mailbox[int] = Mailbox("box", deliver, most=10, seconds=60)
    box.put(1)
    assert closed.wait(10)


# -- the webhook ----------------------------------------------------------------------------


def test_a_webhook_gets_start_failure_and_end_without_secrets(
    receiver: Callable[..., Receiver],
) -> None:
    server = receiver()
    scene = Scene()
    scene.webhook(f"http://ann:p%40ss@127.0.0.1:{server.port}/path?token=t#part")
    scene.fail_and_end()
    assert [post.json["event"] for post in server.posts] == ["start", "failure", "end"]
    assert {post.path for post in server.posts} == {"/path?token=t"}
    assert {post.headers["Authorization"] for post in server.posts} == {"Basic YW5uOnBAc3M="}
    start, failure, end = (post.json for post in server.posts)
    assert start["submission"]["id"] == "SUBMISSION_1"
    assert failure["job"]["error"] == {
        "kind": "raised",
        "type": "ValueError",
        "message": "no *** here",
        "traceback": "at ***",
    }
    assert failure["text"] == "s: task t failed: ValueError: no *** here"
    assert (end["text"], end["counts"]) == ("s: FAILED (1 failed)", {"FAILED": 1})
    assert scene.warnings == []


def test_a_webhook_that_answers_late_with_success_is_no_trouble(
    receiver: Callable[..., Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "_PAUSES", (0.0, 0.0))
    server = receiver(500, 503, 200)
    scene = Scene()
    scene.webhook(server.url)
    scene.fail_and_end()
    assert [post.json["event"] for post in server.posts] == ["start"] * 3 + ["failure", "end"]
    assert scene.warnings == []


@pytest.mark.parametrize(("code", "times"), [(500, 5), (404, 3), (302, 3)])
def test_a_webhook_that_refuses_is_told_once_without_its_address(
    receiver: Callable[..., Receiver], code: int, times: int
) -> None:
    server = receiver(code)
    scene = Scene()
    scene.webhook(f"{server.url}/secret")
    scene.fail_and_end()
    assert len(server.posts) == times
    (warning,) = scene.warnings
    assert f"HTTP {code}" in warning
    assert f"{server.url}/***" in warning
    assert "secret" not in warning


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1:1/secret", "refused"),
        ("http://no-such-host.invalid/secret", ""),
        ("https://user:secret@127.0.0.1:1/", "refused"),
    ],
)
def test_a_webhook_that_is_not_there_is_told_once(url: str, why: str) -> None:
    scene = Scene()
    scene.webhook(url)
    scene.fail_and_end()
    (warning,) = scene.warnings
    assert why in warning
    assert "secret" not in warning


def test_a_webhook_that_never_answers_delays_the_end_by_a_bound(
    receiver: Callable[..., Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "_LAST_SECONDS", 0.2)
    server = receiver(hold=True)
    scene = Scene()
    scene.webhook(server.url)
    begin = time.monotonic()
    scene.fail_and_end()
    assert time.monotonic() - begin < 3
    (warning,) = scene.warnings
    assert "not delivered in time" in warning


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("https://hooks.example/T0/B0?x=1", None),
        ("http://[::1]:8080/", None),
        ("https://user:p%40ss@host/x", None),
        ("ftp://host/secret", "https://HOST/PATH"),
        ("hooks.example/secret", "https://HOST/PATH"),
        ("https:///secret", "https://HOST/PATH"),
        ("", "https://HOST/PATH"),
        ("https://host:99999/secret", "host or port"),
        ("https://[::1/secret", "host or port"),
        ("https://host/se cret", "no spaces"),
        ("https://host/se\ncret", "no spaces"),
        ("https://host/sécret", "ASCII"),
        ("https://host/ENV[SECRET]", "whole address"),
    ],
)
def test_a_wrong_address_is_told_without_it(url: str, wrong: str | None) -> None:
    found = wrong_address(url)
    if wrong is None:
        assert found is None
    else:
        assert found is not None
        assert wrong in found
        assert "secret" not in found


def test_only_scheme_and_host_of_an_address_are_shown() -> None:
    assert shown_address("https://u:p@host:8/path?q") == "https://host:8/***"
