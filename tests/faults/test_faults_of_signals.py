"""What a terminal and other processes do to a submit, in local modes too: F10."""

from __future__ import annotations

import os
import signal
import time

import pytest
from command_support import wait_until
from modes import ALL, APART, InMode, in_modes

pytestmark = pytest.mark.once

TASKS = {
    "before": ("return 1", [], ["a"]),
    "t": ("gate()\nreturn 1", ["a"], ["b"]),
    "u": ("return 1", ["b"], ["c"]),
}
DEAF = {
    "t": (
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "while not os.path.exists('gate'):\n    try:\n        gate()\n"
        "    except BaseException:\n        pass\nreturn 1",
        [],
        ["b"],
    ),
    "u": ("return 1", ["b"], ["c"]),
}


@in_modes("development", "standalone")
def test_f10_ctrl_c_once_lets_what_runs_end(place: InMode) -> None:
    place.graph(TASKS)
    submit = place.submitting()
    place.app.begun(2)
    submit.send_signal(signal.SIGINT)
    assert submit.stderr is not None
    wait_until(lambda: "interrupted:" in submit.stderr.readline(), 20)  # type: ignore[union-attr]
    place.app.open_gate()
    result = place.end(submit)
    assert result.code == 130
    assert result.statuses()["t"] == "COMPLETED"
    assert result.statuses()["u"] in ("CANCELED", "ABANDONED")
    place.has_run(result)


@pytest.mark.representative
@in_modes("development", "standalone")
def test_f10_ctrl_c_twice_stops_what_runs(place: InMode) -> None:
    place.graph(TASKS, job="grace = 1.0\n")
    submit = place.submitting()
    place.app.begun(2)
    assert submit.stderr is not None
    submit.send_signal(signal.SIGINT)
    wait_until(lambda: "interrupted:" in submit.stderr.readline(), 20)  # type: ignore[union-attr]
    submit.send_signal(signal.SIGINT)
    result = place.end(submit)
    assert result.code == 130
    assert result.statuses() == {"before": "COMPLETED", "t": "CANCELED", "u": "CANCELED"}
    place.app.open_gate()
    place.has_run(result)


@in_modes("development", "standalone")
def test_f10_ctrl_c_thrice_leaves_at_once(place: InMode) -> None:
    place.graph(DEAF, job="grace = 60.0\n")
    submit = place.submitting()
    place.app.begun()
    begin = time.monotonic()

    def press() -> bool:
        submit.send_signal(signal.SIGINT)
        return submit.poll() is not None

    wait_until(press, 20, "submit to leave")
    assert place.end(submit).code == 130
    assert time.monotonic() - begin < 15
    place.app.nothing_runs()
    place.app.open_gate()
    # The rest may be canceled by then, or be resumed: at the end all is done.
    result = place.submit("--force")
    assert set(result.statuses().values()) == {"COMPLETED"}


@pytest.mark.representative
@in_modes("development", "standalone")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("command", ["resume", "submit"])
def test_f10_a_submit_that_is_told_to_leave_is_carried_on(
    place: InMode, number: signal.Signals, command: str
) -> None:
    place.graph(TASKS)
    submit = place.submitting()
    place.app.begun(2)
    submit.send_signal(number)
    assert place.end(submit).code == 143
    place.app.nothing_runs()
    place.app.open_gate()
    result = place.run(command, "--json")
    assert result.code == 0
    assert {job["attempt"] for job in result.json["jobs"]} == {1}
    place.has_run(result, {"t": 1})


@in_modes("development", "standalone")
def test_f10_a_submit_that_is_stopped_for_a_while_goes_on(place: InMode) -> None:
    place.graph(TASKS)
    submit = place.submitting()
    place.app.begun(2)
    os.killpg(submit.pid, signal.SIGSTOP)
    place.app.open_gate()
    if place.mode == "standalone":
        # Its slots are no part of its group: what they run goes on.
        wait_until(lambda: any(x.startswith("end") and " t " in x for x in place.app.ledger()))
    assert place.run("status", "--json").code == 0
    os.killpg(submit.pid, signal.SIGCONT)
    result = place.end(submit)
    assert result.code == 0
    place.has_run(result)


@in_modes(*APART)
def test_f10_a_job_that_is_stopped_for_a_while_goes_on(place: InMode) -> None:
    place.graph(TASKS)
    submit = place.submitting()
    pid = place.app.begun(2)[1]
    os.kill(pid, signal.SIGSTOP)
    place.app.open_gate()
    # Longer than the lease of cluster mode: its worker speaks for it.
    end = time.monotonic() + 8
    wait_until(lambda: time.monotonic() > end, 10)
    assert place.app.status(place.app.only_submission()).statuses()["t"] == "RUNNING"
    os.kill(pid, signal.SIGCONT)
    result = place.end(submit)
    assert result.code == 0
    place.has_run(result)


@in_modes(*ALL)
def test_f10_a_terminal_that_is_closed_hands_the_submission_back(place: InMode) -> None:
    place.graph(TASKS)
    place.worker()
    terminal = place.terminal("submit", ".")
    place.app.begun(2)
    terminal.close()
    if place.mode != "cluster":
        place.app.nothing_runs()
    place.app.open_gate()
    result = place.run("resume", "--json")
    assert result.code == 0, result.err
    assert {job["attempt"] for job in result.json["jobs"]} == {1}
    place.has_run(result, {} if place.mode == "cluster" else {"t": 1})


@in_modes(*APART)
def test_f10_ctrl_c_on_a_terminal_reaches_no_job(place: InMode) -> None:
    """The terminal sends the signal to the whole foreground group; jobs are in none of it."""
    place.graph(TASKS)
    place.worker()
    terminal = place.terminal("submit", ".")
    place.app.begun(2)
    terminal.type("\x03")
    terminal.read_until("interrupted")
    place.app.open_gate()
    assert terminal.finish() == 130
    result = place.app.status(place.app.only_submission())
    assert result.statuses()["t"] == "COMPLETED"
    assert result.statuses()["u"] in ("CANCELED", "ABANDONED")
    place.has_run(result)
