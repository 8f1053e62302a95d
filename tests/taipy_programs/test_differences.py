"""Each row of the table in docs/taipy.md: what Taipy's dispatcher does, and what ours does."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from taipy_support import PROGRAMS, Both

DYING = """
    def die():
        {how}

    def work():
        return 1

    bad = Config.configure_scenario("bad", [task("dies", die, None, node("a"))])
    good = Config.configure_scenario("good", [task("works", work, None, node("b"))])

    if __name__ == "__main__":
        started()
        first = tp.create_scenario(bad).submit()
        ended = until(lambda: statuses(first)["dies"] != "RUNNING" and first.is_finished())
        second = tp.create_scenario(good).submit()
        until(lambda: second.is_finished())
        stacktrace = [text for job in first.jobs for text in job.stacktrace]
        tell(first=statuses(first), second=statuses(second), stacktrace=stacktrace)
"""


@pytest.mark.long
@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("os.kill(os.getpid(), 9)", "killed by SIGKILL"),
        ("os._exit(3)", "exit code 3"),
        ("raise SystemExit(1)", "SystemExit"),
    ],
)
def test_a_job_whose_process_dies_fails_and_the_next_submission_runs(
    both: Both, how: str, why: str
) -> None:
    theirs, ours = both(DYING.format(how=how))
    assert theirs["first"] == {"dies": "RUNNING"}
    assert ours["first"] == {"dies": "FAILED"}
    assert ours["second"] == {"works": "COMPLETED"}
    assert why in "".join(ours["stacktrace"])
    if "SystemExit" not in how:
        assert theirs["second"] == {"works": "RUNNING"}


@pytest.mark.long
def test_all_followers_of_a_job_go_on_when_it_has_ended(both: Both) -> None:
    theirs, ours = both("""
        def begin():
            return 1

        def follow(number):
            if number == 0:
                raise ValueError("no")
            return number

        start, zero = node("start"), node("zero", default_data=0)
        tasks = [task("begin", begin, None, start)]
        for name in ("first", "second", "third", "fourth"):
            tasks.append(task(name, follow, start, node(name + "_out")))
        wide = Config.configure_scenario("wide", tasks)

        if __name__ == "__main__":
            started(workers=4)
            seen = []
            most = 0

            def count(job):
                global most
                seen.append((job.task.config_id, job.status.name))
                pending = {name for name, status in seen if status == "PENDING"}
                running = {name for name, status in seen if status == "RUNNING"}
                if job.status.name == "RUNNING" and len(running) == 2:
                    most = len(pending)

            submission = tp.create_scenario(wide).submit(callbacks=[count])
            until(lambda: submission.is_finished())
            tell(pending_at_the_first_start=most, all=statuses(submission))
    """)
    # Taipy takes entries out of a list while it walks over it, and so passes over every second.
    assert theirs["pending_at_the_first_start"] < 5
    assert ours["pending_at_the_first_start"] == 5
    assert set(ours["all"].values()) == {"COMPLETED"}


@pytest.mark.long
def test_a_running_job_that_is_canceled_is_stopped(both: Both) -> None:
    theirs, ours = both("""
        def long(number):
            note(f"began_{os.getpid()}")
            time.sleep(4)
            note("ended")
            return number

        def after(number):
            return number

        mid = node("mid")
        scenario_cfg = Config.configure_scenario(
            "s",
            [
                task("long", long, node("n", default_data=1), mid),
                task("after", after, mid, node("o")),
            ],
        )

        if __name__ == "__main__":
            started()
            scenario = tp.create_scenario(scenario_cfg)
            submission = scenario.submit()
            until(lambda: Path("ledger").exists())
            job = next(job for job in submission.jobs if job.task.config_id == "long")
            tp.cancel_job(job)
            until(lambda: all(job.is_finished() for job in submission.jobs))
            pid = int(Path("ledger").read_text().split()[0].removeprefix("began_"))
            tell(
                all=statuses(submission),
                submission=submission.submission_status.name,
                ended=noted("ended"),
                written=scenario.mid.read(),
                locked=scenario.mid.edit_in_progress,
            )
    """)
    assert theirs["all"] == {"long": "COMPLETED", "after": "ABANDONED"} and theirs["ended"]
    assert ours["all"] == {"long": "CANCELED", "after": "ABANDONED"}
    assert (ours["ended"], ours["written"], ours["locked"]) == (False, None, False)
    assert ours["submission"] == "CANCELED"


def test_a_timeout_is_kept_to_the_fraction_of_a_second(both: Both) -> None:
    theirs, ours = both("""
        def slow():
            time.sleep(3)

        cfg = Config.configure_scenario("s", [task("slow", slow)])

        if __name__ == "__main__":
            started()
            scenario = tp.create_scenario(cfg)
            begin = time.monotonic()
            scenario.submit(wait=True, timeout=0.3)
            tell(seconds=time.monotonic() - begin)
    """)
    assert theirs["seconds"] > 0.9
    assert 0.3 <= ours["seconds"] < 0.9


@pytest.mark.long
def test_submit_that_waits_returns_when_the_submission_has_heard_of_the_end(both: Both) -> None:
    theirs, ours = both("""
        import threading

        def work():
            return 1

        cfg = Config.configure_scenario("s", [task("work", work, None, node("a"))])
        returned = threading.Event()

        def linger(job):
            if job.status.name == "COMPLETED":
                returned.wait(2)

        if __name__ == "__main__":
            started()
            submission = tp.create_scenario(cfg).submit(callbacks=[linger], wait=True)
            status = submission.submission_status.name
            returned.set()
            tell(status=status)
    """)
    assert theirs["status"] == "RUNNING"
    assert ours["status"] == "COMPLETED"


def test_a_timeout_of_more_than_a_day_comes_to_its_end(make_program: Any) -> None:
    """Taipy compares the seconds within a day, and so never comes to the end."""
    program = make_program("long")
    program.write("""
import datetime, time
from taipy.core import Status
import taipy.core._orchestrator._orchestrator as theirs
wait_as_taipy = theirs._Orchestrator._wait_until_job_finished
import taipy_exec.taipy_plugin; taipy_exec.taipy_plugin.enable()
from taipy_exec.taipy_plugin import internals, service

class Job:
    _status = Status.RUNNING
    def _is_finished(self): return False

class Clock(datetime.datetime):
    looks = 0
    @classmethod
    def now(cls):
        cls.looks += 1
        if cls.looks > 50: raise SystemExit("Taipy waits for ever")
        return datetime.datetime(2026, 1, 1) + datetime.timedelta(hours=13 * cls.looks)

begin = time.monotonic()
clock = iter(float(i * 46_800) for i in range(1000))
real, time.monotonic = time.monotonic, lambda: next(clock)
service.Service.current.wait([Job()], 100_000)
time.monotonic = real
print("ours came to its end", real() - begin < 5)
theirs.datetime, theirs.sleep = Clock, lambda seconds: None
wait_as_taipy([Job()], 100_000)
""")
    result = program.python()
    assert "ours came to its end True" in result.out
    assert "Taipy waits for ever" in result.err


@pytest.mark.long
def test_a_file_is_replaced_as_a_whole(both: Both) -> None:
    theirs, ours = both("""
        class Dying:
            def __reduce__(self):
                note("half")
                os.kill(os.getpid(), 9)

        def write(number):
            return [b"x" * 1_000_000, Dying()] if number else b"complete"

        number = node("number", default_data=0)
        cfg = Config.configure_scenario("s", [task("write", write, number, node("out"))])

        if __name__ == "__main__":
            started()
            scenario = tp.create_scenario(cfg)
            submission = scenario.submit()
            until(lambda: submission.is_finished())
            scenario.number.write(1)
            second = scenario.submit()
            until(lambda: noted("half"))
            time.sleep(1)
            try:
                read = scenario.out.read().decode()
            except Exception as error:
                read = type(error).__name__
            folder = Path(scenario.out.path).parent
            tell(read=read, left=sorted(p.name for p in folder.iterdir() if "part" in p.name))
    """)
    assert theirs["read"] in ("UnpicklingError", "EOFError")
    assert ours == {"read": "complete", "left": []}


def test_a_reader_of_entities_never_sees_half_of_one(tmp_path: Path) -> None:
    """Workers read data nodes while the program writes them."""
    code = """
import json, sys, threading
from pathlib import Path
import taipy_exec.taipy_plugin; taipy_exec.taipy_plugin.enable()
import taipy as tp
from taipy import Config
cfg = Config.configure_data_node("n", default_data=1, scope=tp.Scope.GLOBAL)
node = tp.create_global_data_node(cfg)
path = Path(".taipy/data_nodes") / f"{node.id}.json"
stop = threading.Event()
bad = []
def read():
    while not stop.is_set():
        try: json.loads(path.read_text())
        except Exception as error: bad.append(repr(error))
reader = threading.Thread(target=read); reader.start()
for _ in range(300): node.lock_edit(); node.unlock_edit()
stop.set(); reader.join()
print(len(bad), bad[:1], sorted(p.name for p in path.parent.iterdir()) == [path.name])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.stdout.splitlines()[-1] == "0 [] True", done.stdout + done.stderr


def test_the_edits_of_jobs_are_recorded(both: Both) -> None:
    theirs, ours = both("""
        def work(number):
            return number

        cfg = Config.configure_scenario(
            "s", [task("work", work, node("n", default_data=1), node("o"))]
        )

        if __name__ == "__main__":
            started()
            scenario = tp.create_scenario(cfg)
            submission = scenario.submit()
            until(lambda: submission.is_finished())
            until(lambda: scenario.o.edits, 1)
            tell(jobs=scenario.o.job_ids, ran=[job.id for job in submission.jobs])
    """)
    assert theirs["jobs"] == []
    assert ours["jobs"] == ours["ran"]


def test_a_callback_sees_why_the_job_failed(both: Both) -> None:
    theirs, ours = both("""
        def fail():
            raise ValueError("no such luck")

        seen = []

        def on_change(job):
            if job.status.name == "FAILED":
                seen.append("".join(job.stacktrace))

        cfg = Config.configure_scenario("s", [task("fail", fail)])

        if __name__ == "__main__":
            started()
            tp.create_scenario(cfg).submit(callbacks=[on_change])
            until(lambda: seen)
            tell(seen=seen)
    """)
    assert theirs["seen"] == [""]
    assert "ValueError: no such luck" in ours["seen"][0]


@pytest.mark.long
def test_a_callback_that_raises_costs_no_job(both: Both) -> None:
    theirs, ours = both("""
        def work():
            return 1

        def on_change(job):
            if job.status.name == "RUNNING":
                raise ValueError("a callback")

        cfg = Config.configure_scenario("s", [task("work", work, None, node("o"))])

        if __name__ == "__main__":
            started()
            submission = tp.create_scenario(cfg).submit(callbacks=[on_change])
            until(lambda: submission.is_finished())
            tell(all=statuses(submission), submission=submission.submission_status.name)
    """)
    assert theirs["all"] == {"work": "RUNNING"}
    assert ours == {"all": {"work": "COMPLETED"}, "submission": "COMPLETED"}


@pytest.mark.long
def test_a_job_runs_once_its_input_is_written_by_hand(both: Both) -> None:
    theirs, ours = both("""
        def work(number):
            return number + 1

        cfg = Config.configure_scenario("s", [task("work", work, node("n"), node("o"))])

        if __name__ == "__main__":
            started()
            scenario = tp.create_scenario(cfg)
            submission = scenario.submit()
            before = statuses(submission)
            scenario.n.write(1)
            until(lambda: submission.is_finished())
            tell(before=before, after=statuses(submission), value=scenario.o.read())
    """)
    assert theirs == {"before": {"work": "BLOCKED"}, "after": {"work": "BLOCKED"}, "value": None}
    assert ours == {"before": {"work": "BLOCKED"}, "after": {"work": "COMPLETED"}, "value": 2}


def test_a_data_node_with_an_open_connection_goes_to_jobs(both: Both) -> None:
    _, ours = both("""
        import sqlite3

        def count(table):
            return len(table)

        with sqlite3.connect("numbers.db") as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS t (n INTEGER)")
            connection.execute("DELETE FROM t")
            connection.execute("INSERT INTO t VALUES (1), (2)")
        table = Config.configure_sql_table_data_node(
            "table", db_name="numbers", db_engine="sqlite", table_name="t", sqlite_folder_path="."
        )
        cfg = Config.configure_scenario("s", [task("count", count, table, node("o"))])

        if __name__ == "__main__":
            started()
            scenario = tp.create_scenario(cfg)
            task_node = next(iter(scenario.tasks["count"].input.values()))
            task_node.read()
            submission = scenario.tasks["count"].submit()
            until(lambda: submission.is_finished())
            tell(all=statuses(submission), value=scenario.o.read())
    """)
    assert ours == {"all": {"count": "COMPLETED"}, "value": 2}


def test_jobs_that_wait_when_the_program_ends_still_run(make_program: Any) -> None:
    seen = {}
    for name in ("theirs", "ours"):
        program = make_program(name)
        program.write(
            (PROGRAMS / "prelude.py").read_text(encoding="utf-8")
            + textwrap.dedent("""
            def work(number):
                time.sleep(0.2)
                note("worked")
                return number + 1

            nodes = [node(f"n{i}", **({} if i else {"default_data": 0})) for i in range(5)]
            tasks = [task(f"t{i}", work, nodes[i], nodes[i + 1]) for i in range(4)]
            cfg = Config.configure_scenario("s", tasks)

            if __name__ == "__main__":
                started()
                tp.create_scenario(cfg).submit()
            """)
        )
        if name == "ours":
            program.enable()
        result = program.python()
        assert result.code == 0, result.err
        seen[name] = program.ledger().count("worked")
    assert seen["theirs"] < 4
    assert seen["ours"] == 4


def test_a_program_without_a_guard_runs(make_program: Any) -> None:
    program = make_program("unguarded")
    program.write("""
import json
from pathlib import Path
import taipy as tp
from taipy import Config

def work(number):
    return number + 1

Config.configure_job_executions(mode="standalone")
n, o = Config.configure_data_node("n", default_data=1), Config.configure_data_node("o")
cfg = Config.configure_scenario("s", [Config.configure_task("work", work, n, o)])
tp.Orchestrator().run()
scenario = tp.create_scenario(cfg)
scenario.submit(wait=True, timeout=60)
Path("record.json").write_text(json.dumps(scenario.o.read()))
""")
    result = program.go("main.py")
    assert result.code == 0, result.err
    assert program.read() == 2


def test_what_jobs_print_is_seen_and_in_their_logs(make_program: Any) -> None:
    program = make_program("printing")
    program.write(
        (PROGRAMS / "prelude.py").read_text(encoding="utf-8")
        + textwrap.dedent("""
        def work():
            print("a word from the job")
            return 1

        cfg = Config.configure_scenario("s", [task("work", work, None, node("o"))])

        if __name__ == "__main__":
            started()
            tp.create_scenario(cfg).submit(wait=True)
        """)
    )
    assert "a word from the job" in program.go("main.py").out
    submission = program.only_submission()
    assert "a word from the job" in program.run("logs", submission).out
    shown = program.status(submission).json
    assert shown["submission"]["status"] == "COMPLETED"
    assert json.dumps(shown).count("COMPLETED") == 2
