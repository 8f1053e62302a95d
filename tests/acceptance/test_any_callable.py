"""Tasks whose function is a class, an instance, a partial, a method or `async def`."""

from __future__ import annotations

import signal
from typing import Any

import pytest
from command_support import Application, wait_until

OPS = """\
import asyncio
import functools


def add(x, y):
    return x + y


class Total:
    def __init__(self, x):
        self.value = x + 1


class Scaler:
    def __init__(self, factor):
        self.factor = factor

    def __call__(self, x):
        return x * self.factor

    @staticmethod
    def double(x):
        return 2 * x

    @classmethod
    def name(cls, x):
        return cls.__name__

    class Inner:
        @staticmethod
        def negate(x):
            return -x


scaler = Scaler(10)
plus_five = functools.partial(add, 5)


async def wait(x):
    await asyncio.sleep(0.01)
    return x + 100


async def two(x):
    a, b = await asyncio.gather(wait(x), wait(x + 1))
    return a, b


def value(total):
    return total.value
"""
FUNCTIONS = {
    "make": ("ops.Total:class", ["x"], ["total"]),
    "read": ("ops.value:function", ["total"], ["read_total"]),
    "instance": ("ops.scaler:function", ["x"], ["scaled"]),
    "partial": ("ops.plus_five:function", ["x"], ["more"]),
    "static": ("ops:Scaler.double:function", ["x"], ["doubled"]),
    "of_class": ("ops.Scaler.name:function", ["x"], ["named"]),
    "nested": ("ops:Scaler.Inner.negate:function", ["x"], ["negated"]),
    "waiting": ("ops.wait:function", ["x"], ["waited"]),
    "both": ("ops.two:function", ["x"], ["a", "b"]),
}
VALUES = {
    "read_total": 4,
    "scaled": 30,
    "more": 8,
    "doubled": 6,
    "named": "Scaler",
    "negated": -3,
    "waited": 103,
    "a": 103,
    "b": 104,
}


def config(
    tasks: dict[str, tuple[str, list[str], list[str]]], mode: str = "standalone", more: str = ""
) -> str:
    nodes = {node for _, inputs, outputs in tasks.values() for node in (*inputs, *outputs)}
    text = f'[JOB]\nmode = "{mode}"\n{more}'
    text += "".join(
        f"[DATA_NODE.{node}]\n" + ("default_data = 3\n" if node == "x" else "") for node in nodes
    )
    for task, (function, inputs, outputs) in tasks.items():
        text += f'[TASK.{task}]\nfunction = "{function}"\ninputs = {inputs}\noutputs = {outputs}\n'
    return f"{text}[SCENARIO.s]\ntasks = {list(tasks)}\n"


@pytest.fixture
def ops(app: Application) -> Application:
    (app.folder / "ops.py").write_text(OPS)
    return app


def values(app: Application) -> dict[str, Any]:
    return {node: app.run("data", "show", ".", node, "--json").json["value"] for node in VALUES}


@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_everything_that_can_be_called_is_a_task(ops: Application, mode: str) -> None:
    ops.config(config(FUNCTIONS, mode))
    assert ops.run("check", ".").code == 0
    result = ops.run("submit", ".", "--json")
    assert result.code == 0, result.err + result.out
    assert values(ops) == VALUES


def test_workers_run_everything_that_can_be_called(ops: Application, broker_url: str) -> None:
    ops.config(config(FUNCTIONS, "cluster"))
    env = {"TAIPY_EXEC_BROKER_URL": broker_url}
    worker = ops.start("run-worker", "--max-jobs", str(len(FUNCTIONS)), env=env)
    result = ops.run("submit", ".", "--json", env=env)
    assert result.code == 0, result.err + result.out
    assert ops.end(worker, 60).code == 0
    assert values(ops) == VALUES


SCRIPT = """\
import asyncio
import functools
import sys

import taipy_exec as tp
from taipy_exec import Config


class Total:
    def __init__(self, x):
        self.value = x + 1


class Scaler:
    def __init__(self, factor):
        self.factor = factor

    def __call__(self, x):
        return x * self.factor

    def add(self, x):
        return x + self.factor


async def wait(x):
    await asyncio.sleep(0)
    return x + 100


functions = {
    "total": Total,
    "instance": Scaler(10),
    "method": Scaler(20).add,
    "partial": functools.partial(Scaler.add, Scaler(30)),
    "waiting": wait,
    "unnamed": lambda x: -x,
}
Config.configure_job_executions(mode=sys.argv[1])
x = Config.configure_data_node("x", default_data=3)
tasks = [
    Config.configure_task(name, function, x, Config.configure_data_node(f"of_{name}"))
    for name, function in functions.items()
]
scenario_config = Config.configure_scenario("s", tasks)
orchestrator = tp.Orchestrator()
orchestrator.run()
scenario = tp.create_scenario(scenario_config)
submission = scenario.submit(wait=True)
assert submission.is_completed, [job.stacktrace for job in submission.jobs]
assert scenario.of_total.read().value == 4
read = [scenario.data_nodes[f"of_{name}"].read() for name in functions if name != "total"]
print(read)
orchestrator.stop()
"""


@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_a_script_gives_callables_that_only_it_has(app: Application, mode: str) -> None:
    (app.folder / "script.py").write_text(SCRIPT)
    result = app.shell(f"${{T%% -m*}} script.py {mode}")
    assert result.code == 0, result.err
    assert result.out.strip() == "[30, 23, 33, 103, -3]"


FAULTS = """\
import asyncio
import threading


class Refusing:
    def __init__(self, x):
        raise ValueError("no such luck")


def generated(x):
    yield x


async def generated_later(x):
    yield x


async def wait(x):
    return x


def forgotten(x):
    return wait(x)


def opened(x):
    return open(__file__)


def locked(x):
    return {"lock": threading.Lock()}


async def failing(x):
    await asyncio.sleep(0)
    raise KeyError("gone")
"""


@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_what_cannot_be_stored_is_told_with_what_to_return(app: Application, mode: str) -> None:
    (app.folder / "ops.py").write_text(FAULTS)
    tasks = {
        name: (f"ops.{name}:function", ["x"], [f"of_{name}"])
        for name in ("generated", "generated_later", "forgotten", "opened", "locked", "failing")
    }
    tasks["several"] = ("ops.generated:function", ["x"], ["s1", "s2"])
    tasks["dropped"] = ("ops.generated:function", ["x"], [])
    tasks["Refusing"] = ("ops.Refusing:class", ["x"], ["of_class"])
    app.config(config(tasks, mode))
    result = app.run("submit", ".", "--json")
    assert result.code == 1
    told = {task: result.job(task)["error"]["message"] for task in tasks}
    assert "a generator, which cannot be stored: return a list" in told["generated"]
    assert "an async generator, which cannot be stored" in told["generated_later"]
    assert "a coroutine that was not awaited" in told["forgotten"]
    assert "`async def`" in told["forgotten"]
    assert "an open file, which cannot be stored: return its contents" in told["opened"]
    assert "a value of type dict, which cannot be stored: return data" in told["locked"]
    assert "it returned one generator: return a tuple" in told["several"]
    assert "a generator, which cannot be stored" in told["dropped"]
    assert (told["Refusing"], told["failing"]) == ("no such luck", "'gone'")
    trace = result.job("failing")["error"]["traceback"]
    assert "ops.py" in trace
    assert "asyncio" not in trace
    assert "never awaited" not in app.run("logs", result.job("forgotten")["id"]).out


@pytest.mark.parametrize("mode", ["development", "standalone"])
@pytest.mark.parametrize("body", ["await asyncio.Event().wait()", "while True: pass"])
def test_an_async_function_that_never_ends_runs_into_its_timeout(
    app: Application, mode: str, body: str
) -> None:
    (app.folder / "ops.py").write_text(f"import asyncio\n\n\nasync def forever(x):\n    {body}\n")
    text = config({"t": ("ops.forever:function", ["x"], ["y"])}, mode)
    app.config(text.replace("[TASK.t]\n", "[TASK.t]\ntimeout = 0.3\n"))
    result = app.run("submit", ".", "--json")
    assert (result.code, result.job("t")["reason"]) == (1, "timed_out")


@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_an_async_function_that_never_ends_is_stopped_by_ctrl_c(
    app: Application, mode: str
) -> None:
    (app.folder / "ops.py").write_text(
        "import asyncio\n\n\nasync def forever(x):\n    open('begun', 'w').close()\n"
        "    await asyncio.Event().wait()\n"
    )
    app.config(config({"t": ("ops.forever:function", ["x"], ["y"])}, mode))
    process = app.start("submit", ".", "--json")
    wait_until(lambda: app.exists("begun"), 30, "the job to begin")
    stderr = process.stderr
    assert stderr is not None
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        wait_until(lambda: "interrupted" in stderr.readline(), what="a word about it")
    result = app.end(process)
    assert result.code == 130, result.err
    assert result.job("t")["reason"] == "interrupted"


def test_a_running_async_job_is_canceled(app: Application) -> None:
    (app.folder / "ops.py").write_text(
        "import asyncio\n\n\nasync def forever(x):\n    open('begun', 'w').close()\n"
        "    while True:\n        try:\n            await asyncio.sleep(1)\n"
        "        except asyncio.CancelledError:\n            pass\n"
    )
    app.config(config({"t": ("ops.forever:function", ["x"], ["y"])}, more="grace = 0.2\n"))
    process = app.start("submit", ".", "--json")
    wait_until(lambda: app.exists("begun"), 30, "the job to begin")
    assert app.run("cancel", app.only_submission()).code == 0
    assert app.end(process).code == 4
    app.nothing_runs()


def test_content_decides_whether_a_callable_is_skipped(ops: Application) -> None:
    tasks = {name: FUNCTIONS[name] for name in ("static", "instance", "partial", "waiting")}
    text = config(tasks, more='cache = "content"\n').replace(
        "\ninputs", "\nskippable = true\ninputs"
    )
    ops.config(text)
    assert ops.run("submit", ".").code == 0
    assert set(ops.run("submit", ".", "--json").statuses().values()) == {"SKIPPED"}
    source = OPS.replace("Scaler(10)", "Scaler(11)").replace("x + 100", "x + 101")
    (ops.folder / "ops.py").write_text(source)
    statuses = ops.run("submit", ".", "--json").statuses()
    assert {task for task, status in statuses.items() if status == "COMPLETED"} == {
        "instance",
        "waiting",
    }
