"""On a terminal a live table shows the jobs; it fits the window and leaves it as it was."""

from __future__ import annotations

import re

import pytest
from command_support import Application, Terminal

SHOW_CURSOR, HIDE_CURSOR = "\x1b[?25h", "\x1b[?25l"


def cursor_is_visible(terminal: Terminal) -> bool:
    return terminal.text.rfind(SHOW_CURSOR) >= terminal.text.rfind(HIDE_CURSOR)


@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_a_terminal_shows_a_live_table_that_ends_in_the_final_state(
    app: Application, mode: str
) -> None:
    app.one("print('by print')\nraise ValueError('no such luck')", mode=mode)
    terminal = Terminal(app, "submit")
    assert terminal.finish() == 1
    assert HIDE_CURSOR in terminal.text
    assert cursor_is_visible(terminal)
    screen = "\n".join(terminal.screen())
    assert re.search(r"^bad +✗ FAILED .*no such luck", screen, re.M)
    assert re.search(r"^after +\S ABANDONED", screen, re.M)
    assert re.search(r"^good +✓ COMPLETED", screen, re.M)
    assert "3/3" in screen
    assert len(re.findall(r"^good +", screen, re.M)) == 1


def test_the_table_moves_while_jobs_run(app: Application) -> None:
    app.graph({"t": ("flow.gated", [], ["a"]), "u": ("flow.work", ["a"], ["b"])})
    terminal = Terminal(app, "submit")
    terminal.read_until("RUNNING")
    terminal.read_until("0/2")
    app.open_gate()
    assert terminal.finish() == 0
    assert "2/2" in "\n".join(terminal.screen())


@pytest.mark.one_variant
@pytest.mark.parametrize("columns", [40, 60, 80])
def test_no_line_of_the_table_is_wider_than_the_terminal(app: Application, columns: int) -> None:
    app.module("jobs", "def bad():\n    raise ValueError('long ' * 40)\n")
    app.graph(
        {
            "a_task_with_a_rather_long_name_to_show": ("jobs.bad", [], ["b"]),
            "another_one_that_follows_the_first": ("flow.work", ["b"], ["c"]),
        }
    )
    terminal = Terminal(app, "submit", columns=columns, env={"COLUMNS": None})
    assert terminal.finish() == 1
    table, _, _ = terminal.text.partition("SUBMISSION_")[2].partition("SUBMISSION_")
    for line in re.split(r"[\r\n]+", re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", table)):
        assert len(line) <= columns


def test_500_jobs_stay_within_24_rows_with_counts_for_the_rest(app: Application) -> None:
    app.module("jobs", "def one(*inputs):\n    return 1\n")
    tasks = {f"t{n:03}": ("jobs.one", [], [f"d{n:03}"]) for n in range(499)}
    tasks["last"] = ("flow.gated", ["d000"], ["e"])
    app.graph(tasks, mode="development")
    terminal = Terminal(app, "submit", rows=24, columns=80)
    terminal.read_until("more: ")
    app.open_gate()
    assert terminal.finish() == 0
    frames = terminal.text.split("\x1b[2K")
    assert max(map(len, re.findall(r"(?:\x1b\[1A\x1b\[2K)+", terminal.text))) < 24 * 8
    assert len(frames) > 2
    screen = "\n".join(terminal.screen())
    assert "500/500" in screen
    assert re.search(r"\d+ more: \d+ completed", screen)


def test_what_a_job_prints_in_development_mode_stands_above_the_table(app: Application) -> None:
    app.one("print('first line')\nprint('second line')\nreturn 1", mode="development")
    terminal = Terminal(app, "submit")
    assert terminal.finish() == 0
    screen = terminal.screen()
    first = screen.index("first line")
    assert screen[first + 1] == "second line"
    assert first < next(n for n, line in enumerate(screen) if line.startswith("bad"))


def test_no_color_takes_the_colours_away_but_not_the_table(app: Application) -> None:
    app.one("return 1")
    terminal = Terminal(app, "submit", env={"NO_COLOR": "1"})
    assert terminal.finish() == 0
    assert HIDE_CURSOR in terminal.text
    assert not re.search(r"\x1b\[(?:\d+;)*3[0-7]m", terminal.text)


@pytest.mark.one_variant
@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"TERM": "dumb", "FORCE_COLOR": "1"}])
def test_a_dumb_terminal_gets_plain_lines(app: Application, env: dict[str, str]) -> None:
    app.one("return 1")
    terminal = Terminal(app, "submit", env=env)
    assert terminal.finish() == 0
    assert not re.search(r"\x1b\[[?\d]*[A-HJKhl]", terminal.text)
    assert re.search(r"\d\d:\d\d:\d\d bad RUNNING", re.sub(r"\x1b\[[\d;]*m", "", terminal.text))


def test_an_ascii_terminal_gets_a_table_of_ascii(app: Application) -> None:
    app.one("return 1")
    env = {"LANG": "C", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    terminal = Terminal(app, "submit", env=env)
    assert terminal.finish() == 0
    assert terminal.text.isascii()
    assert "+ COMPLETED" in "\n".join(terminal.screen())


def test_breakpoint_in_a_job_of_development_mode_gets_the_terminal(app: Application) -> None:
    app.one("answer = 6 * 7\nbreakpoint()\nreturn answer", mode="development")
    terminal = Terminal(app, "submit")
    terminal.read_until("(Pdb) ")
    assert cursor_is_visible(terminal)
    terminal.type("p answer + 1000\n")
    terminal.read_until("1042")
    terminal.type("c\n")
    assert terminal.finish() == 0
    assert cursor_is_visible(terminal)
    assert "COMPLETED" in terminal.plain()
    assert app.run("data", "show", ".", "b").out == "42\n"


def test_ctrl_c_on_a_terminal_ends_with_130_and_a_visible_cursor(app: Application) -> None:
    app.graph({"t": ("flow.gated", [], ["a"]), "u": ("flow.work", ["a"], ["b"])})
    terminal = Terminal(app, "submit")
    app.begun()
    terminal.type("\x03")
    terminal.read_until("interrupted")
    app.open_gate()
    assert terminal.finish() == 130
    assert cursor_is_visible(terminal)
    screen = "\n".join(terminal.screen())
    assert re.search(r"^t +✓ COMPLETED", screen, re.M)
    assert re.search(r"^u +\S CANCELED", screen, re.M)


def test_a_terminal_that_is_closed_hands_the_submission_back(app: Application) -> None:
    import os

    app.graph({"t": ("flow.gated", [], ["a"]), "u": ("flow.work", ["a"], ["b"])})
    terminal = Terminal(app, "submit")
    app.begun()
    os.close(terminal._fd)
    os.waitpid(terminal.pid, 0)
    app.nothing_runs()
    app.open_gate()
    result = app.run("resume", "--json")
    assert result.statuses() == {"t": "COMPLETED", "u": "COMPLETED"}
    assert result.job("t")["attempt"] == 1


def test_what_failed_stays_in_sight_among_many_jobs(app: Application) -> None:
    tasks = {f"t{n:02}": ("flow.work", [], [f"d{n:02}"]) for n in range(60)}
    tasks["t00"] = ("flow.fail", [], ["d00"])
    tasks |= {f"u{n:02}": ("flow.work", ["d00"], [f"e{n:02}"]) for n in range(20)}
    tasks["last"] = ("flow.gated", ["d59"], ["f"])
    app.graph(tasks)
    terminal = Terminal(app, "submit", rows=24, columns=100)
    frame = terminal.screen_with(r"^last +▶ RUNNING")
    assert re.search(r"^[\d:]{8} t00 FAILED in \S+: ValueError: no such luck$", frame, re.M)
    assert re.search(r"^t00 +✗ FAILED", frame, re.M)
    assert re.search(r"^━+✗╍+─+ 80/81", frame, re.M)
    app.open_gate()
    assert terminal.finish() == 1
    table = "\n".join(terminal.screen()).partition("SUBMISSION_")[2]
    assert re.search(r"^t00 +✗ FAILED.*\n  80 more: 60 completed, 20 abandoned$", table, re.M)
    assert "⊖ ABANDONED" not in table
