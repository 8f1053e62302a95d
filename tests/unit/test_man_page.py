"""The manual page: made from the command line's own help, and accepted by roff."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sysconfig
import tomllib
from pathlib import Path

import pytest

from taipy_exec.cli.main import app
from tools.man_page import man_page

needs_groff = pytest.mark.skipif(
    shutil.which("groff") is None and "CI" not in os.environ, reason="groff is not installed"
)

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "taipy-exec.1"


def rendered(width: int = 200) -> str:
    done = subprocess.run(
        ["groff", "-man", "-Tascii", "-P-cbou", "-ww", f"-rLL={width}n", str(PAGE)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == man_page(), "run: make man"


def test_the_page_goes_with_the_wheel() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    shared = build["targets"]["wheel"]["shared-data"]
    assert shared == {"docs/taipy-exec.1": "share/man/man1/taipy-exec.1"}
    assert "docs" in build["targets"]["sdist"]["include"]
    assert (Path(sysconfig.get_path("data")) / "share/man/man1/taipy-exec.1").exists()


@needs_groff
def test_roff_takes_the_page_without_a_warning_and_every_command_is_in_it() -> None:
    text = rendered()
    names = {command.name for command in app.registered_commands}
    for name in [*sorted(str(name) for name in names), "data show", "queue dead requeue"]:
        assert re.search(rf"^ +taipy-exec {re.escape(name)}( |$)", text, re.MULTILINE), name
    assert "--detached" not in text
    assert re.search(r"^ +70 +A bug in taipy-exec", text, re.MULTILINE)
    assert "--set 'b=[2" not in text
    assert "\\" not in text


@needs_groff
def test_examples_can_be_copied_from_the_page() -> None:
    examples = re.findall(r"^ +(taipy-exec submit .*)$", rendered(), re.MULTILINE)
    assert "taipy-exec submit app --scenario sales --set threshold=0.5 --name may" in examples
