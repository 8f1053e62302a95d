"""Entities made in one process and used in another: what Taipy gives, taipy_exec gives too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from taipy_support import Program

Record = dict[str, Any]
PRODUCTS = ("taipy", "taipy_exec")
# What docs/python.md says is not there: versions, and what sets the status of a job by hand.
LEFT_OUT = {
    "Job": {
        *("abandoned", "blocked", "canceled", "completed", "failed", "pending", "running"),
        *("skipped", "get_event_context"),
    },
    "Submission": {"lock"},
}
# Ours are attributes that each entity gets when it is made.
ATTRIBUTES = {
    "DataNode": {"config_id", "scope"},
    "Cycle": {"frequency"},
    "Job": {"force", "submit_id", "submit_entity"},
    "Scenario": {"config_id"},
    "Submission": {"entity_id", "entity_type", "entity_config_id"},
    "Task": {"config_id"},
}


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Program]]:
    """A program for each product, in a folder of its own."""
    made = {name: Program(tmp_path_factory.mktemp(name) / "app") for name in PRODUCTS}
    yield made
    for program in made.values():
        program.release()


def recorded(programs: dict[str, Program], name: str, *parts: str) -> tuple[Record, Record]:
    """What the program of this name writes under Taipy, and under ours."""
    found = []
    for product, program in programs.items():
        program.take(name)
        result = program.python(product, *parts)
        assert result.code == 0, result.err
        found.append(program.read())
    return found[0], found[1]


# What `submit` of ours takes beside Taipy's parameters: by its name only, so that no call changes.
ADDED = ["raise_on_failure", "KEYWORD_ONLY", "False"]


def as_theirs(parameters: list[list[str]]) -> list[list[str]]:
    return [one for one in parameters if one != ADDED]


def different(theirs: Record, ours: Record) -> Record:
    return {key: (theirs[key], ours.get(key)) for key in theirs if theirs[key] != ours.get(key)}


def fits(ours: list[list[str]], theirs: list[list[str]]) -> bool:
    """Whether every call of theirs is one of ours. Ours may have more, and more defaults."""
    pairs = list(zip(ours, theirs, strict=False))
    return len(pairs) == len(theirs) and all(
        mine[:2] == given[:2] and (mine[2] == given[2] or "_empty" in given[2])
        for mine, given in pairs
    )


@pytest.mark.long
def test_what_is_made_in_one_process_is_what_another_finds_and_changes_as_with_taipy(
    programs: dict[str, Program],
) -> None:
    theirs, ours = recorded(programs, "entities", "make")
    assert different(theirs, ours) == {}
    theirs, ours = recorded(programs, "entities", "use")
    # Taipy's tasks that all share outlive their scenarios; ours follow from them.
    theirs["rest"]["tasks"].remove("keeping")
    assert different(theirs, ours) == {}, json.dumps(different(theirs, ours), indent=1)


def test_every_name_of_taipy_without_a_gui_is_there_with_its_parameters_and_defaults(
    programs: dict[str, Program],
) -> None:
    theirs, ours = recorded(programs, "surface")
    assert set(theirs["names"]) - set(ours["names"]) == set()
    core = {name: theirs["functions"][name] for name in theirs["names"] if name[0].islower()}
    assert len(core) == 39
    functions = {name: as_theirs(found) for name, found in ours["functions"].items()}
    assert different(core, functions) == {}
    assert [name for name, found in ours["functions"].items() if ADDED in found] == [
        "submit",
        "sweep",
    ]
    for name, members in theirs["entities"].items():
        known = ours["entities"][name]
        missing = members.keys() - known.keys() - ATTRIBUTES.get(name, set())
        assert missing - LEFT_OUT.get(name, set()) == {"version"} & members.keys(), name
        methods = {n: found for n, found in members.items() if found and known.get(n)}
        for method, found in methods.items():
            assert fits(as_theirs(known[method]), found) or method == "track_edit", (name, method)
