"""What can be a task's function: how it is named, loaded, exported, and when it has changed."""

from __future__ import annotations

import asyncio
import functools
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from taipy_exec.api.configuration import Configuration
from taipy_exec.config.callable_name import callable_name
from taipy_exec.config.reference import FunctionRef
from taipy_exec.errors import ConfigurationError
from taipy_exec.execution.coroutines import run_to_end
from taipy_exec.execution.limits import JobTimeout
from taipy_exec.execution.run_job import is_async
from taipy_exec.execution.source import Sources

MODULE = """
import functools

FACTOR = 3


def f(x):
    return x * FACTOR


def plain_decorator(function):
    @functools.wraps(function)
    def wrapper(*arguments):
        return function(*arguments)
    return wrapper


class Scaler:
    def __init__(self, factor=2):
        self.factor = factor

    def __call__(self, x):
        return x * self.factor

    def scale(self, x):
        return x * self.factor

    @staticmethod
    def double(x):
        return 2 * x

    @classmethod
    def make(cls, x):
        return cls(x)

    class Inner:
        @staticmethod
        def half(x):
            return x / 2


double = lambda x: 2 * x
scaler = Scaler(5)
partial = functools.partial(f, 7)
method = scaler.scale
cached = functools.lru_cache(f)


@plain_decorator
def wrapped(x):
    return x


async def wait(x):
    return x
"""


@pytest.fixture
def callables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The module above, imported from a folder of its own."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "exec_callables.py").write_text(MODULE)
    import exec_callables  # type: ignore[import-not-found]

    yield exec_callables
    del sys.modules["exec_callables"]


@pytest.mark.parametrize(
    ("get", "path"),
    [
        (lambda m: m.f, "exec_callables.f"),
        (lambda m: m.Scaler, "exec_callables.Scaler"),
        (lambda m: m.Scaler.double, "exec_callables:Scaler.double"),
        (lambda m: m.Scaler.make, "exec_callables:Scaler.make"),
        (lambda m: m.Scaler.Inner.half, "exec_callables:Scaler.Inner.half"),
        (lambda m: m.Scaler.Inner, "exec_callables:Scaler.Inner"),
        (lambda m: m.double, "exec_callables.double"),
        (lambda m: m.scaler, "exec_callables.scaler"),
        (lambda m: m.partial, "exec_callables.partial"),
        (lambda m: m.method, "exec_callables.method"),
        (lambda m: m.cached, "exec_callables.cached"),
        (lambda m: m.wrapped, "exec_callables.wrapped"),
        (lambda m: m.wait, "exec_callables.wait"),
        (lambda m: len, "builtins.len"),
        (lambda m: dict.fromkeys, "builtins:dict.fromkeys"),
    ],
)
def test_what_a_module_can_name_is_loaded_by_that_name(
    callables: Any, get: Callable[[Any], Any], path: str
) -> None:
    value = get(callables)
    assert callable_name(value) == (path, True)
    found = FunctionRef.parse(path).load()
    assert found is value or found == value


@pytest.mark.parametrize(
    ("get", "path"),
    [
        (lambda m: functools.partial(m.f, 1), "functools.partial(exec_callables.f)"),
        (lambda m: m.Scaler(), "exec_callables.Scaler()"),
        (lambda m: m.Scaler().scale, "exec_callables.Scaler().scale"),
        (lambda m: "x".upper, "builtins.str().upper"),
    ],
)
def test_what_no_module_names_is_described(
    callables: Any, get: Callable[[Any], Any], path: str
) -> None:
    value = get(callables)
    assert callable_name(value) == (path, False)
    assert FunctionRef.of(value).load() is value
    assert not FunctionRef.of(value).is_importable


@pytest.mark.parametrize(
    "path", ["exec_callables.Scaler.double", "exec_callables.Scaler.Inner.half", "os.path.join"]
)
def test_dots_alone_lead_into_a_class_too(callables: Any, path: str) -> None:
    assert callable(FunctionRef.parse(path).load())


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("exec_callables.Scalar.double", "there is no 'Scalar' in module 'exec_callables'"),
        ("exec_callables:Scaler.dubble", "there is no 'dubble' in class 'exec_callables.Scaler'"),
        ("exec_nowhere.Scaler.double", "there is no module 'exec_nowhere'"),
        ("exec_nowhere:Scaler.double", "there is no module 'exec_nowhere'"),
        ("json.nowhere.f", r"there is no module 'json\.nowhere'"),
        ("exec_callables.FACTOR", "is an int, not a function"),
    ],
)
def test_a_path_that_leads_nowhere_says_what_is_missing(
    callables: Any, path: str, words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        FunctionRef.parse(path).load()


@pytest.mark.parametrize("path", ["f", ":f", "m:", ".", ""])
def test_a_path_has_a_module_and_a_name(path: str) -> None:
    with pytest.raises(ValueError, match="expected module"):
        FunctionRef.parse(path)


# -- in a file ------------------------------------------------------------------------------


def exported(configuration: Configuration, path: Path, function: Callable[..., Any]) -> str:
    configuration.configure_task("t", function)
    configuration.export(path)
    return path.read_text()


@pytest.mark.parametrize(
    ("get", "text"),
    [
        (lambda m: m.Scaler, "exec_callables.Scaler:class"),
        (lambda m: m.scaler, "exec_callables.scaler:function"),
        (lambda m: m.partial, "exec_callables.partial:function"),
        (lambda m: m.Scaler.double, "exec_callables:Scaler.double:function"),
        (lambda m: m.wait, "exec_callables.wait:function"),
    ],
)
def test_an_export_names_it_and_loads_as_the_same(
    callables: Any, tmp_path: Path, get: Callable[[Any], Any], text: str
) -> None:
    path = tmp_path / "out.toml"
    assert f'function = "{text}"' in exported(Configuration(), path, get(callables))
    again = Configuration()
    again.load(path)
    assert again.tasks["t"].function == get(callables)


def test_an_export_refuses_what_it_cannot_name(callables: Any, tmp_path: Path) -> None:
    class Local:
        pass

    for value in (lambda: 1, functools.partial(callables.f, 1), callables.Scaler(), Local):
        with pytest.raises(ConfigurationError) as told:
            exported(Configuration(), tmp_path / "out.toml", value)
        assert "[TASK.t] function" in told.value.message
        assert "no name in a module" in told.value.message
        assert told.value.hint is not None
    assert not (tmp_path / "out.toml").exists()


# -- when it has changed --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("exec_source:Scaler.double", ("2 * x", "3 * x")),
        ("exec_source.Scaler", ("x * self.factor", "x + self.factor")),
        ("exec_source.scaler", ("Scaler(5)", "Scaler(6)")),
        ("exec_source.scaler", ("x * self.factor", "x + self.factor")),
        ("exec_source.partial", ("f, 7", "f, 8")),
        ("exec_source.partial", ("x * FACTOR", "x + FACTOR")),
        ("exec_source.wait", ("    return x\n", "    return -x\n")),
    ],
)
def test_it_has_changed_when_what_is_called_has(
    tmp_path: Path, path: str, change: tuple[str, str]
) -> None:
    module = tmp_path / "exec_source.py"
    module.write_text(MODULE)
    before = Sources(tmp_path).digest(FunctionRef(path))
    module.write_text(MODULE.replace("FACTOR = 3", "# no change\nFACTOR = 3"))
    assert Sources(tmp_path).digest(FunctionRef(path)) == before
    module.write_text(MODULE.replace(*change))
    assert Sources(tmp_path).digest(FunctionRef(path)) != before


def test_without_a_name_what_it_holds_counts(callables: Any, tmp_path: Path) -> None:
    def of(value: Any) -> str:
        return Sources(tmp_path).digest(FunctionRef.of(value))

    def partial(*arguments: Any) -> Any:
        return functools.partial(callables.f, *arguments)

    for make in (partial, callables.Scaler, lambda n: callables.Scaler(n).scale):
        assert of(make(11)) == of(make(11)) != of(make(12))


# -- coroutines -----------------------------------------------------------------------------


class Waiter:
    async def __call__(self) -> None: ...


async def _add(x: int, y: int) -> int:
    await asyncio.sleep(0)
    return x + y


def test_async_functions_are_known_however_they_are_wrapped() -> None:
    @functools.wraps(_add)
    def wrapped(*arguments: int) -> Any:
        return _add(*arguments)

    assert is_async(_add)
    assert is_async(functools.partial(functools.partial(_add, 1), 2))
    assert is_async(Waiter())
    assert is_async(wrapped)
    assert not is_async(Waiter)
    assert not is_async(lambda: _add(1, 2))
    assert not is_async(len)


def test_a_coroutine_runs_to_its_end_in_a_loop_of_its_own() -> None:
    async def loop() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    assert run_to_end(_add(1, 2)) == 3
    first, second = run_to_end(loop()), run_to_end(loop())
    assert first is not second
    assert first.is_closed()


def test_what_a_coroutine_raises_and_leaves_comes_out() -> None:
    ends: list[str] = []

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ends.append("canceled")

    async def main() -> None:
        asyncio.get_running_loop().create_task(forever())
        await asyncio.sleep(0)
        raise ValueError("no such luck")

    with pytest.raises(ValueError, match="no such luck"):
        run_to_end(main())
    assert ends == ["canceled"]


def test_a_timeout_ends_a_coroutine_wherever_it_is_raised() -> None:
    async def forever() -> None:
        await asyncio.Event().wait()

    async def in_a_task_that_nobody_waits_for() -> None:
        def ring() -> None:
            raise JobTimeout("time is up")

        asyncio.get_running_loop().call_soon(ring)  # the loop itself would only report this
        await forever()

    with pytest.raises(JobTimeout, match="time is up"):
        run_to_end(in_a_task_that_nobody_waits_for())


def test_inside_of_a_running_loop_another_thread_runs_it() -> None:
    async def thread() -> str:
        return threading.current_thread().name

    async def notebook() -> Any:
        return run_to_end(thread())

    assert asyncio.run(notebook()) == "taipy-exec-coroutine"

    async def failing() -> Any:
        return run_to_end(_add("x", 1))  # type: ignore[arg-type]

    with pytest.raises(TypeError):
        asyncio.run(failing())


def test_the_text_of_a_coroutine_s_failure_begins_with_the_user_s_code(tmp_path: Path) -> None:
    from taipy_exec.execution.failed_attempt import format_traceback

    source = textwrap.dedent(
        """
        async def bad():
            raise ValueError("no such luck")
        """
    )
    names: dict[str, Any] = {}
    exec(compile(source, str(tmp_path / "users.py"), "exec"), names)
    try:
        run_to_end(names["bad"]())
    except ValueError as error:
        assert error.__traceback__ is not None
        text = format_traceback(error, error.__traceback__.tb_next)
    first, frame, *_ = text.splitlines()
    assert first.startswith("Traceback")
    assert "asyncio" not in text
    assert frame.strip().startswith(f'File "{tmp_path}')


def test_what_the_main_script_imported_is_named_by_its_module(
    callables: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["__main__"], "partial", callables.partial, raising=False)
    assert callable_name(callables.partial).path == "exec_callables.partial"
