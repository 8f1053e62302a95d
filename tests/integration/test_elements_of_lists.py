"""Jobs of a mapped task's elements, in processes of their own: what they read and what is kept."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap

import pytest
from command_support import Application, wait_until

CONFIG = """
[JOB]
mode = "{mode}"
max_nb_of_workers = 1

[DATA_NODE.items]
storage_type = "{storage}"

[DATA_NODE.other]
storage_type = "json"
default_data = 7

[DATA_NODE.results]
storage_type = "json"

[TASK.fit]
function = "jobs.fit:function"
inputs = ["items", "other"]
outputs = ["results"]
skippable = {skippable}
map = "items"

[SCENARIO.s]
tasks = ["fit"]
"""


def mapped(
    app: Application,
    body: str,
    *,
    mode: str = "standalone",
    storage: str = "json",
    skippable: bool = False,
    job: str = "",
) -> None:
    """An application whose task `fit` runs `body` for each element of `items`."""
    app.module(
        "jobs",
        f"import glob\nimport os\n\n\ndef fit(item, other):\n{textwrap.indent(body, '    ')}\n",
    )
    text = CONFIG.format(mode=mode, storage=storage, skippable=str(skippable).lower())
    app.config(text.replace("[JOB]", f"[JOB]\n{job}"))


def script(app: Application, text: str) -> str:
    """What a Python program in the application's folder prints."""
    head = "import taipy_exec as tp\nfrom taipy_exec import Config\n"
    done = subprocess.run(
        [sys.executable, "-c", head + textwrap.dedent(text)],
        cwd=app.folder,
        env=app.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_element_without_a_stable_form_is_never_skipped(app: Application) -> None:
    body = "return item() if callable(item) else item"
    mapped(app, body, mode="development", storage="in_memory", skippable=True)
    found = script(
        app,
        """
        Config.load("config.toml")
        tp.Orchestrator().run()
        scenario = tp.create_scenario(Config.scenarios["s"])
        scenario.items.write([lambda: 1, 2])
        for _ in range(2):
            jobs = scenario.submit().jobs
            print(*(f"{job.id.split('_')[1]}={job.status.name}" for job in jobs))
        print(scenario.results.read())
        """,
    )
    first, second, value = found.splitlines()
    assert first.endswith("fit.0=COMPLETED fit.1=COMPLETED fit=COMPLETED")
    assert second.endswith("fit.0=COMPLETED fit.1=SKIPPED fit=COMPLETED")
    assert value == "[1, 2]"


@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_a_list_that_changes_after_the_split_gives_no_result_of_a_wrong_element(
    app: Application, mode: str
) -> None:
    body = """\
    if item == 1 and not os.path.exists("changed"):
        app = os.path.dirname(os.path.abspath(__file__))
        (path,) = glob.glob(app + "/user_data/jsons/DATANODE_items_*")
        open(path, "w").write("[1, 5]")
        open("changed", "w").close()
    return item * 10"""
    mapped(app, textwrap.dedent(body), mode=mode, skippable=True)
    first = app.run("submit", ".", "--json", "--set", "items=[1, 2]")
    assert first.code == 1
    error = first.job("fit.1")["error"]
    assert error["message"].endswith("element 1 is another one: the list changed since the split")
    again = app.run("submit", ".", "--json", "--set", "items=[1, 2]")
    assert again.code == 0, again.err
    assert again.statuses()["fit.1"] == "COMPLETED"
    assert results(app) == [10, 20]


@pytest.mark.parametrize("cache", ["time", "content"])
def test_a_retry_runs_every_element_again_if_another_input_changed(
    app: Application, cache: str
) -> None:
    body = """\
if item == 3 and not os.path.exists("fixed"):
    raise ValueError("bad")
return [item, other]"""
    mapped(app, body, mode="development", job=f'cache = "{cache}"')
    assert app.run("submit", ".", "--set", "items=[1, 2, 3]").code == 1
    same = app.run("retry", "--json").statuses()
    assert (same["fit.0"], same["fit.1"], same["fit.2"]) == ("SKIPPED", "SKIPPED", "FAILED")
    (app.folder / "fixed").touch()
    assert app.run("data", "write", "other", "8").code == 0
    again = app.run("retry", "--json")
    assert again.code == 0, again.err
    assert results(app) == [[1, 8], [2, 8], [3, 8]]


def test_a_retry_that_was_resumed_runs_no_equal_element_again(app: Application) -> None:
    body = """\
if item == 1:
    if not os.path.exists("fixed"):
        raise ValueError("bad")
    note("begin")
    wait_for("gate")
return item"""
    mapped(app, body)
    assert app.run("submit", ".", "--set", "items=[1, 2, 3]").code == 1
    (app.folder / "fixed").touch()
    retry = app.start("retry")
    wait_until((app.folder / "ledger").exists, what="the element that failed before")
    retry.kill()
    retry.wait(10)
    app.open_gate()
    resumed = app.run("resume", "--json")
    assert resumed.code == 0, resumed.err
    assert resumed.statuses() == {
        "fit.split": "COMPLETED",
        "fit.0": "COMPLETED",
        "fit.1": "SKIPPED",
        "fit.2": "SKIPPED",
        "fit": "COMPLETED",
    }
    assert results(app) == [1, 2, 3]


BOMB = """\
class Bomb:
    def __reduce__(self):
        os.kill(os.getpid(), 9)
return [bytes(3_000_000), Bomb()]"""


def test_the_half_written_result_of_an_element_whose_process_died_is_removed(
    app: Application,
) -> None:
    mapped(app, BOMB)
    result = app.run("submit", ".", "--json", "--set", "items=[1]")
    assert result.code == 1
    assert result.statuses()["fit.0"] == "FAILED"
    assert list((app.folder / "user_data").rglob(".*")) == []


def results(app: Application) -> object:
    (path,) = (app.folder / "user_data" / "jsons").glob("DATANODE_results_*")
    return json.loads(path.read_text())
