"""Bad input gets one clear sentence that names the place, the value and the fix."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from command_support import Application, Result

from taipy_exec.model.job import short_id

GOOD = """\
[JOB]
mode = "standalone"
[DATA_NODE.a]
[DATA_NODE.b]
[TASK.t]
function = "flow.work:function"
inputs = []
outputs = ["a:SECTION"]
[TASK.u]
function = "flow.work:function"
inputs = ["a:SECTION"]
outputs = ["b:SECTION"]
[SCENARIO.s]
tasks = ["t:SECTION", "u:SECTION"]
"""

# (what to replace in GOOD, with what) -> words that the message must have; the first is the line.
BAD = {
    "syntax error": ("[DATA_NODE.b]", "[DATA_NODE.b", ["config.toml:4", "TOML"]),
    "unknown reference": (
        'inputs = ["a:SECTION"]',
        'inputs = ["aa:SECTION"]',
        ["config.toml:11 [TASK.u] inputs", "'aa'", "did you mean 'a'"],
    ),
    "unknown task": (
        '"u:SECTION"]',
        '"w:SECTION"]',
        ["config.toml:14 [SCENARIO.s] tasks", "'w'"],
    ),
    "wrong type": (
        'mode = "standalone"',
        'max_nb_of_workers = "many"',
        ["config.toml:2 [JOB] max_nb_of_workers", "'many'"],
    ),
    "unknown mode": (
        'mode = "standalone"',
        'mode = "standalon"',
        ["config.toml:2 [JOB] mode", "'standalon'", "standalone"],
    ),
    "unknown storage type": (
        "[DATA_NODE.b]",
        '[DATA_NODE.b]\nstorage_type = "pickel"',
        ["config.toml:5 [DATA_NODE.b] storage_type", "'pickel'", "pickle"],
    ),
    "missing function": (
        'function = "flow.work:function"\ninputs = ["a',
        'function = "flow.werk:function"\ninputs = ["a',
        ["config.toml:10 [TASK.u] function", "'werk'", "flow"],
    ),
    "missing module": (
        'function = "flow.work:function"\ninputs = ["a',
        'function = "flaw.work:function"\ninputs = ["a',
        ["config.toml:10 [TASK.u] function", "'flaw'"],
    ),
    "import that raises": (
        'function = "flow.work:function"\ninputs = ["a',
        'function = "broken.work:function"\ninputs = ["a',
        ["config.toml:10 [TASK.u] function", "broken", "RuntimeError", "out of order"],
    ),
    "import that exits": (
        'function = "flow.work:function"\ninputs = ["a',
        'function = "leaves.work:function"\ninputs = ["a',
        ["config.toml:10 [TASK.u] function", "leaves", "SystemExit"],
    ),
    "import with a syntax error": (
        'function = "flow.work:function"\ninputs = ["a',
        'function = "garbled.work:function"\ninputs = ["a',
        ["config.toml:10 [TASK.u] function", "garbled", "SyntaxError"],
    ),
    "no function": (
        'function = "flow.work:function"\ninputs = ["a',
        'inputs = ["a',
        ["[TASK.u] function", "is missing"],
    ),
    "function that is none": (
        'function = "flow.work:function"\ninputs = ["a',
        'function = "os.sep:function"\ninputs = ["a',
        ["config.toml:10 [TASK.u] function", "os.sep"],
    ),
    "cycle": ("inputs = []", 'inputs = ["b:SECTION"]', ["[SCENARIO.s]", "cycle", "t", "u"]),
    "environment": (
        "[DATA_NODE.b]",
        '[DATA_NODE.b]\ndefault_data = "ENV[NOT_SET_HERE]:int"',
        ["config.toml:5 [DATA_NODE.b] default_data", "NOT_SET_HERE"],
    ),
    "table given twice": ("[DATA_NODE.b]", "[DATA_NODE.b]\n[DATA_NODE.a]", ["config.toml"]),
    "one id for two": ("[DATA_NODE.b]", "[DATA_NODE.b]\n[DATA_NODE.t]", ["'t'", "also used"]),
    "reserved id": ("[DATA_NODE.b]", "[DATA_NODE.b]\n[DATA_NODE.name]", ["'name'", "reserved"]),
    "in_memory": (
        "[DATA_NODE.b]",
        '[DATA_NODE.b]\nstorage_type = "in_memory"',
        ["config.toml:5", "in_memory", "development", "pickle"],
    ),
    "section that is no table": ("[JOB]\nmode = ", "JOB = ", ["config.toml:1", "JOB"]),
}
WARNINGS = {
    "unknown section": ("[JOB]", "[JOBS]\n[JOB]", ["config.toml:1", "'JOBS'", "JOB"]),
    "unknown key": (
        "[JOB]",
        "[JOB]\nmax_nb_of_worker = 2",
        ["config.toml:2", "max_nb_of_worker", "max_nb_of_workers"],
    ),
}


def clear(result: Result, *words: str) -> None:
    """No traceback of ours, and every word in the message."""
    assert "Traceback (most recent call last)" not in result.err
    for word in words:
        assert word in result.err, result.err


def modules(app: Application) -> None:
    app.module("broken", "raise RuntimeError('out of order')\n")
    app.module("leaves", "raise SystemExit(0)\n")
    app.module("garbled", "def work(:\n")


@pytest.mark.parametrize("name", BAD)
def test_a_bad_configuration_is_refused_with_its_place_and_value(
    app: Application, name: str
) -> None:
    old, new, words = BAD[name]
    assert old in GOOD
    modules(app)
    app.config(GOOD.replace(old, new, 1))
    checked = app.run("check")
    assert checked.code == 3
    clear(checked, "error: ", *words)
    if name in ("syntax error", "missing function", "cycle", "environment"):
        submitted = app.run("submit")
        assert (submitted.code, submitted.out) == (3, "")
        clear(submitted, *words)
    assert not app.exists(".taipy-exec")


@pytest.mark.parametrize("name", WARNINGS)
def test_what_may_be_a_slip_is_a_warning_of_check(app: Application, name: str) -> None:
    old, new, words = WARNINGS[name]
    app.config(GOOD.replace(old, new, 1))
    result = app.run("check")
    assert result.code == 0
    clear(result, "warning: ", *words)
    assert app.run("submit", "--json").code == 0


def test_check_tells_every_problem_at_once_with_the_keys_of_the_contract(app: Application) -> None:
    app.config(GOOD.replace("standalone", "magic").replace("flow.work", "flow.werk"))
    result = app.run("check", "--json")
    assert result.code == 3
    issues = result.json["issues"]
    assert len([issue for issue in issues if issue["level"] == "ERROR"]) == 3
    keys = {"level", "file", "line", "section", "id", "field", "value", "message"}
    assert all(set(issue) == keys for issue in issues)
    errors = [issue for issue in issues if issue["level"] == "ERROR"]
    assert [issue["line"] for issue in errors] == [2, 6, 10]
    assert issues[0]["file"] == str(app.folder / "config.toml")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("nope.toml", ["nope.toml", "init"]),
        ("nope", ["nope", "init"]),
        (".", ["config.toml", "main.py"]),
        ("flow.txt", ["flow.txt"]),
        ("binary.toml", ["binary.toml", "UTF-8"]),
    ],
)
def test_a_path_that_is_no_application_is_named(
    app: Application, path: str, words: list[str]
) -> None:
    (app.folder / "flow.txt").write_text("not = = toml")
    (app.folder / "binary.toml").write_bytes(b"\xff\xfe\x00")
    for command in ("submit", "graph"):
        result = app.run(command, path)
        assert result.code == 3
        clear(result, *words)


def test_an_empty_scenario_is_told_and_is_no_failure(app: Application) -> None:
    app.config("[SCENARIO.s]\ntasks = []\n")
    result = app.run("submit")
    assert result.code == 0
    clear(result, "no tasks")


def test_a_configuration_without_a_scenario_is_told(app: Application) -> None:
    app.config("[JOB]\n")
    result = app.run("submit")
    assert result.code in (3, 8)
    clear(result, "scenario")


@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_a_data_node_that_was_never_written_blocks_its_jobs_only(
    app: Application, mode: str
) -> None:
    app.graph(
        {
            "t": ("flow.work", ["given"], ["a"]),
            "u": ("flow.work", ["a"], ["b"]),
            "v": ("flow.work", [], ["c"]),
        },
        mode=mode,
    )
    result = app.run("submit", "--json")
    assert result.code == 3
    assert result.statuses() == {"t": "BLOCKED", "u": "BLOCKED", "v": "COMPLETED"}
    assert result.job("t")["reason"] == "input_not_written"
    clear(result, "given", "data write")
    assert app.run("data", "write", ".", "given", "5").code == 0
    after = app.run("submit", "--json")
    assert after.code == 0
    assert set(after.statuses().values()) == {"COMPLETED"}
    assert after.json["submission"]["id"] == result.json["submission"]["id"]


def test_a_submission_that_waits_for_data_is_not_told_as_interrupted(app: Application) -> None:
    app.config(
        '[DATA_NODE.given]\nstorage_type = "csv"\ndefault_path = "my data/given.csv"\n'
        "[DATA_NODE.a]\n"
        '[TASK.t]\nfunction = "flow.work:function"\n'
        'inputs = ["given:SECTION"]\noutputs = ["a:SECTION"]\n'
        '[SCENARIO.s]\ntasks = ["t:SECTION"]\n'
    )
    result = app.run("submit")
    assert result.code == 3
    key = "default_path of [DATA_NODE.given], config.toml:3"
    told = f"needs data node given, but there is no file my data/given.csv ({key})"
    clear(result, told, "correct the path, or put the file there")
    place = app.folder / "my data" / "given.csv"
    submission = app.only_submission()
    told = [app.run("status").out, app.run("status", submission).out, app.run("history").out]
    retry = app.run("retry", submission)
    assert retry.code == 2
    for text in (*told, retry.err, app.run("report", submission, "-o", "-").out):
        assert "waits for data" in text.lower()
        assert "interrupted" not in text.lower()
    place.parent.mkdir()
    place.write_text("a\n1\n")
    after = app.run("submit")
    assert after.code == 0
    assert (
        f"resuming {short_id(submission)}, which waited for data: 0 of 1 jobs had ended"
        in after.err
    )


@pytest.mark.parametrize("command", [("submit",), ("plan",), ("data", "list"), ("data", "show")])
def test_a_date_for_a_scenario_without_a_frequency_is_warned_of(
    app: Application, command: tuple[str, ...]
) -> None:
    app.graph({"t": ("flow.work", [], ["a"])})
    assert app.run("submit").code == 0
    node = ("a",) if "show" in command else ()
    result = app.run(*command, ".", *node, "--creation-date", "2020-01-01")
    assert result.code == 0
    clear(result, "scenario s has no frequency: --creation-date has no effect")
    assert len(app.run("history", "--json").json["submissions"]) <= 2


def test_a_wrong_number_of_results_fails_the_job_with_both_numbers(app: Application) -> None:
    app.module("jobs", "def two():\n    return 1, 2\n")
    app.graph({"t": ("jobs.two", [], ["a", "b", "c"])})
    result = app.run("submit", "--json")
    assert result.code == 1
    assert result.job("t")["reason"] == "wrong_result_count"
    clear(result, "3 outputs", "returned 2")


@pytest.mark.parametrize("state", ["/proc/nowhere", "flow.py/state", "flow.py"])
def test_a_state_folder_that_cannot_be_written_is_named(app: Application, state: str) -> None:
    app.config(GOOD)
    result = app.run("submit", "--state-dir", state)
    assert result.code == 7
    clear(result, state, "--state-dir")


def damage(how: str, database: Path) -> None:
    if how == "cut":
        os.truncate(database, 5000)
    elif how == "garbage":
        database.write_bytes(os.urandom(20_000))
    elif how == "middle":
        with database.open("r+b") as file:
            file.seek(4096)
            file.write(os.urandom(database.stat().st_size - 4096))
    elif how == "no tables":
        database.unlink()
        with sqlite3.connect(database) as connection:
            connection.execute("PRAGMA user_version = 1")
        connection.close()
    elif how == "newer":
        connection = sqlite3.connect(database)
        connection.execute("PRAGMA user_version = 99")
        connection.close()


@pytest.mark.one_variant
@pytest.mark.parametrize("how", ["cut", "garbage", "middle", "no tables", "newer"])
def test_a_damaged_or_newer_state_store_is_told_with_the_way_out(
    app: Application, how: str
) -> None:
    app.config(GOOD)
    assert app.run("submit").code == 0
    database = app.folder / ".taipy-exec" / "state.db"
    for end in ("-wal", "-shm"):
        Path(f"{database}{end}").unlink(missing_ok=True)
    damage(how, database)
    for command in (["submit"], ["status"]):
        result = app.run(*command)
        assert result.code == 7
        clear(result, "state.db", "hint: ", "newer" if how == "newer" else "damaged")
    if how == "garbage":
        database.rename(f"{database}.damaged")
        assert app.run("submit").code == 0


def test_a_deleted_state_store_is_made_again(app: Application) -> None:
    app.config(GOOD)
    assert app.run("submit").code == 0
    for file in (app.folder / ".taipy-exec").glob("state.db*"):
        file.unlink()
    assert app.run("status").code == 0
    assert app.run("submit").code == 0


@pytest.fixture
def small_disk(app: Application) -> Callable[[str], Path]:
    """Mounts a disk of 1 MB in the application's folder."""
    made: list[Path] = []

    def mount(name: str) -> Path:
        place = app.folder / name
        place.mkdir()
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)],
            capture_output=True,
            check=False,
        )
        if done.returncode:
            pytest.skip("no right to mount a small disk")
        made.append(place)
        return place

    yield mount  # type: ignore[misc]
    for place in made:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_under_the_data_fails_the_job_and_leaves_no_part(
    app: Application, small_disk: Callable[[str], Path]
) -> None:
    disk = small_disk("user_data")
    app.module("jobs", "def big():\n    return bytes(3_000_000)\n")
    app.graph({"t": ("jobs.big", [], ["a"]), "u": ("flow.work", [], ["b"])})
    result = app.run("submit", "--json")
    assert result.code == 1
    assert result.statuses() == {"t": "FAILED", "u": "COMPLETED"}
    assert result.job("t")["reason"] == "write_output"
    assert "No space left" in result.job("t")["error"]["message"]
    assert not list(disk.rglob("*.part"))


def test_a_full_disk_under_the_state_is_told_and_nothing_is_torn(
    app: Application, small_disk: Callable[[str], Path]
) -> None:
    disk = small_disk("state")
    app.config(GOOD)
    assert app.run("submit", "--state-dir", "state").code == 0
    fill = disk / "fill"
    with fill.open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                pass
        except OSError:
            pass
    result = app.run("submit", "--state-dir", "state")
    assert result.code == 7
    clear(result, "state.db", "disk is full")
    app.nothing_runs()
    fill.unlink()
    assert app.run("submit", "--state-dir", "state", "--json").code == 0


def test_a_full_disk_under_the_log_loses_the_log_only(
    app: Application, small_disk: Callable[[str], Path]
) -> None:
    app.one("print('x' * 3_000_000)\nreturn 1")
    (app.folder / ".taipy-exec").mkdir()
    small_disk(".taipy-exec/logs")
    result = app.run("submit", "--json")
    assert result.code == 0
    assert set(result.statuses().values()) == {"COMPLETED"}


def test_an_events_file_that_cannot_be_written_is_wrong_use(app: Application) -> None:
    app.config(GOOD)
    result = app.run("submit", "--events", "nowhere/e.jsonl")
    assert result.code == 2
    clear(result, "nowhere/e.jsonl")
    assert app.run("status", "--json").json["submissions"] == []


# -- what is wrong and stops nothing ------------------------------------------------------


def test_a_misspelt_key_is_told_by_submit_and_plan_too(app: Application) -> None:
    app.graph({"t": ("flow.work", [], ["a"])})
    text = (app.folder / "config.toml").read_text()
    app.config(text.replace("[TASK.t]", "[TASK.t]\nretires = 3"))
    for command in ("submit", "plan"):
        result = app.run(command, ".", "--json")
        assert (result.code, result.json["schema"]) == (0, "taipy-exec/1")
        (warning,) = [line for line in result.err.splitlines() if line.startswith("warning:")]
        assert "[TASK.t] retires: unknown key 'retires'" in warning
        assert "(did you mean 'retries'?)" in warning


def test_a_broker_that_does_not_answer_is_told_before_the_patience_is_over(
    app: Application,
) -> None:
    app.graph({"t": ("flow.work", [], ["a"])}, mode="cluster", job="broker_connect_timeout = 2.5")
    env: dict[str, str | None] = {"TAIPY_EXEC_BROKER_URL": "amqp://me:s3cret@127.0.0.1:1/"}
    result = app.run("submit", ".", env=env)
    assert result.code == 6
    waiting, error, hint = result.err.splitlines()
    assert waiting.startswith("trying for 2.5 s: RabbitMQ cannot be reached at 127.0.0.1:1")
    assert error.startswith("error: RabbitMQ cannot be reached")
    assert hint.startswith("hint: ")
    assert "s3cret" not in result.err
