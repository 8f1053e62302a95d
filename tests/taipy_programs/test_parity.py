"""The same program under Taipy's own dispatcher and under ours gives the same record."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from taipy_support import Program

Record = list[list[Any]]
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


# In one process, which makes the records once.
pytestmark = pytest.mark.xdist_group("parity")


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Record, Record]]:
    """What the recorded program saw of Taipy's dispatcher, and of ours."""
    folder = tmp_path_factory.mktemp("records")
    theirs, ours = Program(folder / "theirs"), Program(folder / "ours")
    for program in (theirs, ours):
        program.take("recorded")
    ours.enable()
    for program in (theirs, ours):
        result = program.python()
        assert result.code == 0, result.err
    assert not theirs.exists(".taipy-exec")
    assert ours.exists(".taipy-exec/state.db")
    yield theirs.read(), ours.read()
    for program in (theirs, ours):
        program.release()


def submissions(record: Record) -> dict[str, Any]:
    return {entry[1]: entry[2:] for entry in record if entry[0] == "submission"}


def told(record: Record, *kinds: str) -> dict[str, list[Any]]:
    """What was told of each task or data node, in order."""
    found: dict[str, list[Any]] = {}
    for entry in record:
        if entry[0] in kinds:
            subject = next(word for word in _subjects(entry) if word is not None)
            found.setdefault(subject, []).append(entry)
    return found


def _subjects(entry: list[Any]) -> list[Any]:
    at = {"callback": 1, "subscriber": 3, "event": 2}[entry[0]]
    return [entry[at], entry[1]]


def of_chains(record: Record, kind: str, about: str | None = None) -> Record:
    """What was told while jobs ran one after the other, because each needs the one before."""
    parts: list[Record] = [[]]
    for entry in record:
        if entry[0] == "submission":
            if entry[1] == "meeting":
                parts[-1].clear()
            parts.append([])
        elif entry[0] == kind and about in (None, entry[1]):
            parts[-1].append(entry)
    return [entry for part in parts for entry in part]


def without_ids(record: Record) -> Record:
    """Ids of entities are made anew in each run; here they are a word."""
    return json.loads(_UUID.sub("ID", json.dumps(record)))  # type: ignore[no-any-return]


def test_the_record_of_events_is_the_same(records: tuple[Record, Record]) -> None:
    theirs, ours = map(without_ids, records)
    assert submissions(theirs) == submissions(ours)
    assert [e for e in theirs if e[0] == "values"] == [e for e in ours if e[0] == "values"]
    # Where one job follows on the other, in one order.
    for kind in ("callback", "subscriber"):
        assert of_chains(theirs, kind) == of_chains(ours, kind)
    assert of_chains(theirs, "event", "SUBMISSION") == of_chains(ours, "event", "SUBMISSION")
    # Everywhere, of each task and data node, in its order.
    assert told(theirs, "callback", "subscriber") == told(ours, "callback", "subscriber")
    theirs_told, ours_told = told(theirs, "event"), told(ours, "event")
    # Taipy passes over every second job that could go on (docs/taipy.md): its submission is
    # BLOCKED once more.
    theirs_told.pop("SUBMISSION"), ours_told.pop("SUBMISSION")
    assert theirs_told == ours_told


def test_a_program_that_is_run_sees_the_same_without_a_line_of_ours(
    make_program: Callable[[str], Program], records: tuple[Record, Record]
) -> None:
    program = make_program("run")
    program.take("recorded")
    result = program.go("main.py")
    assert result.code == 0, result.err
    theirs, ours = without_ids(records[0]), without_ids(program.read())
    assert submissions(theirs) == submissions(ours)
    assert told(theirs, "callback", "subscriber") == told(ours, "callback", "subscriber")
