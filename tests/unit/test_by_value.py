"""What travels by value arrives whole; one piece that cannot travel stops no other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from taipy_exec.execution.by_value import why_not_sent

LOADS = """
import pickle, sys
from taipy_exec.execution import by_value

for name, function in by_value.load(sys.stdin.buffer.read()).items():
    try:
        print(name, function())
    except Exception as error:
        print(name, type(error).__name__, error)
"""
DUMPS = """

if __name__ == "__main__":
    import sys
    from taipy_exec.execution import by_value

    sys.stdout.buffer.write(by_value.dump({name: globals()[name] for name in sys.argv[1:]}))
"""


@pytest.fixture
def arrived(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Runs functions of a script in another process: name -> what it gave."""

    def send(script: str, *names: str, stdin: bool = False) -> dict[str, str]:
        (tmp_path / "script.py").write_text(script + DUMPS)
        sent = subprocess.run(
            [sys.executable, "-" if stdin else "script.py", *names],
            input=(script + DUMPS).encode() if stdin else None,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        shown = subprocess.run(
            [sys.executable, "-c", LOADS],
            cwd=tmp_path,
            input=sent,
            stdout=subprocess.PIPE,
            check=True,
        ).stdout.decode()
        return dict(line.split(" ", 1) for line in shown.splitlines())

    return send


def test_what_the_main_part_has_set_travels_and_the_script_is_not_run_again(arrived) -> None:  # type: ignore[no-untyped-def]
    script = "print_ = 1\nK = 1\nprint('run', file=__import__('sys').stderr)\n"
    script += "def k(): return K\n"
    script += "if __name__ == '__main__': K = 5\n"
    assert arrived(script, "k") == {"k": "5"}


def test_functions_share_the_globals_of_their_script(arrived) -> None:  # type: ignore[no-untyped-def]
    script = """
count = 0
def more():
    global count
    count += 1
    return count
def again():
    return more()
"""
    assert arrived(script, "more", "again") == {"more": "1", "again": "2"}


def test_what_cannot_travel_is_imported_from_the_scripts_file(arrived) -> None:  # type: ignore[no-untyped-def]
    script = """
import sqlite3
connection = sqlite3.connect(":memory:")
def ask(): return connection.execute("SELECT 7").fetchone()[0]
def fine(): return 1
"""
    assert arrived(script, "ask", "fine") == {"ask": "7", "fine": "1"}


@pytest.mark.parametrize("first", [True, False])
def test_without_a_file_it_fails_alone_with_its_name_and_the_reason(arrived, first: bool) -> None:  # type: ignore[no-untyped-def]
    script = """
import sqlite3
connection = sqlite3.connect(":memory:")
def ask(): return connection.execute("SELECT 7").fetchone()[0]
def fine(): return helper()
def helper(): return 1
"""
    names = ("ask", "fine") if first else ("fine", "ask")
    found = arrived(script, *names, stdin=True)
    assert found["fine"] == "1"
    assert found["ask"].startswith("ConfigurationError ask cannot be sent to another process: ")
    assert ": it uses connection, which raises TypeError: " in found["ask"]
    assert "sqlite3.Connection" in found["ask"]


@pytest.mark.parametrize("order", [("odd", "fine", "other"), ("fine", "odd", "other")])
def test_what_cannot_be_read_fails_alone_too(arrived, order: tuple[str, ...]) -> None:  # type: ignore[no-untyped-def]
    script = """
class Odd:
    def __reduce__(self): return (read, ())
def read(): raise LookupError("never here")
thing = Odd()
def helper(): return 1
def odd(): return helper(), thing
def fine(): return helper()
def other(): return 2
"""
    found = arrived(script, *order, stdin=True)
    assert found["fine"] == "1"
    assert found["other"] == "2"
    assert "LookupError: never here" in found["odd"]


def test_a_name_that_only_the_script_has_fails_what_uses_it(arrived) -> None:  # type: ignore[no-untyped-def]
    script = """
class Named:
    def __reduce__(self): return "one"
one = Named()
def uses(): return one.value
def fine(): return 1
"""
    found = arrived(script, "uses", "fine", stdin=True)
    assert found["fine"] == "1"
    assert found["uses"].split()[0] in ("ConfigurationError", "AttributeError")


def test_callable_instances_of_the_script_travel(arrived) -> None:  # type: ignore[no-untyped-def]
    script = """
import functools, threading
class Adds:
    def __init__(self, n): self.n, self.lock = n, threading.RLock()
    def __call__(self):
        with self.lock: return self.n
    def method(self): return self.n + 1
call = Adds(3)
method = call.method
partial = functools.partial(call.method)
"""
    found = arrived(script, "call", "method", "partial", stdin=True)
    assert found == {"call": "3", "method": "4", "partial": "4"}


def test_pydantic_models_and_registries_of_the_script_travel(arrived) -> None:  # type: ignore[no-untyped-def]
    script = """
from pydantic import BaseModel
class Model(BaseModel):
    x: int = 1
class Base:
    known = []
    def __init_subclass__(cls): Base.known.append(cls.__name__)
class One(Base): pass
def model(): return Model(x="4").x
def registry(): return One.__name__, Base.known
"""
    found = arrived(script, "model", "registry", stdin=True)
    assert found == {"model": "4", "registry": "('One', ['One'])"}


def test_a_traceback_names_the_scripts_file(arrived) -> None:  # type: ignore[no-untyped-def]
    script = "def file(): return file.__code__.co_filename\n"
    assert arrived(script, "file")["file"].endswith("script.py")


def test_a_lock_and_a_variable_of_a_module_stay_those_of_the_module(arrived) -> None:  # type: ignore[no-untyped-def]
    script = """
import logging
from logging import _lock as lock
def same(): return lock is logging._lock
"""
    assert arrived(script, "same", stdin=True) == {"same": "True"}


UNSENDABLE = """
import functools, sqlite3
class Db:
    def __init__(self): self.connection = sqlite3.connect(":memory:")
    def run(self): return 7
def use(db): return 5 if db else None
"""


def test_an_instance_that_cannot_travel_fails_the_one_that_holds_it(arrived) -> None:  # type: ignore[no-untyped-def]
    script = UNSENDABLE + "held = functools.partial(use, Db())\n"
    with pytest.raises(subprocess.CalledProcessError):
        arrived(script, "held", stdin=True)


def test_a_function_that_holds_one_fails_alone(arrived) -> None:  # type: ignore[no-untyped-def]
    script = UNSENDABLE + "db = Db()\ndef uses(): return use(db)\ndef fine(): return 1\n"
    found = arrived(script, "uses", "fine", stdin=True)
    assert found["fine"] == "1"
    assert "it uses db, which raises TypeError" in found["uses"]


def test_an_import_from_the_file_works_beside_a_use_of_file(arrived) -> None:  # type: ignore[no-untyped-def]
    script = UNSENDABLE + "db = Db()\ndef uses(): return db.run()\ndef where(): return __file__\n"
    found = arrived(script, "uses", "where")
    assert found["uses"] == "7"
    assert found["where"].endswith("script.py")


def test_many_instances_take_no_square_of_time(arrived) -> None:  # type: ignore[no-untyped-def]
    script = """
import functools
class P:
    def __init__(self, i): self.i = i
def total(all_of_them): return sum(p.i for p in all_of_them)
many = functools.partial(total, [P(i) for i in range(20_000)])
"""
    assert arrived(script, "many", stdin=True) == {"many": str(sum(range(20_000)))}


class Silent:
    """It refuses every question, but it can be called."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __call__(self) -> int:
        return 1


def test_a_callable_that_answers_no_question_is_complete() -> None:
    assert why_not_sent(Silent()) is None
