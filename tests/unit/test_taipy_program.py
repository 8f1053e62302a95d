"""What counts as a Taipy program, and what is taken out of one."""

from __future__ import annotations

import ast
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from taipy_exec.config.application_path import ApplicationPath, find_application
from taipy_exec.config.taipy_program import is_taipy_program
from taipy_exec.errors import ConfigurationError
from taipy_exec.taipy_plugin import enable, versions
from taipy_exec.taipy_plugin.extraction import extract
from taipy_exec.taipy_plugin.versions import require_taipy, warning_of


def application(folder: Path, **files: str) -> ApplicationPath:
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + (".toml" if name == "config" else ".py"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return find_application(folder)


@pytest.mark.parametrize(
    "text",
    [
        "import taipy as tp",
        "from taipy import Config",
        "import taipy.core",
        "from taipy.gui import Gui",
        "def f():\n    import taipy",
    ],
)
def test_a_file_that_imports_taipy_is_a_program(tmp_path: Path, text: str) -> None:
    assert is_taipy_program(application(tmp_path, main=text))


def test_so_is_one_whose_own_module_does(tmp_path: Path) -> None:
    found = application(
        tmp_path, main="from settings.config import x", settings__config="import taipy"
    )
    assert is_taipy_program(found)


@pytest.mark.parametrize(
    "text", ["import taipy_exec as tp", "from taipy_exec import Config", "print('taipy')", "x = ("]
)
def test_others_are_none(tmp_path: Path, text: str) -> None:
    assert not is_taipy_program(application(tmp_path, main=text))


def test_a_toml_file_counts_more_but_where_the_program_is_preferred_and_runs(
    tmp_path: Path,
) -> None:
    runs = "import taipy as tp\nif __name__ == '__main__':\n    tp.Orchestrator().run()\n"
    found = application(tmp_path, config="", main=runs)
    assert not is_taipy_program(found)
    assert is_taipy_program(found, prefers_program=True)
    configures = "import taipy as tp\nfrom taipy import Config\nConfig.configure_data_node('a')\n"
    found = application(tmp_path, config="", main=configures)
    assert not is_taipy_program(found, prefers_program=True)


# -- versions -------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["4.1", "4.1.0", "4.1.7", "4.1.0.dev3"])
def test_a_tested_version_is_not_warned_of(version: str) -> None:
    assert warning_of(version) is None


@pytest.mark.parametrize(
    ("version", "age"),
    [("4.0.3", "older"), ("3.1.1", "older"), ("4.2.0", "newer"), ("5.0", "newer")],
)
def test_another_is_told_with_what_to_install(version: str, age: str) -> None:
    warning = warning_of(version)
    assert warning is not None
    assert f"Taipy {version} is {age} than what taipy-exec was tested with" in warning
    assert "pip install 'taipy>=4.1,<4.2'" in warning


def test_without_taipy_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(versions, "version", missing)
    for call in (require_taipy, enable):
        with pytest.raises(ConfigurationError, match="Taipy is not installed") as error:
            call()
        assert error.value.hint == "pip install 'taipy-exec[taipy]'"


def test_a_version_that_lacks_what_is_needed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "version", lambda name: "2.4.0")
    monkeypatch.setitem(__import__("sys").modules, "taipy_exec.taipy_plugin.internals", None)
    with pytest.raises(ConfigurationError, match=r"Taipy 2\.4\.0 cannot be used") as error:
        require_taipy()
    assert error.value.hint == "pip install 'taipy>=4.1,<4.2'"


# -- functions taken out of a program ---------------------------------------------------------

PROGRAM = '''\
import math
import taipy as tp
from taipy import Config
from collections import (
    Counter,
    OrderedDict,
)

LIMIT = 3
NAMES = [str(i) for i in range(LIMIT)]
unused = 1


class Shape:
    """A comment inside stays."""

    # such as this one
    size = LIMIT


def traced(function):
    return function


@traced
def area(x):
    return math.pi * x * Shape.size * root(x)


def root(x):
    return math.sqrt(x)


def count(words, unused=1):
    return Counter(words), NAMES  # its `unused` is its own


def ask():
    return tp.get_scenarios()


cfg = Config.configure_task("area", area)
'''


def test_functions_come_with_all_that_they_use_and_nothing_else() -> None:
    text = extract(PROGRAM, ["area", "count"])
    assert text is not None
    assert "taipy" not in text and "unused = 1" not in text and "cfg" not in text
    assert "# such as this one" in text and "@traced\ndef area" in text
    module: dict[str, object] = {}
    exec(compile(ast.parse(text), "x", "exec"), module)
    assert module["area"](4.0) == pytest.approx(3.14159 * 4 * 3 * 2, rel=1e-4)  # type: ignore[operator]
    assert module["count"]("aab")[1] == ["0", "1", "2"]  # type: ignore[operator]


def test_what_needs_taipy_is_not_taken_out() -> None:
    assert extract(PROGRAM, ["ask"]) is None
    assert extract(PROGRAM, ["nowhere"]) is None
