"""The functions of the suite "a job is ordinary Python", and how each of them is run.

Each module of the folder `ordinary_python` is a group; each public function of it is a case. The
docstring says what a job does there, and in which mode something else than plain Python comes out.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "ordinary_python"
GROUPS = (
    "forks",
    "threads",
    "streams",
    "logs",
    "errors",
    "surroundings",
    "definitions",
    "values",
    "layouts",
)

# Groups whose jobs' logs hold what a script prints.
PRINTING = ("streams", "logs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One function; `differences` says by mode what is not as in plain Python."""

    group: str
    name: str
    title: str
    differences: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a case: the repr of its value or the type of its error, and what it printed."""

    value: str | None
    error: str | None
    printed: tuple[str, ...]


def source(group: str) -> str:
    """The text of a group."""
    return (FOLDER / f"{group}.py").read_text("utf-8")


def title_of(group: str) -> str:
    """What a group is about."""
    return (ast.get_docstring(ast.parse(source(group))) or "").rstrip(".")


def cases() -> list[Case]:
    """All cases, in the order of the files."""
    return [case for group in GROUPS for case in _cases_of(group)]


def _cases_of(group: str) -> list[Case]:
    found = []
    for node in ast.parse(source(group)).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name[0] != "_":
            title, *rest = (ast.get_docstring(node) or "").splitlines()
            differences = dict(line.split(": ", 1) for line in rest if line)
            found.append(Case(group=group, name=node.name, title=title, differences=differences))
    return found


def plain_outcomes(folder: Path) -> dict[str, Outcome]:
    """What each case gives in a plain Python process of its own."""
    with ThreadPoolExecutor(2) as pool:
        return dict(pool.map(lambda case: (case.name, _plain(case, folder)), cases()))


def _plain(case: Case, folder: Path) -> Outcome:
    done = subprocess.run(
        [sys.executable, "plain.py", case.group, case.name],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="backslashreplace",
        check=False,
        timeout=60,
    )
    raised = folder / "out" / f"{case.name}.raised"
    value = folder / "out" / case.name
    error = raised.read_text("utf-8") if raised.exists() else None
    compared = error is None and case.group in PRINTING
    return Outcome(
        value=value.read_text("utf-8") if value.exists() else None,
        error=error,
        printed=tuple(sorted(done.stdout.splitlines())) if compared else (),
    )
