"""kill -9 of the submitting process at any moment: nothing is lost, torn, or run twice unseen."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from command_support import Application, Result, wait_until

from taipy_exec.model.job import short_id

WORK = """
def step(*inputs):
    value = 1 + sum(inputs)
    note(f"begin {os.environ.get('TAIPY_EXEC_SLOT', '')}")
    return value


def slow(*inputs):
    time.sleep(0.02)
    return step(*inputs)
"""
LAYERS, WIDTH = 5, 3


def layered(app: Application, mode: str, workers: int = 2) -> None:
    """Layers of jobs, each of which reads all of the layer above."""
    app.module("jobs", WORK)
    tasks = {}
    above: list[str] = []
    for layer in range(LAYERS):
        names = [f"d{layer}{n}" for n in range(WIDTH)]
        for n, name in enumerate(names):
            tasks[f"t{layer}{n}"] = ("jobs.slow", above, [name])
        above = names
    app.graph(tasks, mode=mode, workers=workers)


def wanted_value() -> int:
    value = 0
    for _ in range(LAYERS):
        value = 1 + WIDTH * value if value else 1
    return value


def all_completed(app: Application, result: Result) -> None:
    """Every job COMPLETED once, its value is right, and a second attempt has a recorded cause."""
    assert result.code == 0, result.err
    jobs = result.json["jobs"]
    assert {job["status"] for job in jobs} == {"COMPLETED"}
    again = sum(job["attempt"] - 1 for job in jobs)
    runs = len(app.ledger())
    assert len(jobs) <= runs <= len(jobs) + again
    value = app.run("data", "show", ".", f"d{LAYERS - 1}0", "--json").json["value"]
    assert value == wanted_value()
    left = [name for name in app.sources() if name.endswith(".part")]
    assert left == []


def kill_after(process: subprocess.Popen[str], seconds: float) -> bool:
    """SIGKILL after a while; whether it was still running then."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return True
    return False


@pytest.mark.long
@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_a_submission_killed_again_and_again_is_carried_on_to_its_end(
    app: Application, mode: str
) -> None:
    layered(app, mode)
    app.config(
        (app.folder / "config.toml").read_text().replace("[JOB]", "[JOB]\nmax_attempts = 99")
    )
    chance = random.Random(f"{mode} 20260101")
    kills = 0
    for number in range(12):
        process = app.start("submit", "--json")
        if number < 2:
            # Killed as soon as one more job has begun, however fast the machine is.
            begun = len(app.ledger())
            wait_until(
                lambda begun=begun, process=process: (
                    len(app.ledger()) > begun or process.poll() is not None
                ),
                20,
                "a job to begin",
            )
            delay = 0.0
        else:
            delay = 0.15 + chance.random() * 0.55
        if not kill_after(process, delay):
            break
        kills += 1
        app.end(process)
        app.nothing_runs(3)
        if app.exists(".taipy-exec/state.db"):
            found = app.run("status", "--json")
            assert found.code == 0
            for submission in found.json["submissions"]:
                jobs = app.status(submission["id"]).json["jobs"]
                assert all(job["finished_at"] for job in jobs if job["status"] == "COMPLETED")
        if chance.random() < 0.3 and app.exists(".taipy-exec/state.db"):
            kill_after(app.start("resume"), 0.2 + chance.random() * 0.5)
    assert kills >= 2
    app.nothing_runs(3)
    result = app.run("submit", "--json")
    if len(app.run("status", "--json").json["submissions"]) == 1:
        all_completed(app, result)
    else:
        assert result.code == 0


@pytest.mark.one_variant
@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_a_killed_submission_is_completed_by_resume_with_the_attempts_recorded(
    app: Application, mode: str
) -> None:
    app.graph({"t": ("flow.gated", [], ["a"]), "u": ("flow.work", ["a"], ["b"])}, mode=mode)
    process = app.start("submit")
    app.begun()
    process.kill()
    app.end(process)
    app.nothing_runs()
    submission = app.only_submission()
    assert app.status(submission).statuses() == {"t": "RUNNING", "u": "BLOCKED"}
    told = app.run("status", submission).out
    assert f"taipy-exec resume {short_id(submission)}" in told
    assert "interrupted" in app.run("status").out
    app.open_gate()
    result = app.run("resume", submission, "--json")
    assert result.code == 0
    assert result.statuses() == {"t": "COMPLETED", "u": "COMPLETED"}
    assert (result.job("t")["attempt"], result.job("u")["attempt"]) == (2, 1)
    assert app.run("resume", submission).code == 2


def test_coordinator_and_jobs_killed_together_are_carried_on_by_the_next_submit(
    app: Application,
) -> None:
    app.graph(
        {
            "t": ("flow.gated", [], ["a"]),
            "u": ("flow.gated", [], ["b"]),
            "v": ("flow.work", ["a", "b"], ["c"]),
        }
    )
    process = app.start("submit")
    app.begun(2)
    app.kill_everything()
    app.end(process)
    app.nothing_runs()
    app.open_gate()
    result = app.run("submit", "--json")
    assert "resuming" in result.err
    assert set(result.statuses().values()) == {"COMPLETED"}
    assert [result.job(task)["attempt"] for task in "tuv"] == [2, 2, 1]


def test_a_job_that_is_lost_too_often_is_quarantined(app: Application) -> None:
    app.module(
        "jobs",
        "import signal\ndef poison():\n    os.kill(os.getppid(), signal.SIGKILL)\n"
        "    wait_for('never')\n",
    )
    app.graph(
        {
            "poison": ("jobs.poison", [], ["a"]),
            "after": ("flow.work", ["a"], ["b"]),
            "good": ("flow.work", [], ["c"]),
        },
        job="max_attempts = 2\n",
        workers=1,
    )
    for _ in range(2):
        assert app.run("submit").code == -9
        app.nothing_runs()
    result = app.run("submit", "--json")
    assert result.code == 1
    assert result.statuses() == {"poison": "FAILED", "after": "ABANDONED", "good": "COMPLETED"}
    assert result.job("poison")["reason"] == "quarantined"
    assert result.job("poison")["attempt"] == 2


@pytest.mark.parametrize("moment", range(6))
def test_a_kill_between_store_and_act_loses_nothing(app: Application, moment: int) -> None:
    """The process ends itself right before or after its n-th commit."""
    layered(app, "standalone")
    (app.folder / "sitecustomize.py").write_text(
        "import os, sys\n"
        "if any(word.endswith('__main__.py') or word == '-m' for word in sys.orig_argv[:3]):\n"
        "    import taipy_exec.store.store as store\n"
        "    save, count = store.Store.save, 0\n"
        "    def torn(self, *args, **kwargs):\n"
        "        global count\n"
        "        count += 1\n"
        f"        if count == {moment + 1} and {moment} % 2 == 0: os.kill(os.getpid(), 9)\n"
        "        save(self, *args, **kwargs)\n"
        f"        if count == {moment + 1}: os.kill(os.getpid(), 9)\n"
        "    store.Store.save = torn\n"
    )
    killed = app.run("submit", env={"PYTHONPATH": str(app.folder)})
    assert killed.code == -9
    app.nothing_runs()
    all_completed(app, app.run("submit", "--json"))


def test_half_written_files_of_a_killed_job_are_removed_and_never_read(app: Application) -> None:
    app.module(
        "jobs",
        "class Slow:\n    def __reduce__(self):\n        note(f'begin {os.getpid()}')\n"
        "        wait_for('gate')\n        return (int, (7,))\n"
        "def make():\n    return [bytes(3_000_000), Slow()]\n"
        "def use(x):\n    return x[1]\n",
    )
    app.graph({"make": ("jobs.make", [], ["a"]), "use": ("jobs.use", ["a"], ["b"])})
    process = app.start("submit")
    app.begun()
    assert any(name.endswith(".part") for name in app.sources())
    app.kill_everything()
    app.end(process)
    app.open_gate()
    result = app.run("submit", "--json")
    assert set(result.statuses().values()) == {"COMPLETED"}
    assert not any(name.endswith(".part") for name in app.sources())
    assert app.run("data", "show", ".", "b").out == "7\n"


def test_a_changed_configuration_starts_anew_instead_of_carrying_on(app: Application) -> None:
    app.graph({"t": ("flow.gated", [], ["a"])})
    process = app.start("submit")
    app.begun()
    process.kill()
    app.end(process)
    submission = app.only_submission()
    app.graph({"t": ("flow.gated", [], ["a"]), "u": ("flow.work", ["a"], ["b"])})
    app.open_gate()
    refused = app.run("resume", submission)
    assert refused.code == 3
    assert "changed" in refused.err
    result = app.run("submit", "--json")
    assert result.statuses() == {"t": "COMPLETED", "u": "COMPLETED"}
    assert app.status(submission).statuses() == {"t": "CANCELED"}
    assert app.status(submission).job("t")["reason"] == "superseded"


def test_a_frozen_submitter_is_not_taken_for_a_dead_one(app: Application) -> None:
    app.graph({"t": ("flow.gated", [], ["a"])})
    process = app.start("submit", "--json")
    app.begun()
    process.send_signal(signal.SIGSTOP)
    assert app.run("resume", app.only_submission()).code == 2
    process.send_signal(signal.SIGCONT)
    app.open_gate()
    assert app.end(process).statuses() == {"t": "COMPLETED"}


def test_the_death_of_a_detached_coordinator_is_told_and_mended(app: Application) -> None:
    app.graph({"t": ("flow.gated", [], ["a"]), "u": ("flow.work", ["a"], ["b"])})
    submission = app.run("submit", "--detach").out.strip()
    (job,) = app.begun()
    stat = Path(f"/proc/{job}/stat").read_text()
    coordinator = int(stat.rpartition(")")[2].split()[1])
    os.kill(coordinator, signal.SIGKILL)
    app.nothing_runs()
    assert "resume" in app.run("wait", submission, "--timeout", "0.2").err
    app.open_gate()
    assert app.run("resume", submission, "--json").code == 0


def test_a_job_never_runs_twice_at_the_same_time(app: Application) -> None:
    app.graph({"t": ("flow.gated", [], ["a"])})
    process = app.start("submit")
    app.begun()
    process.kill()
    second = app.start("submit", "--json")
    wait_until(lambda: len([x for x in app.ledger() if x.startswith("begin")]) == 2)
    app.open_gate()
    assert app.end(second).code == 0
    app.end(process)
    assert Counter(line.split()[0] for line in app.ledger()) == {"begin": 2, "end": 1}


DIES_AT = {
    "before it writes": ("taipy_exec.engine.given", "write_given"),
    "after it wrote": ("taipy_exec.engine.given", "Edit"),
}
DIES = """
import importlib, os, signal, sys
module = importlib.import_module(sys.argv[1])
setattr(module, sys.argv[2], lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
sys.argv[1:] = sys.argv[3:]
from taipy_exec.__main__ import main
main()
"""


@pytest.mark.one_variant
@pytest.mark.parametrize("again", ["resume", "submit"])
@pytest.mark.parametrize("when", DIES_AT)
def test_a_value_that_was_given_with_a_submission_survives_it(
    app: Application, when: str, again: str
) -> None:
    app.module("jobs", "def double(x):\n    note('begin')\n    return 2 * x\n")
    app.config(
        "[DATA_NODE.x]\ndefault_data = '1:int'\n[DATA_NODE.y]\n"
        "[TASK.double]\nfunction = 'jobs.double:function'\n"
        "inputs = ['x:SECTION']\noutputs = ['y:SECTION']\n"
        "[SCENARIO.only]\ntasks = ['double:SECTION']\n"
    )
    command = [sys.executable, "-c", DIES, *DIES_AT[when]]
    killed = app.end(app.start("submit", ".", "--set", "x=21", command=command))
    assert killed.code == -signal.SIGKILL
    assert app.ledger() == []
    arguments = ["resume"] if again == "resume" else ["submit", "."]
    carried_on = app.run(*arguments, "--json")
    assert set(carried_on.statuses().values()) == {"COMPLETED"}, carried_on.err
    assert app.run("data", "show", ".", "y", "--json").json["value"] == 42
    # A later submission is another one: what was given once is not given again.
    assert app.run("data", "write", ".", "x", "5").code == 0
    assert app.run("submit", ".").code == 0
    assert app.run("data", "show", ".", "y", "--json").json["value"] == 10
