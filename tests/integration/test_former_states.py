"""A state store that a former version wrote opens, is brought up to date, and is used on."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from command_support import Application

from taipy_exec.store.schema import LATEST, MIGRATIONS

pytestmark = pytest.mark.one_variant

GOLDEN = Path(__file__).parents[1] / "golden" / "state"
DUMPS = sorted(GOLDEN.glob("version_*.sql"))
# Opens the store, and dies when the statement of this number is about to be executed.
KILLED = """
import os, signal, sqlite3, sys
from pathlib import Path
from taipy_exec.store import database
from taipy_exec.store.store import Store

left = int(sys.argv[2])

class Connection(sqlite3.Connection):
    def execute(self, sql, *values):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().execute(sql, *values)

connect = sqlite3.connect
database.sqlite3.connect = lambda *args, **more: connect(*args, factory=Connection, **more)
Store(Path(sys.argv[1]), create=False).close()
"""


@pytest.fixture(params=DUMPS, ids=[path.stem for path in DUMPS])
def former(request: pytest.FixtureRequest, app: Application) -> Application:
    """The application with the state as that version left it."""
    restore(request.param, app.folder / ".taipy-exec")
    for name in ("config.toml", "flow.py"):
        shutil.copy(GOLDEN / name, app.folder)
    return app


def restore(dump: Path, folder: Path) -> Path:
    folder.mkdir(parents=True)
    store = sqlite3.connect(folder / "state.db")
    store.executescript(dump.read_text(encoding="utf-8"))
    store.close()
    return folder / "state.db"


def rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """What is in the tables that every version has, by the columns of the first one."""
    store = sqlite3.connect(path)
    columns = {
        "submissions": "id, status, config_digest, created_at, finished_at, coordinator",
        "jobs": "id, status, reason, attempt, worker, error",
        "instances": "id, scenario, name, created_at, cycle",
        "edits": "node, at, job, editor, comment, digest",
    }
    found = {
        table: store.execute(f"SELECT {names} FROM {table} ORDER BY rowid").fetchall()
        for table, names in columns.items()
    }
    store.close()
    return found


def version(path: Path) -> int:
    store = sqlite3.connect(path)
    number = int(store.execute("PRAGMA user_version").fetchone()[0])
    store.close()
    return number


def test_there_is_a_dump_of_every_version() -> None:
    assert [int(path.stem.partition("_")[2]) for path in DUMPS] == list(range(1, LATEST + 1))


def test_what_former_versions_stored_is_shown(former: Application) -> None:
    before = rows(former.folder / ".taipy-exec" / "state.db")
    told = former.run("history", "--json").json["submissions"]
    assert [(e["name"], e["status"]) for e in told] == [
        ("lost", "RUNNING"),
        ("s", "FAILED"),
        ("may 2026", "COMPLETED"),
        ("s", "FAILED"),
    ]
    assert rows(former.folder / ".taipy-exec" / "state.db") == before
    assert version(former.folder / ".taipy-exec" / "state.db") == LATEST
    assert "RUNNING (interrupted)" in former.run("status").out
    again = former.run("status", told[1]["id"], "--json")
    assert again.statuses() == {"good": "SKIPPED", "bad": "FAILED", "after": "ABANDONED"}
    assert again.job("bad")["error"]["message"] == "no such luck, née"
    assert former.run("logs", told[1]["id"]).code == 0
    page = former.run("report", told[1]["id"], "-o", "-")
    assert page.code == 0
    assert "no such luck, née" in page.out
    made = former.run("report", told[3]["id"], "--format", "json", "-o", "-").json
    assert [job["task"] for job in made["jobs"]] == ["good", "bad", "after"]
    assert former.run("data", "list", ".").code == 0


def test_it_can_be_planned_and_read_before_it_is_brought_up_to_date(former: Application) -> None:
    path = former.folder / ".taipy-exec" / "state.db"
    before = path.read_bytes()
    result = former.run("plan", "--name", "lost", "--json")
    assert result.code == 0, result.err
    assert [job["action"] for job in result.json["jobs"]] == ["ended", "run", "run"]
    assert path.read_bytes() == before


def mend(app: Application) -> None:
    text = (app.folder / "flow.py").read_text(encoding="utf-8")
    mended = text.replace('raise ValueError("no such luck, née")', "return 7")
    (app.folder / "flow.py").write_text(mended, encoding="utf-8")


def test_what_failed_under_a_former_version_can_be_retried(former: Application) -> None:
    mend(former)
    failed = former.run("history", "--json").json["submissions"][1]["id"]
    result = former.run("retry", failed, "--json")
    assert result.code == 0, result.err
    assert result.statuses() == {"bad": "COMPLETED", "after": "COMPLETED"}


def test_what_was_interrupted_under_a_former_version_is_carried_on(former: Application) -> None:
    mend(former)
    lost = former.run("history", "--json").json["submissions"][0]["id"]
    if "paused" in former.run("status", lost).out:
        assert former.run("continue", lost).code == 0
    result = former.run("resume", lost, "--json")
    assert result.code == 0, result.err
    assert result.statuses() == dict.fromkeys(("good", "bad", "after"), "COMPLETED")
    assert result.job("bad")["attempt"] == 2


def test_it_can_be_cleaned_and_submitted_to(former: Application) -> None:
    mend(former)
    assert former.run("submit", "--json").code == 0
    cleaned = former.run("clean", "--keep", "1", "--yes", "--json").json
    assert len(cleaned["submissions"]) == 3
    assert former.run("submit", "--json").code == 0


@pytest.mark.parametrize("arguments", [("status",), ("submit",), ("plan",), ("clean", "--keep=1")])
def test_a_newer_version_is_refused(app: Application, arguments: tuple[str, ...]) -> None:
    path = restore(DUMPS[-1], app.folder / ".taipy-exec")
    store = sqlite3.connect(path)
    store.execute(f"PRAGMA user_version = {LATEST + 1}")
    store.close()
    for name in ("config.toml", "flow.py"):
        shutil.copy(GOLDEN / name, app.folder)
    before = path.read_bytes()
    result = app.run(*arguments, "--json")
    assert result.code == 7
    error = json.loads(result.out)["error"]
    assert "was written by a newer taipy-exec" in error["message"]
    assert "upgrade taipy-exec" in error["hint"]
    assert path.read_bytes() == before


@pytest.mark.long
def test_a_kill_at_any_statement_leaves_the_former_version_or_a_later_one(tmp_path: Path) -> None:
    """From the first version, which has the longest way; then the next opening goes the rest."""
    seen = set()
    for number in range(200):
        path = restore(DUMPS[0], tmp_path / str(number))
        before = rows(path)
        done = subprocess.run(
            [sys.executable, "-c", KILLED, str(path.parent), str(number)], check=False
        )
        seen.add(version(path))
        assert rows(path) == before
        subprocess.run([sys.executable, "-c", KILLED, str(path.parent), "1000"], check=True)
        assert version(path) == LATEST
        assert rows(path) == before
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL
    else:
        pytest.fail("it never came to its end")
    assert seen == set(range(1, len(MIGRATIONS) + 1))
