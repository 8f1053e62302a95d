"""Streams and terminals of every kind: F38."""

from __future__ import annotations

import re

import pytest
from command_support import COLOR, CURSOR
from modes import ALL, APART, InMode, in_modes

pytestmark = pytest.mark.once

TASKS = {
    "first_of_all": ("print('grün')\nreturn 1", [], ["a"]),
    "bad": ("print('x' * 300)\nraise ValueError('schön')", [], ["c"]),
    "after": ("return 1", ["a"], ["b"]),
}
ENVIRONMENTS: dict[str, dict[str, str | None]] = {
    "no tty": {},
    "dumb": {"TERM": "dumb"},
    "forced colour": {"FORCE_COLOR": "1", "TERM": "xterm-256color"},
    "ascii": {"LANG": "C", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    "narrow": {"COLUMNS": "40"},
    "nothing": {"LANG": None, "TERM": None, "HOME": None},
}
LINE = re.compile(r"\d\d:\d\d:\d\d \w+ (RUNNING|COMPLETED|FAILED)\b")


@in_modes(*ALL)
@pytest.mark.parametrize("what", ENVIRONMENTS)
def test_f38_off_a_terminal_there_are_whole_lines_and_no_cursor_codes(
    place: InMode, what: str
) -> None:
    place.graph(TASKS)
    place.worker()
    result = place.shell("$T submit | cat", env=ENVIRONMENTS[what])
    assert result.code == 1
    for text in (result.out, result.err):
        assert not CURSOR.search(text)
        assert "\r" not in text
        assert text.endswith("\n")
        if what == "forced colour":
            assert COLOR.search(result.out)
        else:
            assert "\x1b" not in text
        if what == "ascii":
            assert text.isascii()
    changes = [line for line in COLOR.sub("", result.err).splitlines() if LINE.match(line)]
    assert len(changes) == 6
    if what == "narrow":
        assert all(
            len(line) <= 40 or line.startswith("SUBMISSION_") for line in result.out.splitlines()
        )


@in_modes(*ALL)
@pytest.mark.parametrize("line", ["$T submit | head -1", "$T submit --json | head -1"])
def test_f38_a_reader_that_goes_away_is_no_error(place: InMode, line: str) -> None:
    place.graph(TASKS)
    place.worker()
    result = place.shell(f"set +o pipefail; {line}")
    assert result.code == 0
    # The traceback of the job is the user's.
    assert "taipy_exec/" not in result.err
    assert "a bug in" not in result.err
    assert "Broken pipe" not in result.err
    assert len(result.out.splitlines()) == 1
    statuses = place.app.status(place.app.only_submission()).statuses()
    assert statuses == {"first_of_all": "COMPLETED", "bad": "FAILED", "after": "COMPLETED"}


@pytest.mark.representative
@in_modes(*ALL)
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_f38_closed_streams_disturb_no_job(place: InMode, closed: str) -> None:
    place.graph(TASKS)
    place.worker()
    assert place.shell(f"$T submit {closed}").code == 1
    statuses = place.app.status(place.app.only_submission()).statuses()
    assert statuses == {"first_of_all": "COMPLETED", "bad": "FAILED", "after": "COMPLETED"}


@in_modes(*ALL)
def test_f38_a_dumb_terminal_gets_whole_lines(place: InMode) -> None:
    place.graph(TASKS)
    place.worker()
    terminal = place.terminal("submit", ".", env={"TERM": "dumb"})
    assert terminal.finish() == 1
    assert not CURSOR.search(terminal.text)
    assert not COLOR.search(terminal.text)
    assert len([line for line in terminal.text.splitlines() if LINE.match(line)]) == 6


@in_modes(*APART)
def test_f38_a_terminal_that_becomes_narrow_and_wide_again(place: InMode) -> None:
    place.graph(
        {
            "a_task_with_a_rather_long_name": ("gate()\nreturn 1", [], ["a"]),
            "after": ("return 1", ["a"], ["b"]),
        }
    )
    place.worker()
    terminal = place.terminal("submit", ".", columns=100)
    place.app.begun()
    terminal.read_until("RUNNING")
    terminal.resize(40, 12)
    seen = len(terminal.text)
    # A frame that was drawn before the size changed may be on its way.
    terminal.read_more(seen, 3)
    narrow = len(terminal.text)
    terminal.read_more(narrow, 3)
    frames = COLOR.sub("", CURSOR.sub("", terminal.text[narrow:]))
    assert all(len(line) <= 40 for line in re.split(r"[\r\n]+", frames)), frames
    terminal.resize(100, 40)
    place.app.open_gate()
    assert terminal.finish() == 0
    assert "COMPLETED" in terminal.text
    assert terminal.text.count("\x1b[?25l") == terminal.text.count("\x1b[?25h")
