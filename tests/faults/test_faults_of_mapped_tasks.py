"""Tasks with `map`: one job per element, whatever becomes of the elements and of who runs them."""

from __future__ import annotations

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
