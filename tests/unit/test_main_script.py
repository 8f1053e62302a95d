"""What lies in the main script counts the same under each of its names, and is not forgotten."""

from __future__ import annotations

import enum
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from taipy_exec.config.application import DataNodeConfig, TaskConfig
from taipy_exec.config.application_path import ApplicationPath
from taipy_exec.config.digest import digest
from taipy_exec.config.reference import ClassRef, FunctionRef
from taipy_exec.wiring import compile_application

SCRIPT = Path("/somewhere/script.py")


class E:
    class Inner:
        pass


def under(module: str, kind: type = E) -> type:
    """A class as if it had been defined in `module`."""
    return type(kind.__name__, (), {"__module__": module, "__qualname__": kind.__qualname__})


def node(value: Any, key: str = "default_data", main: Path | None = SCRIPT) -> str:
    """The digest of a configuration whose data node holds `value`."""
    return digest({"DATA_NODE": {"n": {key: value}}}, main)


MAINS = ["script", "__main__", "__mp_main__"]


@pytest.mark.parametrize("module", MAINS)
def test_a_class_of_the_main_script_counts_by_its_name_alone(module: str) -> None:
    one = node(ClassRef("script.E"), "encoder")
    assert node(under(module), "encoder") == one
    assert node(ClassRef(f"{module}.E"), "encoder") == one
    assert node([{"x": under(module)}]) == node([{"x": ClassRef("script.E")}])


@pytest.mark.parametrize("module", MAINS)
def test_a_nested_class_of_the_main_script_counts_by_its_name_alone(module: str) -> None:
    one = node(ClassRef("script.E.Inner"), "encoder")
    assert node(under(module, E.Inner), "encoder") == one
    assert node(ClassRef(f"{module}.E.Inner"), "encoder") == one
    assert one != node(ClassRef("script.E"), "encoder")


def test_a_class_of_another_module_counts_with_its_module() -> None:
    found = {
        node(ClassRef(f"{name}.E"), "encoder") for name in ("script", "other", "pkg.script", "E")
    }
    assert len(found) == 4
    assert node(under("other"), "encoder") == node(ClassRef("other.E"), "encoder")


def test_a_class_and_a_function_of_one_name_are_told_apart() -> None:
    assert node(ClassRef("script.E"), "encoder") != node(FunctionRef("script.E"), "encoder")


def test_the_configuration_of_a_data_node_or_task_counts_by_its_id() -> None:
    def of(inputs: list[object], tasks: list[object]) -> str:
        return digest({"TASK": {"t": {"inputs": inputs}}, "SCENARIO": {"s": {"tasks": tasks}}})

    one = of([DataNodeConfig(id="a")], [TaskConfig(id="t")])
    assert of([DataNodeConfig(id="a", properties={"x": 1})], [TaskConfig(id="t")]) == one
    assert of([DataNodeConfig(id="b")], [TaskConfig(id="t")]) != one


def test_an_object_that_happens_to_have_an_id_counts_with_all_that_it_holds() -> None:
    class Colour(enum.Enum):
        RED = 1
        BLUE = 2

        @property
        def id(self) -> str:
            return "colour"

    assert node(SimpleNamespace(id="a", value=1)) != node(SimpleNamespace(id="a", value=2))
    assert node(SimpleNamespace(id="a", value=1)) == node(SimpleNamespace(id="a", value=1))
    assert node(Colour.RED) != node(Colour.BLUE)


# -- a configuration file that names the main script ---------------------------------------


PARTS = {
    "a function": '[TASK.t]\nfunction = "__main__.f:function"\n',
    "a class of a data node": '[DATA_NODE.n]\nencoder = "__main__.E:class"\n',
    "a class in a list": '[DATA_NODE.n]\nkinds = ["builtins.int:class", "__mp_main__.E:class"]\n',
    "a function in a table": '[DATA_NODE.n.hooks]\nafter = "__main__.f:function"\n',
    "a comparator": '[DATA_NODE.n]\n[SCENARIO.s.comparators]\nn = ["__main__.f:function"]\n',
    "a property of a task": '[TASK.t]\nfunction = "m.f:function"\nkind = "__main__.E:class"\n',
    "a property of a scenario": '[SCENARIO.s]\nkind = "__mp_main__.E:class"\n',
}


def main_file(folder: Path, text: str) -> Path | None:
    (folder / "config.toml").write_text(text)
    (folder / "main.py").write_text("")
    found = ApplicationPath(root=folder, toml=folder / "config.toml", main=folder / "main.py")
    return compile_application(found).config.main_file


@pytest.mark.parametrize("name", PARTS)
def test_the_main_script_is_kept_for_whatever_names_it(tmp_path: Path, name: str) -> None:
    assert main_file(tmp_path, PARTS[name]) == tmp_path / "main.py"


@pytest.mark.parametrize("name", PARTS)
def test_the_main_script_is_left_alone_where_nothing_names_it(tmp_path: Path, name: str) -> None:
    text = PARTS[name].replace("__mp_main__", "other").replace("__main__", "other")
    assert main_file(tmp_path, text) is None
