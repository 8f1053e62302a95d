"""Many commands at once on one application: F29 and F30."""

from __future__ import annotations

from collections import Counter

import pytest
from modes import ALL, APART, InMode, in_modes

pytestmark = pytest.mark.once

STEPS = {
    "t": ("time.sleep(0.2)\nreturn 1", [], ["a"]),
    "u": ("return inputs[0] + 1", ["a"], ["b"]),
    "v": ("return inputs[0] + inputs[1]", ["a", "b"], ["c"]),
}


@in_modes(*ALL)
@pytest.mark.parametrize("number", [2, 5])
def test_f29_submits_at_once_of_one_instance_run_one_after_the_other(
    place: InMode, number: int
) -> None:
    place.graph(STEPS)
    place.worker()
    submits = [place.start("submit", ".", "--json") for _ in range(number)]
    results = [place.end(submit, 120) for submit in submits]
    assert [result.code for result in results] == [0] * number, [r.err for r in results]
    assert len({result.json["submission"]["id"] for result in results}) == number
    lines = [line.split() for line in place.app.ledger()]
    assert [f"{line[0]} {line[2]}" for line in lines] == [
        f"{word} {task}" for task in "tuv" for word in ("begin", "end")
    ] * number
    assert place.value("c") == 3


@pytest.mark.representative
@in_modes(*ALL)
def test_f29_instances_of_their_own_do_not_wait_for_each_other(place: InMode) -> None:
    place.graph({"t": ("gate()\nreturn 1", [], ["a"])})
    place.worker()
    submits = [place.start("submit", ".", "--json", "--name", name) for name in ("one", "two")]
    place.app.begun(2)
    place.app.open_gate()
    assert [place.end(submit).code for submit in submits] == [0, 0]


COMMANDS = (
    ["status", "--json"],
    ["status", "{id}", "--json"],
    ["logs", "{id}", "--follow"],
    ["logs", "{id}"],
    ["cancel", "{job}"],
    ["history", "--json"],
    ["data", "list", ".", "--json"],
    ["wait", "{id}", "--json", "--timeout", "120"],
    ["report", "{id}", "-o", "-"],
    ["plan", ".", "--json"],
)


@in_modes(*APART)
def test_f30_fifty_commands_at_once_meet_no_lock(place: InMode) -> None:
    short = {f"n{n}": ("print('hello')\nreturn 1", [], [f"o{n}"]) for n in range(60)}
    canceled = {f"c{n}": ("return 1", ["g"], [f"p{n}"]) for n in range(5)}
    place.graph({"gated": ("print('waits')\ngate()\nreturn 1", [], ["g"]), **short, **canceled})
    submit = place.submitting()
    place.app.begun()
    id = place.app.only_submission()
    jobs = place.app.status(id)
    processes = []
    for n in range(50):
        words = [
            word.format(id=id, job=jobs.job(f"c{n // len(COMMANDS)}")["id"])
            for word in COMMANDS[n % len(COMMANDS)]
        ]
        processes.append((words, place.start(*words)))
    patient = [(words, process) for words, process in processes if _waits(words)]
    for words, process in processes:
        if not _waits(words):
            result = place.end(process, 120)
            assert result.code == 0, (words, result.err)
            assert "locked" not in result.err
            assert "Traceback" not in result.err
    place.app.open_gate()
    result = place.end(submit, 120)
    assert result.code == 4
    assert Counter(result.statuses().values()) == {"COMPLETED": 61, "CANCELED": 5}
    for words, process in patient:
        ended = place.end(process, 120)
        assert ended.code == (4 if words[0] == "wait" else 0), (words, ended.err)
        assert "locked" not in ended.err
        if words[0] == "logs":
            assert ended.out.count("hello") == 60
    place.has_run(result)


def _waits(words: list[str]) -> bool:
    return words[0] == "wait" or "--follow" in words
