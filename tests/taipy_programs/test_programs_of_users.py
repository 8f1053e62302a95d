"""What users' programs do beside submitting one scenario: nothing hangs, and nothing is lost."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from taipy_support import Program

# A chain of two tasks: a -> first -> b -> second -> c. The first one is the test's.
CHAIN = """\
import json
import threading
import time

import taipy as tp
from taipy import Config
from flow import gated, note, wait_for

FIRST


def second(x):
    return x + 1


def told(**record):
    with open("record.json", "w") as file:
        json.dump(record, file)


def statuses(submission):
    return [submission.submission_status.name, *(job.status.name for job in submission.jobs)]


Config.configure_core(mode="experiment", version_number="1.0")
Config.configure_job_executions(mode="standalone", max_nb_of_workers=2)
a = Config.configure_data_node("a", default_data=1)
b = Config.configure_data_node("b")
c = Config.configure_data_node("c")
tasks = [
    Config.configure_task("first", first, a, b, skippable=True),
    Config.configure_task("second", second, b, c, skippable=True),
]
chain = Config.configure_scenario("chain", tasks)
"""
QUICK = "def first(x):\n    return x + 1\n"
GATED = "first = gated\n"
DONE = ["COMPLETED", "COMPLETED", "COMPLETED"]
WAIT = "wait=True, timeout=30"


def record_of(program: Program, first: str, rest: str, *, guard: bool = True) -> Any:
    """Run the program with Python alone, and what it has told of itself."""
    head = CHAIN.replace("FIRST", first)
    if guard:
        rest = 'if __name__ == "__main__":\n' + "".join(
            f"    {line}\n" if line else "\n" for line in rest.splitlines()
        )
    program.write(f"{head}\n\n{rest}")
    program.enable()
    result = program.python()
    assert result.code == 0, result.err + result.out
    program.nothing_runs()
    return program.read()


def stored_jobs(program: Program) -> dict[str, list[str]]:
    """Submission -> what `status` shows of its jobs."""
    listed = program.run("status", "--json").json["submissions"]
    return {
        one["id"]: [job["status"] for job in program.status(one["id"]).json["jobs"]]
        for one in listed
    }


@pytest.mark.long
def test_an_orchestrator_that_runs_again_while_jobs_of_the_former_run_carries_all_on(
    program: Program,
) -> None:
    found = record_of(
        program,
        GATED,
        """\
orchestrator = tp.Orchestrator()
orchestrator.run()
before = tp.create_scenario(chain).submit()
wait_for("ledger")
orchestrator.stop(wait=False)
stopped = statuses(before)
orchestrator.run()
later = tp.create_scenario(chain).submit()
open("gate", "w").close()
for submission in (before, later):
    end = time.monotonic() + 30
    while not submission.is_finished() and time.monotonic() < end:
        time.sleep(0.05)
told(stopped=stopped, before=statuses(before), later=statuses(later))
orchestrator.stop()
""",
    )
    assert found == {"stopped": ["RUNNING", "RUNNING", "BLOCKED"], "before": DONE, "later": DONE}
    assert list(stored_jobs(program).values()) == [DONE[1:], DONE[1:]]


def test_an_orchestrator_with_another_configuration_runs_what_the_former_left(
    program: Program,
) -> None:
    found = record_of(
        program,
        GATED,
        f"""\
orchestrator = tp.Orchestrator()
orchestrator.run()
before = tp.create_scenario(chain).submit()
wait_for("ledger")
orchestrator.stop(timeout=0.1)
Config.configure_core(force=True)
Config.configure_job_executions(mode="standalone", max_nb_of_workers=1)
open("gate", "w").close()
orchestrator.run()
later = tp.create_scenario(chain).submit({WAIT})
told(before=statuses(before), later=statuses(later))
orchestrator.stop()
""",
    )
    assert found == {"before": DONE, "later": DONE}


def test_what_a_thread_submits_after_the_main_thread_has_ended_runs(program: Program) -> None:
    rest = f"""\
tp.Orchestrator().run()
scenario = tp.create_scenario(chain)


def later():
    threading.main_thread().join()
    time.sleep(0.6)
    told(later=statuses(scenario.submit({WAIT})))


threading.Thread(target=later).start()
"""
    assert record_of(program, QUICK, rest) == {"later": DONE}


def test_what_a_thread_submits_after_a_program_that_is_run_has_ended_runs(
    program: Program,
) -> None:
    program.write(
        CHAIN.replace("FIRST", QUICK)
        + f"""

if __name__ == "__main__":
    from concurrent.futures import ThreadPoolExecutor

    # A pool that is never shut down keeps nothing waiting.
    pool = ThreadPoolExecutor()
    pool.submit(print).result()
    tp.Orchestrator().run()
    scenario = tp.create_scenario(chain)

    def later():
        time.sleep(1)
        told(later=statuses(scenario.submit({WAIT})))

    threading.Thread(target=later).start()
"""
    )
    result = program.go("main.py")
    assert result.code == 0, result.err
    assert program.read() == {"later": DONE}


@pytest.mark.long
def test_scenarios_that_are_deleted_while_their_jobs_run_and_wait_harm_no_other(
    program: Program,
) -> None:
    found = record_of(
        program,
        GATED,
        f"""\
tp.Orchestrator().run()
# Two run, and the third one waits for a worker.
for scenario in [tp.create_scenario(chain) for _ in range(3)]:
    scenario.submit()
wait_for("ledger")
while len(open("ledger").readlines()) < 2:
    time.sleep(0.02)
for scenario in tp.get_scenarios():
    tp.delete(scenario.id)
open("gate", "w").close()
later = tp.create_scenario(chain).submit({WAIT})
jobs = [job.id for job in tp.get_jobs()]
told(later=statuses(later), jobs=len(jobs), scenarios=len(tp.get_scenarios()))
""",
    )
    # The jobs that were deleted do not come back.
    assert found == {"later": DONE, "jobs": 2, "scenarios": 1}
    for jobs in stored_jobs(program).values():
        assert set(jobs) <= {"COMPLETED", "FAILED", "ABANDONED", "CANCELED"}


def test_a_deleted_job_is_waited_for_no_longer_than_it_takes(program: Program) -> None:
    found = record_of(
        program,
        GATED,
        """\
tp.Orchestrator().run()
scenario = tp.create_scenario(chain)


def delete_all():
    wait_for("ledger")
    tp.delete(scenario.id)
    open("gate", "w").close()


threading.Thread(target=delete_all).start()
begin = time.monotonic()
scenario.submit(wait=True, timeout=30)
told(in_time=time.monotonic() - begin < 25)
""",
    )
    assert found == {"in_time": True}


MAKES_A_SCENARIO = """\
def first(x):
    made = tp.create_scenario(Config.scenarios["chain"], name="made in a job")
    made.a.write(10)
    return len(tp.get_scenarios())
"""


@pytest.mark.long
def test_a_task_may_create_scenarios_and_write_data_nodes(program: Program) -> None:
    rest = f"""\
tp.Orchestrator().run()
scenario = tp.create_scenario(chain)
submission = scenario.submit({WAIT})
(made,) = [one for one in tp.get_scenarios() if one.name == "made in a job"]
told(made=made.a.read(), seen=scenario.b.read(), statuses=statuses(submission))
"""
    assert record_of(program, MAKES_A_SCENARIO, rest) == {"made": 10, "seen": 2, "statuses": DONE}
    # In development version mode too: a job does not delete what the program has made.
    program.clean()
    rest = 'Config.configure_core(mode="development", version_number="")\n' + rest
    assert record_of(program, MAKES_A_SCENARIO, rest) == {"made": 10, "seen": 2, "statuses": DONE}


def test_a_task_that_submits_fails_and_says_why(program: Program) -> None:
    found = record_of(
        program,
        "def first(x):\n    tp.get_scenarios()[0].submit(wait=True)\n",
        f"""\
tp.Orchestrator().run()
submission = tp.create_scenario(chain).submit({WAIT})
told(statuses=statuses(submission), why=submission.jobs[0].stacktrace)
""",
    )
    assert found["statuses"] == ["FAILED", "FAILED", "ABANDONED"]
    assert "a job's process runs no other jobs" in found["why"][0]


UNGUARDED = f"""\
Config.configure_core(mode="development", version_number="")
shared = tp.create_global_data_node(
    Config.configure_data_node("shared", scope=tp.Scope.GLOBAL, default_data=3)
)
scenario = tp.create_scenario(chain)
tp.Orchestrator().run()
submission = scenario.submit({WAIT})
told(statuses=statuses(submission), shared=shared.read(), scenarios=len(tp.get_scenarios()))
"""


def test_a_program_without_a_guard_keeps_its_entities(program: Program) -> None:
    found = record_of(program, QUICK, UNGUARDED, guard=False)
    assert found == {"statuses": DONE, "shared": 3, "scenarios": 1}


@pytest.mark.long
def test_commands_that_import_a_program_without_a_guard_delete_nothing_of_it(
    program: Program,
) -> None:
    record_of(program, QUICK, UNGUARDED, guard=False)
    entities = {name for name in program.sources() if name.startswith(".taipy")}
    assert any("scenarios" in name for name in entities)
    for command in ("check", "graph", "plan"):
        program.run(command, "main.py")
    assert {name for name in program.sources() if name.startswith(".taipy")} == entities


def test_a_callback_that_leaves_stops_no_job(program: Program) -> None:
    found = record_of(
        program,
        "import sys\n" + QUICK,
        f"""\
tp.Orchestrator().run()


def leave(job):
    if job.is_running():
        sys.exit(3)


told(statuses=statuses(tp.create_scenario(chain).submit(callbacks=[leave], {WAIT})))
""",
    )
    assert found == {"statuses": DONE}


def test_after_a_fault_of_the_dispatcher_jobs_are_canceled_and_the_next_ones_run(
    program: Program,
) -> None:
    found = record_of(
        program,
        GATED,
        f"""\
from taipy_exec.taipy_plugin.dispatcher import Dispatcher

tp.Orchestrator().run()
runs = tp.create_scenario(chain).submit()
wait_for("ledger")
wake = Dispatcher._wake_blocked
Dispatcher._wake_blocked = lambda self: 1 / 0
end = time.monotonic() + 30
while not all(job.is_finished() for job in runs.jobs) and time.monotonic() < end:
    time.sleep(0.05)
Dispatcher._wake_blocked = wake
open("gate", "w").close()
later = tp.create_scenario(chain).submit({WAIT})
told(runs=statuses(runs), later=statuses(later))
""",
    )
    assert found == {"runs": ["CANCELED", "CANCELED", "CANCELED"], "later": DONE}
    assert json.dumps(sorted(stored_jobs(program).values())) == json.dumps(
        [["CANCELED", "CANCELED"], DONE[1:]]
    )


def test_a_callback_cancels_a_job_that_is_just_being_submitted(program: Program) -> None:
    found = record_of(
        program,
        QUICK,
        f"""\
tp.Orchestrator().run()


def cancel(job):
    if job.is_blocked():
        tp.cancel_job(job.id)


submission = tp.create_scenario(chain).submit(callbacks=[cancel], {WAIT})
told(statuses=statuses(submission))
""",
    )
    assert found["statuses"][0] == "CANCELED"
    assert found["statuses"][2] == "CANCELED"


def test_the_traceback_of_a_job_that_fails_is_told_where_the_program_tells_things(
    program: Program,
) -> None:
    program.write(
        CHAIN.replace("FIRST", "def first(x):\n    return {}['nothing']\n")
        + f"""

if __name__ == "__main__":
    tp.Orchestrator().run()
    tp.create_scenario(chain).submit({WAIT})
"""
    )
    program.enable()
    result = program.python()
    assert "KeyError: 'nothing'" in result.out + result.err
    assert "line 13, in first" in result.out + result.err


def test_a_job_that_cannot_write_an_output_says_which(program: Program) -> None:
    found = record_of(
        program,
        "def first(x):\n    return lambda: x\n",
        f"""\
tp.Orchestrator().run()
submission = tp.create_scenario(chain).submit({WAIT})
told(why=submission.jobs[0].stacktrace)
""",
    )
    (why,) = found["why"]
    assert "Can't pickle local object" in why
    assert "writing data node 'b'" in why


def test_a_program_that_is_started_as_a_module_of_a_package_may_import_relatively(
    program: Program,
) -> None:
    package = program.folder / "package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "inner.py").write_text("def first(x):\n    return x + 1\n")
    program.write(
        CHAIN.replace("FIRST", "from .inner import first")
        + f"""

if __name__ == "__main__":
    tp.Orchestrator().run()
    told(statuses=statuses(tp.create_scenario(chain).submit({WAIT})))
"""
    )
    program.enable()
    program.main.rename(package / "main.py")
    result = program.end(program.start("-m", "package.main", command=[sys.executable]), timeout=120)
    assert result.code == 0, result.err
    assert program.read() == {"statuses": DONE}


def test_a_link_to_a_program_finds_the_modules_beside_the_program(program: Program) -> None:
    program.write(
        CHAIN.replace("FIRST", QUICK)
        + f"""

if __name__ == "__main__":
    tp.Orchestrator().run()
    told(statuses=statuses(tp.create_scenario(chain).submit({WAIT})))
"""
    )
    elsewhere = program.folder / "elsewhere"
    elsewhere.mkdir()
    link = elsewhere / "linked.py"
    link.symlink_to(program.main)
    result = program.go(str(link))
    assert result.code == 0, result.err
    assert program.read("elsewhere/record.json") == {"statuses": DONE}
    assert program.run("check", str(link)).code == 0


def test_a_task_that_leaves_the_folder_fails_with_a_sentence_and_harms_no_other(
    program: Program,
) -> None:
    found = record_of(
        program,
        """\
import os


def first(x):
    if x == 1:
        os.chdir("/")
    return x + 1
""",
        f"""\
tp.Orchestrator().run()
scenario = tp.create_scenario(chain)
leaves = scenario.submit({WAIT})
scenario.a.write(2)
later = scenario.submit({WAIT})
told(leaves=statuses(leaves), why=leaves.jobs[0].stacktrace, later=statuses(later))
""",
    )
    assert found["leaves"] == ["FAILED", "FAILED", "ABANDONED"]
    assert "the task has changed the working folder" in found["why"][0]
    assert found["later"] == DONE


@pytest.mark.long
@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--state-dir", "main.py/state"], 7, "the state folder"),
        (["--state-dir", "damaged"], 7, "is damaged"),
        (["--mode", "cluster"], 6, "RabbitMQ cannot be reached"),
    ],
)
def test_what_a_program_that_is_run_lacks_is_told_in_a_sentence(
    program: Program, options: list[str], code: int, message: str
) -> None:
    (program.folder / "damaged").mkdir()
    (program.folder / "damaged" / "state.db").write_text("no database, whatever it is called")
    program.write(
        CHAIN.replace("FIRST", QUICK)
        + """

if __name__ == "__main__":
    tp.Orchestrator().run()
"""
    )
    nowhere = {"TAIPY_EXEC_BROKER_URL": "amqp://guest:guest@127.0.0.1:1/"}
    result = program.go(*options, "main.py", env=nowhere)
    assert result.code == code
    assert message in result.err
    assert "Traceback" not in result.err


def test_a_failure_tells_no_password_of_the_configuration_anywhere(program: Program) -> None:
    program.write(
        CHAIN.replace("FIRST", "def first(x):\n    raise ValueError('no entry with ' + hidden())\n")
        + f"""


def hidden():
    return "".join(["canary", "word"])


Config.configure_sql_table_data_node(
    "table", db_name="d", db_engine="mysql", table_name="t", db_username="u",
    db_password=hidden(),
)

if __name__ == "__main__":
    tp.Orchestrator().run()
    submission = tp.create_scenario(chain).submit({WAIT})
    told(statuses=statuses(submission), why=submission.jobs[0].stacktrace)
"""
    )
    result = program.go("main.py")
    assert program.read()["statuses"][0] == "FAILED"
    assert "no entry with ***" in program.read()["why"][0]
    submission = program.only_submission()
    shown = [
        result.out,
        result.err,
        program.status(submission).out,
        program.run("logs", submission).out,
        json.dumps(program.read()),
    ]
    assert not any("canaryword" in text for text in shown)


@pytest.mark.long
def test_what_a_program_takes_from_the_environment_stays_there_when_it_is_migrated(
    program: Program,
) -> None:
    program.write(
        CHAIN.replace("FIRST", QUICK)
        + """

Config.configure_data_node("d", default_data="ENV[CANARY]")
Config.configure_sql_table_data_node(
    "table", db_name="d", db_engine="mysql", table_name="t", db_username="u",
    db_password="ENV[CANARY]",
)
"""
    )
    result = program.run("init", "--from-taipy", "main.py", env={"CANARY": "canaryword"})
    assert result.code == 0, result.err
    written = (program.folder / "config.toml").read_text()
    assert "canaryword" not in written
    assert written.count("ENV[CANARY]") == 2
    # Where it is not set, the file says the same; and what needs it says what is missing.
    assert program.run("init", "--from-taipy", "main.py", "--overwrite").code == 0
    assert (program.folder / "config.toml").read_text() == written
    for command in (["check"], ["graph"], ["run-worker", "--application-path"]):
        result = program.run(*command, "main.py")
        assert result.code == 3
        assert "Environment variable CANARY is not set." in result.out + result.err
