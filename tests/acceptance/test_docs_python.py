"""The Python of the pages runs, and prints what its comments say; TOML and Python can be read."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest
from command_support import Application
from docs_support import PAGES, ROOT, fenced

PATHS = sorted(str(path.relative_to(ROOT)) for pattern in PAGES for path in ROOT.glob(pattern))
PRINTED = re.compile(r"^\s*print\(.*\)  # (.+)$", re.MULTILINE)


@pytest.mark.parametrize("page", PATHS)
def test_every_block_of_python_and_toml_can_be_read(page: str) -> None:
    for text in fenced(page, "python"):
        ast.parse(text)
    for text in fenced(page, "toml"):
        tomllib.loads(text)


def run(app: Application, script: str) -> str:
    """What a script prints; AssertionError if it fails."""
    (app.folder / "script.py").write_text(script, encoding="utf-8")
    result = app.end(app.start("script.py", command=[sys.executable]), 120)
    assert result.code == 0, result.err
    return result.out


def expected(script: str) -> list[str]:
    """The patterns of the comments behind `print(...)`; `...` stands for any text."""
    return [re.escape(text).replace(r"\.\.\.", ".*") for text in PRINTED.findall(script)]


def test_the_example_of_the_readme_prints_its_sum(app: Application) -> None:
    script = next(text for text in fenced("README.md", "python") if "import taipy_exec" in text)
    assert run(app, script) == "6\n"


def test_the_page_about_python_is_one_script_that_runs(app: Application) -> None:
    """Its blocks follow each other in one process; a sentence of the page names the comparator."""
    script = "".join(fenced("docs/python.md", "python")).replace("orchestrator.stop()\n", "")
    comparator = 'sequences={"first": [scaling]}, comparators={"best": difference}'
    script = script.replace('sequences={"first": [scaling]}', comparator)
    assert comparator in script
    start = "from datetime import datetime\n\ndef difference(one, two):\n    return two - one\n\n"
    printed = run(app, start + script)
    assert len(expected(script)) > 4
    for pattern in expected(script):
        assert re.search(pattern, printed), f"{pattern} is not in\n{printed}"


def test_blocks_of_other_pages_are_found() -> None:
    assert {"README.md", "docs/python.md", "docs/operations.md"} <= set(PATHS)
    assert Path(ROOT / "docs" / "config.md").exists()
