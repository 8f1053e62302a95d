"""`run-worker` on a terminal: a live table that fits; plain lines elsewhere; the cursor stays."""

from __future__ import annotations

import re
import signal
from typing import Any

import pytest
from command_support import CURSOR, Application, Result, Terminal, kill, wait_until

GATED = {"t": ("flow.gated", [], ["a"])}
URL = "TAIPY_EXEC_BROKER_URL"
NOBODY = "amqp://someone:s3cret@127.0.0.1:1/"
SHOW_CURSOR, HIDE_CURSOR = "\x1b[?25h", "\x1b[?25l"


def cursor_is_visible(terminal: Terminal) -> bool:
    return terminal.text.rfind(SHOW_CURSOR) >= terminal.text.rfind(HIDE_CURSOR)


def many(app: Application, number: int) -> None:
    app.graph({f"t{n:02}": ("flow.gated", [], [f"d{n:02}"]) for n in range(number)}, mode="cluster")


def worker(app: Application, url: str, *arguments: str, **options: Any) -> Terminal:
    env = {URL: url, **options.pop("env", {})}
    terminal = Terminal(app, "run-worker", *arguments, env=env, **options)
    terminal.read_until("connected")
    return terminal


def submit(app: Application, url: str) -> Any:
    return app.start("submit", "--json", env={URL: url})


def plain_worker(app: Application, url: str, *arguments: str) -> Result:
    """What a worker with `--max-jobs 1` writes where stderr is no terminal."""
    process = app.start("run-worker", "--max-jobs", "1", *arguments, env={URL: url})
    app.end(submit(app, url), 60)
    return app.end(process, 30)


# -- the table ----------------------------------------------------------------------------


def test_the_table_shows_the_worker_its_slots_and_what_runs(
    app: Application, broker_url: str
) -> None:
    app.graph(GATED, mode="cluster")
    terminal = worker(app, broker_url, "--concurrency", "2", columns=120)
    terminal.read_until("0/2 busy")
    submitter = submit(app, broker_url)
    frame = terminal.screen_with(r"1/2 busy(.|\n)*\dm?s +\d+% +JOB_t_[0-9a-f]{8}\n(.|\n)*^idle$")
    assert re.search(r"^\S+:\d+  app  RabbitMQ \d[\d.]+ connected  1/2 busy  0 done ", frame, re.M)
    assert re.search(r"^\S+:\d+ +t +[\d.]+m?s +\d+% +JOB_t_[0-9a-f]{8}$", frame, re.M)
    assert len(re.findall(r"^idle$", frame, re.M)) == 1
    app.open_gate()
    frame = terminal.screen_with(r"1 done(.|\n)*^[\d:]{8} +t +✓ COMPLETED +[\d.]+m?s")
    assert re.search(r"^Ended +Task +Status +Time +Job$", frame, re.M)
    assert app.end(submitter).code == 0
    terminal.type("\x03")
    assert terminal.finish() == 0
    screen = "\n".join(terminal.screen())
    assert re.search(r"^connected to RabbitMQ", screen, re.M)
    assert re.search(r"^worker \S+ stopped: 1 done, 0 failed$", screen, re.M)
    assert "busy" not in screen
    assert cursor_is_visible(terminal)


@pytest.mark.long
def test_the_five_jobs_that_ended_last_are_below_the_slots(
    app: Application, broker_url: str
) -> None:
    chain = {f"t{n}": ("flow.work", [f"d{n - 1}"] if n else [], [f"d{n}"]) for n in range(7)}
    app.graph({**chain, "bad": ("flow.fail", ["d6"], ["x"])}, mode="cluster")
    terminal = worker(app, broker_url, columns=120)
    assert app.end(submit(app, broker_url)).code == 1
    frame = terminal.screen_with(r"FAILED(.|\n)*COMPLETED +\S+ +JOB_t3_[0-9a-f]{8}$")
    listed = re.findall(r"^[\d:]{8} +(\S+) +\S (COMPLETED|FAILED) +[\d.]+m?s +JOB_", frame, re.M)
    assert listed == [("bad", "FAILED"), *((f"t{n}", "COMPLETED") for n in (6, 5, 4, 3))]
    terminal.type("\x03")
    assert terminal.finish() == 0


@pytest.mark.long
def test_what_failed_stands_above_the_table_with_its_reason(
    app: Application, broker_url: str
) -> None:
    app.graph({"t": ("flow.fail", [], ["a"])}, mode="cluster")
    terminal = worker(app, broker_url, "--max-jobs", "1", columns=120)
    assert app.end(submit(app, broker_url)).code == 1
    assert terminal.finish() == 0
    screen = "\n".join(terminal.screen())
    assert re.search(r"^[\d:]{8} t failed in \S+: ValueError: no such luck$", screen, re.M)
    assert "RUNNING" not in screen
    assert "0 done, 1 failed" in screen


@pytest.mark.long
@pytest.mark.parametrize(("columns", "rows"), [(60, 24), (40, 12)])
def test_32_slots_fit_a_small_terminal_with_a_count_for_the_rest(
    app: Application, broker_url: str, columns: int, rows: int
) -> None:
    many(app, 16)
    terminal = worker(
        app,
        broker_url,
        "--concurrency",
        "32",
        columns=columns,
        rows=rows,
        env={"COLUMNS": None, "LINES": None},
    )
    terminal.read_until("  32 idle")
    submitter = submit(app, broker_url)
    terminal.read_until("16/32 busy")
    terminal.read_until(" more busy, 16 idle")
    drawn = terminal.text
    app.open_gate()
    assert app.end(submitter, 60).code == 0
    terminal.read_until("16 done")
    terminal.type("\x03")
    assert terminal.finish() == 0
    for frame in re.split(r"\x1b\[2K", drawn):
        for line in re.split(r"[\r\n]+", re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", frame)):
            assert len(line) <= columns
    ups = re.findall(r"(?:\x1b\[1A\x1b\[2K)+", terminal.text)
    assert max(len(up) // len("\x1b[1A\x1b[2K") for up in ups) < rows


def test_no_connection_is_told_without_the_password(app: Application) -> None:
    app.graph(GATED, mode="cluster")
    terminal = worker(app, NOBODY)
    terminal.read_until("not connected")
    terminal.read_until("refused")
    terminal.type("\x03")
    assert terminal.finish() == 0
    assert "s3cret" not in terminal.text
    assert cursor_is_visible(terminal)


@pytest.mark.long
def test_an_ascii_terminal_gets_ascii(app: Application, broker_url: str) -> None:
    many(app, 1)
    env = {"LANG": "C", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    terminal = worker(app, broker_url, "--max-jobs", "1", columns=50, env=env)
    submitter = submit(app, broker_url)
    terminal.read_until("1/1 busy")
    app.open_gate()
    assert app.end(submitter).code == 0
    assert terminal.finish() == 0
    assert terminal.text.isascii()
    assert "?:" not in terminal.plain()


# -- signals ------------------------------------------------------------------------------


@pytest.mark.one_variant
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_lets_what_runs_end(
    app: Application, broker_url: str, number: int
) -> None:
    app.graph(GATED, mode="cluster")
    terminal = worker(app, broker_url)
    submitter = submit(app, broker_url)
    app.begun()
    kill(terminal.pid, number)
    terminal.read_until("shutting down after t")
    terminal.read_until("mleaving\x1b[0m  1/1 busy")
    app.open_gate()
    assert terminal.finish() == 0
    assert app.end(submitter).statuses() == {"t": "COMPLETED"}
    assert cursor_is_visible(terminal)


@pytest.mark.one_variant
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_third_signal_ends_it_at_once_and_shows_the_cursor(
    app: Application, broker_url: str, number: int, code: int
) -> None:
    # A job that does not end when it is asked to, so that the third signal finds it running.
    app.module(
        "jobs",
        "import signal\n"
        "def stubborn():\n"
        "    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "    gated()\n",
    )
    app.graph({"t": ("jobs.stubborn", [], ["a"])}, mode="cluster", job="grace = 60\n")
    terminal = worker(app, broker_url)
    submitter = submit(app, broker_url)
    app.begun()
    kill(terminal.pid, number)
    terminal.read_until("shutting down after t")
    kill(terminal.pid, number)
    terminal.read_until("handing back t")
    kill(terminal.pid, number)
    assert terminal.finish(20) == code
    assert cursor_is_visible(terminal)
    assert terminal.screen()[-1] == ""
    kill(submitter.pid, signal.SIGKILL)
    wait_until(lambda: submitter.poll() is not None, what="the submitter's end")


# -- plain lines --------------------------------------------------------------------------


def test_elsewhere_each_start_and_end_is_a_line(app: Application, broker_url: str) -> None:
    app.graph({"t": ("flow.work", [], ["a"])}, mode="cluster")
    result = plain_worker(app, broker_url)
    assert (result.code, result.out) == (0, "")
    assert "\x1b" not in result.err
    assert re.search(r"^worker \S+ for application app, 1 slot$", result.err, re.M)
    assert re.search(r"^[\d:]{8} t RUNNING on \S+:\d+ \(JOB_t_[\da-f]{8}\)$", result.err, re.M)
    assert re.search(r"^[\d:]{8} t done in [\d.]+m?s$", result.err, re.M)
    assert re.search(r"stopped: 1 done, 0 failed$", result.err, re.M)


def test_elsewhere_a_failure_has_its_reason_on_one_line_that_steers_nothing(
    app: Application, broker_url: str
) -> None:
    app.module("jobs", r"def bad():" "\n" r"    raise ValueError('\x1b[2Jno\nluck')" "\n")
    app.graph({"t": ("jobs.bad", [], ["a"])}, mode="cluster")
    result = plain_worker(app, broker_url)
    assert "\x1b" not in result.err
    assert re.search(r"^[\d:]{8} t failed in \S+: ValueError: \\x1b\[2Jno$", result.err, re.M)


@pytest.mark.long
def test_a_worker_whose_lines_nobody_reads_loses_no_job(app: Application, broker_url: str) -> None:
    name = "a_task_whose_name_fills_the_lines_and_so_the_pipe"
    tasks = {f"{name}_{n}": ("flow.work", [], [f"d{n}"]) for n in range(600)}
    app.graph(tasks, mode="cluster", job="broker_lease = 6\nbroker_heartbeat = 5")
    process = app.start("run-worker", env={URL: broker_url})
    result = app.end(submit(app, broker_url), 90)
    assert result.code == 0
    assert {job["attempt"] for job in result.json["jobs"]} == {1}
    process.terminate()
    assert app.end(process).code == 0


@pytest.mark.long
def test_a_worker_whose_terminal_is_not_read_loses_no_job(
    app: Application, broker_url: str
) -> None:
    """A frame fits only partly into the last room of the terminal."""
    app.graph(
        {f"t{n}": ("flow.gated", [], [f"d{n}"]) for n in range(8)},
        mode="cluster",
        job="broker_lease = 3\nbroker_heartbeat = 5\nmax_attempts = 1",
    )
    terminal = worker(app, broker_url, "--concurrency", "8", columns=150, rows=40)
    submitter = submit(app, broker_url)
    app.begun(8)
    with pytest.raises(AssertionError):
        wait_until(lambda: submitter.poll() is not None, 20)
    app.open_gate()
    assert app.end(submitter, 60).code == 0
    kill(terminal.pid, signal.SIGTERM)
    assert terminal.finish() == 0


@pytest.mark.long
def test_a_worker_whose_terminal_is_stopped_loses_no_job(app: Application, broker_url: str) -> None:
    app.graph(
        {"t": ("flow.gated", [], ["a"])},
        mode="cluster",
        job="broker_lease = 3\nbroker_heartbeat = 5\nmax_attempts = 1",
    )
    terminal = worker(app, broker_url)
    submitter = submit(app, broker_url)
    app.begun()
    terminal.type("\x13")
    with pytest.raises(AssertionError):
        wait_until(lambda: submitter.poll() is not None, 6)
    app.open_gate()
    assert app.end(submitter, 60).code == 0
    terminal.type("\x11\x03")
    assert terminal.finish() == 0


@pytest.mark.long
def test_elsewhere_a_failure_is_told_without_the_password_of_a_url(
    app: Application, broker_url: str
) -> None:
    app.module("jobs", "def bad():\n    raise ValueError('no http://me:s3cr3t@host/')\n")
    app.graph({"t": ("jobs.bad", [], ["a"])}, mode="cluster")
    result = plain_worker(app, broker_url)
    assert "ValueError: no http://me:***@host/" in result.err
    assert "s3cr3t" not in result.err


def test_quiet_says_nothing(app: Application, broker_url: str) -> None:
    app.graph({"t": ("flow.work", [], ["a"])}, mode="cluster")
    result = plain_worker(app, broker_url, "--quiet")
    assert (result.code, result.out, result.err) == (0, "", "")


@pytest.mark.long
def test_quiet_on_a_terminal_says_nothing_either(app: Application, broker_url: str) -> None:
    app.graph({"t": ("flow.work", [], ["a"])}, mode="cluster")
    terminal = Terminal(app, "run-worker", "--quiet", "--max-jobs", "1", env={URL: broker_url})
    assert app.end(submit(app, broker_url)).code == 0
    assert (terminal.finish(), terminal.text) == (0, "")


@pytest.mark.one_variant
@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"TERM": "dumb", "FORCE_COLOR": "1"}])
def test_a_dumb_terminal_gets_plain_lines(
    app: Application, broker_url: str, env: dict[str, str]
) -> None:
    app.graph({"t": ("flow.work", [], ["a"])}, mode="cluster")
    terminal = worker(app, broker_url, "--max-jobs", "1", env=env)
    assert app.end(submit(app, broker_url)).code == 0
    assert terminal.finish() == 0
    assert not CURSOR.search(terminal.text)
    assert re.search(r"^[\d:]{8} t RUNNING on ", terminal.plain(), re.M)


@pytest.mark.long
def test_no_color_takes_the_colours_away_but_not_the_table(
    app: Application, broker_url: str
) -> None:
    app.graph({"t": ("flow.work", [], ["a"])}, mode="cluster")
    terminal = worker(app, broker_url, "--max-jobs", "1", env={"NO_COLOR": "1"})
    assert app.end(submit(app, broker_url)).code == 0
    assert terminal.finish() == 0
    assert HIDE_CURSOR in terminal.text
    assert not re.search(r"\x1b\[(?:\d+;)*3[0-7]m", terminal.text)
