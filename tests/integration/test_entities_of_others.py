"""Entities of the Python API that another process, the command line or a former version made."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from command_support import Application, wait_until

GOLDEN = Path(__file__).parents[1] / "golden" / "state"
CHAIN = {"make": ("flow.work", [], ["a"]), "use": ("flow.work", ["a"], ["b"])}
GATED = {"make": ("flow.gated", [], ["a"]), "use": ("flow.work", ["a"], ["b"])}

START = """\
import json
import sys
import taipy_exec as tp
from taipy_exec import Config
from taipy_exec.errors import *

Config.load("config.toml")


def show(**found):
    print(json.dumps(found), flush=True)


def raised(act, *arguments):
    try:
        act(*arguments)
    except TaipyExecError as error:
        return [type(error).__name__, error.message, error.hint]

"""


def write(app: Application, body: str, name: str = "script.py") -> list[str]:
    """A script of this body, and the command that runs it."""
    (app.folder / name).write_text(START + body, encoding="utf-8")
    return [sys.executable, "-W", "error", name]


def python(app: Application, body: str) -> Any:
    """What a script shows last."""
    done = subprocess.run(
        write(app, body),
        cwd=app.folder,
        env=app.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def states(app: Application, table: str) -> list[tuple[Any, ...]]:
    """The rows of a table of the state."""
    store = sqlite3.connect(app.folder / ".taipy-exec" / "state.db")
    rows = store.execute(f"SELECT * FROM {table}").fetchall()
    store.close()
    return rows


# -- the command line -----------------------------------------------------------------------------


def test_what_the_command_line_has_submitted_is_listed(app: Application) -> None:
    app.graph(CHAIN)
    first = app.run("submit", "--name", "monday", "--json").json["submission"]["id"]
    second = app.run("submit", "--task", "make", "--name", "monday", "--json")
    assert app.run("submit", "--json").code == 0
    found = python(
        app,
        """
submissions = tp.get_submissions()
monday = next(s for s in tp.get_scenarios() if s.name == "monday")
show(ids=[s.id for s in submissions], types=[s.entity_type for s in submissions],
     jobs=[[j.task.config_id, j.status.name, j.is_finished()] for j in submissions[0].jobs],
     names=[s.name for s in tp.get_scenarios()], value=monday.b.read(),
     status=submissions[0].submission_status.name, waited=submissions[0].wait(),
     latest=tp.get_latest_submission(monday.make).id, deletable=bool(monday.is_deletable()),
     mine=tp.get_latest_submission(monday).entity == monday, made_in_order=submissions ==
     sorted(submissions), properties=submissions[0].properties)
""",
    )
    assert found["ids"][:2] == [first, second.json["submission"]["id"]]
    assert found["types"] == ["SCENARIO", "TASK", "SCENARIO"]
    assert found["jobs"] == [["make", "COMPLETED", True], ["use", "COMPLETED", True]]
    assert found["names"] == ["monday", "s"]
    assert (found["status"], found["waited"], found["deletable"]) == ("COMPLETED", True, True)
    assert found["latest"] == found["ids"][1]
    assert found["mine"] is found["made_in_order"] is True
    assert found["properties"] == {}
    assert found["value"] is not None
    # Who only reads leaves nothing behind.
    assert list((app.folder / ".taipy-exec" / "coordinators").iterdir()) == []


def test_what_python_changes_the_command_line_sees(app: Application) -> None:
    app.graph(CHAIN)
    python(
        app,
        """
tp.Orchestrator().run()
scenario = tp.create_scenario(Config.scenarios["s"], name="monday")
scenario.submit(wait=True)
scenario.name = "tuesday"
tp.Orchestrator().stop()
show()
""",
    )
    assert app.run("data", "show", ".", "b", "--name", "tuesday").code == 0
    assert app.run("submit", "--name", "tuesday", "--json").code == 0
    assert len(states(app, "instances")) == 1
    python(app, "tp.delete(tp.get_scenarios()[0].id)\nshow()")
    assert app.run("data", "show", ".", "b", "--name", "tuesday").code == 8
    assert app.run("status", "--json").json["submissions"] == []
    assert list((app.folder / "user_data").rglob("*.p")) == []


@pytest.mark.long
def test_a_submission_with_deleted_jobs_can_still_be_looked_at_and_retried(
    app: Application,
) -> None:
    app.graph({**CHAIN, "bad": ("flow.fail", [], ["c"]), "after": ("flow.work", ["c"], ["d"])})
    assert app.run("submit", "--json").code == 1
    python(
        app,
        """
for job in tp.get_jobs():
    if job.task.config_id in ("make", "bad"):
        tp.delete_job(job)
show()
""",
    )
    submission = app.only_submission()
    assert app.status(submission).statuses() == {"use": "COMPLETED", "after": "ABANDONED"}
    for command in (("status",), ("status", submission), ("logs", submission), ("history",)):
        assert app.run(*command).code == 0
    assert app.run("report", submission, "-o", "-").code == 0
    result = app.run("retry", submission, "--json")
    assert result.code == 3, result.err
    assert "task after needs data node c, which was never written" in result.err
    python(app, "for s in tp.get_submissions():\n    tp.delete(s.id)\nshow()")
    assert app.run("status", "--json").json["submissions"] == []
    assert app.run("retry", submission).code == 8


def test_clean_keeps_what_is_tagged_and_leaves_nothing_of_what_goes(app: Application) -> None:
    app.graph(CHAIN)
    app.config(
        (app.folder / "config.toml").read_text(encoding="utf-8") + 'frequency = "DAILY:FREQUENCY"\n'
    )
    made = python(
        app,
        """
import datetime as dt
tp.Orchestrator().run()
config = Config.scenarios["s"]
old, kept, new = (tp.create_scenario(config, dt.datetime(2024, 5, day)) for day in (1, 1, 2))
for scenario in (old, kept, new):
    scenario.submit(wait=True)
    scenario.properties["p"] = scenario.make.properties["q"] = 1
    scenario.cycle.properties["c"] = 1
kept.add_tag("best")
tp.Orchestrator().stop()
show(ids=[old.id, kept.id, new.id])
""",
    )
    kept = made["ids"][1]
    result = app.run("clean", "--older-than", "0s", "--data", "--yes", "--json")
    assert result.code == 0, result.err
    assert [row[0] for row in states(app, "instances")] == [kept]
    assert states(app, "tags") == [(kept, "best")]
    assert {row[0] for row in states(app, "cycles")} == {"CYCLE_DAILY_2024-05-01"}
    assert {row[3] for row in states(app, "properties")} == {kept, "CYCLE_DAILY_2024-05-01"}
    assert len(list((app.folder / "user_data").rglob("*.p"))) == 2
    found = python(
        app,
        "(s,) = tp.get_scenarios()\nshow(primary=s.is_primary, cycle=s.cycle.name, tags=[*s.tags])",
    )
    assert found == {"primary": True, "cycle": "Wednesday, 01. May 2024", "tags": ["best"]}


# -- a submission that another process runs, or ran -----------------------------------------------


def test_a_submission_of_another_process_is_followed_and_its_job_canceled(
    app: Application,
) -> None:
    app.graph(GATED)
    other = app.start("submit", "--json")
    app.begun()
    found = python(
        app,
        """
(submission,) = tp.get_submissions()
make, use = submission.jobs
scenario = submission.entity
early = [make.status.name, use.status.name, submission.submission_status.name, make.reason]
locked = [scenario.a.edit_in_progress, scenario.a.editor_id == make.id, scenario.a.is_written]
waited = submission.wait(timeout=0.1)
refused = [raised(tp.delete, id)[0] for id in (submission.id, scenario.id, make.id)]
ready = bool(tp.is_submittable(scenario.use))
tp.cancel_job(make)
ended = submission.wait(timeout=20)
show(early=early, locked=locked, waited=waited, refused=refused, ready=ready, ended=ended,
     late=[make.status.name, use.status.name, submission.submission_status.name],
     locks=scenario.a.edit_in_progress, deletable=bool(tp.is_deletable(make)))
""",
    )
    assert app.end(other).code == 4
    assert found["early"] == ["RUNNING", "BLOCKED", "RUNNING", None]
    assert found["locked"] == [True, True, False]
    assert (found["waited"], found["ended"], found["ready"]) == (False, True, False)
    assert found["refused"] == [
        *("SubmissionNotDeletedException", "SubmissionNotDeletedException"),
        "JobNotDeletedException",
    ]
    assert found["late"] == ["CANCELED", "ABANDONED", "CANCELED"]
    assert (found["locks"], found["deletable"]) == (False, True)


def killed(app: Application) -> None:
    """A submission whose process was killed while its first job ran."""
    app.graph(GATED)
    process = app.start("submit")
    app.begun()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    app.nothing_runs()


def test_a_job_of_a_dead_process_can_be_canceled(app: Application) -> None:
    killed(app)
    found = python(
        app,
        """
(submission,) = tp.get_submissions()
waited = submission.wait()
tp.cancel_job(submission.jobs[0].id)
tp.cancel_job(submission.jobs[0].id)
show(waited=waited, after=[job.status.name for job in submission.jobs],
     ended=submission.wait(), done=submission.is_finished())
""",
    )
    assert found == {
        "waited": False,
        "after": ["CANCELED", "ABANDONED"],
        "ended": True,
        "done": True,
    }


def test_what_a_dead_process_left_can_be_deleted(app: Application) -> None:
    killed(app)
    found = python(
        app,
        """
(scenario,) = tp.get_scenarios()
refused = raised(tp.delete_job, tp.get_jobs()[0].id)
tp.delete(scenario.id)
show(refused=refused[0], left=len(tp.get_jobs()))
""",
    )
    assert found == {"refused": "JobNotDeletedException", "left": 0}
    assert app.run("status", "--json").json["submissions"] == []


def test_two_processes_that_promote_and_tag_at_once_leave_one_primary_and_every_tag(
    app: Application,
) -> None:
    app.graph(CHAIN)
    app.config(
        (app.folder / "config.toml").read_text(encoding="utf-8")
        + 'frequency = "MONTHLY:FREQUENCY"\n'
    )
    python(
        app,
        """
for name in "abcd":
    tp.create_scenario(Config.scenarios["s"], name=name)
show()
""",
    )
    command = write(
        app,
        """
import os, time
mine = sys.argv[1]
scenarios = tp.get_scenarios()
open(f"ready {mine}", "w").close()
while not os.path.exists("go"):
    time.sleep(0.001)
for turn in range(40):
    scenario = scenarios[(turn * 7 + int(mine)) % 4]
    scenario.set_primary()
    scenario.add_tag(f"{mine}-{turn}")
    scenario.properties[f"{mine}-{turn}"] = turn
    scenario.add_sequence(f"s{mine}_{turn}", [scenario.make])
    primary = tp.get_primary_scenarios()
    assert len(primary) == 1, primary
show(done=True)
""",
    )
    processes = [
        app.start(str(number), command=command, env={"PYTHONDONTWRITEBYTECODE": "1"})
        for number in range(3)
    ]
    for number in range(3):
        wait_until(lambda number=number: app.exists(f"ready {number}"), 30, "a process to begin")
    (app.folder / "go").touch()
    for process in processes:
        result = app.end(process, 60)
        assert result.code == 0, result.err
    assert sum(row[6] for row in states(app, "instances")) == 1
    assert len(states(app, "tags")) == 3 * 40
    assert len(states(app, "properties")) == 3 * 40
    sequences = [len(json.loads(row[7])) for row in states(app, "instances")]
    assert sum(sequences) == 3 * 40


# -- what former versions stored ------------------------------------------------------------------

DUMPS = sorted(GOLDEN.glob("version_*.sql"))


def restore(app: Application, dump: Path, changes: Sequence[str] = ()) -> None:
    folder = app.folder / ".taipy-exec"
    folder.mkdir()
    store = sqlite3.connect(folder / "state.db")
    store.executescript(dump.read_text(encoding="utf-8"))
    for change in changes:
        store.execute(change)
    store.commit()
    store.close()
    for name in ("config.toml", "flow.py"):
        shutil.copy(GOLDEN / name, app.folder)


@pytest.mark.parametrize("dump", DUMPS, ids=[path.stem for path in DUMPS])
def test_what_a_former_version_stored_is_listed_tagged_promoted_and_deleted(
    app: Application, dump: Path
) -> None:
    in_cycle = "UPDATE instances SET cycle = 'CYCLE_MONTHLY_2026-05-01' WHERE cycle = ''"
    is_former = dump.stem < "version_4"
    restore(app, dump, [in_cycle] if is_former else [])
    found = python(
        app,
        """
first = next(s for s in tp.get_scenarios() if s.name == "s")
facts = dict(
    names=[s.name for s in tp.get_scenarios() if s.name not in ("first", "second")],
    jobs=len(tp.get_jobs()),
    statuses=[s.submission_status.name for s in tp.get_submissions()],
    trace=[job.stacktrace[0].rstrip()[-22:] for job in tp.get_jobs() if job.is_failed()],
    cycles=[c.name for c in tp.get_cycles()],
    primary=[s.name for s in tp.get_primary_scenarios()], tasks=[*first.tasks])
first.add_tag("seen")
may = next(s for s in tp.get_scenarios() if s.name == "may 2026")
facts["tags"] = sorted(may.tags)
if may.cycle:
    tp.set_primary(may)
    facts["promoted"] = [s.name for s in tp.get_primary_scenarios()]
tp.delete(first.id if may.cycle else may.id)
show(**facts, left=len(tp.get_scenarios()))
""",
    )
    assert found["names"] == ["s", "may 2026", "lost"]
    assert found["jobs"] == 10
    assert found["statuses"] == ["FAILED", "COMPLETED", "FAILED", "RUNNING"]
    assert found["trace"] == ["eError: no such luck, née"[-22:]] * 2
    assert found["tasks"] == ["good", "bad", "after"]
    if is_former:
        assert (found["cycles"], found["primary"]) == (["May 2026"], ["s"])
        assert (found["tags"], found["promoted"], found["left"]) == ([], ["may 2026"], 2)
    else:
        assert (found["cycles"], found["primary"]) == (["the merry month"], ["second"])
        assert (found["tags"], found["left"]) == (["approved", "draft"], 4)
    assert app.run("status").code == 0


def test_a_newer_version_is_refused_in_one_sentence_and_nothing_is_changed(
    app: Application,
) -> None:
    restore(app, DUMPS[-1], ["PRAGMA user_version = 99"])
    path = app.folder / ".taipy-exec" / "state.db"
    before = path.read_bytes()
    name, message, hint = python(app, "show(error=raised(tp.get_scenarios))")["error"]
    assert name == "StoreError"
    assert "was written by a newer taipy-exec (its version is 99" in message
    assert "upgrade taipy-exec" in hint
    assert path.read_bytes() == before
