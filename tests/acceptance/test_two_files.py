"""Two applications, each a TOML file, that share a folder and so a state."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from command_support import Application


@pytest.fixture
def both(app: Application) -> Application:
    """`one.toml` and `other.toml` with the same scenario and task; the first ran twice."""
    app.graph({"work": ("flow.work", [], ["a"])}, mode="development")
    text = (app.folder / "config.toml").read_text()
    (app.folder / "config.toml").unlink()
    for name in ("one", "other"):
        (app.folder / f"{name}.toml").write_text(text)
    for arguments in (
        ("one.toml",),
        ("one.toml", "--name", "may"),
        ("other.toml", "--name", "june"),
    ):
        assert app.run("submit", *arguments, "-q").code == 0
    return app


def names(app: Application, *arguments: str) -> list[str]:
    return [one["name"] for one in app.run("history", *arguments, "--json").json["submissions"]]


def test_the_history_of_a_file_has_no_submissions_of_the_other(both: Application) -> None:
    assert names(both, "-a", "one.toml") == ["may", "s"]
    assert names(both, "-a", "./other.toml") == ["june"]
    assert names(both) == ["june", "may", "s"]
    assert names(both, "-a", ".") == ["june", "may", "s"]
    limited = both.run("history", "-a", "one.toml", "--limit", "1")
    assert "the latest 1 of 2" in limited.err
    assert both.run("history", "-a", "other.toml", "--name", "may").out == "no such submissions\n"


@pytest.mark.long
def test_the_instances_of_a_file_are_those_that_it_submitted(both: Application) -> None:
    def instances(*arguments: str) -> list[str]:
        found = both.run("instances", *arguments, "--json").json["instances"]
        return [one["name"] for one in found]

    assert instances("one.toml") == ["s", "may"]
    assert instances("other.toml") == ["june"]
    assert instances(".") == ["s", "may", "june"]
    # An instance that both use is shown with the latest submission from this file.
    (both.folder / "flow.py").write_text("def work(*inputs):\n    raise ValueError")
    assert both.run("submit", "other.toml", "--name", "may").code == 1
    for file, status in (("one.toml", "COMPLETED"), ("other.toml", "FAILED")):
        found = both.run("instances", file, "--json").json["instances"]
        (may,) = (one for one in found if one["name"] == "may")
        assert may["submission"]["status"] == status


@pytest.mark.long
def test_submit_says_that_the_instance_is_shared_with_another_file(both: Application) -> None:
    result = both.run("submit", "other.toml")
    assert result.code == 0
    assert (
        "scenario instance s was last submitted from one.toml: "
        "other.toml uses the same data nodes and history\n"
        "hint: submit --name NAME uses an instance of its own\n"
    ) in result.err
    for arguments in (("other.toml",), ("other.toml", "--name", "mine"), ("one.toml", "-q")):
        assert "was last submitted from" not in both.run("submit", *arguments).err
    table = both.run("instances").out.splitlines()
    assert table[0].split()[-1] == "File"
    assert {line.split()[0]: line.split()[-1] for line in table[2:]} == {
        "s": "one.toml",
        "may": "one.toml",
        "june": "other.toml",
        "mine": "other.toml",
    }
    assert "File" not in both.run("instances", "other.toml").out


def test_usual_times_are_those_of_the_same_file(both: Application) -> None:
    with closing(sqlite3.connect(both.folder / ".taipy-exec" / "state.db")) as state:
        for name, seconds in (("june", 300), ("may", 2), ("s", 4)):
            state.execute(
                "UPDATE jobs SET duration = ? "
                "WHERE submission = (SELECT id FROM submissions WHERE name = ?)",
                (seconds, name),
            )
        state.commit()
    for file, seconds in (("one.toml", 3), ("other.toml", 300)):
        (job,) = both.run("plan", file, "--json").json["jobs"]
        assert job["usual_duration"] == seconds


def test_what_an_older_version_stored_without_a_file_counts_for_each(both: Application) -> None:
    with closing(sqlite3.connect(both.folder / ".taipy-exec" / "state.db")) as state:
        state.execute("UPDATE submissions SET properties = '{}' WHERE name = 's'")
        state.commit()
    assert names(both, "-a", "one.toml") == ["may", "s"]
    assert names(both, "-a", "other.toml") == ["june", "s"]
