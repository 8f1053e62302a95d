"""The plug-ins of CONTRIBUTING.md: a runner and a storage type that only know the ports."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from test_taipy_cases import CASES, case_names, command, expected_of, intended_statuses

CONTRIBUTING = Path(__file__).parents[2] / "CONTRIBUTING.md"
ENTRY_POINTS = """\
[taipy_exec.storage_types]
text = taipy_exec_text:TextFile

[taipy_exec.runners]
inline = taipy_exec_text:InlineRunner
"""


@pytest.fixture(scope="module")
def plug_ins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the distribution, as an installer would leave it."""
    folder = tmp_path_factory.mktemp("plug-ins")
    text = CONTRIBUTING.read_text()
    section = text[text.index("## Plug-ins") : text.index("### Using them")]
    code = "\n\n".join(re.findall(r"```python\n(.*?)```", section, re.S))
    (folder / "taipy_exec_text.py").write_text(code)
    metadata = folder / "taipy_exec_text-0.1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: taipy-exec-text\nVersion: 0.1\n"
    )
    (metadata / "entry_points.txt").write_text(ENTRY_POINTS)
    return folder


@pytest.fixture
def installed(plug_ins: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.environ.get("PYTHONPATH")
    path = os.pathsep.join(filter(None, (str(plug_ins), before)))
    monkeypatch.setenv("PYTHONPATH", path)


@pytest.mark.one_variant
@pytest.mark.parametrize("name", case_names("case_"))
def test_a_runner_of_a_plug_in_gives_taipys_statuses(
    name: str, installed: None, tmp_path: Path
) -> None:
    folder = tmp_path / "app"
    shutil.copytree(CASES / name, folder)
    for step in expected_of(name)["steps"]:
        if step["op"] == "submit":
            force = ["--force"] if step.get("force") else []
            code, shape = command(folder, name, "submit", ".", "--mode", "inline", *force)
            statuses = {job["task"]: job["status"] for job in shape["jobs"]}
            assert statuses == intended_statuses(name, step["result"])
            assert code == (1 if {"FAILED", "ABANDONED"} & set(statuses.values()) else 0)
        elif step["op"] == "write":
            node, value = step["data_node"], step["value"]
            code, _ = command(folder, name, "data", "write", ".", node, json.dumps(value))
            assert code == 0


GREETING = """\
[DATA_NODE.person]
storage_type = "text"
default_data = "you"

[DATA_NODE.greeting]
storage_type = "text"
default_path = "greeting.txt"

[TASK.greet]
function = "greet.greet:function"
inputs = ["person:SECTION"]
outputs = ["greeting:SECTION"]
skippable = true

[SCENARIO.hello]
tasks = ["greet:SECTION"]
"""


@pytest.mark.one_variant
@pytest.mark.parametrize("mode", ["development", "standalone", "inline"])
def test_a_storage_type_of_a_plug_in_is_read_written_shown_and_skipped(
    mode: str, installed: None, tmp_path: Path
) -> None:
    (tmp_path / "config.toml").write_text(GREETING)
    (tmp_path / "greet.py").write_text("def greet(person): return f'Hello, {person}!'\n")
    name = case_names("case_")[0]
    code, shape = command(tmp_path, name, "submit", ".", "--mode", mode)
    assert (code, shape["submission"]["status"]) == (0, "COMPLETED")
    assert (tmp_path / "greeting.txt").read_text() == "Hello, you!"
    code, shape = command(tmp_path, name, "submit", ".", "--mode", mode)
    assert [job["status"] for job in shape["jobs"]] == ["SKIPPED"]
    code, shown = command(tmp_path, name, "data", "show", ".", "greeting")
    assert shown["value"] == "Hello, you!"
    code, _ = command(tmp_path, name, "data", "write", ".", "person", "them")
    code, shape = command(tmp_path, name, "submit", ".", "--mode", mode)
    assert [job["status"] for job in shape["jobs"]] == ["COMPLETED"]
    assert (tmp_path / "greeting.txt").read_text() == "Hello, them!"


def test_a_mode_that_is_not_installed_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(GREETING.replace('"text"', '"pickle"'))
    code, shape = command(tmp_path, case_names("case_")[0], "submit", ".", "--mode", "inline")
    assert code == 2
    assert "unknown mode 'inline'" in shape["error"]["message"]
