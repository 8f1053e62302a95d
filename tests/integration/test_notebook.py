"""A notebook that a real kernel executes: what its cells show, and how that looks in a browser."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from browser_support import Browser

if any(find_spec(name) is None for name in ("nbclient", "ipykernel")) and "CI" not in os.environ:
    pytest.skip("nbclient and ipykernel are not installed", allow_module_level=True)

CELLS = (
    """
import time
import taipy_exec as tp
from taipy_exec import Config

def slow(x):
    time.sleep(0.3)
    return x

def bad(x):
    raise ValueError("no <b>such</b> luck")

Config.configure_job_executions(mode="MODE", max_nb_of_workers=2)
a = Config.configure_data_node("a", default_data=1)
b, c, d = (Config.configure_data_node(name) for name in "bcd")
tasks = [
    Config.configure_task("one", slow, a, b),
    Config.configure_task("two", bad, b, c),
    Config.configure_task("three", slow, c, d),
]
plan = Config.configure_scenario("sales", tasks)
tp.Orchestrator().run()
scenario = tp.create_scenario(plan, name="may")
scenario
""",
    "submission = scenario.submit()\nsubmission.wait()",
    "submission",
    "scenario",
    "tp.Orchestrator().stop()",
)


# In a process of its own: what these libraries warn of, and leave behind, is theirs.
EXECUTE = """
import json, sys
import nbclient, nbformat

cells = [nbformat.v4.new_code_cell(text) for text in json.load(sys.stdin)]
notebook = nbformat.v4.new_notebook(cells=cells)
nbclient.NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
print(json.dumps([[o["data"] for o in cell.outputs if "data" in o] for cell in notebook.cells]))
"""


def execute(folder: Path, mode: str, cells: Sequence[str] = CELLS) -> list[list[Any]]:
    """The outputs of each cell."""
    cells = [text.replace("MODE", mode) for text in cells]
    own = {name: str(folder / name) for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR")}
    done = subprocess.run(
        [sys.executable, "-c", EXECUTE],
        input=json.dumps(cells),
        cwd=folder,
        env={**os.environ, **own},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    outputs: list[list[Any]] = json.loads(done.stdout)
    return outputs


def test_a_cell_that_runs_again_may_configure_the_same_and_nothing_else(tmp_path: Path) -> None:
    configuration = CELLS[0].partition("tp.Orchestrator()")[0]
    start = "tp.Orchestrator().run()"
    other = """
from taipy_exec.errors import ConfigurationUpdateBlocked
try:
    Config.configure_task("one", bad, a, b)
except ConfigurationUpdateBlocked as error:
    caught = str(error)
caught
"""
    cells = (configuration, start, configuration + "plan.id", other, "tp.Orchestrator().stop()")
    outputs = execute(tmp_path, "standalone", cells)
    assert outputs[2][0]["text/plain"] == "'sales'"
    assert "in use by the orchestrator" in outputs[3][0]["text/plain"]


@pytest.mark.long
@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_scenario_submission_and_waiting_show_themselves(
    tmp_path: Path, browser: Browser, mode: str
) -> None:
    fresh, waiting, submission, scenario, _ = execute(tmp_path, mode)
    assert "3 tasks, not submitted yet" in fresh[0]["text/html"]
    if mode == "standalone":
        assert waiting[0]["text/plain"] == "sales: 3 of 3 (1 completed, 1 failed, 1 abandoned)"
        assert 'role="progressbar"' in waiting[0]["text/html"]
    assert waiting[-1]["text/plain"] == "True"
    assert "ValueError: no &lt;b&gt;such&lt;/b&gt; luck" in submission[0]["text/html"]
    assert submission[0]["text/html"] == scenario[0]["text/html"]
    page = tmp_path / "page.html"
    shown = [data["text/html"] for cell in (fresh, waiting, submission) for data in cell
             if "text/html" in data]  # fmt: skip
    page.write_text(f"<!doctype html><meta charset=utf-8><body>{''.join(shown)}</body>")
    seen = browser.open(page)
    assert seen.complaints == []
    assert seen.dom.count("<svg") == 2
    light, dark = browser.screenshot(page), browser.screenshot(page, dark=True)
    assert light != dark
