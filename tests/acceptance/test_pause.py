"""`pause` and `continue`: from another terminal, in every mode, over a restart."""

from __future__ import annotations

import pytest
from cluster_support import Cluster
from command_support import Application, wait_until

from taipy_exec.model.job import short_id
from tools.private_broker import PrivateBroker

CHAIN = {
    "t": ("flow.gated", [], ["a"]),
    "u": ("flow.work", ["a"], ["b"]),
    "v": ("flow.work", ["b"], ["c"]),
}
MODES = pytest.mark.parametrize("mode", ["development", "standalone"])


def ended(app: Application, id: str, task: str) -> bool:
    return app.status(id).statuses()[task] == "COMPLETED"


@pytest.mark.one_variant
@MODES
def test_what_runs_ends_and_nothing_more_starts_until_continue(app: Application, mode: str) -> None:
    app.graph(CHAIN, mode=mode)
    submit = app.start("submit", ".", "--json")
    app.begun()
    id = app.only_submission()
    paused = app.run("pause", id)
    assert (paused.code, paused.out) == (0, "")
    assert (
        f"{short_id(id)} is paused. Continue it: taipy-exec continue {short_id(id)}" in paused.err
    )
    assert app.status(id).json["submission"]["paused"] is True
    assert "(paused)" in app.run("status").out
    app.open_gate()
    wait_until(lambda: ended(app, id, "t"))
    with pytest.raises(AssertionError):
        wait_until(lambda: app.status(id).statuses()["u"] != "PENDING", 1.0)
    assert submit.poll() is None
    assert app.run("continue", id).code == 0
    result = app.end(submit)
    assert result.code == 0, result.err
    assert set(result.statuses().values()) == {"COMPLETED"}
    assert "paused" not in result.json["submission"]
    name = short_id(id)
    assert f"{name} is paused. Continue it: taipy-exec continue {name}" in result.err


@MODES
def test_a_paused_submission_can_be_canceled(app: Application, mode: str) -> None:
    app.graph(CHAIN, mode=mode)
    submit = app.start("submit", ".", "--json")
    app.begun()
    id = app.only_submission()
    app.run("pause", id)
    app.open_gate()
    wait_until(lambda: ended(app, id, "t"))
    assert app.run("cancel", id).code == 0
    result = app.end(submit)
    assert result.code == 4, result.err
    assert result.statuses() == {"t": "COMPLETED", "u": "CANCELED", "v": "CANCELED"}


def test_a_pause_outlives_the_coordinator(app: Application) -> None:
    app.graph(CHAIN)
    submit = app.start("submit", ".")
    app.begun()
    id = app.only_submission()
    app.run("pause", id)
    submit.kill()
    submit.wait(10)
    app.open_gate()
    resume = app.start("resume", id, "--json")
    wait_until(lambda: app.status(id).job("t")["status"] == "PENDING")
    with pytest.raises(AssertionError):
        wait_until(lambda: ended(app, id, "t"), 1.0)
    app.run("continue", id)
    assert app.end(resume).code == 0


def test_another_submission_is_not_paused_with_it(app: Application) -> None:
    app.graph(CHAIN)
    submit = app.start("submit", ".", "--name", "one", "--json")
    app.begun()
    id = app.only_submission()
    app.run("pause", id)
    app.open_gate()
    assert app.run("submit", ".", "--name", "two").code == 0
    app.run("continue", id)
    assert app.end(submit).code == 0


def test_pause_and_continue_of_what_has_ended_are_wrong_use(app: Application) -> None:
    app.graph({"t": ("flow.work", [], ["a"])})
    assert app.run("submit", ".").code == 0
    id = app.only_submission()
    for word in ("pause", "continue"):
        result = app.run(word, id)
        assert result.code == 2
        assert f"{short_id(id)} has ended (COMPLETED): there is nothing to {word}" in result.err
    assert app.run("pause", "SUBMISSION_nothing").code == 8


@pytest.mark.long
def test_in_a_cluster_what_is_queued_waits_too(
    app: Application, broker: PrivateBroker, broker_url: str
) -> None:
    cluster = Cluster(app, broker, broker_url)
    tasks = {f"t{n}": ("flow.gated", [], [f"d{n}"]) for n in range(6)}
    cluster.graph(tasks)
    worker = cluster.worker()
    submit = cluster.submit()
    app.begun()
    id = app.only_submission()
    assert cluster.run("pause", id).code == 0
    # The worker hears of it before the job that it runs has ended.
    wait_until(lambda: cluster.run("status", id, "--json").json["submission"].get("paused"))
    with pytest.raises(AssertionError):
        wait_until(lambda: len(app.ledger()) > 1, 1.0)
    app.open_gate()
    wait_until(lambda: len(app.ledger()) >= 2)
    with pytest.raises(AssertionError):
        wait_until(lambda: len(app.ledger()) > 2, 1.5)
    other = cluster.worker()
    with pytest.raises(AssertionError):
        wait_until(lambda: len(app.ledger()) > 2, 2.0)
    assert cluster.run("continue", id).code == 0
    result = cluster.end(submit)
    assert result.code == 0, result.err
    assert cluster.attempts(result) == dict.fromkeys(tasks, 1)
    assert len(app.ledger()) == 12
    cluster.leave(worker)
    cluster.leave(other)
    cluster.nothing_is_left()


def test_what_was_paused_and_continued_without_a_coordinator_goes_on_in_a_cluster(
    app: Application, broker: PrivateBroker, broker_url: str
) -> None:
    cluster = Cluster(app, broker, broker_url)
    cluster.graph({"t": ("flow.gated", [], ["a"]), "u": ("flow.work", ["a"], ["b"])})
    worker = cluster.worker()
    submit = cluster.submit()
    app.begun()
    id = app.only_submission()
    cluster.run("pause", id)
    app.open_gate()
    wait_until(lambda: cluster.run("status", id, "--json").statuses()["t"] == "COMPLETED")
    submit.kill()
    submit.wait(10)
    assert cluster.run("continue", id).code == 0
    result = cluster.run("resume", id, "--json", timeout=30)
    assert result.code == 0, result.err
    cluster.leave(worker)
    cluster.nothing_is_left()


def test_in_a_cluster_a_paused_submission_does_not_keep_a_pool_full(
    app: Application, broker: PrivateBroker, broker_url: str
) -> None:
    cluster = Cluster(app, broker, broker_url)
    cluster.graph({"t": ("flow.work", [], ["a"])}, job="[JOB.pools]\ngpu = 1")
    text = (app.folder / "config.toml").read_text()
    app.config(text.replace("[TASK.t]", '[TASK.t]\npool = "gpu"'))
    first = cluster.submit("--name", "one")
    wait_until(lambda: len(app.run("status", "--json").json["submissions"]) == 1)
    id = app.only_submission()
    wait_until(lambda: cluster.run("status", id, "--json").statuses()["t"] == "PENDING")
    cluster.run("pause", id)
    worker = cluster.worker()
    result = cluster.end(cluster.submit("--name", "two"), 30)
    assert result.code == 0, result.err
    cluster.run("continue", id)
    assert cluster.end(first).code == 0
    cluster.leave(worker)
    cluster.nothing_is_left()
