"""A configuration with every storage type, as Taipy 4.1.1 exported it: read, checked, and back."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from command_support import COMMAND

SOURCE = Path(__file__).with_name("exported")
SECRETS = {"SHOP_PASSWORD": "p", "AWS_KEY": "k", "AWS_SECRET": "s"}
EXPORT = "from taipy_exec import Config; Config.load('config.toml'); Config.export('again.toml')"


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    shutil.copytree(SOURCE, folder)
    return folder


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(SOURCE.parents[2]), **SECRETS},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_nothing_is_wrong_with_it_but_what_this_machine_does_not_have(exported: Path) -> None:
    done = run(exported, *COMMAND, "check", ".")
    missing = ("which is not installed: pip install", "there is no file ")
    told = [line for line in done.stderr.splitlines() if not any(m in line for m in missing)]
    assert told == []
    assert sum("there is no file" in line for line in done.stderr.splitlines()) == 5
    errors = sum(line.startswith("error: ") for line in done.stderr.splitlines())
    assert done.returncode == (3 if errors else 0)


def test_what_is_exported_again_is_what_taipy_wrote(exported: Path) -> None:
    done = run(exported, sys.executable, "-c", EXPORT)
    assert done.returncode == 0, done.stderr
    before = tomllib.loads((exported / "config.toml").read_text())
    after = tomllib.loads((exported / "again.toml").read_text())
    for section in ("DATA_NODE", "TASK", "SCENARIO"):
        assert plain(after[section]) == plain(before[section])


def plain(value: object) -> object:
    """Without the empty lists and tables that Taipy writes for what is not there."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if item not in ([], {})}
    return value
