"""`submit` shows the inputs whose value is not what the configuration says."""

from __future__ import annotations

from command_support import Application

CONFIG = """
[DATA_NODE.window]
default_data = 30
[DATA_NODE.result]
[TASK.t]
function = "flow.t:function"
inputs = ["window"]
outputs = ["result"]
[SCENARIO.s]
tasks = ["t"]
"""


def test_a_value_that_stays_from_an_earlier_run_is_shown(app: Application) -> None:
    app.module("flow", "def t(window):\n    return window\n")
    app.config(CONFIG)
    assert "input window" not in app.run("submit").err
    given = app.run("submit", "--set", "window=abc")
    assert 'input window = "abc" (submit --set, ' in given.err
    later = app.run("submit")
    assert 'input window = "abc" (submit --set, ' in later.err
    assert "not the default_data of the configuration" in later.err
    assert "hint: submit --new starts with the configuration's values" in later.err
    assert "input window" not in app.run("submit", "--new").err


def test_a_quiet_submit_does_not_show_it(app: Application) -> None:
    app.module("flow", "def t(window):\n    return window\n")
    app.config(CONFIG)
    assert "input" not in app.run("submit", "--quiet", "--set", "window=7").err
