"""What a reader, a full disk, a clock or a dead coordinator may do to a submission."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest
from command_support import Application, Result, wait_until

from taipy_exec.model.job import short_id

MODES = pytest.mark.parametrize("mode", ["development", "standalone"])
TWO_STEPS = {"t": ("flow.gated", [], ["a"]), "u": ("flow.work", ["a"], ["b"])}
WITH_ANOTHER = {**TWO_STEPS, "v": ("flow.work", [], ["c"]), "w": ("flow.gated", ["c"], ["d"])}


def await_line(process: subprocess.Popen[str], word: str) -> None:
    assert process.stderr is not None
    stream = process.stderr
    wait_until(lambda: word in stream.readline(), what=word)


# -- events -------------------------------------------------------------------------------


@pytest.mark.one_variant
@MODES
def test_a_reader_of_events_that_goes_away_does_not_end_the_run(
    app: Application, mode: str
) -> None:
    app.graph({"t": ("flow.gated", [], ["a"]), "u": ("flow.work", ["a"], ["b"])}, mode=mode)
    result = app.shell(
        "mkfifo pipe; (head -1 pipe > first; touch gate) & $T submit --json --events pipe"
    )
    assert result.code == 0
    assert result.statuses() == {"t": "COMPLETED", "u": "COMPLETED"}
    assert result.err.count("warning: --events") == 1
    assert "Traceback" not in result.err
    assert '"event": "submission"' in (app.folder / "first").read_text()


@pytest.mark.one_variant
@MODES
@pytest.mark.parametrize("events", ["/dev/full", "- > /dev/full"])
@pytest.mark.parametrize(("body", "code"), [("return 1", 0), ("raise ValueError('no')", 1)])
def test_a_full_disk_ends_the_events_and_not_the_run(
    app: Application, mode: str, events: str, body: str, code: int
) -> None:
    app.one(body, mode=mode)
    result = app.shell(f"$T submit --events {events}")
    assert result.code == code, result.err
    assert result.err.count("warning: --events") == 1
    assert "No space left on device" in result.err
    assert "events.py" not in result.err
    found = app.status(app.only_submission()).statuses()
    assert found["good"] == "COMPLETED"


# -- results ------------------------------------------------------------------------------


@MODES
def test_a_table_with_as_many_rows_as_outputs_is_a_wrong_number_of_results(
    app: Application, mode: str
) -> None:
    app.module(
        "jobs",
        "def two():\n    import pandas\n"
        "    return pandas.DataFrame({'a': [1, 2], 'b': [1, 2], 'c': [1, 2]})\n",
    )
    app.graph({"t": ("jobs.two", [], ["a", "b"]), "u": ("flow.work", ["a"], ["c"])}, mode=mode)
    result = app.run("submit", "--json")
    assert result.code == 1
    assert result.statuses() == {"t": "FAILED", "u": "ABANDONED"}
    assert result.job("t")["reason"] == "wrong_result_count"
    assert "DataFrame of length 2" in result.job("t")["error"]["message"]
    assert not list((app.folder / "user_data").rglob("*.p"))


# -- logs ---------------------------------------------------------------------------------


@pytest.mark.one_variant
@MODES
def test_logs_tail_and_follow_shows_the_last_lines_and_then_every_new_one(
    app: Application, mode: str
) -> None:
    app.module(
        "jobs",
        "def talk():\n    print('1', '2', '3', sep='\\n', flush=True)\n    gated()\n"
        "    print('4', '5', '6', sep='\\n', flush=True)\n",
    )
    app.graph({"t": ("jobs.talk", [], ["a"])}, mode=mode)
    process = app.start("submit", "--json")
    app.begun()
    submission = app.only_submission()
    wait_until(lambda: app.run("logs", submission).out == "1\n2\n3\n")
    follower = app.start("logs", submission, "--follow", "--tail", "2")
    assert follower.stdout is not None
    assert [follower.stdout.readline() for _ in range(2)] == ["2\n", "3\n"]
    app.open_gate()
    assert app.end(process).code == 0
    assert app.end(follower).out == "4\n5\n6\n"


# -- wait ---------------------------------------------------------------------------------


@pytest.mark.one_variant
@MODES
@pytest.mark.parametrize("other", ["work", "fail"])
def test_wait_tells_as_submit_did_that_time_was_up(app: Application, mode: str, other: str) -> None:
    app.graph({"o": (f"flow.{other}", [], ["c"]), **TWO_STEPS}, mode=mode)
    submitted = app.run("submit", "--timeout", "1.5", "--json")
    assert submitted.code == 5
    waited = app.run("wait", submitted.json["submission"]["id"], "--json")
    assert (waited.code, waited.json) == (5, submitted.json)


def test_wait_tells_as_submit_did_that_it_was_interrupted(app: Application) -> None:
    app.graph(TWO_STEPS)
    process = app.start("submit", "--json")
    app.begun()
    process.send_signal(signal.SIGINT)
    await_line(process, "interrupted")
    app.open_gate()
    submitted = app.end(process)
    assert submitted.code == 130
    assert app.run("wait", submitted.json["submission"]["id"]).code == 130


@pytest.mark.long
def test_wait_keeps_to_the_submission_that_its_prefix_meant_at_first(app: Application) -> None:
    interrupt(app, TWO_STEPS)
    waiting = app.start("wait", "SUBMISSION_")
    await_line(waiting, "no process works on")
    app.open_gate()
    assert app.run("submit", "--name", "another").code == 0
    assert app.run("resume").code == 0
    result = app.end(waiting)
    assert result.code == 0, result.err


# -- cancel of one job of an interrupted submission ----------------------------------------


def interrupt(app: Application, tasks: dict[str, tuple[str, list[str], list[str]]]) -> Result:
    """A submission whose coordinator was killed while its gated jobs ran."""
    app.graph(tasks)
    process = app.start("submit")
    app.begun(sum(function == "flow.gated" for function, _, _ in tasks.values()))
    process.kill()
    app.end(process)
    app.nothing_runs()
    return app.status(app.only_submission())


def test_cancel_of_a_job_that_ran_when_its_coordinator_died_ends_it_and_its_followers(
    app: Application,
) -> None:
    found = interrupt(app, TWO_STEPS)
    assert app.run("cancel", found.job("t")["id"]).code == 0
    after = app.status(app.only_submission())
    assert after.statuses() == {"t": "CANCELED", "u": "ABANDONED"}
    assert after.job("t")["reason"] == "canceled"
    assert after.job("u")["reason"] == "upstream_canceled"
    assert after.json["submission"]["finished_at"] is not None
    assert app.run("wait", app.only_submission()).code == 4
    app.nothing_runs()


def test_cancel_of_a_waiting_job_of_an_interrupted_submission_shows_at_once(
    app: Application,
) -> None:
    found = interrupt(app, TWO_STEPS)
    result = app.run("cancel", found.job("u")["id"], "--json")
    assert result.code == 0
    assert result.statuses() == {"t": "RUNNING", "u": "CANCELED"}
    assert result.json["submission"]["finished_at"] is None


@pytest.mark.long
def test_what_is_left_after_such_a_cancel_can_be_carried_on_in_the_same_mode(
    app: Application,
) -> None:
    found = interrupt(app, WITH_ANOTHER)
    text = (app.folder / "config.toml").read_text()
    app.config(text.replace('mode = "standalone"', 'mode = "development"'))
    assert app.run("cancel", found.job("t")["id"]).code == 0
    after = app.status(app.only_submission())
    assert {**after.statuses(), "w": ""} == {
        "t": "CANCELED",
        "u": "ABANDONED",
        "v": "COMPLETED",
        "w": "",
    }
    assert after.json["submission"]["mode"] == "standalone"
    app.open_gate()
    result = app.run("resume", "--json")
    assert result.code == 4
    assert result.statuses() == {**after.statuses(), "w": "COMPLETED"}


@pytest.mark.long
def test_cancel_of_one_job_is_refused_where_the_configuration_is_another_now(
    app: Application,
) -> None:
    found = interrupt(app, TWO_STEPS)
    app.graph(WITH_ANOTHER)
    result = app.run("cancel", found.job("t")["id"])
    assert result.code == 3
    assert "cannot be canceled by itself" in result.err
    assert "the configuration has changed since" in result.err
    assert f"taipy-exec cancel {short_id(found.json['submission']['id'])}" in result.err
    assert app.status(app.only_submission()).json == found.json
    assert app.run("cancel", app.only_submission()).code == 0


# -- check --------------------------------------------------------------------------------


def test_check_warns_of_a_state_folder_that_is_not_on_a_local_disk(
    app: Application, tmp_path: Path
) -> None:
    app.graph(TWO_STEPS)
    mounts = tmp_path / "mountinfo"
    mounts.write_text("27 1 254:0 / / rw shared:1 - nfs4 server:/ rw\n")
    (app.folder / "sitecustomize.py").write_text(
        "import pathlib\nimport taipy_exec.store.location as location\n"
        f"location._MOUNTS = pathlib.Path({str(mounts)!r})\n"
    )
    env = {"PYTHONPATH": str(app.folder)}
    found = app.run("check", "--json", env=env)
    assert found.code == 0
    *others, issue = found.json["issues"]
    assert issue["level"] == "WARNING"
    assert "is not on a local disk but on nfs4" in issue["message"]
    result = app.run("check", env=env)
    assert "warning: the state folder" in result.err
    assert result.out == f"no errors: 1 scenario, {len(others) + 1} warning(s)\n"
    mounts.write_text("27 1 254:0 / / rw shared:1 - ext4 /dev/vda rw\n")
    assert app.run("check", "--json", env=env).json["issues"] == others


# -- the main script ----------------------------------------------------------------------


def test_a_class_of_the_main_script_that_only_a_data_node_names_is_found(app: Application) -> None:
    (app.folder / "main.py").write_text(
        "import json\nclass Loud(json.JSONEncoder):\n    def default(self, o):\n"
        "        return 'loud'\n"
    )
    app.module("jobs", "def give():\n    return {'x': object()}\n")
    app.graph({"t": ("jobs.give", [], ["a"])})
    text = (app.folder / "config.toml").read_text()
    app.config(
        text.replace(
            "[DATA_NODE.a]",
            '[DATA_NODE.a]\nstorage_type = "json"\ndefault_path = "a.json"\n'
            'encoder = "__main__.Loud:class"',
        )
    )
    result = app.run("submit", "--json")
    assert result.code == 0, result.err
    assert '"loud"' in (app.folder / "a.json").read_text()
