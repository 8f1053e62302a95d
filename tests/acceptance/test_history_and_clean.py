"""`history` shows what was submitted; `clean` removes what nobody needs any more."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest
from command_support import COMMAND, Application, Terminal, wait_until

TASKS = {"first": ("flow.work", [], ["a"]), "second": ("steps.talk", ["a"], ["b"])}
STEPS = """
def talk(a):
    print("x" * 1000)
    return a
"""
ALL = ("--older-than", "0s", "--yes")


@pytest.fixture
def used(app: Application) -> Application:
    """An application that was submitted three times: twice as the same instance, then anew."""
    app.module("steps", STEPS)
    app.graph(TASKS, mode="development")
    for arguments in ((), ("--name", "may"), ("--new",)):
        assert app.run("submit", ".", "-q", *arguments).code == 0
    return app


def submissions(app: Application) -> list[str]:
    return [entry["id"] for entry in app.run("history", "--json").json["submissions"]]


def data_files(app: Application) -> list[str]:
    return sorted(name for name in app.sources() if name.startswith("user_data"))


# -- history ------------------------------------------------------------------------------


def test_history_shows_submissions_newest_first(used: Application) -> None:
    result = used.run("history")
    assert (result.code, result.err) == (0, "")
    head, _, *rows = result.out.splitlines()
    assert " ".join(head.split()) == "Submission Scenario Name Mode Status Jobs Submitted Time"
    assert [row.split()[0] for row in rows] == [
        f"SUBMISSION_{id.split('_')[1][:8]}" for id in submissions(used)
    ]
    assert all("2 completed" in row for row in rows)


def test_history_and_status_tell_the_same(used: Application) -> None:
    history = used.run("history", "--json").json
    status = used.run("status", "--json").json
    assert set(history) == {"schema", "submissions"}
    assert [entry.pop("counts") for entry in history["submissions"]] == [{"COMPLETED": 2}] * 3
    assert history["submissions"] == status["submissions"]


def test_history_can_be_limited_and_filtered(used: Application) -> None:
    latest = used.run("history", "--limit", "1")
    assert len(latest.out.splitlines()) == 3
    assert "the latest 1 of 3" in latest.err
    may = used.run("history", "--name", "may", "--json").json["submissions"]
    assert [entry["name"] for entry in may] == ["may"]
    assert len(used.run("history", "--scenario", "s", "--json").json["submissions"]) == 3
    nothing = used.run("history", "--scenario", "t")
    assert (nothing.code, nothing.out) == (0, "no such submissions\n")


def test_history_of_nothing_is_empty(app: Application) -> None:
    app.graph(TASKS)
    told = app.run("history")
    assert (told.code, told.out) == (0, "")
    assert "nothing was submitted here" in told.err
    assert app.run("history", "--json").json["submissions"] == []


@pytest.mark.parametrize("limit", ["0", "-1", "x"])
def test_a_limit_is_a_positive_number(app: Application, limit: str) -> None:
    assert app.run("history", "--limit", limit).code == 2


# -- clean: what it is asked --------------------------------------------------------------


def test_clean_wants_to_know_what_may_go(used: Application) -> None:
    result = used.run("clean", "--yes")
    assert result.code == 2
    assert "choose what to remove: --older-than or --keep" in result.err
    assert used.run("clean", "--older-than", "30", "--json").json["error"]["kind"] == "usage"
    assert len(submissions(used)) == 3


def test_clean_without_state_says_so(app: Application) -> None:
    app.graph(TASKS)
    result = app.run("clean", *ALL)
    assert result.code == 8
    assert "nothing was submitted here" in result.err
    assert not app.exists(".taipy-exec")


def test_clean_refuses_to_guess_off_a_terminal(used: Application) -> None:
    result = used.run("clean", "--keep", "1")
    assert (result.code, result.out) == (2, "")
    assert "error: this would remove 2 submissions with 4 jobs, 1 scenario instance" in result.err
    assert "hint: confirm it with --yes" in result.err
    assert len(submissions(used)) == 3
    under_json = used.run("clean", "--keep", "1", "--json")
    assert under_json.code == 2
    assert under_json.json["error"]["hint"] == "confirm it with --yes"


def test_a_dry_run_shows_and_removes_nothing(used: Application) -> None:
    files = data_files(used)
    result = used.run("clean", "--keep", "1", "--data", "--dry-run")
    assert result.code == 0
    last = result.out.splitlines()[-1]
    assert last.startswith(
        "would remove 2 submissions with 4 jobs, 1 scenario instance, the logs of 2 submissions "
        "(2.0 kB), 2 data files ("
    )
    assert "submissions that stay: 1\n" in result.err
    told = used.run("clean", "--keep", "1", "--data", "--dry-run", "--json").json
    assert told["dry_run"] is True
    assert [entry["id"] for entry in told["submissions"]] == submissions(used)[1:]
    assert (len(told["data"]["files"]), told["jobs"], told["logs"]["submissions"]) == (2, 4, 2)
    assert len(submissions(used)) == 3
    assert data_files(used) == files


def test_clean_asks_on_a_terminal(used: Application) -> None:
    no = Terminal(used, "clean", "--keep", "1")
    no.read_until("[y/N]")
    no.type("\n")
    assert no.finish() == 0
    assert "nothing was removed" in no.plain()
    assert len(submissions(used)) == 3
    yes = Terminal(used, "clean", "--keep", "1")
    yes.read_until("[y/N]")
    yes.type("y\n")
    assert yes.finish() == 0
    assert "removed 2 submissions" in yes.plain()
    assert len(submissions(used)) == 1


# -- clean: what it does ------------------------------------------------------------------


def test_clean_removes_rows_and_logs_and_leaves_the_data(used: Application) -> None:
    files = data_files(used)
    result = used.run("clean", *ALL)
    assert result.code == 0, result.err
    assert "removed 3 submissions with 6 jobs, 1 scenario instance" in result.out
    assert submissions(used) == []
    assert data_files(used) == files
    assert list((used.folder / ".taipy-exec" / "logs").iterdir()) == []
    # The data of the last run is still what the next one starts from.
    assert used.run("data", "show", ".", "b").out == "1\n"
    assert used.run("data", "show", ".", "b", "--name", "may").out == "1\n"
    assert used.run("clean", *ALL).out == "nothing to remove\n"


def test_clean_with_data_and_an_age_removes_the_data_too(used: Application) -> None:
    result = used.run("clean", *ALL, "--data", "--json")
    assert result.code == 0, result.err
    assert len(result.json["data"]["files"]) == 6
    assert result.json["data"]["bytes"] > 0
    assert data_files(used) == []
    assert used.run("submit", ".", "-q").code == 0


def test_clean_with_data_leaves_what_younger_runs_made(used: Application) -> None:
    assert used.run("clean", "--older-than", "1h", "--data", "--yes").out == "nothing to remove\n"
    assert used.run("clean", "--keep", "0", "--data", "--yes").code == 0
    assert submissions(used) == []
    assert used.run("data", "show", ".", "b").out == "1\n"


def test_clean_leaves_a_file_at_the_users_own_path(app: Application) -> None:
    app.config(
        '[DATA_NODE.a]\nstorage_type = "json"\ndefault_path = "user_data/jsons/a.json"\n'
        '[TASK.t]\nfunction = "flow.work:function"\noutputs = ["a:SECTION"]\n'
        '[SCENARIO.s]\ntasks = ["t:SECTION"]\n'
    )
    (app.folder / "user_data" / "jsons").mkdir(parents=True)
    assert app.run("submit").code == 0
    assert app.run("clean", *ALL, "--data").code == 0
    assert app.exists("user_data/jsons/a.json")


def test_clean_from_another_folder_means_the_same(used: Application, tmp_path: Path) -> None:
    elsewhere = tmp_path / "an other folder"
    (elsewhere / "user_data" / "pickles").mkdir(parents=True)
    wanted = ("clean", *ALL, "--data", "--json", "-a", f"../{used.folder.name}")
    state = f"../{used.folder.name}/.taipy-exec"
    away = used.run(*wanted, "--dry-run", "--state-dir", state, cwd=elsewhere).json
    here = used.run("clean", *ALL, "--data", "--json", "--dry-run").json
    for told in (away, here):
        told["data"]["files"] = [str(Path(name).resolve()) for name in told["data"]["files"]]
    assert away == here
    assert len(away["data"]["files"]) == len(data_files(used))
    assert used.run(*wanted, "--state-dir", state, cwd=elsewhere).code == 0
    assert data_files(used) == []


def test_clean_with_the_state_of_another_application_leaves_this_ones_data(
    used: Application, tmp_path: Path
) -> None:
    other = Application(tmp_path / "other")
    other.module("steps", STEPS)
    other.graph(TASKS, mode="development")
    assert other.run("submit").code == 0
    files, others = data_files(used), data_files(other)
    wanted = ("--data", "--state-dir", str(other.folder / ".taipy-exec"))
    assert used.run("clean", *ALL, *wanted).code == 0
    assert (data_files(used), data_files(other)) == (files, others)


@pytest.mark.parametrize("content", [None, b"no database" * 1000], ids=["newer", "damaged"])
def test_clean_of_a_store_that_is_no_use_removes_nothing(
    used: Application, content: bytes | None
) -> None:
    path = used.folder / ".taipy-exec" / "state.db"
    if content is None:
        with sqlite3.connect(path) as store:
            store.execute("PRAGMA user_version = 99")
        store.close()
    else:
        path.write_bytes(content)
    before = sorted(used.folder.rglob("*"))
    result = used.run("clean", *ALL, "--data")
    assert result.code == 7
    assert "hint:" in result.err
    assert sorted(used.folder.rglob("*")) == before


def test_clean_leaves_a_data_file_that_was_changed_by_hand_since(used: Application) -> None:
    (changed, *_) = [used.folder / name for name in data_files(used)]
    later = time.time() + 3600
    os.utime(changed, (later, later))
    result = used.run("clean", *ALL, "--data")
    assert result.code == 0
    assert "1 data file changed since by hand or by another state: not removed" in result.err
    assert [used.folder / name for name in data_files(used)] == [changed]
    kept = used.run("clean", *ALL, "--data", "--json").json["kept"]
    assert kept["changed_data"] == 1


def test_clean_with_data_needs_a_valid_configuration(used: Application) -> None:
    used.config("[JOB]\nmode = 'nonsense'\n")
    result = used.run("clean", *ALL, "--data")
    assert result.code == 3
    assert "config.toml" in result.err
    assert len(submissions(used)) == 3
    assert used.run("clean", *ALL).code == 0


def test_clean_keeps_what_runs_and_the_run_goes_on(app: Application) -> None:
    app.graph({"t": ("flow.gated", [], ["a"])}, mode="standalone")
    app.open_gate()
    assert app.run("submit", "-q").code == 0
    (app.folder / "gate").unlink()
    running = app.start("submit", "--json")
    app.begun(2)
    result = app.run("clean", *ALL, "--data", "--json")
    assert result.code == 0, result.err
    assert (len(result.json["submissions"]), result.json["kept"]["unfinished"]) == (1, 1)
    assert result.json["instances"] == []
    app.open_gate()
    ended = app.end(running)
    assert (ended.code, ended.statuses()) == (0, {"t": "COMPLETED"})


def test_clean_keeps_what_was_interrupted(app: Application) -> None:
    app.graph({"t": ("flow.gated", [], ["a"])}, mode="standalone")
    app.start("submit", "--json")
    app.begun()
    app.kill_everything()
    app.nothing_runs()
    told = app.run("clean", *ALL, "--data")
    assert told.code == 0
    assert "submissions that stay: 1 (1 not ended)" in told.err
    app.open_gate()
    assert app.run("resume").code == 0


def test_clean_beside_submits_breaks_none(app: Application) -> None:
    app.module("steps", STEPS)
    app.graph(TASKS, mode="development")
    assert app.run("submit", "-q").code == 0
    cleaner = subprocess.Popen(
        ["bash", "-c", f"while {' '.join(COMMAND)} clean {' '.join(ALL)} --data; do :; done"],
        cwd=app.folder,
        env=app.environment({}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        ended = [app.run("submit", "--name", f"n{i % 2}", "--json") for i in range(6)]
    finally:
        cleaner.send_signal(signal.SIGKILL)
        cleaner.wait(20)
    for result in ended:
        assert result.code in (0, 7), result.err
        if result.code == 7:
            assert result.json["error"]["hint"] == "submit again"


def test_two_cleans_at_once_remove_everything_once(used: Application) -> None:
    both = [used.start("clean", *ALL, "--data", "--json") for _ in range(2)]
    ended = [used.end(process) for process in both]
    assert [result.code for result in ended] == [0, 0], [result.err for result in ended]
    removed = [entry["id"] for result in ended for entry in result.json["submissions"]]
    assert len(removed) == len(set(removed)) == 3
    assert data_files(used) == []
    assert submissions(used) == []


def test_clean_killed_at_any_moment_is_finished_by_the_next(used: Application) -> None:
    process = used.start("clean", *ALL, "--data", "--json")
    state = used.folder / ".taipy-exec" / "logs"
    wait_until(lambda: process.poll() is not None or len(list(state.iterdir())) < 3)
    process.kill()
    used.end(process)
    assert used.run("clean", *ALL, "--data").code == 0
    assert (data_files(used), submissions(used), list(state.iterdir())) == ([], [], [])
    assert used.run("submit", "-q").code == 0


def test_a_file_that_cannot_be_removed_is_told_with_exit_code_7(
    used: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = used.folder / "refusing"
    refusing.mkdir()
    (refusing / "sitecustomize.py").write_text(
        "import pathlib\n"
        "def refuse(self, missing_ok=False):\n"
        "    raise PermissionError(13, 'Permission denied', str(self))\n"
        "pathlib.Path.unlink = refuse\n"
    )
    result = used.run("clean", *ALL, "--json", env={"PYTHONPATH": str(refusing)})
    assert result.code == 7
    assert ".log could not be removed: Permission denied" in result.err
    assert len(result.json["failed"]) == 3
    assert json.loads(result.out)["submissions"]
    assert submissions(used) == []
    assert used.run("clean", *ALL).code == 0
    assert list((used.folder / ".taipy-exec" / "logs").iterdir()) == []
