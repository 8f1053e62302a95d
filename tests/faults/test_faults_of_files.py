"""A damaged, old, foreign or missing state, and data that change behind our back: F33 and F34."""

from __future__ import annotations

import os
import pickle
import random
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from cluster_support import SETTINGS
from command_support import Result, kill, wait_until
from modes import ALL, InMode, in_modes

from taipy_exec.store.schema import LATEST, MIGRATIONS

LOCAL = ("development", "standalone")
TWO = {"t": ("return [1, 2]", [], ["a"]), "u": ("return sum(inputs[0])", ["a"], ["b"])}


def state(place: InMode) -> Path:
    return place.app.folder / ".taipy-exec" / "state.db"


def explained(result: Result, *words: str) -> None:
    """Exit code 7 with one sentence and a hint; no traceback."""
    assert result.code == 7, result.err
    assert "Traceback" not in result.err
    assert "hint: " in result.err
    assert any(word in result.err for word in words), result.err


@in_modes(*LOCAL)
@pytest.mark.parametrize("what", ["truncated", "flipped", "garbage"])
def test_f33_a_damaged_state_is_told_or_does_no_harm(
    place: InMode, what: str, chance: random.Random
) -> None:
    """Wherever the damage lies: never a traceback, a hang, or a wrong result."""
    place.graph(TWO)
    for _ in range(3):
        assert place.submit("--new").code == 0
    place.app.damage()
    whole = state(place).read_bytes()
    assert not state(place).with_name("state.db-wal").exists()
    for _ in range(8):
        spoilt = bytearray(whole)
        at = chance.randrange(len(spoilt))
        if what == "truncated":
            del spoilt[at:]
        elif what == "flipped":
            spoilt[at] ^= 1 << chance.randrange(8)
        else:
            spoilt[at : at + 600] = chance.randbytes(600)
        state(place).write_bytes(spoilt)
        for command in (["status", "--json"], ["submit", ".", "--json"], ["history"]):
            result = place.run(*command)
            assert result.code in (0, 7, 8), (at, command, result.err)
            assert "Traceback" not in result.err, (at, command, result.err)
            if result.code == 0 and command[0] == "submit":
                assert set(result.statuses().values()) == {"COMPLETED"}, (at, result.out)
        for file in state(place).parent.glob("state.db*"):
            file.unlink()
    # The way out that the hint names.
    assert place.submit().code == 0


@pytest.mark.once
@in_modes(*ALL)
def test_f33_a_state_that_is_deleted_while_jobs_run(place: InMode) -> None:
    """What runs is not stored any more; whoever comes next starts anew, with nothing torn."""
    place.graph({"t": ("gate()\nreturn 1", [], ["a"]), "u": ("return 1", ["a"], ["b"])})
    submit = place.submitting()
    place.app.begun()
    place.app.damage()
    for file in state(place).parent.glob("state.db*"):
        file.unlink()
    place.app.open_gate()
    result = place.end(submit)
    assert "Traceback" not in result.err
    assert "a bug in" not in result.err, result.err
    assert place.run("status", "--json").code == 0
    again = place.submit()
    assert again.code == 0, again.err
    assert set(again.statuses().values()) == {"COMPLETED"}
    if place.cluster:
        # The submission that nobody knows of any more has left its queue behind.
        place.cluster.leave(*place.workers)
        place.workers.clear()


@pytest.mark.once
@in_modes(*ALL)
def test_f33_a_state_of_a_newer_version_is_refused(place: InMode) -> None:
    place.graph(TWO)
    assert place.submit().code == 0
    place.app.damage()
    with closing(sqlite3.connect(state(place))) as connection:
        connection.execute("PRAGMA user_version = 99")
    explained(place.run("submit", ".", "--json"), "newer")
    explained(place.run("status"), "newer")
    with closing(sqlite3.connect(state(place))) as connection:
        assert connection.execute("SELECT count(*) FROM submissions").fetchone() == (1,)


@pytest.mark.once
@in_modes(*ALL)
def test_f33_a_state_of_an_older_version_is_carried_on(place: InMode) -> None:
    """The tables of the first version, with a submission in them."""
    place.graph(TWO)
    first = place.submit()
    assert first.code == 0
    place.app.damage()
    old = state(place).with_name("old.db")
    with closing(sqlite3.connect(old, isolation_level=None)) as connection:
        connection.executescript(MIGRATIONS[0])
        connection.execute("ATTACH ? AS now", (str(state(place)),))
        for table in ("instances", "submissions", "jobs", "edits"):
            columns = [row[1] for row in connection.execute(f"PRAGMA main.table_info({table})")]
            names = ", ".join(columns)
            connection.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM now.{table}")
        connection.execute("PRAGMA user_version = 1")
    for file in state(place).parent.glob("state.db*"):
        file.unlink()
    old.rename(state(place))
    shown = place.run("status", first.json["submission"]["id"], "--json")
    assert shown.json["jobs"] == first.json["jobs"]
    second = place.submit()
    assert second.code == 0
    assert len(place.run("history", "--json").json["submissions"]) == 2
    with closing(sqlite3.connect(state(place))) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (LATEST,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.once
@in_modes("standalone")
def test_f33_a_state_of_another_user_is_told(place: InMode) -> None:
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("to be another user needs root and setpriv (util-linux)")
    place.graph(TWO)
    assert place.submit().code == 0
    place.app.watch.stop()
    # Who may read everything, and write nothing of others.
    rights = "--inh-caps=-all,+dac_read_search --ambient-caps=+dac_read_search"
    other = f"setpriv --reuid=54321 --regid=54321 --clear-groups {rights}"
    for command in ("submit --json", "status", "history"):
        result = place.shell(f"{other} $T {command}")
        assert "Traceback" not in result.err, result.err
        assert result.code in (0, 7), result.err
        if command.startswith("submit"):
            explained(result, "cannot be opened for writing", "cannot be written")
    assert place.submit().code == 0


@pytest.mark.once
@in_modes(*ALL)
def test_f33_a_stale_lock_stops_nobody(place: InMode) -> None:
    place.graph(TWO)
    folder = place.app.folder / ".taipy-exec"
    (folder / "coordinators").mkdir(parents=True)
    (folder / "lock").write_text("")
    (folder / "coordinators" / f"{'0' * 32}.lock").write_text("")
    assert place.submit().code == 0
    assert place.run("status", "--json").json["submissions"][0]["status"] == "COMPLETED"


# -- data ---------------------------------------------------------------------------------

GIVEN = """
[JOB]
mode = "{mode}"
{job}
[DATA_NODE.given]
storage_type = "pickle"
default_path = "given.p"
[DATA_NODE.a]
default_path = "a.p"
[DATA_NODE.b]
default_path = "b.p"
[TASK.t]
function = "jobs.t:function"
inputs = ["given"]
outputs = ["a"]
skippable = true
[TASK.u]
function = "jobs.u:function"
inputs = ["a"]
outputs = ["b"]
skippable = true
[SCENARIO.s]
tasks = ["t", "u"]
"""


def given(place: InMode, cache: str) -> None:
    """Two skippable tasks on files at paths of the user's."""
    tasks = {"t": ("return inputs[0] + 1", [], []), "u": ("return inputs[0] * 10", [], [])}
    place.graph(tasks)
    job = SETTINGS if place.mode == "cluster" else ""
    place.app.config(GIVEN.format(mode=place.mode, job=f'{job}cache = "{cache}"\n'))


def put(place: InMode, name: str, value: object, at: float | None = None) -> None:
    path = place.app.folder / f"{name}.p"
    path.write_bytes(pickle.dumps(value))
    if at is not None:
        os.utime(path, (at, at))


def got(place: InMode, name: str) -> object:
    return pickle.loads((place.app.folder / f"{name}.p").read_bytes())


@pytest.mark.once
@in_modes(*ALL)
@pytest.mark.parametrize("cache", ["time", "content"])
def test_f34_nothing_that_changed_is_taken_for_up_to_date(place: InMode, cache: str) -> None:
    given(place, cache)
    put(place, "given", 1)

    def runs(why: str, value: object, *tasks: str) -> None:
        result = place.submit()
        assert result.code == 0, (why, result.err)
        done = [task for task, status in result.statuses().items() if status == "COMPLETED"]
        assert done == list(tasks), why
        assert got(place, "b") == value, why

    runs("first", 20, "t", "u")
    runs("nothing changed", 20)
    put(place, "given", 2)
    runs("another input", 30, "t", "u")
    (place.app.folder / "b.p").unlink()
    runs("an output was removed", 30, "u")
    (place.app.folder / "a.p").unlink()
    # By content, the same result again changes nothing that follows.
    runs("an output between was removed", 30, "t", *(["u"] if cache == "time" else []))
    # A clock that is ahead, or a copy that has kept its time.
    ahead = time.time() + 86_400
    for name in ("a", "b"):
        os.utime(place.app.folder / f"{name}.p", (ahead, ahead))
    put(place, "given", 4)
    runs("outputs from the future", 50, "t", "u")


@pytest.mark.once
@in_modes(*ALL)
@pytest.mark.parametrize("cache", ["time", "content"])
def test_f34_files_of_equal_times_are_not_taken_for_up_to_date(place: InMode, cache: str) -> None:
    """As on a disk that keeps whole seconds, or after all were copied at once."""
    given(place, cache)
    for name, value in (("given", 1), ("a", -1), ("b", -1)):
        put(place, name, value, at=float(int(time.time()) - 10))
    result = place.submit()
    assert result.statuses() == {"t": "COMPLETED", "u": "COMPLETED"}
    assert got(place, "b") == 20


@pytest.mark.once
@in_modes(*ALL)
def test_f34_a_file_that_is_removed_or_torn_between_two_jobs(place: InMode) -> None:
    place.graph(
        {
            "t": ("return [1, 2]", [], ["a"]),
            "wait": ("gate()\nreturn 1", ["a"], ["w"]),
            "u": ("return sum(inputs[0])", ["a", "w"], ["b"]),
            "v": ("return 1", ["b"], ["c"]),
            "other": ("return 1", ["w"], ["d"]),
        }
    )
    place.app.watch.stop()
    seen: set[str] = set()
    for damage in ("removed", "torn"):
        (place.app.folder / "gate").unlink(missing_ok=True)
        (place.app.folder / "ledger").unlink(missing_ok=True)
        submit = place.submitting("--name", damage)
        place.app.begun(2)
        files = {path.name: path for path in (place.app.folder / "user_data").rglob("DATANODE_a_*")}
        (name,) = set(files) - seen
        path = files[name]
        seen.add(name)
        if damage == "removed":
            path.unlink()
        else:
            path.write_bytes(path.read_bytes()[:-3])
        place.app.open_gate()
        result = place.end(submit)
        assert result.code == 1
        assert result.job("u")["reason"] == "read_input"
        assert "'a'" in result.job("u")["error"]["message"]
        assert result.statuses()["v"] == "ABANDONED"
        assert result.statuses()["other"] == "COMPLETED"


@pytest.mark.representative
@pytest.mark.once
@in_modes(*ALL)
def test_f34_a_half_written_output_is_neither_read_nor_left(place: InMode) -> None:
    """The process dies while the file is written: SIGKILL to the job itself."""
    place.graph(
        {
            "t": ("return [bytes(3_000_000), Slow()]", [], ["a"]),
            "u": ("return inputs[0][1]", ["a"], ["b"]),
        },
        start="from slow import Slow",
        job="max_attempts = 2\n",
    )
    place.app.module(
        "slow",
        "class Slow:\n    def __reduce__(self):\n        if not os.path.exists('gate'):\n"
        "            note('writes')\n            wait_for('gate')\n        return (int, (7,))\n",
    )
    submit = place.submitting()
    wait_until(lambda: "writes" in place.app.ledger(), 30)
    assert any(name.endswith(".part") for name in place.app.sources())
    (pid,) = place.app.begun()
    kill(pid, 9)
    place.app.open_gate()
    result = place.end(submit)
    if place.mode == "development":
        assert result.code == -9
        result = place.submit()
    elif place.mode == "standalone":
        assert result.statuses() == {"t": "FAILED", "u": "ABANDONED"}
        assert not place.app.run("data", "list", ".", "--json").json["nodes"][0]["written_at"]
        result = place.submit()
    assert result.code == 0, result.err
    assert place.value("b") == 7
