"""Retries, and cancels at every moment: F31 and F36."""

from __future__ import annotations

import itertools
import os
import random
import signal
import time
from collections.abc import Sequence

import pytest
from cluster_support import kill_tree
from command_support import Result, wait_until
from modes import ALL, APART, InMode, in_modes

DELAY = 0.3
GATED = {"t": ("gate()\nreturn 1", [], ["a"]), "u": ("return 1", ["a"], ["b"])}


def flaky(fails: int, how: str = "raise ConnectionError('not yet')") -> str:
    """The body of a job that fails so often and then works."""
    return f"if count('flaky') <= {fails}:\n    {how}\nreturn 7"


def begins(place: InMode, task: str) -> list[float]:
    """When the attempts of a task began, by the clock that all processes share."""
    lines = [line.split() for line in place.app.ledger()]
    return [float(line[3]) for line in lines if line[0] == "begin" and line[2] == task]


def status_of(place: InMode, task: str) -> str:
    """`STATUS reason` of a task in the only submission; empty while there is none."""
    found = place.run("status", "--json").json["submissions"]
    if not found:
        return ""
    job = place.app.status(found[0]["id"]).job(task)
    return f"{job['status']} {job['reason']}"


@pytest.mark.once
@in_modes(*ALL)
@pytest.mark.parametrize("fails", [1, 3])
def test_f36_a_job_that_fails_and_then_works(place: InMode, fails: int) -> None:
    place.graph(
        {"flaky": (flaky(fails), [], ["a"]), "after": ("return 1", ["a"], ["b"])},
        extra={"flaky": f"retries = 3\nretry_delay = {DELAY}"},
    )
    result = place.submit()
    assert result.code == 0, result.err
    assert result.job("flaky")["attempt"] == fails + 1
    assert result.job("after")["attempt"] == 1
    assert place.value("a") == 7
    times = begins(place, "flaky")
    for number, (one, other) in enumerate(itertools.pairwise(times)):
        wait = other - one
        assert DELAY * 2**number <= wait <= DELAY * 2**number * 1.25 + 2.0, (number, wait)
    place.has_run(result)


@pytest.mark.once
@in_modes(*ALL)
def test_f36_after_the_last_attempt_it_has_failed_and_what_follows_is_abandoned(
    place: InMode,
) -> None:
    place.graph(
        {
            "flaky": (flaky(99), [], ["a"]),
            "after": ("return 1", ["a"], ["b"]),
            "good": ("return 1", [], ["c"]),
        },
        extra={"flaky": "retries = 2\nretry_delay = 0.1"},
    )
    result = place.submit()
    assert result.code == 1
    job = result.job("flaky")
    assert (job["status"], job["reason"], job["attempt"]) == ("FAILED", "raised", 3)
    assert "not yet" in job["error"]["message"]
    assert result.statuses()["after"] == "ABANDONED"
    assert result.statuses()["good"] == "COMPLETED"
    place.has_run(result)


@pytest.mark.representative
@pytest.mark.once
@in_modes(*APART)
def test_f36_an_attempt_that_dies_counts_as_one_that_raises(place: InMode) -> None:
    how = "os.kill(os.getpid(), 9) if count('flaky') == 1 else sys.exit('no')"
    place.graph(
        {"flaky": (flaky(2, how), [], ["a"])},
        extra={"flaky": "retries = 3\nretry_delay = 0.1"},
    )
    result = place.submit()
    assert result.code == 0, result.out
    assert result.job("flaky")["attempt"] == 3
    place.has_run(result)


# -- cancel -------------------------------------------------------------------------------


def canceled(place: InMode, result: Result, task: str, followers: Sequence[str] = ()) -> None:
    """The task is CANCELED for good, and none of its outputs is there."""
    assert result.code == 4, result.out
    assert result.statuses()[task] == "CANCELED"
    for follower in followers:
        assert result.statuses()[follower] in ("CANCELED", "ABANDONED")
    place.app.open_gate()
    again = place.app.status(result.json["submission"]["id"])
    assert again.statuses() == result.statuses()
    place.has_run(result)


@pytest.mark.once
@in_modes(*ALL)
@pytest.mark.parametrize("wanted", ["job", "submission"])
def test_f31_cancel_of_what_waits(place: InMode, wanted: str) -> None:
    place.graph(GATED)
    submit = place.submitting()
    place.app.begun()
    id = place.app.only_submission()
    job = place.app.status(id).job("u")["id"]
    assert place.run("cancel", job if wanted == "job" else id).code == 0
    if place.mode != "development":
        wait_until(lambda: place.app.status(id).job("u")["status"] in ("CANCELED", "ABANDONED"))
    # A job of development mode ends by itself, and nothing else is done meanwhile.
    place.app.open_gate()
    result = place.end(submit)
    stays = wanted == "job" or place.mode == "development"
    assert result.statuses()["t"] in (("COMPLETED",) if stays else ("CANCELED",))
    assert result.statuses()["u"] in ("CANCELED", "ABANDONED")
    assert result.code == (1 if result.statuses() == {"t": "COMPLETED", "u": "ABANDONED"} else 4)
    place.has_run(result)


@pytest.mark.representative
@pytest.mark.once
@in_modes(*APART)
def test_f31_cancel_of_what_runs(place: InMode) -> None:
    place.graph(GATED)
    submit = place.submitting()
    place.app.begun()
    job = place.app.status(place.app.only_submission()).job("t")["id"]
    assert place.run("cancel", job).code == 0
    canceled(place, place.end(submit), "t", ["u"])


@pytest.mark.once
@in_modes(*ALL)
def test_f31_cancel_in_the_wait_for_the_next_attempt(place: InMode) -> None:
    place.graph(
        {"flaky": (flaky(1), [], ["a"]), "after": ("return 1", ["a"], ["b"])},
        extra={"flaky": "retries = 3\nretry_delay = 60"},
    )
    submit = place.submitting()
    wait_until(lambda: status_of(place, "flaky") == "PENDING retried")
    job = place.app.status(place.app.only_submission()).job("flaky")["id"]
    begin = time.monotonic()
    assert place.run("cancel", job).code == 0
    result = place.end(submit)
    assert time.monotonic() - begin < 15
    canceled(place, result, "flaky", ["after"])
    assert len(begins(place, "flaky")) == 1


@in_modes(*APART)
def test_f31_cancel_of_what_is_just_ending(place: InMode, chance: random.Random) -> None:
    """Either it was canceled or it is COMPLETED, and its data say the same."""
    place.graph({f"t{n}": ("time.sleep(0.3)\nreturn 1", [], [f"o{n}"]) for n in range(4)})
    submit = place.submitting()
    wait_until(lambda: place.app.ledger(), 30)
    id = place.app.only_submission()
    jobs = [job["id"] for job in place.app.status(id).json["jobs"]]
    cancels = [place.start("cancel", job) for job in chance.sample(jobs, len(jobs))]
    for cancel in cancels:
        # What has ended meanwhile cannot be canceled.
        assert place.end(cancel).code in (0, 2)
    result = place.end(submit)
    assert set(result.statuses().values()) <= {"COMPLETED", "CANCELED"}
    place.has_run(result)


@pytest.mark.once
@in_modes("cluster")
@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_f31_cancel_on_a_lost_worker(place: InMode, how: str) -> None:
    place.graph(GATED)
    submit = place.submitting()
    (pid,) = place.app.begun()
    (worker,) = place.workers
    if how == "killed":
        kill_tree(worker)
    else:
        os.kill(worker.pid, signal.SIGSTOP)
        os.kill(pid, signal.SIGSTOP)
    job = place.app.status(place.app.only_submission()).job("t")["id"]
    assert place.run("cancel", job).code == 0
    if how == "killed":
        place.worker()
    result = place.end(submit)
    if how == "frozen":
        os.kill(worker.pid, signal.SIGCONT)
        os.kill(pid, signal.SIGCONT)
    canceled(place, result, "t", ["u"])


@pytest.mark.once
@in_modes(*ALL)
def test_f31_cancel_of_what_an_interrupted_submission_left(place: InMode) -> None:
    place.graph(GATED)
    submit = place.submitting()
    place.app.begun()
    id = place.app.only_submission()
    kill_tree(submit)
    if place.mode != "cluster":
        place.app.nothing_runs()
    assert place.run("cancel", id).code == 0
    result = place.run("wait", id, "--json")
    canceled(place, result, "t", ["u"])
