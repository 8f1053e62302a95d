"""`python -m tools.taipy_tests FOLDER [PART ...]`: Taipy's own tests, with both dispatchers.

The dispatchers are Taipy's and taipy-exec's. FOLDER is the folder `tests` of Taipy's repository.
PART is a part of it to run. The folder is copied, so that nothing is written there and the tests
use the installed Taipy.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIST = ROOT / "docs" / "taipy.md"
# All tests of the core except storage types. They need only Taipy, freezegun and pytest-mock.
PARTS = tuple(
    f"core/{part}"
    for part in (
        "_orchestrator",
        "job",
        "submission",
        "notification",
        "scenario",
        "sequence",
        "task",
        "test_complex_application.py",
        "test_orchestrator.py",
        "_entity",
        "_manager",
        "_version",
        "common",
        "config",
        "cycle",
        "repository",
        "test_core.py",
        "test_core_cli.py",
        "test_taipy.py",
    )
)
_SECONDS_FOR_A_RUN = 3600

Outcomes = Mapping[str, str]


def run(tests: Path, parts: Sequence[str], dispatcher: str) -> Outcomes:
    """The outcome of each test: passed, failed or skipped. Raises SystemExit if no test ran."""
    with tempfile.TemporaryDirectory(prefix="taipy-tests-") as name:
        folder = Path(name)
        leave_out = shutil.ignore_patterns("__pycache__", ".taipy*", "user_data")
        shutil.copytree(tests, folder / "tests", ignore=leave_out)
        # Without this file, pytest would read settings of the folders above.
        (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        outcomes = folder / "outcomes.json"
        command = [sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider"]
        command += ["--continue-on-collection-errors", "-W", "ignore"]
        command += ["-p", "tools.taipy_tests_plugin", "--dispatcher", dispatcher]
        command += ["--outcomes", str(outcomes), "--state-dir", str(folder / "state")]
        subprocess.run(
            [*command, *(f"tests/{part}" for part in parts)],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            timeout=_SECONDS_FOR_A_RUN,
            check=False,
        )
        if not outcomes.exists():
            sys.exit(f"no test was run with the dispatcher {dispatcher!r}")
        found: Outcomes = json.loads(outcomes.read_text(encoding="utf-8"))
        return found


def differing(theirs: Outcomes, ours: Outcomes) -> list[str]:
    """The tests that pass with Taipy's dispatcher, but not with taipy-exec's."""
    return sorted(
        test
        for test, outcome in theirs.items()
        if outcome == "passed" and ours.get(test) != "passed"
    )


def is_listed(test: str, text: str) -> bool:
    """Whether the name of the test is in the list of `text`."""
    return f"`{test.rpartition('::')[2]}`" in text


def passed(outcomes: Outcomes) -> int:
    """The number of passed tests."""
    return sum(outcome == "passed" for outcome in outcomes.values())


def main(arguments: Sequence[str]) -> int:
    """Exit code 1 if a test passes only with Taipy's dispatcher and docs/taipy.md has no reason."""
    if not arguments or not (Path(arguments[0]) / "core" / "conftest.py").is_file():
        print(f"usage: {__doc__}", file=sys.stderr)
        return 2
    tests, parts = Path(arguments[0]), list(arguments[1:]) or PARTS
    theirs = run(tests, parts, "theirs")
    ours = run(tests, parts, "ours")
    text = LIST.read_text(encoding="utf-8")
    found = differing(theirs, ours)
    unlisted = [test for test in found if not is_listed(test, text)]
    print(f"\n{len(theirs)} tests of {tests}")
    print(f"passed with Taipy's dispatcher: {passed(theirs)}")
    print(f"passed with taipy-exec's:       {passed(ours)}")
    print(f"passed with Taipy's only:       {len(found)}, {len(unlisted)} of them without a reason")
    for test in found:
        print(
            f"  {test}: {'no reason is' if test in unlisted else 'the reason is'} in docs/taipy.md"
        )
    return 1 if unlisted else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
