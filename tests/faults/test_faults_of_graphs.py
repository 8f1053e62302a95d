"""Graphs of every shape, with failures anywhere in them: F35."""

from __future__ import annotations

import random
import time

import pytest
from modes import ALL, InMode, Tasks, in_modes

DIAMOND: Tasks = {
    "top": ("return 1", [], ["a"]),
    "left": ("return inputs[0] + 1", ["a"], ["b"]),
    "right": ("return inputs[0] * 10", ["a"], ["c"]),
    "bottom": ("return sum(inputs)", ["b", "c"], ["d"]),
}
CHAIN = {"development": 10_000, "standalone": 10_000, "cluster": 2_000}


@pytest.mark.representative
@pytest.mark.once
@in_modes(*ALL)
@pytest.mark.parametrize("bad", ["", "top", "left", "bottom"])
def test_f35_a_diamond(place: InMode, bad: str) -> None:
    tasks = dict(DIAMOND)
    if bad:
        tasks[bad] = ("raise ValueError('bad')", *tasks[bad][1:])
    place.graph(tasks)
    result = place.submit()
    wanted = dict.fromkeys(tasks, "COMPLETED")
    if bad:
        wanted[bad] = "FAILED"
        wanted |= {"bottom": "ABANDONED"} if bad != "bottom" else {}
        wanted |= {"left": "ABANDONED", "right": "ABANDONED"} if bad == "top" else {}
    else:
        assert place.value("d") == 12
    assert result.statuses() == wanted
    place.has_run(result)


@in_modes(*ALL)
def test_f35_one_before_a_thousand_with_failures_anywhere(
    place: InMode, chance: random.Random
) -> None:
    bad = {1, 500, 1000, *chance.sample(range(1, 1001), 5)}
    # Failures stop what follows them and nothing else.
    follow = {*bad, *chance.sample(range(1, 1001), 20)}
    tasks: dict[str, tuple[str, list[str], list[str]]] = {"root": ("return 1", [], ["r"])}
    for n in range(1, 1001):
        body = "raise ValueError('bad')" if n in bad else f"return {n}"
        tasks[f"t{n}"] = (body, ["r"], [f"o{n}"])
    for n in follow:
        tasks[f"f{n}"] = ("return 1", [f"o{n}"], [f"p{n}"])
    tasks["all"] = ("return 1", [f"o{n}" for n in range(1, 1001)], ["z"])
    place.graph(tasks)
    result = place.submit(timeout=300)
    assert result.code == 1
    statuses = result.statuses()
    assert statuses.pop("root") == "COMPLETED"
    assert statuses.pop("all") == "ABANDONED"
    for name, status in statuses.items():
        is_bad = int(name[1:]) in bad
        failed = "FAILED" if name.startswith("t") else "ABANDONED"
        assert status == (failed if is_bad else "COMPLETED"), name
    place.has_run(result)


@pytest.mark.once
@in_modes(*ALL)
def test_f35_a_long_chain(place: InMode) -> None:
    length = CHAIN[place.mode]
    tasks: Tasks = {
        f"t{n}": (
            "return inputs[0] + 1" if n else "return 1",
            [f"d{n - 1}"] if n else [],
            [f"d{n}"],
        )
        for n in range(length)
    }
    place.graph(tasks)
    begin = time.monotonic()
    result = place.submit(timeout=400)
    assert set(result.statuses().values()) == {"COMPLETED"}, result.err[-2000:]
    assert place.value(f"d{length - 1}") == length
    print(f"{place.mode}: {length} jobs in a row in {time.monotonic() - begin:.1f} s")
    place.has_run(result)


@pytest.mark.once
@in_modes(*ALL)
def test_f35_a_cycle_is_refused_with_its_tasks(place: InMode) -> None:
    tasks = dict(DIAMOND)
    tasks["top"] = ("return 1", ["d"], ["a"])
    place.graph(tasks)
    for command in (["check"], ["submit", ".", "--json"]):
        result = place.run(*command)
        assert result.code == 3
        assert "Traceback" not in result.err
        told = result.out + result.err
        assert "cycle" in told
        assert all(name in told for name in ("top", "bottom"))
    assert not place.app.exists(".taipy-exec/state.db")
    assert place.app.ledger() == []


@pytest.mark.once
@in_modes(*ALL)
def test_f35_two_writers_of_one_node_run_one_after_the_other(place: InMode) -> None:
    place.graph(
        {
            "one": ("time.sleep(0.3)\nreturn 1", [], ["a"]),
            "two": ("time.sleep(0.3)\nreturn 2", [], ["a"]),
            "use": ("return inputs[0]", ["a"], ["b"]),
        }
    )
    checked = place.run("check")
    assert checked.code == 0
    assert all(word in checked.out + checked.err for word in ("warning", "'a'", "one", "two"))
    result = place.submit()
    assert result.code == 0, result.err
    lines = [line.split() for line in place.app.ledger()]
    assert [f"{line[0]} {line[2]}" for line in lines] == [
        "begin one",
        "end one",
        "begin two",
        "end two",
        "begin use",
        "end use",
    ]
    assert place.value("b") == 2


@pytest.mark.once
@in_modes(*ALL)
def test_f35_a_missing_input_is_named_and_blocks_its_followers_only(place: InMode) -> None:
    place.graph(
        {
            "t": ("return inputs[0]", ["given"], ["a"]),
            "u": ("return inputs[0]", ["a"], ["b"]),
            "v": ("return 1", [], ["c"]),
        }
    )
    result = place.submit()
    assert result.code == 3
    assert result.statuses() == {"t": "BLOCKED", "u": "BLOCKED", "v": "COMPLETED"}
    assert "given" in result.err
    assert place.run("data", "write", ".", "given", "5").code == 0
    result = place.submit()
    assert result.code == 0, result.err
    assert place.value("b") == 5
    place.has_run(result)


@pytest.mark.once
@in_modes(*ALL)
def test_f35_an_empty_graph_is_told_and_is_no_failure(place: InMode) -> None:
    place.graph({"t": ("return 1", [], ["a"])})
    path = place.app.folder / "config.toml"
    path.write_text(path.read_text().replace('tasks = ["t:SECTION"]', "tasks = []"))
    result = place.submit()
    assert result.code == 0, result.err
    assert "no tasks" in result.err
    assert place.app.ledger() == []
