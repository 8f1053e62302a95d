"""Jobs run from Python, as a user's script does: each scenario is a script in its own process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from typing import Any

import pytest
from command_support import Application, wait_until

pytestmark = pytest.mark.one_variant

both = pytest.mark.parametrize("mode", ["development", "standalone"])

# What most scripts here are made of. It is importable, so that the scripts stay short; the
# functions of the tasks mostly are the scripts' own.
SUPPORT = '''\
import datetime as dt
import json
import logging
import os
import sys
import threading
import time

import taipy_exec as tp
from taipy_exec import Config, Frequency, Scope, Status, SubmissionStatus
from taipy_exec.errors import *

MODE = sys.argv[1] if len(sys.argv) > 1 else "development"


def show(**found):
    print("\\n" + json.dumps(found, default=str), flush=True)


def note(word):
    file = os.open("ledger", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, (word + "\\n").encode())
    os.close(file)


def ledger():
    return open("ledger").read().split("\\n")[:-1] if os.path.exists("ledger") else []


def wait_until(condition, what="the condition", seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.002)


def wait_for(file):
    wait_until(lambda: os.path.exists(file), file)


def one():
    return 1


def add(*values):
    return sum(values) + 1


def fail(*inputs):
    raise ValueError("no such luck")


def gated(*inputs):
    note("begin")
    wait_for("gate")
    note("end")
    return 1


def open_gate():
    open("gate", "w").close()


def begun(number=1):
    wait_until(lambda: ledger().count("begin") >= number, f"{number} jobs to begin")


def configure(tasks, data=None, *, id="s", workers=2, nodes=None, skippable=False,
              sequences=None, **properties):
    """A scenario of tasks given as name -> (function, inputs, outputs)."""
    Config.configure_job_executions(mode=MODE, max_nb_of_workers=workers, grace=0.5)
    nodes = dict(nodes or {})
    data = data or {}
    for _, inputs, outputs in tasks.values():
        for name in (*inputs, *outputs):
            if name not in nodes:
                nodes[name] = Config.configure_data_node(name, default_data=data.get(name))
    made = {
        name: Config.configure_task(
            name, function, [nodes[n] for n in inputs], [nodes[n] for n in outputs], skippable
        )
        for name, (function, inputs, outputs) in tasks.items()
    }
    named = {name: [made[t] for t in members] for name, members in (sequences or {}).items()}
    return Config.configure_scenario(id, list(made.values()), sequences=named, **properties)


def started(*args, **kwargs):
    """The running orchestrator, and an instance of the scenario."""
    config = configure(*args, **kwargs)
    orchestrator = tp.Orchestrator()
    orchestrator.run()
    return orchestrator, tp.create_scenario(config)


def statuses(submission):
    return {job.task.config_id: job.status.name for job in submission.jobs}


def job_of(submission, task):
    return next(job for job in submission.jobs if job.task.config_id == task)


def names(history):
    return [status.name for status in history]


CHAIN = {"one": (one, [], ["a"]), "two": (add, ["a"], ["b"])}
'''


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What a script left."""

    code: int
    out: str
    err: str

    def __getitem__(self, key: str) -> Any:
        """A value of the last line that the script has shown."""
        return json.loads(self.out.splitlines()[-1])[key]


def write(app: Application, script: str, name: str = "script.py") -> None:
    app_support = app.folder / "support.py"
    if not app_support.exists():
        app_support.write_text(SUPPORT, encoding="utf-8")
    text = "from support import *\n" + textwrap.dedent(script)
    (app.folder / name).write_text(text, encoding="utf-8")


def run(
    app: Application,
    mode: str,
    script: str,
    *,
    code: int = 0,
    name: str = "script.py",
    command: tuple[str, ...] | None = None,
    timeout: float = 40,
) -> Ended:
    """Run a script to its end, within a bound, and see that it left no process."""
    write(app, script, name)
    done = subprocess.run(
        [sys.executable, *(command or (name, mode))],
        cwd=app.folder,
        env=app.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == code, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    app.nothing_runs()
    return Ended(code=done.returncode, out=done.stdout, err=done.stderr)


def stored(app: Application) -> dict[str, list[str]]:
    """Task -> the statuses of its jobs, oldest first, as another process sees them."""
    found: dict[str, list[str]] = {}
    # Newest first, as `status` lists them.
    for submission in reversed(app.run("status", "--json").json["submissions"]):
        for task, status in app.status(submission["id"]).statuses().items():
            found.setdefault(task, []).append(status)
    return found


# -- submit, wait and what a submission tells -----------------------------------------------


def test_in_development_submit_returns_when_the_jobs_are_done_in_the_calling_thread(
    app: Application,
) -> None:
    found = run(
        app,
        "development",
        """
        here = []
        def look():
            here.append((os.getpid(), threading.get_ident()))
            return 1
        orchestrator, scenario = started({"look": (look, [], ["a"]), "two": (add, ["a"], ["b"])})
        submission = scenario.submit()
        show(statuses=statuses(submission), done=submission.is_finished(),
             same=here == [(os.getpid(), threading.get_ident())], value=scenario.b.read())
        """,
    )
    assert found["statuses"] == {"look": "COMPLETED", "two": "COMPLETED"}
    assert (found["done"], found["same"], found["value"]) == (True, True, 2)


@both
def test_jobs_use_what_a_multiprocessing_manager_of_the_script_keeps(
    app: Application, mode: str
) -> None:
    found = run(
        app,
        mode,
        """
        import multiprocessing
        def look(shared):
            shared.append("a job was here")
            return 1
        if __name__ == "__main__":
            with multiprocessing.Manager() as manager:
                shared = manager.list()
                tasks = {"look": (look, ["shared"], ["a"])}
                orchestrator, scenario = started(tasks, {"shared": shared})
                submission = scenario.submit(wait=True)
                show(statuses=statuses(submission), shared=list(shared))
        """,
    )
    assert found["statuses"] == {"look": "COMPLETED"}
    assert found["shared"] == ["a job was here"]


def test_development_is_the_mode_when_none_is_configured(app: Application) -> None:
    found = run(
        app,
        "-",
        """
        a = Config.configure_data_node("a")
        task = Config.configure_task("t", os.getpid, [], a)
        config = Config.configure_scenario("s", [task])
        tp.Orchestrator().run()
        scenario = tp.create_scenario(config)
        submission = scenario.submit()
        show(status=submission.submission_status.name, same=scenario.a.read() == os.getpid())
        """,
    )
    assert (found["status"], found["same"]) == ("COMPLETED", True)


def test_in_standalone_submit_returns_once_the_jobs_are_queued(app: Application) -> None:
    found = run(
        app,
        "standalone",
        """
        orchestrator, scenario = started({"hold": (gated, [], ["a"]), "two": (add, ["a"], ["b"])})
        submission = scenario.submit()
        early = statuses(submission), submission.is_finished(), submission.submission_status.name
        begun()
        running = statuses(submission), submission.submission_status.name
        open_gate()
        ended = submission.wait(20)
        show(early=early, running=running, ended=ended, late=statuses(submission),
             value=scenario.b.read(), other=job_of(submission, "hold").status.name)
        """,
    )
    (hold, done, overall) = found["early"]
    assert hold["hold"] in ("PENDING", "RUNNING")
    assert (hold["two"], done) == ("BLOCKED", False)
    assert overall in ("PENDING", "RUNNING")
    assert found["running"] == [{"hold": "RUNNING", "two": "BLOCKED"}, "RUNNING"]
    assert found["ended"] is True
    assert found["late"] == {"hold": "COMPLETED", "two": "COMPLETED"}
    assert found["value"] == 2


def test_in_standalone_jobs_run_in_other_processes_and_no_more_at_once_than_workers(
    app: Application,
) -> None:
    found = run(
        app,
        "standalone",
        """
        def hold(*inputs):
            note("begin")
            wait_for("gate")
            return os.getpid()
        tasks = {f"t{n}": (hold, [], [f"d{n}"]) for n in range(4)}
        orchestrator, scenario = started(tasks, workers=2)
        submission = scenario.submit()
        begun(2)
        first = sorted(statuses(submission).values())
        open_gate()
        submission.wait(20)
        pids = {scenario.data_nodes[f"d{n}"].read() for n in range(4)}
        show(first=first, elsewhere=os.getpid() not in pids, processes=len(pids),
             last=sorted(set(statuses(submission).values())))
        """,
    )
    assert found["first"] == ["PENDING", "PENDING", "RUNNING", "RUNNING"]
    assert found["elsewhere"] is True
    assert found["processes"] == 2
    assert found["last"] == ["COMPLETED"]


@both
@pytest.mark.parametrize("entity", ["scenario", "scenario.first", "scenario.two"])
@pytest.mark.parametrize("way", ["tp.submit({}, wait=True)", "{}.submit(wait=True)"])
def test_scenarios_sequences_and_tasks_are_submitted_in_either_way(
    app: Application, mode: str, entity: str, way: str
) -> None:
    found = run(
        app,
        mode,
        f"""
        orchestrator, scenario = started(CHAIN, {{"a": 5}}, sequences={{"first": ["one"]}})
        submission = {way.format(entity)}
        show(type=submission.entity_type, statuses=statuses(submission),
             mine=submission.entity_id == {entity}.id, config=submission.entity_config_id,
             ids=[submission.id[:11], submission.jobs[0].id[:8]], b=scenario.data_nodes["b"].read(),
             a=scenario.a.read(), latest=tp.get_latest_submission({entity}) == submission)
        """,
    )
    ran, kind, a, b = {
        "scenario": ({"one": "COMPLETED", "two": "COMPLETED"}, "SCENARIO", 1, 2),
        "scenario.first": ({"one": "COMPLETED"}, "SEQUENCE", 1, None),
        "scenario.two": ({"two": "COMPLETED"}, "TASK", 5, 6),
    }[entity]
    assert (found["statuses"], found["type"]) == (ran, kind)
    assert (found["a"], found["b"]) == (a, b)
    assert found["mine"] is True
    assert found["latest"] is True
    assert found["ids"] == ["SUBMISSION_", "JOB_two_" if kind == "TASK" else "JOB_one_"]


def test_wait_ends_at_its_timeout_raises_nothing_and_cancels_nothing(app: Application) -> None:
    found = run(
        app,
        "standalone",
        """
        orchestrator, scenario = started({"hold": (gated, [], ["a"])})
        begin = time.monotonic()
        submission = scenario.submit(wait=True, timeout=0.3)
        took = time.monotonic() - begin
        none = submission.wait(0), submission.wait(timeout=0.05)
        early = submission.is_finished(), bool(submission.is_deletable())
        open_gate()
        show(took=took, none=none, early=early, late=submission.wait(20),
             status=submission.submission_status.name)
        """,
    )
    assert 0.3 <= found["took"] < 1.5
    assert found["none"] == [False, False]
    assert found["early"] == [False, False]
    assert (found["late"], found["status"]) == (True, "COMPLETED")


@both
def test_a_submission_keeps_the_properties_that_it_was_given(app: Application, mode: str) -> None:
    found = run(
        app,
        mode,
        """
        orchestrator, scenario = started(CHAIN)
        first = scenario.submit(wait=True, owner="me", tries=3)
        second = tp.submit(scenario, wait=True, owner="you")
        show(first=first.properties, second=second.properties)
        """,
    )
    assert found["first"] == {"owner": "me", "tries": 3}
    assert found["second"] == {"owner": "you"}


@both
def test_a_job_tells_its_history_its_times_and_durations(app: Application, mode: str) -> None:
    found = run(
        app,
        mode,
        """
        orchestrator, scenario = started(CHAIN)
        submission = scenario.submit(wait=True)
        one, two = submission.jobs
        times = [one.creation_date, one.run_at, one.finished_at, two.run_at, two.finished_at]
        show(history=[names(one.history), names(two.history)],
             ordered=times == sorted(times) and all(t.tzinfo for t in times),
             submission=[submission.submitted_at <= submission.run_at <= submission.finished_at,
                         submission.run_at == one.run_at, submission.finished_at >= times[-1],
                         submission.execution_duration >= 0],
             durations=[one.execution_duration, one.pending_duration, two.execution_duration,
                        two.pending_duration, two.blocked_duration],
             first_blocked=one.blocked_duration, stacktraces=[one.stacktrace, two.stacktrace],
             links=[one.submit_id == submission.id, one.submit_entity_id == scenario.id,
                    one.owner_id == scenario.tasks["one"].id, one.submit_entity == scenario,
                    one.is_completed(), one.is_finished(), not one.is_failed()])
        """,
    )
    usual = ["PENDING", "RUNNING", "COMPLETED"]
    assert found["history"] == [["SUBMITTED", *usual], ["SUBMITTED", "BLOCKED", *usual]]
    assert found["ordered"] is True
    assert all(found["submission"])
    assert all(0 <= duration < 10 for duration in found["durations"])
    assert found["first_blocked"] is None
    assert found["stacktraces"] == [[], []]
    assert all(found["links"])


@both
def test_a_failure_has_its_stack_trace_abandons_followers_and_leaves_others_alone(
    app: Application, mode: str
) -> None:
    found = run(
        app,
        mode,
        """
        orchestrator, scenario = started({
            "bad": (fail, [], ["a"]), "after": (add, ["a"], ["b"]), "last": (add, ["b"], ["c"]),
            "good": (one, [], ["d"]), "better": (add, ["d"], ["e"])})
        traces = []
        def look(job):
            if job.is_failed():
                traces.append(job.stacktrace)
        submission = scenario.submit(callbacks=[look], wait=True)
        bad = job_of(submission, "bad")
        show(statuses=statuses(submission), reason=bad.reason, trace=bad.stacktrace,
             told=traces == [bad.stacktrace], status=submission.submission_status.name,
             why=job_of(submission, "last").reason, done=submission.is_finished(),
             flags=[submission.is_completed, submission.is_canceled, submission.is_abandoned],
             histories=[names(bad.history), names(job_of(submission, "last").history)],
             written=scenario.a.read())
        """,
    )
    assert found["statuses"] == {
        "bad": "FAILED",
        "after": "ABANDONED",
        "last": "ABANDONED",
        "good": "COMPLETED",
        "better": "COMPLETED",
    }
    assert (found["reason"], found["why"]) == ("raised", "upstream_failed")
    (trace,) = found["trace"]
    assert trace.rstrip().endswith("ValueError: no such luck")
    assert "in fail" in trace
    assert found["told"] is True
    assert (found["status"], found["done"]) == ("FAILED", True)
    assert found["flags"] == [False, False, True]
    assert found["histories"] == [
        ["SUBMITTED", "PENDING", "RUNNING", "FAILED"],
        ["SUBMITTED", "BLOCKED", "ABANDONED"],
    ]
    assert found["written"] is None


@both
def test_results_are_handed_out_by_number_and_a_wrong_number_fails_the_job(
    app: Application, mode: str
) -> None:
    found = run(
        app,
        mode,
        """
        orchestrator, scenario = started({
            "pair": (lambda: (1, 2), [], ["a", "b"]), "whole": (lambda: (1, 2), [], ["c"]),
            "few": (lambda: [1, 2], [], ["d", "e", "f"]), "none": (lambda: None, [], ["g"]),
            "dropped": (lambda x: "unused", ["c"], [])})
        submission = scenario.submit(wait=True)
        show(statuses=statuses(submission), few=job_of(submission, "few").reason,
             values=[scenario.data_nodes[n].read() for n in "abcdefg"])
        """,
    )
    assert found["few"] == "wrong_result_count"
    assert found["values"] == [1, 2, [1, 2], None, None, None, None]
    assert {t for t, s in found["statuses"].items() if s != "COMPLETED"} == {"few"}


# -- callbacks --------------------------------------------------------------------------------


@both
def test_a_callback_sees_the_status_of_each_change(app: Application, mode: str) -> None:
    found = run(
        app,
        mode,
        """
        seen = []
        orchestrator, scenario = started(CHAIN)
        submission = scenario.submit(
            callbacks=[lambda job: seen.append((job.task.config_id, job.status.name))], wait=True)
        wait_until(lambda: len(seen) >= 7)
        show(seen=seen)
        """,
    )
    seen = [tuple(entry) for entry in found["seen"]]
    assert [s for t, s in seen if t == "one"] == ["PENDING", "RUNNING", "COMPLETED"]
    assert [s for t, s in seen if t == "two"] == ["BLOCKED", "PENDING", "RUNNING", "COMPLETED"]
    assert seen.index(("one", "COMPLETED")) < seen.index(("two", "PENDING"))


@both
def test_callbacks_are_called_last_given_first_and_then_the_subscribers(
    app: Application, mode: str
) -> None:
    found = run(
        app,
        mode,
        """
        calls = []
        orchestrator, scenario = started({"one": (one, [], ["a"])})
        def subscriber(word, entity, job):
            calls.append([word, entity == scenario, job.status.name])
        def other(entity, job):
            calls.append(["other", entity == scenario, job.status.name])
        def first(job):
            calls.append(["first", True, job.status.name])
        def second(job):
            calls.append(["second", True, job.status.name])
        scenario.subscribe(subscriber, ["word"])
        tp.subscribe_scenario(other, scenario=scenario)
        scenario.submit(callbacks=[first, second], wait=True)
        wait_until(lambda: len(calls) >= 12)
        before = list(calls)
        scenario.unsubscribe(subscriber, ["word"])
        tp.unsubscribe_scenario(other)
        calls.clear()
        scenario.submit(callbacks=[first], wait=True, force=True)
        wait_until(lambda: len(calls) >= 3)
        try:
            scenario.unsubscribe(subscriber)
        except ValueError as error:
            refused = str(error)
        orchestrator.stop()
        show(before=before, after=calls, refused=refused)
        """,
    )
    expected = [
        [who, True, status]
        for status in ("PENDING", "RUNNING", "COMPLETED")
        for who in ("second", "first", "word", "other")
    ]
    assert found["before"] == expected
    assert [who for who, _, _ in found["after"]] == ["first"] * 3
    assert "not subscribed" in found["refused"]


@both
def test_a_callback_that_raises_keeps_neither_others_nor_the_jobs_from_going_on(
    app: Application, mode: str
) -> None:
    ended = run(
        app,
        mode,
        """
        calls = []
        orchestrator, scenario = started(CHAIN)
        def rude(job):
            raise RuntimeError("a rude callback")
        def ruder(entity, job):
            raise KeyError("a ruder one")
        scenario.subscribe(ruder)
        scenario.subscribe(lambda entity, job: calls.append("subscriber"))
        submission = scenario.submit(callbacks=[lambda job: calls.append("kind"), rude], wait=True)
        wait_until(lambda: len(calls) >= 14)
        show(statuses=statuses(submission), kind=calls.count("kind"),
             subscriber=calls.count("subscriber"))
        """,
    )
    assert set(ended["statuses"].values()) == {"COMPLETED"}
    assert (ended["kind"], ended["subscriber"]) == (7, 7)
    assert "a rude callback" in ended.err
    assert "a ruder one" in ended.err


@both
def test_a_callback_may_submit(app: Application, mode: str) -> None:
    found = run(
        app,
        mode,
        """
        orchestrator, scenario = started(CHAIN)
        other = tp.create_scenario(Config.scenarios["s"])
        made = []
        def more(job):
            if job.task.config_id == "one" and job.is_completed():
                made.append(other.submit())
        submission = scenario.submit(callbacks=[more], wait=True)
        wait_until(lambda: made and made[0].is_finished())
        show(outer=statuses(submission), inner=[statuses(m) for m in made], b=other.b.read())
        """,
    )
    done = {"one": "COMPLETED", "two": "COMPLETED"}
    assert found["outer"] == done
    assert found["inner"] == [done]
    assert found["b"] == 2


@both
def test_waiting_inside_a_callback_returns_with_a_warning(app: Application, mode: str) -> None:
    ended = run(
        app,
        mode,
        """
        orchestrator, scenario = started(CHAIN)
        other = tp.create_scenario(Config.scenarios["s"])
        inner = []
        def wait(job):
            if job.is_running() and not inner:
                inner.append(other.submit(wait=True))
        submission = scenario.submit(callbacks=[wait], wait=True)
        wait_until(lambda: inner and inner[0].is_finished())
        show(outer=statuses(submission), inner=statuses(inner[0]))
        """,
    )
    done = {"one": "COMPLETED", "two": "COMPLETED"}
    assert (ended["outer"], ended["inner"]) == (done, done)
    assert "a callback cannot wait" in ended.err


@both
def test_a_callback_may_cancel_what_waits_and_read_and_write_data(
    app: Application, mode: str
) -> None:
    found = run(
        app,
        mode,
        """
        orchestrator, scenario = started(
            {"one": (one, [], ["a"]), "two": (add, ["a", "x"], ["b"]), "end": (add, ["b"], ["c"])},
            {"x": 1})
        def act(job):
            if job.task.config_id == "end" and job.is_blocked():
                tp.cancel_job(job.id)
            if job.task.config_id == "one" and job.is_completed():
                scenario.x.write(scenario.x.read() + scenario.a.read() + 100)
        submission = scenario.submit(callbacks=[act], wait=True)
        show(statuses=statuses(submission), x=scenario.x.read())
        """,
    )
    assert found["statuses"] == {"one": "COMPLETED", "two": "COMPLETED", "end": "CANCELED"}
    assert found["x"] == 102


@both
def test_a_callback_finds_its_own_job_and_submission(app: Application, mode: str) -> None:
    found = run(
        app,
        mode,
        """
        known = []
        orchestrator, scenario = started({"one": (one, [], ["a"])})
        def look(job):
            known.append([bool(tp.exists(job.id)), bool(tp.exists(job.submit_id)),
                          job in tp.get_jobs()])
        scenario.submit(callbacks=[look], wait=True)
        wait_until(lambda: len(known) >= 3)
        show(known=known)
        """,
    )
    assert found["known"] == [[True, True, True]] * 3


# -- the orchestrator ---------------------------------------------------------------------------


@both
def test_what_is_submitted_before_run_waits_and_is_worked_off_by_run(
    app: Application, mode: str
) -> None:
    ended = run(
        app,
        mode,
        """
        scenario = tp.create_scenario(configure(CHAIN))
        seen = []
        submission = scenario.submit(callbacks=[lambda job: seen.append(job.status.name)])
        early = statuses(submission), submission.submission_status.name, submission.is_finished()
        waited = submission.wait(0.05), submission.wait()
        orchestrator = tp.Orchestrator()
        orchestrator.run()
        submission.wait(20)
        wait_until(lambda: len(seen) >= 7)
        show(early=early, waited=waited, late=statuses(submission), b=scenario.b.read())
        """,
    )
    first, overall, done = ended["early"]
    assert set(first.values()) <= {"SUBMITTED", "PENDING", "BLOCKED"}
    assert (overall in ("SUBMITTED", "PENDING"), done) == (True, False)
    assert ended["waited"] == [False, False]
    assert ended["late"] == {"one": "COMPLETED", "two": "COMPLETED"}
    assert ended["b"] == 2
    assert "submitted before Orchestrator().run()" in ended.err


@both
def test_a_job_that_was_submitted_before_run_can_be_canceled(app: Application, mode: str) -> None:
    found = run(
        app,
        mode,
        """
        scenario = tp.create_scenario(configure(CHAIN))
        submission = scenario.submit()
        tp.cancel_job(submission.jobs[0])
        tp.Orchestrator().run()
        submission.wait(20)
        show(statuses=statuses(submission), ran=scenario.a.read())
        """,
    )
    assert found["statuses"] == {"one": "CANCELED", "two": "ABANDONED"}
    assert found["ran"] is None


@both
def test_after_stop_the_same_scenario_can_be_run_again(app: Application, mode: str) -> None:
    found = run(
        app,
        mode,
        """
        orchestrator, scenario = started(CHAIN)
        first = scenario.submit(wait=True)
        orchestrator.stop()
        between = scenario.b.read(), scenario.b.job_ids == [first.jobs[1].id], statuses(first)
        orchestrator.run()
        second = scenario.submit(wait=True)
        orchestrator.stop()
        tp.Orchestrator().run()
        third = tp.submit(scenario, wait=True)
        show(between=between, second=statuses(second), third=statuses(third),
             jobs=len(tp.get_jobs()), writers=len(scenario.b.job_ids),
             latest=tp.get_latest_job(scenario.two) == third.jobs[1])
        """,
    )
    done = {"one": "COMPLETED", "two": "COMPLETED"}
    assert found["between"] == [2, True, done]
    assert (found["second"], found["third"]) == (done, done)
    assert (found["jobs"], found["writers"], found["latest"]) == (6, 3, True)


@both
def test_stopping_twice_or_without_a_run_does_no_harm(app: Application, mode: str) -> None:
    found = run(
        app,
        mode,
        """
        tp.Orchestrator().stop()
        orchestrator, scenario = started(CHAIN)
        orchestrator.stop()
        orchestrator.stop()
        tp.Core().run()
        show(statuses=statuses(scenario.submit(wait=True)))
        """,
    )
    assert set(found["statuses"].values()) == {"COMPLETED"}


def test_stop_lets_what_runs_end_and_starts_nothing_more(app: Application) -> None:
    found = run(
        app,
        "standalone",
        """
        orchestrator, scenario = started(
            {"hold": (gated, [], ["a"]), "two": (add, ["a"], ["b"])}, workers=1)
        submission = scenario.submit()
        begun()
        stopping = threading.Thread(target=orchestrator.stop)
        stopping.start()
        open_gate()
        stopping.join(20)
        show(alive=stopping.is_alive(), statuses=statuses(submission), a=scenario.a.read(),
             done=submission.is_finished())
        """,
    )
    assert found["alive"] is False
    assert found["statuses"]["hold"] == "COMPLETED"
    assert found["a"] == 1


@pytest.mark.parametrize("how", ["wait=False", "timeout=0.2", "wait=True, timeout=0.2"])
def test_stop_does_not_wait_longer_for_a_long_job_than_it_was_told(
    app: Application, how: str
) -> None:
    found = run(
        app,
        "standalone",
        f"""
        orchestrator, scenario = started(
            {{"hold": (gated, [], ["a"]), "two": (add, ["a"], ["b"])}})
        submission = scenario.submit()
        begun()
        begin = time.monotonic()
        orchestrator.stop({how})
        took = time.monotonic() - begin
        left = statuses(submission), ledger()
        open_gate()
        orchestrator.run()
        again = scenario.submit(wait=True)
        show(took=took, left=left, again=statuses(again), b=scenario.b.read())
        """,
    )
    assert found["took"] < 5
    left, ledger = found["left"]
    assert left["hold"] in ("PENDING", "CANCELED")
    assert left["two"] in ("BLOCKED", "ABANDONED")
    assert ledger == ["begin"]
    assert found["again"] == {"hold": "COMPLETED", "two": "COMPLETED"}
    assert found["b"] == 2


@both
def test_a_second_run_is_refused_and_the_first_goes_on(app: Application, mode: str) -> None:
    found = run(
        app,
        mode,
        """
        orchestrator, scenario = started(CHAIN)
        refused = []
        for again in (orchestrator, tp.Orchestrator(), tp.Core()):
            try:
                again.run()
            except UsageError as error:
                refused.append(str(error))
        submission = scenario.submit(wait=True)
        tp.Orchestrator().run(force_restart=True)
        show(refused=refused, statuses=statuses(submission),
             restarted=statuses(scenario.submit(wait=True)))
        """,
    )
    assert len(found["refused"]) == 3
    assert all("running already" in text for text in found["refused"])
    assert set(found["statuses"].values()) == {"COMPLETED"}
    assert set(found["restarted"].values()) == {"COMPLETED"}


@both
def test_the_configuration_is_blocked_from_run_or_create_scenario_until_stop(
    app: Application, mode: str
) -> None:
    found = run(
        app,
        mode,
        """
        changes = {
            "configure_data_node": lambda: Config.configure_data_node("late"),
            "configure_task": lambda: Config.configure_task("late", one),
            "configure_scenario": lambda: Config.configure_scenario("late"),
            "configure_job_executions": lambda: Config.configure_job_executions(mode=MODE),
            "configure_core": lambda: Config.configure_core(storage_folder="x"),
            "configure_global_app": lambda: Config.configure_global_app(x=1),
            "set_default": lambda: Config.set_default_data_node_configuration("json"),
            "load": lambda: Config.load("late.toml"),
            "override": lambda: Config.override("late.toml"),
            "restore": lambda: Config.restore("late.toml"),
        }
        def refused():
            names = []
            for name, change in changes.items():
                try:
                    change()
                except ConfigurationUpdateBlocked:
                    names.append(name)
                except ConfigurationError:
                    pass
            return names
        config = configure(CHAIN)
        orchestrator = tp.Orchestrator()
        orchestrator.run()
        running = refused()
        before = sorted(Config.data_nodes)
        orchestrator.stop()
        late = Config.configure_data_node("after").id
        tp.create_scenario(config)
        created = refused()
        Config.unblock_update()
        open_again = Config.configure_data_node("later").id
        show(running=running, created=created, all=list(changes), before=before, late=late,
             open_again=open_again, still=sorted(Config.data_nodes))
        """,
    )
    assert found["running"] == found["all"]
    assert found["created"] == found["all"]
    assert found["before"] == ["a", "b", "default"]
    assert found["still"] == ["a", "after", "b", "default", "later"]


# -- data that is missing, cancelling ------------------------------------------------------------


@both
def test_an_input_that_was_never_written_blocks_until_it_is_written(
    app: Application, mode: str
) -> None:
    ended = run(
        app,
        mode,
        """
        orchestrator, scenario = started(
            {"two": (add, ["a"], ["b"]), "end": (add, ["b"], ["c"]), "free": (one, [], ["d"])})
        ready = [bool(tp.is_submittable(scenario)), bool(scenario.is_ready_to_run())]
        begin = time.monotonic()
        submission = scenario.submit(wait=True)
        took = time.monotonic() - begin
        early = statuses(submission), submission.submission_status.name, submission.is_finished()
        nothing = scenario.a.read()
        scenario.a.write(41)
        ready.append(bool(tp.is_submittable(scenario)))
        submission.wait(20)
        show(took=took, ready=ready, early=early, nothing=nothing, late=statuses(submission),
             values=[scenario.b.read(), scenario.c.read()],
             blocked=job_of(submission, "two").blocked_duration)
        """,
    )
    assert ended["took"] < 10
    assert ended["early"] == [
        {"two": "BLOCKED", "end": "BLOCKED", "free": "COMPLETED"},
        "BLOCKED",
        False,
    ]
    assert ended["nothing"] is None
    assert "never been written" in ended.err
    assert set(ended["late"].values()) == {"COMPLETED"}
    assert ended["values"] == [42, 43]
    assert ended["ready"] == [False, False, True]
    assert ended["blocked"] > 0


@both
def test_a_blocked_job_is_canceled_and_its_followers_are_abandoned(
    app: Application, mode: str
) -> None:
    found = run(
        app,
        mode,
        """
        orchestrator, scenario = started(
            {"two": (add, ["a"], ["b"]), "end": (add, ["b"], ["c"]), "free": (one, [], ["d"])})
        submission = scenario.submit(wait=True)
        tp.cancel_job(job_of(submission, "two").id)
        submission.wait(20)
        first = statuses(submission), submission.submission_status.name, submission.is_finished()
        tp.cancel_job(job_of(submission, "free"))
        tp.cancel_job(job_of(submission, "end"))
        scenario.a.write(1)
        show(first=first, later=statuses(submission), b=scenario.b.read(),
             reason=job_of(submission, "two").reason,
             pending=job_of(submission, "two").pending_duration,
             run=job_of(submission, "two").execution_duration)
        """,
    )
    expected = {"two": "CANCELED", "end": "ABANDONED", "free": "COMPLETED"}
    assert found["first"] == [expected, "CANCELED", True]
    assert found["later"] == expected
    assert (found["b"], found["reason"], found["run"]) == (None, "canceled", None)


def test_pending_and_running_jobs_are_canceled_and_others_go_on(app: Application) -> None:
    found = run(
        app,
        "standalone",
        """
        orchestrator, scenario = started({
            "hold": (gated, [], ["a"]), "after": (add, ["a"], ["b"]),
            "wait": (one, [], ["c"]), "last": (add, ["c"], ["d"]), "free": (one, [], ["e"])},
            workers=1)
        submission = scenario.submit()
        begun()
        tp.cancel_job(job_of(submission, "wait"))
        early = statuses(submission)
        begin = time.monotonic()
        tp.cancel_job(job_of(submission, "hold").id)
        ended = submission.wait(20)
        show(early=early, late=statuses(submission), ended=ended, took=time.monotonic() - begin,
             status=submission.submission_status.name, a=scenario.a.read(), ledger=ledger(),
             pending=job_of(submission, "wait").pending_duration)
        """,
    )
    assert found["early"] == {
        "hold": "RUNNING",
        "after": "BLOCKED",
        "wait": "CANCELED",
        "last": "ABANDONED",
        "free": "PENDING",
    }
    assert found["ended"] is True
    assert found["late"] == {
        "hold": "CANCELED",
        "after": "ABANDONED",
        "wait": "CANCELED",
        "last": "ABANDONED",
        "free": "COMPLETED",
    }
    assert (found["status"], found["a"], found["ledger"]) == ("CANCELED", None, ["begin"])
    assert found["pending"] >= 0
    assert found["took"] < 10


@both
def test_canceling_a_job_that_does_not_exist_is_refused_and_harms_nothing(
    app: Application, mode: str
) -> None:
    found = run(
        app,
        mode,
        """
        orchestrator, scenario = started(CHAIN)
        try:
            tp.cancel_job("JOB_nobody_1234")
            refused = None
        except NotFoundError as error:
            refused = str(error)
        show(refused=refused, statuses=statuses(scenario.submit(wait=True)))
        """,
    )
    assert set(found["statuses"].values()) == {"COMPLETED"}
    assert "JOB_nobody_1234" in (found["refused"] or "JOB_nobody_1234")


# -- finding things ------------------------------------------------------------------------------


@both
def test_entities_are_found_by_the_functions_of_the_module(app: Application, mode: str) -> None:
    found = run(
        app,
        mode,
        """
        orchestrator, scenario = started(CHAIN, sequences={"first": ["one"]})
        nothing = [tp.get_latest_job(scenario.one), tp.get_latest_submission(scenario),
                   tp.get_jobs(), tp.get_submissions()]
        other = tp.create_scenario(Config.scenarios["s"], name="other")
        first = scenario.submit(wait=True)
        second = scenario.one.submit(wait=True)
        third = other.submit(wait=True)
        entities = [scenario, scenario.one, scenario.first, scenario.a, first, first.jobs[0]]
        missing = tp.get("SCENARIO_no_1") is None
        found = dict(
            nothing=nothing, missing=missing, jobs=len(tp.get_jobs()),
            latest_job=tp.get_latest_job(scenario.one) == second.jobs[0],
            latest=[tp.get_latest_submission(scenario) == first,
                    tp.get_latest_submission(scenario.one) == second,
                    tp.get_latest_submission(other) == third],
            submissions=tp.get_submissions() == [first, second, third],
            scenarios=tp.get_scenarios() == [scenario, other],
            tasks=len(tp.get_tasks()), nodes=len(tp.get_data_nodes()),
            sequences=len(tp.get_sequences()),
            got=[tp.get(entity.id) == entity and bool(tp.exists(entity.id)) for entity in entities],
            exists=bool(tp.exists("JOB_no_1")), names=[scenario.name, other.name, other.properties],
            types=[type(tp.get(entity.id)).__name__ for entity in entities])
        tp.delete(other.id)
        show(gone=bool(tp.exists(other.id)), **found)
        """,
    )
    assert found["nothing"] == [None, None, [], []]
    assert (found["missing"], found["exists"], found["gone"]) == (True, False, False)
    assert (found["jobs"], found["tasks"], found["nodes"], found["sequences"]) == (5, 4, 4, 2)
    assert found["latest_job"] is True
    assert found["latest"] == [True, True, True]
    assert found["submissions"] is True
    assert found["scenarios"] is True
    assert all(found["got"])
    assert found["names"] == [None, "other", {"name": "other"}]


@both
def test_who_has_waited_finds_everything_stored(app: Application, mode: str) -> None:
    found = run(
        app,
        mode,
        """
        import time
        from taipy_exec.store.store import Store
        save = Store.save
        def slow(self, *arguments, **named):
            time.sleep(0.2)
            return save(self, *arguments, **named)
        Store.save = slow
        orchestrator, scenario = started(CHAIN, {"x": 1}, nodes={
            "x": Config.configure_data_node("x", default_data=1)} )
        submission = scenario.submit(wait=True)
        show(edits=[edit["job_id"] for edit in scenario.b.edits], wanted=[submission.jobs[1].id])
        """,
    )
    assert found["edits"] == found["wanted"]


@both
def test_a_data_node_tells_who_wrote_it_and_when(app: Application, mode: str) -> None:
    found = run(
        app,
        mode,
        """
        orchestrator, scenario = started(CHAIN, {"x": 1}, nodes={
            "x": Config.configure_data_node("x", default_data=1)} )
        b = scenario.b
        empty = [b.last_edit_date, b.edits, b.job_ids, b.is_valid, b.is_ready_for_reading]
        begin = dt.datetime.now(dt.timezone.utc)
        submission = scenario.submit(wait=True)
        by_job = [b.job_ids == [submission.jobs[1].id],
                  b.edits[-1]["job_id"] == submission.jobs[1].id,
                  begin - dt.timedelta(seconds=1) <= b.last_edit_date,
                  b.last_edit_date <= dt.datetime.now(dt.timezone.utc), b.is_valid,
                  b.is_ready_for_reading, not b.edit_in_progress]
        before = b.last_edit_date
        b.write(7, comment="by hand", editor="me")
        show(empty=empty, by_job=by_job, later=b.last_edit_date >= before, value=b.read(),
             edits=[{k: v for k, v in e.items() if k != "timestamp"} for e in b.edits],
             stamped=all("timestamp" in edit for edit in b.edits), path=b.path,
             generated=b.is_generated)
        """,
    )
    assert found["empty"] == [None, [], [], False, False]
    assert all(found["by_job"])
    assert (found["later"], found["value"], found["stamped"]) == (True, 7, True)
    assert found["edits"][-1] == {"comment": "by hand", "editor": "me"}
    assert len(found["edits"]) == 2
    assert found["path"].startswith("user_data/pickles/DATANODE_b_")
    assert found["generated"] is True


def test_default_data_is_recorded_as_written_by_taipy(app: Application) -> None:
    found = run(
        app,
        "development",
        """
        orchestrator, scenario = started({"two": (add, ["a"], ["b"])}, {"a": 3})
        edits = [{k: v for k, v in e.items() if k != "timestamp"} for e in scenario.a.edits]
        show(edits=edits, value=scenario.a.read(), jobs=scenario.a.job_ids)
        """,
    )
    assert found["edits"] == [{"editor": "TAIPY", "comment": "Default data written."}]
    assert (found["value"], found["jobs"]) == (3, [])


@both
def test_outputs_are_being_edited_while_their_job_is_unfinished(
    app: Application, mode: str
) -> None:
    found = run(
        app,
        mode,
        """
        orchestrator, scenario = started({"two": (add, ["a"], ["b"])})
        submission = scenario.submit(wait=True)
        early = scenario.b.edit_in_progress
        scenario.a.write(1)
        submission.wait(20)
        show(early=early, late=scenario.b.edit_in_progress)
        """,
    )
    assert (found["early"], found["late"]) == (True, False)


def test_a_lock_keeps_other_editors_out_until_it_is_taken_away(app: Application) -> None:
    found = run(
        app,
        "development",
        """
        orchestrator, scenario = started({"two": (add, ["a"], ["b"])}, {"a": 3})
        a, refused = scenario.a, []
        a.lock_edit("ann")
        for refusing in (a.lock_edit, a.unlock_edit):
            try:
                refusing("bob")
            except DataNodeIsBeingEdited as error:
                refused.append(error.message)
        left = a.editor_expiration_date - dt.datetime.now(dt.timezone.utc)
        held = [a.edit_in_progress, a.is_ready_for_reading, a.editor_id]
        a.write(4, comment="done", ticket=7)
        free = [a.edit_in_progress, a.is_ready_for_reading, a.editor_id, a.editor_expiration_date]
        a.lock_edit()
        anybody = [a.edit_in_progress, a.editor_id, a.editor_expiration_date]
        a.unlock_edit("bob")
        edit = {k: v for k, v in a.edits[-1].items() if k != "timestamp"}
        show(refused=refused, left=left.total_seconds(), held=held, free=free, anybody=anybody,
             after=a.edit_in_progress, edit=edit)
        """,
    )
    assert found["refused"] == ["data node 'a' is being edited by ann"] * 2
    assert 1700 < found["left"] <= 1800
    assert found["held"] == [True, False, "ann"]
    assert found["free"] == [False, True, None, None]
    assert found["anybody"] == [True, None, None]
    assert found["after"] is False
    assert found["edit"] == {"comment": "done", "ticket": 7}


@both
def test_a_job_waits_for_the_editor_of_its_input(app: Application, mode: str) -> None:
    found = run(
        app,
        mode,
        """
        orchestrator, scenario = started({"two": (add, ["a"], ["b"])}, {"a": 3})
        node = scenario.a
        node.lock_edit("ann")
        submission = scenario.submit()
        wait_until(lambda: submission.jobs[0].is_blocked())
        node.unlock_edit("ann")
        submission.wait(20)
        show(end=[job.status.name for job in submission.jobs])
        """,
    )
    assert set(found["end"]) == {"COMPLETED"}


# -- skipping ---------------------------------------------------------------------------------


@both
def test_a_second_submission_is_skipped_unless_forced_or_its_input_changed(
    app: Application, mode: str
) -> None:
    found = run(
        app,
        mode,
        """
        orchestrator, scenario = started(
            {"two": (add, ["a"], ["b"]), "end": (add, ["b"], ["c"])}, {"a": 1}, skippable=True)
        def again(**kwargs):
            submission = scenario.submit(wait=True, **kwargs)
            return [statuses(submission), submission.submission_status.name,
                    [job.reason for job in submission.jobs], submission.is_finished()]
        first, second, forced, third = again(), again(), again(force=True), again()
        scenario.a.write(10)
        changed = again()
        show(first=first, second=second, forced=forced, third=third, changed=changed,
             c=scenario.c.read(), submission=[len(tp.get_jobs()), tp.get_jobs()[-1].is_skipped()])
        """,
    )
    ran = {"two": "COMPLETED", "end": "COMPLETED"}
    skipped = {"two": "SKIPPED", "end": "SKIPPED"}
    assert found["first"][:2] == [ran, "COMPLETED"]
    assert found["second"] == [skipped, "COMPLETED", ["up_to_date", "up_to_date"], True]
    assert found["forced"][0] == ran
    assert found["third"][0] == skipped
    assert found["changed"][0] == ran
    assert found["c"] == 12


@both
def test_a_value_past_its_validity_period_is_not_valid_and_its_task_runs_again(
    app: Application, mode: str
) -> None:
    found = run(
        app,
        mode,
        """
        nodes = {"short": Config.configure_data_node(
                     "short", validity_period=dt.timedelta(microseconds=1)),
                 "long": Config.configure_data_node("long", validity_period=dt.timedelta(hours=1))}
        orchestrator, scenario = started(
            {"brief": (one, [], ["short"]), "lasting": (one, [], ["long"])},
            nodes=nodes, skippable=True)
        scenario.submit(wait=True)
        valid = [scenario.short.is_valid, scenario.long.is_valid]
        show(valid=valid, second=statuses(scenario.submit(wait=True)),
             periods=[scenario.short.validity_period, scenario.long.validity_period])
        """,
    )
    assert found["valid"] == [False, True]
    assert found["second"] == {"brief": "COMPLETED", "lasting": "SKIPPED"}
    assert found["periods"][1] == "1:00:00"


# -- several at once ---------------------------------------------------------------------------


def test_two_submissions_of_one_scenario_do_not_run_the_same_task_at_once(
    app: Application,
) -> None:
    found = run(
        app,
        "standalone",
        """
        tasks = {"hold": (gated, [], ["a"]), "two": (add, ["a"], ["b"])}
        config = configure(tasks, workers=4)
        free = Config.configure_data_node("free")
        other_config = Config.configure_scenario(
            "other", [Config.configure_task("quick", one, [], free)])
        tp.Orchestrator().run()
        scenario, other = tp.create_scenario(config), tp.create_scenario(other_config)
        first = scenario.submit()
        begun()
        second = scenario.submit()
        # What could start has started by the time that a later submission is through.
        passed = statuses(other.submit(wait=True))
        held = statuses(second), ledger()
        open_gate()
        first.wait(20), second.wait(20)
        show(passed=passed, held=held, first=statuses(first), second=statuses(second),
             ledger=ledger(), order=first.jobs[0].finished_at <= second.jobs[0].run_at)
        """,
    )
    done = {"hold": "COMPLETED", "two": "COMPLETED"}
    assert found["passed"] == {"quick": "COMPLETED"}
    waiting, ledger = found["held"]
    assert set(waiting.values()) <= {"PENDING", "BLOCKED"}
    assert ledger == ["begin"]
    assert (found["first"], found["second"]) == (done, done)
    assert found["ledger"] == ["begin", "end"] * 2
    assert found["order"] is True


@both
def test_threads_may_submit_at_the_same_time(app: Application, mode: str) -> None:
    found = run(
        app,
        mode,
        """
        config = configure(CHAIN)
        tp.Orchestrator().run()
        results, errors, barrier = [], [], threading.Barrier(6)
        def work():
            try:
                scenario = tp.create_scenario(config)
                barrier.wait(20)
                for _ in range(3):
                    submission = scenario.submit(wait=True)
                    results.append(sorted(set(statuses(submission).values())))
                assert scenario.b.read() == 2
            except BaseException as error:
                errors.append(repr(error))
        threads = [threading.Thread(target=work) for _ in range(6)]
        [thread.start() for thread in threads]
        [thread.join(30) for thread in threads]
        show(results=results, errors=errors, alive=sum(t.is_alive() for t in threads),
             jobs=len(tp.get_jobs()))
        """,
    )
    assert found["errors"] == []
    assert (found["alive"], found["jobs"]) == (0, 36)
    assert found["results"] == [["COMPLETED"]] * 18


def test_two_threads_submit_different_scenarios_that_run_side_by_side(app: Application) -> None:
    found = run(
        app,
        "standalone",
        """
        def meet(me, other):
            open(me, "w").close()
            wait_for(other)
            return me
        nodes = {"x": Config.configure_data_node("x", default_data="x"),
                 "y": Config.configure_data_node("y", default_data="y")}
        first = configure({"left": (meet, ["x", "y"], ["a"])}, id="first", nodes=nodes)
        second = configure({"right": (meet, ["y", "x"], ["b"])}, id="second", nodes=nodes)
        tp.Orchestrator().run()
        scenarios = [tp.create_scenario(config) for config in (first, second)]
        ended = {}
        def work(scenario):
            ended[scenario.config_id] = statuses(scenario.submit(wait=True))
        threads = [threading.Thread(target=work, args=(s,)) for s in scenarios]
        [thread.start() for thread in threads]
        [thread.join(30) for thread in threads]
        show(ended=ended)
        """,
    )
    assert found["ended"] == {"first": {"left": "COMPLETED"}, "second": {"right": "COMPLETED"}}


# -- functions of all kinds --------------------------------------------------------------------


@both
def test_functions_lambdas_closures_and_partials_of_the_script_run_without_a_guard(
    app: Application, mode: str
) -> None:
    found = run(
        app,
        mode,
        """
        import functools
        note("imported")
        FACTOR = 10
        def helper(x):
            return x * FACTOR
        def plain(x):
            return helper(x) + 1
        def make(n):
            def closure(x):
                return helper(x) + n
            return closure
        def weigh(x, weight, offset=0):
            return x * weight + offset
        class Callable:
            def __init__(self, n):
                self.n = n
            def __call__(self, x):
                return x + self.n
            def method(self, x):
                return x - self.n
            @staticmethod
            def static(x):
                return -x
        def recursive(n):
            return 1 if n <= 1 else n * recursive(n - 1)
        functions = [plain, lambda x: x + FACTOR, make(5), functools.partial(weigh, weight=3),
                     functools.partial(weigh, offset=2, weight=2), Callable(7), Callable(7).method,
                     Callable.static, recursive, str]
        tasks = {f"t{n}": (f, ["x"], [f"d{n}"]) for n, f in enumerate(functions)}
        orchestrator, scenario = started(tasks, {"x": 4})
        submission = scenario.submit(wait=True)
        show(values=[scenario.data_nodes[f"d{n}"].read() for n in range(len(functions))],
             traces=[job.stacktrace for job in submission.jobs if job.stacktrace],
             imports=ledger())
        """,
    )
    assert found["traces"] == []
    assert found["values"] == [41, 14, 45, 12, 10, 11, -3, -4, 24, "4"]
    assert found["imports"] == ["imported"]


@both
def test_a_class_of_the_script_is_a_result_and_an_argument(app: Application, mode: str) -> None:
    found = run(
        app,
        mode,
        """
        import dataclasses
        @dataclasses.dataclass
        class Point:
            x: int
            def moved(self):
                return Point(self.x + 1)
        def make():
            return Point(1)
        def move(point):
            assert isinstance(point, Point), type(point)
            return point.moved()
        orchestrator, scenario = started(
            {"make": (make, [], ["a"]), "move": (move, ["a"], ["b"]), "on": (move, ["c"], ["d"])},
            {"c": Point(10)})
        submission = scenario.submit(wait=True)
        b, d = scenario.b.read(), scenario.d.read()
        show(traces=[job.stacktrace for job in submission.jobs if job.stacktrace],
             types=[type(b) is Point, type(d) is Point], values=[b.x, d.x],
             equal=b == Point(2))
        """,
    )
    assert found["traces"] == []
    assert found["types"] == [True, True]
    assert found["values"] == [2, 11]
    assert found["equal"] is True


@both
def test_an_enum_of_the_script_is_a_result_and_an_argument(app: Application, mode: str) -> None:
    found = run(
        app,
        mode,
        """
        import enum
        class Colour(enum.Enum):
            RED = 1
        def same(colour):
            assert colour is Colour.RED
            return colour
        orchestrator, scenario = started({"same": (same, ["a"], ["b"])}, {"a": Colour.RED})
        submission = scenario.submit(wait=True)
        show(traces=[job.stacktrace for job in submission.jobs if job.stacktrace],
             same=scenario.b.read() is Colour.RED)
        """,
    )
    assert found["traces"] == []
    assert found["same"] is True


def test_a_closure_over_what_does_not_pickle_fails_clearly_and_a_new_process_is_well(
    app: Application,
) -> None:
    found = run(
        app,
        "standalone",
        """
        def make():
            held = (n for n in range(3))  # a generator: neither pickle nor dill takes it
            def closure():
                return next(held)
            return closure
        orchestrator, scenario = started(
            {"bad": (make(), [], ["a"]), "after": (add, ["a"], ["b"])})
        begin = time.monotonic()
        submission = scenario.submit(wait=True)
        bad = job_of(submission, "bad")
        show(statuses=statuses(submission), reason=bad.reason, trace=bad.stacktrace,
             took=time.monotonic() - begin)
        """,
    )
    assert found["statuses"] == {"bad": "FAILED", "after": "ABANDONED"}
    assert found["reason"] == "not_loaded"
    assert "generator" in found["trace"][0]
    assert found["took"] < 15
    again = run(
        app,
        "standalone",
        """
        orchestrator, scenario = started(CHAIN)
        show(statuses=statuses(scenario.submit(wait=True)))
        """,
    )
    assert set(again["statuses"].values()) == {"COMPLETED"}


def test_a_closure_over_what_does_not_pickle_works_in_development(app: Application) -> None:
    found = run(
        app,
        "development",
        """
        held = threading.Lock()
        def locked():
            with held:
                return 1
        orchestrator, scenario = started({"good": (locked, [], ["a"])})
        show(statuses=statuses(scenario.submit()))
        """,
    )
    assert found["statuses"] == {"good": "COMPLETED"}


def test_a_task_that_does_not_pickle_is_imported_from_the_scripts_file(app: Application) -> None:
    found = run(
        app,
        "standalone",
        """
        held = (n for n in range(3))
        def locked():
            return next(held)
        orchestrator, scenario = started({"bad": (locked, [], ["a"]), "good": (one, [], ["b"])})
        show(statuses=statuses(scenario.submit(wait=True)))
        """,
    )
    assert found["statuses"] == {"bad": "COMPLETED", "good": "COMPLETED"}


@pytest.mark.parametrize("guard", [False, True])
def test_a_module_that_runs_jobs_when_it_is_imported_does_not_recurse(
    app: Application, guard: bool
) -> None:
    found = run(
        app,
        "standalone",
        f"""
        note("imported")
        def mine(x):
            return x + 1
        MODE = "standalone"
        import support
        support.MODE = MODE
        config = configure({{"t": (mine, ["x"], ["y"]), "u": (mine, ["y"], ["z"])}}, {{"x": 1}})
        if {not guard} or "TAIPY_EXEC_SLOT" not in os.environ:
            tp.Orchestrator().run()
            scenario = tp.create_scenario(config)
            submission = scenario.submit(wait=True)
            tp.Orchestrator().stop()
            show(statuses=statuses(submission), imports=len(ledger()),
                 traces=[job.stacktrace for job in submission.jobs])
        """,
        name="appmod.py",
        command=("-c", "import appmod"),
        timeout=10,
    )
    assert found["imports"] <= 3
    if guard or found["statuses"] == {"t": "COMPLETED", "u": "COMPLETED"}:
        assert found["statuses"] == {"t": "COMPLETED", "u": "COMPLETED"}
    else:
        assert found["statuses"] == {"t": "FAILED", "u": "ABANDONED"}
        assert "__main__" in found["traces"][0][0]


@both
def test_system_exit_in_a_task_fails_its_job_only(app: Application, mode: str) -> None:
    found = run(
        app,
        mode,
        """
        def leave():
            sys.exit(3)
        orchestrator, scenario = started(
            {"bad": (leave, [], ["a"]), "after": (add, ["a"], ["b"]), "good": (one, [], ["c"])})
        submission = scenario.submit(wait=True)
        bad = job_of(submission, "bad")
        show(statuses=statuses(submission), reason=bad.reason, trace=bad.stacktrace,
             again=statuses(scenario.good.submit(wait=True)))
        """,
    )
    assert found["statuses"] == {"bad": "FAILED", "after": "ABANDONED", "good": "COMPLETED"}
    assert found["reason"] == "raised"
    assert "SystemExit: 3" in found["trace"][0]
    assert found["again"] == {"good": "COMPLETED"}


@pytest.mark.parametrize("way", ["os._exit(3)", "os.kill(os.getpid(), 9)", "os.abort()"])
def test_a_task_that_ends_its_process_fails_with_the_reason_and_others_go_on(
    app: Application, way: str
) -> None:
    found = run(
        app,
        "standalone",
        f"""
        def die():
            {way}
        orchestrator, scenario = started(
            {{"bad": (die, [], ["a"]), "after": (add, ["a"], ["b"]), "good": (one, [], ["c"])}})
        submission = scenario.submit(wait=True)
        bad = job_of(submission, "bad")
        show(statuses=statuses(submission), reason=bad.reason, trace=bad.stacktrace,
             again=statuses(scenario.good.submit(wait=True)))
        """,
    )
    assert found["statuses"] == {"bad": "FAILED", "after": "ABANDONED", "good": "COMPLETED"}
    assert found["reason"] == "process_died"
    assert found["trace"]
    assert found["again"] == {"good": "COMPLETED"}


@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_keyboard_interrupt_raised_by_a_task_fails_its_job_only(
    app: Application, mode: str
) -> None:
    found = run(
        app,
        mode,
        """
        def interrupt():
            raise KeyboardInterrupt
        orchestrator, scenario = started(
            {"bad": (interrupt, [], ["a"]), "after": (add, ["a"], ["b"]), "good": (one, [], ["c"])})
        show(statuses=statuses(scenario.submit(wait=True)))
        """,
    )
    assert found["statuses"] == {"bad": "FAILED", "after": "ABANDONED", "good": "COMPLETED"}


def test_ctrl_c_during_a_development_submit_leaves_nothing_running(app: Application) -> None:
    write(
        app,
        """
        orchestrator, scenario = started(
            {"hold": (gated, [], ["a"]), "after": (add, ["a"], ["b"]), "last": (one, [], ["c"])})
        try:
            scenario.submit()
            raised = False
        except KeyboardInterrupt:
            raised = True
        open_gate()
        again = scenario.submit()
        orchestrator.stop()
        show(raised=raised, again=statuses(again))
        """,
    )
    with subprocess.Popen(
        [sys.executable, "script.py", "development"],
        cwd=app.folder,
        env=app.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        wait_until(lambda: app.ledger() == ["begin"], 20, "the job to begin")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    found = Ended(code=0, out=out, err=err)
    assert found["raised"] is True
    assert set(found["again"].values()) == {"COMPLETED"}
    jobs = stored(app)
    assert jobs["hold"][0] in ("CANCELED", "FAILED")
    assert jobs["after"][0] in ("CANCELED", "ABANDONED")
    assert jobs["last"][0] == "CANCELED"
    assert {statuses[1] for statuses in jobs.values()} == {"COMPLETED"}


# -- the end of the program ----------------------------------------------------------------------


@pytest.mark.parametrize("end", ["", "sys.exit(0)", "del scenario, orchestrator, submission"])
def test_jobs_complete_where_a_standalone_script_ends_right_after_submit(
    app: Application, end: str
) -> None:
    run(
        app,
        "standalone",
        f"""
        tasks = {{f"t{{n}}": (one, [], [f"d{{n}}"]) for n in range(4)}}
        tasks["all"] = (add, [f"d{{n}}" for n in range(4)], ["sum"])
        orchestrator, scenario = started(tasks)
        submission = scenario.submit()
        {end}
        """,
    )
    assert stored(app) == {task: ["COMPLETED"] for task in ("t0", "t1", "t2", "t3", "all")}


def test_a_script_that_raises_after_submit_keeps_its_exit_code_and_its_jobs(
    app: Application,
) -> None:
    ended = run(
        app,
        "standalone",
        """
        orchestrator, scenario = started(CHAIN)
        scenario.submit()
        raise RuntimeError("the script's own error")
        """,
        code=1,
    )
    assert "the script's own error" in ended.err
    assert stored(app) == {"one": ["COMPLETED"], "two": ["COMPLETED"]}


@both
def test_a_script_that_ends_while_a_job_waits_for_data_ends(app: Application, mode: str) -> None:
    run(
        app,
        mode,
        """
        orchestrator, scenario = started({"two": (add, ["a"], ["b"])})
        scenario.submit()
        """,
    )
    assert stored(app) == {"two": ["BLOCKED"]}


@both
def test_nothing_but_what_the_script_prints_goes_to_stdout(app: Application, mode: str) -> None:
    ended = run(
        app,
        mode,
        """
        orchestrator, scenario = started(CHAIN)
        scenario.submit(wait=True)
        orchestrator.stop()
        print("only this")
        """,
    )
    assert (ended.out, ended.err) == ("only this\n", "")


# -- scenarios ---------------------------------------------------------------------------------


@both
def test_scenarios_are_compared_by_their_comparators(app: Application, mode: str) -> None:
    found = run(
        app,
        mode,
        """
        def difference(first, *others):
            return [other - first for other in others]
        def largest(*values):
            return max(values)
        config = configure({"two": (add, ["a"], ["b"])}, {"a": 1},
                           comparators={"b": [difference, largest], "a": largest})
        other = configure({"three": (add, ["c"], ["d"])}, {"c": 1}, id="other")
        tp.Orchestrator().run()
        scenarios = [tp.create_scenario(config) for _ in range(3)]
        for number, scenario in enumerate(scenarios):
            scenario.a.write(number * 10)
            scenario.submit(wait=True)
        refused = []
        for wrong in (scenarios[:1], [scenarios[0], tp.create_scenario(other)]):
            try:
                tp.compare_scenarios(*wrong)
            except UsageError as error:
                refused.append(str(error))
        show(all=tp.compare_scenarios(*scenarios), refused=len(refused),
             one=tp.compare_scenarios(*scenarios[:2], data_node_config_id="b"))
        """,
    )
    assert found["all"] == {"a": {"largest": 20}, "b": {"difference": [10, 20], "largest": 21}}
    assert found["one"] == {"b": {"difference": [10], "largest": 11}}
    assert found["refused"] == 2


@both
def test_a_cycle_is_refused_by_create_scenario_with_its_path(app: Application, mode: str) -> None:
    found = run(
        app,
        mode,
        """
        config = configure({"hen": (add, ["egg"], ["chick"]), "grow": (add, ["chick"], ["egg"]),
                            "aside": (one, [], ["z"])})
        errors = []
        for attempt in (lambda: tp.create_scenario(config), tp.Orchestrator().run,
                        Config.check):
            try:
                result = attempt()
                errors.append(" ".join(str(e) for e in result.errors))
            except ConfigurationError as error:
                errors.append(str(error))
        Config.configure_data_node("free")
        show(errors=errors, made=len(tp.get_scenarios()))
        """,
    )
    for text in found["errors"]:
        assert "cycle" in text
        assert all(word in text for word in ("hen", "grow"))
        assert "aside" not in text
    assert len(found["errors"]) == 3
    assert found["made"] == 0


@both
def test_a_task_that_reads_what_it_writes_is_refused_as_a_cycle(
    app: Application, mode: str
) -> None:
    found = run(
        app,
        mode,
        """
        try:
            tp.create_scenario(configure({"selfish": (add, ["a"], ["a"])}))
        except ConfigurationError as error:
            show(text=str(error))
        """,
    )
    assert "cycle" in found["text"]
    assert "selfish" in found["text"]


@both
def test_a_global_data_node_is_shared_by_scenarios_and_others_are_not(
    app: Application, mode: str
) -> None:
    found = run(
        app,
        mode,
        """
        shared = Config.configure_data_node("shared", scope=Scope.GLOBAL)
        config = configure({"put": (add, ["a"], ["shared"]), "take": (add, ["shared"], ["b"])},
                           {"a": 1}, nodes={"shared": shared})
        tp.Orchestrator().run()
        first, second = tp.create_scenario(config), tp.create_scenario(config)
        first.submit(wait=True)
        seen = second.shared.read(), second.b.read()
        second.take.submit(wait=True)
        alone = tp.create_global_data_node(Config.data_nodes["shared"])
        try:
            tp.create_global_data_node(Config.data_nodes["a"])
        except UsageError as error:
            refused = str(error)
        show(seen=seen, b=second.b.read(), same=first.shared.id == second.shared.id == alone.id,
             equal=first.shared == second.shared, owners=[first.shared.owner_id, first.b.owner_id],
             scenario=first.id, apart=first.b.id != second.b.id, refused=refused,
             alone=alone.read(), nodes=len(tp.get_data_nodes()))
        """,
    )
    assert found["seen"] == [2, None]
    assert found["b"] == 3
    assert (found["same"], found["equal"], found["apart"]) == (True, True, True)
    assert found["owners"] == [None, found["scenario"]]
    assert found["alone"] == 2
    assert found["nodes"] == 5
    assert "GLOBAL" in found["refused"]


def test_a_cycle_scope_is_shared_within_one_period(app: Application) -> None:
    found = run(
        app,
        "development",
        """
        shared = Config.configure_data_node("shared", scope=Scope.CYCLE)
        config = configure({"take": (add, ["shared"], ["b"])}, nodes={"shared": shared},
                           frequency=Frequency.MONTHLY)
        tp.Orchestrator().run()
        may, also_may, june = (tp.create_scenario(config, dt.datetime(2024, month, day))
                               for month, day in ((5, 2), (5, 30), (6, 1)))
        may.shared.write(1)
        show(values=[s.shared.read() for s in (may, also_may, june)],
             cycles=[may.cycle == also_may.cycle, may.cycle == june.cycle])
        """,
    )
    assert found["values"] == [1, 1, None]
    assert found["cycles"] == [True, False]


def test_in_memory_data_passes_the_object_itself_in_development(app: Application) -> None:
    found = run(
        app,
        "development",
        """
        lock = threading.Lock()
        given = {"lock": lock}
        nodes = {n: Config.configure_in_memory_data_node(n) for n in ("a", "b")}
        nodes["x"] = Config.configure_in_memory_data_node("x", default_data=given)
        orchestrator, scenario = started(
            {"t": (lambda x: x, ["x"], ["a"]), "u": (lambda a: a, ["a"], ["b"])}, nodes=nodes)
        submission = scenario.submit()
        other = tp.create_scenario(Config.scenarios["s"])
        show(statuses=statuses(submission), same=scenario.b.read()["lock"] is lock,
             other=other.b.read(), path=scenario.b.path, files=sorted(os.listdir()))
        """,
    )
    assert set(found["statuses"].values()) == {"COMPLETED"}
    assert (found["same"], found["other"], found["path"]) == (True, None, None)
    assert "user_data" not in found["files"]


def test_in_memory_data_is_refused_in_standalone(app: Application) -> None:
    found = run(
        app,
        "standalone",
        """
        config = configure({"t": (one, [], ["a"])},
                           nodes={"a": Config.configure_in_memory_data_node("a")})
        try:
            tp.create_scenario(config)
        except ConfigurationError as error:
            show(text=str(error))
        """,
    )
    assert "in_memory" in found["text"] or "memory" in found["text"]
    assert "'a'" in found["text"] or ".a" in found["text"]


@both
def test_an_array_of_50_megabytes_goes_through_two_tasks(app: Application, mode: str) -> None:
    pytest.importorskip("numpy")
    found = run(
        app,
        mode,
        """
        import numpy
        def make(n):
            return numpy.arange(n, dtype="float64").reshape(-1, 50)
        def double(array):
            assert array.nbytes == 50_000_000
            array[0, 0] += 1
            return array * 2
        orchestrator, scenario = started(
            {"make": (make, ["n"], ["a"]), "double": (double, ["a"], ["b"])}, {"n": 6_250_000})
        begin = time.monotonic()
        submission = scenario.submit(wait=True)
        took = time.monotonic() - begin
        a, b = scenario.a.read(), scenario.b.read()
        show(statuses=statuses(submission), took=took, shape=b.shape, first=b[0, 0], last=b[-1, -1],
             kept=a[0, 0], traces=[j.stacktrace for j in submission.jobs])
        """,
    )
    assert set(found["statuses"].values()) == {"COMPLETED"}, found["traces"]
    assert found["shape"] == [125_000, 50]
    assert (found["first"], found["last"], found["kept"]) == (2.0, 12_499_998.0, 0.0)
    assert found["took"] < 15


@both
def test_a_configuration_file_is_loaded_and_run(app: Application, mode: str) -> None:
    app.module("jobs", "def double(x):\n    return x * 2\n")
    app.graph({"double": ("jobs.double", ["x"], ["y"])}, mode=mode, data={"x": 4})
    found = run(
        app,
        mode,
        """
        Config.load("config.toml")
        tp.run(tp.Orchestrator())
        scenario = tp.create_scenario(Config.scenarios["s"], name="mine")
        submission = scenario.submit(wait=True)
        show(value=scenario.y.read(), mode=Config.job_config.mode)
        """,
    )
    assert (found["value"], found["mode"]) == (8, mode)


# -- failures are never silent ---------------------------------------------------------------


@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_a_failed_job_is_one_record_with_its_place(app: Application, mode: str) -> None:
    found = run(
        app,
        mode,
        """
        def bad():
            raise ValueError("no such luck")
        orchestrator, scenario = started({"bad": (bad, [], ["a"]), "after": (add, ["a"], ["b"])})
        submission = scenario.submit(wait=True)
        orchestrator.stop()
        """,
    )
    (line,) = [line for line in found.err.splitlines() if "no such luck" in line]
    assert line.startswith("task bad failed: ValueError: no such luck (")
    assert "script.py:" in line
    assert ", in bad); taipy-exec logs JOB_bad_" in line


@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_a_failure_can_be_raised(app: Application, mode: str) -> None:
    found = run(
        app,
        mode,
        """
        def bad():
            raise ValueError("no such luck")
        orchestrator, scenario = started({"bad": (bad, [], ["a"]), "good": (one, [], ["b"])})
        raised = []
        for submit in (scenario.submit, lambda **more: tp.submit(scenario, **more)):
            try:
                submit(raise_on_failure=True)
            except tp.SubmissionFailed as error:
                raised.append(str(error))
        good = scenario.good.submit(raise_on_failure=True)
        none = good.raise_for_status()
        show(raised=raised, good=statuses(good), none=none, repr=repr(good.jobs[0]))
        orchestrator.stop()
        """,
    )
    for text in found["raised"]:
        assert "FAILED: task bad failed: ValueError: no such luck" in text
        assert "retry what did not complete: taipy-exec retry SUBMISSION_" in text
    assert (found["good"], found["none"]) == ({"good": "COMPLETED"}, None)
    assert found["repr"].startswith("<Job JOB_good_")
    assert found["repr"].endswith(" COMPLETED>")


def test_an_exception_says_all_and_what_to_do(app: Application) -> None:
    found = run(
        app,
        "development",
        """
        Config.configure_data_node("x", storage_type="pickl")
        Config.configure_data_node("y", storage_type="jso")
        try:
            Config.freeze() if hasattr(Config, "freeze") else tp.Orchestrator().run()
            tp.get_scenarios(); tp.Orchestrator().run()
        except Exception as error:
            show(text=str(error))
        """,
    )
    assert "pickl" in found["text"]
    assert "jso" in found["text"]
    assert "taipy-exec check" in found["text"]


def test_what_cannot_be_sent_fails_its_own_task_alone(app: Application) -> None:
    found = run(
        app,
        "standalone",
        """
        import functools, sqlite3
        if __name__ == "__main__":  # the import of the file does not have them
            class Db:
                def __init__(self): self.connection = sqlite3.connect(":memory:")
                def run(self): return 7
            def use(db): return 5
        orchestrator, scenario = started({
            "method": (Db().run, [], ["a"]),
            "partial": (functools.partial(use, Db()), [], ["b"]),
            "good": (one, [], ["c"]),
        })
        submission = scenario.submit(wait=True)
        show(statuses=statuses(submission), why=[j.stacktrace for j in submission.jobs])
        orchestrator.stop()
        """,
    )
    assert found["statuses"] == {"method": "FAILED", "partial": "FAILED", "good": "COMPLETED"}
