"""The command ends when the submission does, whatever its jobs have left behind or raised."""

from __future__ import annotations

import json
import time

import pytest
from command_support import Application

MODES = pytest.mark.parametrize("mode", ["development", "standalone"])
A_THREAD = (
    "import threading, time\nthreading.Thread(target=time.sleep, args=(40,), name='late').start()"
)


@MODES
def test_a_thread_of_a_job_does_not_hold_the_command(app: Application, mode: str) -> None:
    app.one(f"{A_THREAD}\nreturn 1", mode=mode)
    begin = time.monotonic()
    result = app.run("submit", "--json")
    assert result.code == 0
    assert result.statuses() == {"bad": "COMPLETED", "after": "COMPLETED", "good": "COMPLETED"}
    assert time.monotonic() - begin < 30
    if mode == "development":
        assert "threads of the application still run and are not waited for: late" in result.err


@MODES
def test_a_thread_of_a_module_does_not_hold_the_command(app: Application, mode: str) -> None:
    app.one("return 1", mode=mode)
    path = app.folder / "jobs.py"
    path.write_text(
        f"{A_THREAD}\nimport atexit\natexit.register(print, 'at exit')\n" + path.read_text()
    )
    begin = time.monotonic()
    result = app.run("submit", "--json")
    assert result.code == 0
    assert time.monotonic() - begin < 30
    assert "at exit" in result.err


@MODES
def test_a_keyboard_interrupt_of_a_job_fails_that_job_alone(app: Application, mode: str) -> None:
    app.one("raise KeyboardInterrupt", mode=mode)
    result = app.run("submit", "--json")
    assert result.code == 1
    assert result.statuses() == {"bad": "FAILED", "after": "ABANDONED", "good": "COMPLETED"}
    assert result.job("bad")["error"]["type"] == "KeyboardInterrupt"


@pytest.mark.one_variant
@MODES
def test_modules_see_no_argument_of_the_command(app: Application, mode: str) -> None:
    app.one("return RATE", mode=mode)
    path = app.folder / "jobs.py"
    path.write_text(
        "import argparse\np = argparse.ArgumentParser()\n"
        "p.add_argument('--rate', default=7)\np.add_argument('--mode')\nargs = p.parse_args()\n"
        "RATE = [args.rate, args.mode]\n" + path.read_text()
    )
    assert app.run("submit", "--json", "--mode", mode).code == 0
    assert json.loads(app.run("data", "show", ".", "b").out) == [7, None]


def test_a_child_that_gets_a_signal_is_as_in_plain_python(app: Application) -> None:
    app.one(
        "import multiprocessing, time\n"
        "child = multiprocessing.get_context('fork').Process(target=time.sleep, args=(30,))\n"
        "child.start()\nchild.terminate()\nchild.join()\nreturn child.exitcode",
        mode="development",
    )
    result = app.run("submit", "--json")
    assert result.code == 0
    assert "Traceback" not in result.err
    assert app.run("data", "show", ".", "b").out == "-15\n"


@pytest.mark.parametrize("pool", ["ProcessPoolExecutor", "ThreadPoolExecutor"])
def test_a_pool_that_a_job_left_does_not_hold_the_command(app: Application, pool: str) -> None:
    app.module(
        "jobs",
        f"from concurrent.futures import {pool}\npools = []\n"
        f"def bad():\n    pools.append({pool}(2))\n    return pools[0].submit(abs, -1).result()\n",
    )
    app.graph({"bad": ("jobs.bad", [], ["b"])}, mode="development")
    result = app.run("submit", "--json", timeout=30)
    assert result.code == 0
    assert ("not waited for" in result.err) == (pool == "ProcessPoolExecutor")
