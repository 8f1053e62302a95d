"""Tasks with `map`: one job per element, whatever becomes of the elements and of who runs them."""

from __future__ import annotations

import json
import pickle
import signal

import pytest
from command_support import wait_until
from modes import ALL, APART, InMode, in_modes

pytestmark = pytest.mark.once

FIT = "region, factor = inputs\n"


def mapped(place: InMode, body: str, *, given: str = "[0, 1, 2, 3]", more: str = "") -> None:
    """`names` gives a list, `fit` maps over it, `total` reads the results."""
    tasks = {
        "names": (f"return {given}", [], ["regions"]),
        "base": ("return 10", [], ["factor"]),
        "fit": (FIT + body, ["regions", "factor"], ["fits"]),
        "total": ("return sum(inputs[0])", ["fits"], ["sum"]),
    }
    place.graph(tasks, extra={"fit": f'map = "regions"\n{more}'}, workers=2)


def runs(place: InMode) -> int:
    return sum(line.startswith("begin fit") for line in begun(place))


def begun(place: InMode) -> list[str]:
    ledger = place.app.folder / "ledger"
    lines = ledger.read_text().splitlines() if ledger.exists() else []
    return [f"{word} {name}" for word, _, name, _ in map(str.split, lines)]


@in_modes(*ALL)
def test_the_results_are_collected_in_order(place: InMode) -> None:
    mapped(place, "time.sleep(0.02 * (4 - region))\nreturn region * factor")
    result = place.submit()
    assert result.code == 0, result.err
    assert [job["task"] for job in result.json["jobs"]] == [
        *("names", "base", "fit.split", "fit.0", "fit.1", "fit.2", "fit.3", "fit", "total"),
    ]
    assert set(result.statuses().values()) == {"COMPLETED"}
    assert place.value("fits") == [0, 10, 20, 30]
    assert place.value("sum") == 60
    assert runs(place) == 4


@in_modes(*ALL)
def test_an_empty_list_gives_an_empty_list(place: InMode) -> None:
    mapped(place, "return 1", given="[]")
    result = place.submit()
    assert result.code == 0, result.err
    assert place.value("fits") == []
    assert place.value("sum") == 0


@in_modes(*ALL)
def test_one_element_is_retried_and_the_others_are_not(place: InMode) -> None:
    body = "if region == 2 and count('fit') < 5: raise OSError('flaky')\nreturn region * factor"
    mapped(place, body, more="retries = 5\nretry_delay = 0")
    result = place.submit()
    assert result.code == 0, result.err
    assert place.value("fits") == [0, 10, 20, 30]
    attempts = {job["task"]: job["attempt"] for job in result.json["jobs"]}
    assert attempts.pop("fit.2") > 1
    assert set(attempts.values()) == {1}


@pytest.mark.representative
@in_modes(*ALL)
def test_retry_runs_the_element_that_failed_and_what_waits_for_it(place: InMode) -> None:
    body = "if region == 2 and not os.path.exists('fixed'): raise ValueError('bad')\nreturn region"
    mapped(place, body)
    result = place.submit()
    assert result.code == 1
    statuses = result.statuses()
    assert (statuses["fit.2"], statuses["fit"], statuses["total"]) == (
        *("FAILED", "ABANDONED", "ABANDONED"),
    )
    assert statuses["fit.3"] == "COMPLETED"
    (place.app.folder / "fixed").touch()
    again = place.run("retry", result.json["submission"]["id"], "--json")
    assert again.code == 0, again.err
    assert again.statuses() == {
        "fit.split": "COMPLETED",
        "fit.0": "SKIPPED",
        "fit.1": "SKIPPED",
        "fit.2": "COMPLETED",
        "fit.3": "SKIPPED",
        "fit": "COMPLETED",
        "total": "COMPLETED",
    }
    assert place.value("fits") == [0, 1, 2, 3]
    assert runs(place) == 5
    assert place.run("retry", result.json["submission"]["id"]).code == 2


@in_modes(*ALL)
def test_a_skippable_task_runs_only_the_elements_that_are_new(place: InMode) -> None:
    given = "[int(n) for n in open('list').read().split()]"
    mapped(place, "return region * factor", given=given)
    # By time, what `base` writes again would be new for every element.
    config = place.app.folder / "config.toml"
    names, base, rest = config.read_text().partition("[TASK.base]")
    config.write_text(names + base + rest.replace("skippable = false", "skippable = true"))
    (place.app.folder / "list").write_text("1 2 3")
    assert place.submit().code == 0
    (place.app.folder / "list").write_text("1 5 3 4")
    result = place.submit()
    assert result.code == 0, result.err
    statuses = result.statuses()
    assert {name: statuses[f"fit.{name}"] for name in range(4)} == {
        0: "SKIPPED",
        1: "COMPLETED",
        2: "SKIPPED",
        3: "COMPLETED",
    }
    assert place.value("fits") == [10, 50, 30, 40]
    (place.app.folder / "list").write_text("1 5")
    assert place.submit().code == 0
    assert place.value("fits") == [10, 50]
    last = place.submit()
    assert last.statuses()["fit"] == "SKIPPED"


@in_modes(*ALL)
def test_a_value_that_is_no_list_fails_the_split_with_advice(place: InMode) -> None:
    mapped(place, "return 1", given="{'a': 1}")
    result = place.submit()
    assert result.code == 1
    error = result.job("fit.split")["error"]
    assert "holds a dict: store list(value.items())" in error["message"]
    assert result.statuses()["fit"] == "ABANDONED"
    assert runs(place) == 0


@in_modes(*APART)
def test_elements_survive_the_death_of_the_submitter(place: InMode) -> None:
    mapped(place, "if region == 3: gate()\nreturn region * factor")
    submit = place.submitting()
    wait_until(lambda: runs(place) == 4, 30, "started every element")
    submit.send_signal(signal.SIGKILL)
    submit.wait(10)
    place.app.open_gate()
    result = place.run("resume", "--json", timeout=60)
    assert result.code == 0, result.err
    assert place.value("fits") == [0, 10, 20, 30]
    assert set(result.statuses().values()) == {"COMPLETED"}
    assert runs(place) <= 4 + sum(job["attempt"] - 1 for job in result.json["jobs"])


@in_modes(*APART)
def test_an_element_whose_process_dies_fails_alone(place: InMode) -> None:
    mapped(place, "if region == 1: os._exit(3)\nreturn region")
    result = place.submit()
    assert result.code == 1
    statuses = result.statuses()
    assert (statuses["fit.1"], statuses["fit.2"]) == ("FAILED", "COMPLETED")


@in_modes(*APART)
def test_cancel_ends_all_elements(place: InMode) -> None:
    mapped(place, "gate()\nreturn region")
    submit = place.submitting()
    wait_until(lambda: runs(place) == 2, 30, "started two elements")
    assert place.run("cancel").code == 0
    result = place.end(submit)
    assert result.code == 4
    statuses = result.statuses()
    assert {statuses[f"fit.{n}"] for n in range(4)} == {"CANCELED"}


@in_modes(*APART)
def test_cancel_of_the_task_ends_its_elements_and_no_other_task(place: InMode) -> None:
    tasks = {
        "names": ("return [0, 1, 2, 3]", [], ["regions"]),
        "fit": ("gate()\nreturn inputs[0]", ["regions"], ["fits"]),
        "total": ("return 1", ["fits"], ["sum"]),
        "other": ("return 1", ["regions"], ["one"]),
    }
    place.graph(tasks, extra={"fit": 'map = "regions"\npriority = 1'}, workers=3)
    place.worker(concurrency=3)
    submit = place.submitting()
    wait_until(lambda: runs(place) >= 2, 30, "started two elements")
    assert place.run("cancel", "fit").code == 0
    result = place.end(submit)
    statuses = result.statuses()
    assert {statuses[f"fit.{n}"] for n in range(4)} | {statuses["fit"]} == {"CANCELED"}
    assert (statuses["total"], statuses["other"]) == ("ABANDONED", "COMPLETED")


# -- sweeps whose combinations have a mapped task in common ----------------------------------


def shared_map(place: InMode, body: str) -> None:
    """`fit` maps over a list, and all combinations of `window` share its results."""
    tasks = {
        "names": ("return [1, 2, 3]", [], ["regions"]),
        "fit": (body, ["regions"], ["fits"]),
        "use": (
            "fits, window = inputs\nreturn [window * fit for fit in fits]",
            ["fits", "window"],
            ["result"],
        ),
    }
    place.graph(tasks, extra={"fit": 'map = "regions"'}, data={"window": 1})
    config = place.app.folder / "config.toml"
    text = config.read_text()
    for name in ("regions", "fits"):
        text = text.replace(
            f"[DATA_NODE.{name}]\n", f'[DATA_NODE.{name}]\nscope = "GLOBAL:SCOPE"\n'
        )
    config.write_text(text)


def results(place: InMode) -> set[str]:
    values = (place.app.folder / "user_data" / "pickles").glob("DATANODE_result_*-*")
    return {str(pickle.loads(path.read_bytes())) for path in values}


@pytest.mark.representative
@in_modes(*APART)
def test_a_killed_sweep_with_a_shared_mapped_task_is_resumed(place: InMode) -> None:
    shared_map(place, "gate()\nreturn inputs[0]")
    submit = place.submitting("--sweep", "window=1,2,3")
    wait_until(lambda: runs(place) == 2, 30, "started two elements")
    submit.send_signal(signal.SIGKILL)
    submit.wait(10)
    place.app.open_gate()
    result = place.run("submit", ".", "--sweep", "window=1,2,3", "--json", timeout=60)
    assert result.code == 0, result.err
    assert results(place) == {"[1, 2, 3]", "[2, 4, 6]", "[3, 6, 9]"}
    assert runs(place) <= 5, "each element ran once, and again only if its process was lost"


@in_modes(*APART)
def test_one_combination_of_a_killed_sweep_is_resumed_alone(place: InMode) -> None:
    shared_map(place, "gate()\nreturn inputs[0]")
    submit = place.submitting("--sweep", "window=1,2")
    wait_until(lambda: runs(place) == 2, 30, "started two elements")
    submit.send_signal(signal.SIGKILL)
    submit.wait(10)
    place.app.open_gate()
    rows = json.loads(place.run("status", "--json").out)["submissions"]
    ids = {row["name"]: row["id"] for row in rows}
    for name in ("window=2", "window=1"):
        result = place.run("resume", ids[name], "--json", timeout=60)
        assert result.code == 0, result.err
    assert results(place) == {"[1, 2, 3]", "[2, 4, 6]"}


@in_modes(*APART)
def test_another_combination_goes_on_when_the_one_that_does_the_work_is_canceled(
    place: InMode,
) -> None:
    shared_map(place, "gate()\nreturn inputs[0]")
    submit = place.submitting("--sweep", "window=1,2")
    wait_until(lambda: runs(place) == 2, 30, "started two elements")
    rows = json.loads(place.run("status", "--json").out)["submissions"]
    works = next(row["id"] for row in rows if row["status"] == "RUNNING")
    assert place.run("cancel", works).code == 0
    place.app.open_gate()
    place.end(submit)
    ends = {
        row["id"]: row["status"]
        for row in json.loads(place.run("status", "--json").out)["submissions"]
    }
    assert ends.pop(works) == "CANCELED"
    assert set(ends.values()) == {"COMPLETED"}
    assert len(results(place)) == 1
