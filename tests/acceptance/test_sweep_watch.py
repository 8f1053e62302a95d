"""`status SWEEP --watch` follows a sweep until its last submission ends."""

from __future__ import annotations

import json
import os

from command_support import Application, Terminal, wait_until
from test_sweep import configure

VALUES = ("--sweep", "window=7,14,28")


def begin(app: Application) -> str:
    """Start a sweep that another process works on, with jobs that wait for the gate; its id."""
    configure(app, mode="standalone", fit="gated_fit")
    group = app.run("submit", ".", *VALUES, "--detach").out.strip()
    wait_until(lambda: len(app.ledger()) == 3, what="two jobs to run")
    return group


def test_the_sweep_is_printed_again_until_it_has_ended(app: Application) -> None:
    group = begin(app)
    watching = app.start("status", group, "--watch", "--json")
    assert watching.stdout is not None
    first = os.read(watching.stdout.fileno(), 1).decode()
    app.open_gate()
    result = app.end(watching)
    assert result.code == 0, result.err
    decoder, text, seen = json.JSONDecoder(), first + result.out.strip(), []
    while text:
        found, end = decoder.raw_decode(text)
        seen.append([one["submission"]["status"] for one in found["submissions"]])
        text = text[end:].strip()
    assert seen[-1] == ["COMPLETED"] * 3
    assert "COMPLETED" not in seen[0]


def test_on_a_terminal_it_is_the_live_table(app: Application) -> None:
    group = begin(app)
    terminal = Terminal(app, "status", group[:14], "--watch")
    shown = terminal.screen_with(r"^28 +PENDING +1/3")
    assert "3 combinations" in shown
    app.open_gate()
    assert terminal.finish() == 0
    assert f"{group}: 3 combinations (3 completed)" in "\n".join(terminal.screen())


def test_a_sweep_that_has_ended_is_shown_at_once(app: Application) -> None:
    configure(app)
    assert app.run("submit", ".", *VALUES).code == 0
    result = app.run("status", "SWEEP_", "--watch")
    assert result.code == 0
    assert "3 combinations (3 completed)" in result.out


def test_a_sweep_is_followed_also_when_another_process_resumes_it(app: Application) -> None:
    configure(app, mode="standalone", fit="gated_fit")
    process = app.start("submit", ".", *VALUES)
    wait_until(lambda: len(app.ledger()) == 3, what="two jobs to run")
    watching = app.start("status", "SWEEP_", "--watch")
    process.kill()
    app.end(process)
    app.open_gate()
    assert app.run("resume").code == 0
    result = app.end(watching)
    assert result.code == 0
    assert "3 combinations (3 completed)" in result.out
