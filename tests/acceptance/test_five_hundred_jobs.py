"""500 jobs of which three fail: exit code, report in a browser, and `retry` after a mend."""

from __future__ import annotations

import random
import re

from browser_support import Browser
from command_support import Application

LAYERS, WIDTH = 10, 50
FAILING = {"t5_7", "t6_20", "t7_3"}
STEPS = """
import os

FAILING = {failing!r}

def step(*inputs):
    return 1

def bad(*inputs):
    note("bad")
    if FAILING:
        raise ValueError("a value that no table has")
    return 1
"""


def graph(app: Application) -> None:
    """Layers of jobs, each with two parents in the layer before."""
    chance = random.Random(1)
    tasks: dict[str, tuple[str, list[str], list[str]]] = {}
    before: list[str] = []
    for layer in range(LAYERS):
        outputs = [f"d{layer}_{n}" for n in range(WIDTH)]
        for n, output in enumerate(outputs):
            name = f"t{layer}_{n}"
            function = "jobs.bad" if name in FAILING else "jobs.step"
            tasks[name] = (function, sorted(chance.sample(before, 2)) if before else [], [output])
        before = outputs
    app.graph(tasks)


def test_what_failed_is_reported_and_only_that_is_run_again(
    app: Application, browser: Browser
) -> None:
    app.module("jobs", STEPS.format(failing=True))
    graph(app)
    first = app.run("submit", ".", "--json", timeout=120)
    statuses = first.statuses()
    failed = {task for task, status in statuses.items() if status == "FAILED"}
    abandoned = {task for task, status in statuses.items() if status == "ABANDONED"}
    assert first.code == 1
    assert len(statuses) == LAYERS * WIDTH
    assert failed == FAILING
    assert set(statuses.values()) == {"COMPLETED", "FAILED", "ABANDONED"}

    submission = first.json["submission"]["id"]
    assert app.run("report", submission, "-o", "report.html").code == 0
    page = browser.open(app.folder / "report.html")
    assert page.complaints == []
    assert len(re.findall(r"<tr id=\"job-\d+\"", page.dom)) == LAYERS * WIDTH
    assert page.dom.count("ValueError: a value that no table has") >= len(FAILING)

    app.module("jobs", STEPS.format(failing=False))
    again = app.run("retry", submission, "--json", timeout=120)
    assert again.code == 0, again.err
    assert set(again.statuses()) == failed | abandoned
    assert set(again.statuses().values()) == {"COMPLETED"}
    assert app.ledger() == ["bad"] * 6
