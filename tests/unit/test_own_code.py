"""The code of a task as it lies on disk: what belongs to it, and what makes it another one."""

from __future__ import annotations

import functools
import importlib
import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from taipy_exec.config.application import AppConfig, JobConfig, TaskConfig
from taipy_exec.config.reference import FunctionRef
from taipy_exec.execution import own_code
from taipy_exec.execution.own_code import NO_SOURCE, Code, OwnCode, read_listing
from taipy_exec.protocol.schema import Digest, FileList

STEPS = """
import math
import helpers
from package import inner

def train(x):
    import late
    return helpers.twice(x) + inner.f()

class Model:
    def fit(self, x):
        return x
"""
FILES = {
    "steps.py": STEPS,
    "helpers.py": "import json\n\ndef twice(x):\n    return 2 * x\n",
    "late.py": "",
    "unused.py": "",
    "package/__init__.py": "",
    "package/inner.py": "from .deep import g\nfrom . import other\n\ndef f():\n    return g()\n",
    "package/deep.py": "def g():\n    return 1\n",
    "package/other.py": "",
    "package/unused.py": "",
}
OF_TRAIN = FILES.keys() - {"unused.py", "package/unused.py"}


@pytest.fixture(autouse=True)
def _looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_code, "_LOOK_SECONDS", 0.0)
    monkeypatch.setattr(own_code, "_LOOK_FACTOR", 0)


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, newline="")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, FILES)
    return tmp_path


def application(folder: Path, function: str | Callable[..., Any], **options: Any) -> AppConfig:
    ref = FunctionRef(function) if isinstance(function, str) else FunctionRef.of(function)
    tasks = {"t": TaskConfig(id="t", function_ref=ref)}
    return AppConfig(root=folder, state_dir=folder, tasks=tasks, **options)


def code_of(folder: Path, function: str | Callable[..., Any] = "steps.train") -> Code:
    own = OwnCode(application(folder, function))
    own.look()
    return own.of("t")


@pytest.fixture
def imported(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The module `steps`, imported as a program would do it."""
    monkeypatch.syspath_prepend(str(folder))
    yield importlib.import_module("steps")
    for name in ("steps", "helpers", "package", "package.inner", "package.deep", "package.other"):
        sys.modules.pop(name, None)


# -- what belongs to a task ----------------------------------------------------------------


@pytest.mark.parametrize("name", ["steps.train", "steps:train", "steps:Model.fit", "steps.Model"])
def test_it_is_the_module_and_all_that_this_imports_of_the_application(
    folder: Path, name: str
) -> None:
    assert code_of(folder, name).files.keys() == OF_TRAIN


def test_a_module_of_a_package_comes_with_the_package_itself(folder: Path) -> None:
    expected = {"package/__init__.py", "package/deep.py"}
    assert code_of(folder, "package.deep.g").files.keys() == expected


def test_nothing_is_imported_to_find_out(folder: Path) -> None:
    write(folder, {"helpers.py": "raise RuntimeError\n"})
    assert "helpers.py" in code_of(folder).files
    assert "helpers" not in sys.modules


@pytest.mark.parametrize("name", ["json.dumps", "builtins.len", "nowhere.f", "../x.f", "a b.c"])
def test_what_is_installed_or_nowhere_is_nothing_to_compare(folder: Path, name: str) -> None:
    found = code_of(folder, name)
    assert (found.files, found.digest, found.listing) == ({}, "", "")


def test_a_task_that_is_not_configured_is_nothing_to_compare(folder: Path) -> None:
    assert OwnCode(application(folder, "steps.train")).of("other").digest == ""


def test_a_callable_that_can_be_imported_has_its_modules_code(imported: Any, folder: Path) -> None:
    for value in (imported.train, imported.Model, imported.Model.fit):
        assert code_of(folder, value).files.keys() == OF_TRAIN


def test_a_callable_without_a_name_is_nothing_to_compare(imported: Any, folder: Path) -> None:
    def nested() -> None: ...

    values = (lambda: 1, nested, functools.partial(imported.train, 1), imported.Model().fit)
    assert [code_of(folder, value).digest for value in values] == [""] * 4


def test_a_function_of_the_main_script_has_the_scripts_code(folder: Path) -> None:
    write(folder, {"main.py": "import helpers\n"})
    app = application(folder, "__main__.run", main_file=folder / "main.py")
    assert OwnCode(app).of("t").files.keys() == {"main.py", "helpers.py"}
    # As a worker names it, that has imported the script.
    assert OwnCode(application(folder, "main.run")).of("t") == OwnCode(app).of("t")


def test_what_lies_beside_a_script_is_its_own_wherever_the_root_is(folder: Path) -> None:
    write(folder, {"scripts/main.py": "import beside\n", "scripts/beside.py": ""})
    app = application(folder, "__main__.run", main_file=folder / "scripts" / "main.py")
    assert OwnCode(app).of("t").files.keys() == {"main.py", "beside.py"}


def test_a_script_with_a_name_that_no_module_has_is_shown_as_main(folder: Path) -> None:
    write(folder, {"my script (1).py": ""})
    app = application(folder, "__main__.run", main_file=folder / "my script (1).py")
    assert OwnCode(app).of("t").files.keys() == {"__main__"}


def test_off_computes_nothing(folder: Path) -> None:
    app = replace(application(folder, "steps.train"), job=JobConfig(check_code="off"))
    own = OwnCode(app)
    assert (own.of("t").digest, own.everything(), own._texts) == ("", {}, {})


# -- what makes it another one -------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(OF_TRAIN))
def test_any_change_of_any_of_its_files_shows(folder: Path, name: str) -> None:
    before = code_of(folder)
    write(folder, {name: FILES[name] + "# a comment\n"})
    after = code_of(folder)
    assert after.digest != before.digest
    assert {n for n in before.files if before.files[n] != after.files[n]} == {name}


def test_a_change_of_what_it_does_not_import_does_not_show(folder: Path) -> None:
    before = code_of(folder)
    write(folder, {"unused.py": "1", "package/unused.py": "1"})
    assert code_of(folder) == before


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_do_not_count(folder: Path, end: str) -> None:
    before = code_of(folder)
    write(folder, {name: text.replace("\n", end) for name, text in FILES.items()})
    assert code_of(folder) == before


def test_the_folder_does_not_count(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    write(other, FILES)
    assert code_of(other).digest == code_of(folder).digest


def test_a_look_shows_what_was_changed_since(folder: Path) -> None:
    own = OwnCode(application(folder, "steps.train"))
    own.look()
    before, same = own.of("t"), own.of("t")
    assert before is same
    # Of the same size, and as soon as can be.
    write(folder, {"helpers.py": FILES["helpers.py"].replace("2 *", "3 *")})
    assert own.of("t") is before
    assert own.look()
    assert own.of("t").digest != before.digest
    (folder / "late.py").unlink()
    own.look()
    assert own.of("t").files.keys() == OF_TRAIN - {"late.py"}
    assert own.everything() == own.of("t").files


def test_a_file_that_did_not_change_is_not_read_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in FILES:
        os.utime(folder / name, (1e9, 1e9))
    monkeypatch.setattr(own_code, "_SETTLED_SECONDS", -1.0)
    own = OwnCode(application(folder, "steps.train"))
    before = own.of("t")
    monkeypatch.setattr(Path, "read_bytes", lambda self: pytest.fail(f"{self} is read"))
    own.look()
    assert own.of("t") == before


def test_a_look_holds_for_a_moment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_code, "_LOOK_SECONDS", 1000.0)
    own = OwnCode(application(folder, "steps.train"))
    assert [own.look(), own.look()] == [True, False]


def test_a_look_that_took_long_holds_longer_but_not_for_long(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_code, "_LOOK_FACTOR", 1e9)
    own = OwnCode(application(folder, "steps.train"))
    own.look()
    own.of("t")
    assert own._holds == own_code._LONGEST_LOOK_SECONDS


# -- what has no source --------------------------------------------------------------------


@pytest.mark.parametrize("other", [".pyc", ".abi3.so"])
def test_a_module_without_source_is_there_and_not_compared(folder: Path, other: str) -> None:
    (folder / "helpers.py").rename(folder / f"helpers{other}")
    found = code_of(folder)
    assert found.files["helpers.py"] == NO_SOURCE
    assert f"{NO_SOURCE} helpers.py" in found.listing


def test_a_module_that_cannot_be_read_is_not_compared(folder: Path) -> None:
    (folder / "helpers.py").unlink()
    (folder / "helpers.py").mkdir()
    assert code_of(folder).files["helpers.py"] == NO_SOURCE


def test_a_module_with_a_mistake_is_compared_as_text(folder: Path) -> None:
    write(folder, {"helpers.py": "def (\n"})
    first = code_of(folder)
    write(folder, {"helpers.py": "def (:\n"})
    assert first.digest != code_of(folder).digest


# -- what goes with an order ---------------------------------------------------------------


def test_a_listing_names_the_files_with_the_start_of_their_digests(folder: Path) -> None:
    found = code_of(folder)
    read = read_listing(found.listing)
    assert read == {name: digest[:8] for name, digest in found.files.items()}
    assert msgspec.convert(found.listing, FileList) == found.listing
    assert msgspec.convert(found.digest, Digest) == found.digest
    assert read_listing("") == {}


def test_a_long_listing_is_left_out(folder: Path) -> None:
    names = [f"module_with_a_long_name_{number}" for number in range(100)]
    write(folder, {f"{name}.py": "" for name in names})
    write(folder, {"steps.py": f"import {', '.join(names)}\n"})
    found = code_of(folder)
    assert found.listing == ""
    assert re.fullmatch(r"[0-9a-f]{16}", found.digest)
    # What one of them is cannot be told, and nothing can be said of the whole.
    (folder / f"{names[0]}.py").rename(folder / f"{names[0]}.pyc")
    assert code_of(folder).digest == ""


@pytest.mark.parametrize(
    ("name", "is_installed"),
    [("json/decoder.py", True), ("pytest/x.py", True), ("helpers.py", False), ("no/x.py", False)],
)
def test_an_installed_module_is_not_ours(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, is_installed: bool
) -> None:
    monkeypatch.syspath_prepend(str(folder))
    own = OwnCode(application(folder, "steps.train"))
    assert own.is_installed(name) is is_installed
    assert not own.is_installed("package/missing.py")
    assert not own.is_installed("os.path/x.py")
