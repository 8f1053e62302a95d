"""Modules of an application that another one of the same name hides."""

import importlib
import sys
from pathlib import Path

import pytest

from taipy_exec.config.application import AppConfig, TaskConfig
from taipy_exec.config.reference import ClassRef, FunctionRef
from taipy_exec.errors import ConfigurationError
from taipy_exec.execution.run_job import JobRunner
from taipy_exec.protocol.order import JobOrder

OF_PYTHON = ["calendar", "secrets", "statistics", "types", "platform", "token", "random", "select"]
BUILT_IN = ["time", "itertools"]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", [*OF_PYTHON, *BUILT_IN, "taipy_exec", "pytest"])
def test_a_hidden_module_is_named_with_the_one_that_hides_it(root: Path, name: str) -> None:
    module = importlib.import_module(name)
    own = root / f"{name}.py"
    own.write_text("def mine(): pass")
    with pytest.raises(ConfigurationError) as raised:
        FunctionRef(f"{name}.mine").load()
    used = getattr(module, "__file__", None) or "Python itself"
    assert raised.value.message == (
        f"there is no 'mine' in module {name!r}: the module {name!r} of {used} hides {own}; "
        f"rename {own} and write its new name"
    )
    assert raised.value.hint is None


@pytest.mark.parametrize("path", ["calendar.tasks.mine", "calendar.tasks:mine"])
@pytest.mark.parametrize("with_init", [True, False])
def test_a_hidden_package_is_named_by_its_folder(root: Path, path: str, with_init: bool) -> None:
    package = root / "calendar"
    package.mkdir()
    (package / "tasks.py").write_text("def mine(): pass")
    if with_init:
        (package / "__init__.py").touch()
    with pytest.raises(ConfigurationError, match=f"hides {package}; rename {package} and"):
        FunctionRef(path).load()


def test_a_class_in_a_hidden_module_is_told_alike(root: Path) -> None:
    (root / "calendar.py").write_text("class Mine: pass")
    with pytest.raises(ConfigurationError, match=r"no class calendar\.Mine: the module"):
        ClassRef("calendar.Mine").load()


def test_a_module_that_asks_a_hidden_one_is_told_alike(root: Path) -> None:
    (root / "calendar.py").write_text("def mine(): pass")
    (root / "asks_calendar.py").write_text("from calendar import mine")
    with pytest.raises(ConfigurationError, match=f"; the module 'calendar' of .* hides {root}"):
        FunctionRef("asks_calendar.mine").load()


def test_a_module_that_imports_a_hidden_package_is_told_alike(root: Path) -> None:
    (root / "calendar").mkdir()
    (root / "calendar" / "more.py").touch()
    (root / "asks_package.py").write_text("import calendar.more\ndef f(): pass")
    with pytest.raises(ConfigurationError, match="which is not there: the module 'calendar' of"):
        FunctionRef("asks_package.f").load()


def test_nobody_is_told_to_edit_the_standard_library() -> None:
    with pytest.raises(ConfigurationError) as raised:
        FunctionRef("calendar.nothing").load()
    assert raised.value.message == "there is no 'nothing' in module 'calendar'"
    assert raised.value.hint == "correct the name"


def test_a_module_of_the_application_is_still_named_as_the_place(root: Path) -> None:
    (root / "own_module_here.py").touch()
    with pytest.raises(ConfigurationError) as raised:
        FunctionRef("own_module_here.f").load()
    assert raised.value.hint == f"define f in {root / 'own_module_here.py'}, or correct the name"


def test_a_function_of_python_with_the_name_of_a_hidden_one_is_told(root: Path) -> None:
    (root / "calendar.py").write_text("def isleap(year): return 'mine'")
    assert FunctionRef("calendar.isleap").load()(2024) is True
    assert f"hides {root / 'calendar.py'}" in (FunctionRef("calendar.isleap").hides or "")
    assert FunctionRef("calendar.monthrange").hides is None  # which the hidden one does not have
    assert ClassRef("calendar.Calendar").hides is None


def test_a_job_says_the_same(root: Path) -> None:
    (root / "calendar.py").write_text("def mine(): pass")
    task = TaskConfig(id="t", function_ref=FunctionRef("calendar.mine"))
    app = AppConfig(root=root, state_dir=root, tasks={"t": task})
    order = JobOrder(job="JOB_t_1", task="t", submission="S", instance="I", attempt=1)
    failure = JobRunner(app).run(order).failure
    assert failure is not None
    assert f"hides {root / 'calendar.py'}; rename" in failure.message
    assert str(sys.modules["calendar"].__file__) in failure.message
