"""Tasks with `retries`: exact numbers of attempts, what is told of them, and cancel in between."""

from __future__ import annotations

import pytest
from cluster_support import Cluster
from command_support import Application, wait_until

from tools.private_broker import PrivateBroker

STEPS = """
def flaky():
    note("run")
    if len(open("ledger").read().split()) < 3:
        raise ConnectionError("not there yet")
    return 7

def follow(a):
    return a + 1
"""
CONFIG = """
[JOB]
mode = "{mode}"
{job}
[DATA_NODE.a]
[DATA_NODE.b]
[TASK.flaky]
function = "steps.flaky:function"
outputs = ["a"]
retries = {retries}
retry_delay = {delay}
[TASK.follow]
function = "steps.follow:function"
inputs = ["a"]
outputs = ["b"]
[SCENARIO.s]
tasks = ["flaky", "follow"]
"""


def configure(
    app: Application, mode: str, *, retries: object = 2, delay: object = 0.05, job: str = ""
) -> None:
    app.module("steps", STEPS)
    app.config(CONFIG.format(mode=mode, retries=retries, delay=delay, job=job))


@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_a_job_that_fails_twice_completes_at_the_third_attempt(app: Application, mode: str) -> None:
    configure(app, mode)
    result = app.run("submit", ".", "--json")
    assert result.code == 0, result.err
    assert result.job("flaky")["attempt"] == 3
    assert result.job("flaky")["error"] is None
    assert result.job("follow")["attempt"] == 1
    assert app.ledger() == ["run"] * 3
    log = app.run("logs", result.job("flaky")["id"]).out
    assert "attempt 1 failed, the next one follows in" in log
    assert "attempt 2 failed" in log
    assert "ConnectionError: not there yet" in log


def test_in_cluster_mode_too(app: Application, broker: PrivateBroker, broker_url: str) -> None:
    configure(app, "cluster")
    cluster = Cluster(app, broker, broker_url)
    worker = cluster.worker()
    result = cluster.end(cluster.submit())
    assert result.code == 0, result.err
    assert cluster.attempts(result) == {"flaky": 3, "follow": 1}
    assert app.ledger() == ["run"] * 3
    cluster.leave(worker)
    cluster.nothing_is_left()


@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_after_the_last_attempt_it_is_failed(app: Application, mode: str) -> None:
    configure(app, mode, retries=1)
    result = app.run("submit", ".", "--json")
    assert result.code == 1
    flaky = result.job("flaky")
    assert (flaky["status"], flaky["reason"], flaky["attempt"]) == ("FAILED", "raised", 2)
    assert result.job("follow")["status"] == "ABANDONED"
    assert app.ledger() == ["run"] * 2


def test_a_job_can_be_canceled_while_it_waits_for_its_next_attempt(app: Application) -> None:
    configure(app, "standalone", delay=60)
    submit = app.start("submit", ".", "--json")

    def waiting() -> str:
        found = app.run("status", "--json").json["submissions"]
        jobs = app.run("status", found[0]["id"], "--json").json["jobs"] if found else []
        retried = [job for job in jobs if job["reason"] == "retried"]
        return found[0]["id"] if retried else ""

    id = wait_until(waiting)
    assert app.run("cancel", id).code == 0
    result = app.end(submit)
    assert result.code == 4
    assert result.statuses() == {"flaky": "CANCELED", "follow": "CANCELED"}
    assert app.ledger() == ["run"]


def test_an_interrupted_wait_is_carried_on(app: Application) -> None:
    configure(app, "standalone", delay=60)
    submit = app.start("submit", ".")
    wait_until(lambda: "retried" in app.run("status", "--json", "SUBMISSION_").out)
    submit.kill()
    submit.wait(10)
    configure(app, "standalone", delay=60)
    resume = app.start("resume", "--json")
    wait_until(lambda: app.ledger() == ["run"] * 2)
    resume.terminate()
    app.end(resume)


@pytest.mark.parametrize(
    ("retries", "delay", "key"),
    [(-1, 1, "retries"), ("true", 1, "retries"), (1, -1, "retry_delay")],
)
def test_numbers_that_make_no_sense_are_errors(
    app: Application, retries: object, delay: object, key: str
) -> None:
    configure(app, "development", retries=retries, delay=delay)
    result = app.run("check", ".")
    assert result.code == 3
    assert f"{key}: must be a" in result.out + result.err
