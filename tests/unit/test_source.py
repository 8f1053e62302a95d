"""The digest of a task's function: what changes it, and what does not."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from command_support import wait_until

from taipy_exec.config.reference import FunctionRef
from taipy_exec.execution.source import Sources

Digest = Callable[..., str]

MODULE = """
import math
import helpers
import package.deep as deep
from helpers import twice
from package import inner
from library import thing

LIMIT = 3
OTHER = 4

def train(x):
    return twice(x) + LIMIT + helpers.one() + inner.f() + math.pi + deep.g() + thing(x)

def unrelated(x):
    return OTHER
"""
HELPERS = """
def twice(x):
    return again(x)
def again(x):
    return 2 * x
def one():
    return 1
def unused():
    return 0
"""


@pytest.fixture
def digest(tmp_path: Path) -> Digest:
    """The digest of `steps.train` in an application whose files are given."""
    (tmp_path / "package").mkdir()

    def of(name: str = "steps.train", **files: str) -> str:
        written = {"steps": MODULE, "helpers": HELPERS, **files}
        written.setdefault("package___init__", "")
        written.setdefault("package_inner", "def f():\n    return 5\n")
        written.setdefault("package_deep", "from . import inner\ndef g():\n    return inner.f()\n")
        for key, text in written.items():
            path = key.replace("package_", "package/", 1)
            (tmp_path / f"{path}.py").write_text(text)
        return Sources(tmp_path).digest(FunctionRef(name))

    return of


def test_the_same_source_has_the_same_digest(digest: Digest) -> None:
    assert digest() == digest()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return OTHER", "return OTHER + 1"),
        ("OTHER = 4", "OTHER = 5"),
        ("def train(x):", 'def train(x):\n    """Tell."""\n    # a comment'),
        ("\n\ndef unrelated", "\n\n\n\n# far away\ndef unrelated"),
    ],
)
def test_what_does_not_matter_changes_nothing(digest: Digest, old: str, new: str) -> None:
    assert digest(steps=MODULE.replace(old, new)) == digest()


@pytest.mark.parametrize(
    ("old", "new"), [("+ LIMIT", "- LIMIT"), ("LIMIT = 3", "LIMIT = 4"), ("math.pi", "math.e")]
)
def test_what_the_function_is_made_of_changes_it(digest: Digest, old: str, new: str) -> None:
    assert digest(steps=MODULE.replace(old, new)) != digest()


def test_functions_that_it_uses_count_and_others_do_not(digest: Digest) -> None:
    assert digest(helpers=HELPERS.replace("return 1", "return 9")) != digest()
    assert digest(helpers=HELPERS.replace("2 * x", "3 * x")) != digest()
    assert digest(helpers=HELPERS.replace("return 0", "return 9")) == digest()


def test_modules_of_packages_count(digest: Digest) -> None:
    changed = "def f():\n    return 6\n"
    assert digest(package_inner=changed) != digest(package_inner="def f():\n    return 5\n")
    assert digest("package.deep.g", package_inner=changed) != digest("package.deep.g")


def test_a_module_by_its_whole_name_counts(digest: Digest) -> None:
    steps = "import package.inner\ndef train(x):\n    return package.inner.f()\n"
    changed = "def f():\n    return 6\ndef g():\n    return 1\n"
    before = digest(steps=steps, package_inner="def f():\n    return 5\n")
    assert digest(steps=steps, package_inner=changed) != before
    other = changed.replace("return 1", "return 2")
    assert digest(steps=steps, package_inner=changed) == digest(steps=steps, package_inner=other)


def test_every_module_that_a_name_may_come_from_counts(digest: Digest) -> None:
    steps = (
        "try:\n    from fast import f\nexcept ImportError:\n    from slow import f\n"
        "def train(x):\n    return f(x)\n"
    )
    one, two = "def f(x):\n    return 1\n", "def f(x):\n    return 2\n"
    found = {digest(steps=steps, fast=a, slow=b) for a in (one, two) for b in (one, two)}
    assert len(found) == 4


def test_a_function_of_another_module_is_followed(digest: Digest) -> None:
    steps = "from helpers import twice as train\n"
    other = HELPERS.replace("2 * x", "3 * x")
    assert digest(steps=steps, helpers=other) != digest(steps=steps)


@pytest.mark.parametrize("change", ['TABLE["r"] = {}', "TABLE.update(r={})", "TABLE.r = {}"])
def test_what_changes_a_constant_counts(digest: Digest, change: str) -> None:
    steps = f"TABLE = dict()\n{change}\ndef train(x):\n    return TABLE\n"
    assert digest(steps=steps.replace("{}", "1")) != digest(steps=steps.replace("{}", "2"))


def test_what_a_process_runs_is_known_while_the_files_are_older(tmp_path: Path) -> None:
    path = tmp_path / "made_now.py"
    path.write_text("def f():\n    return 1\n")
    function = FunctionRef("made_now.f")
    # It may have been imported before it was changed.
    assert Sources(tmp_path).digest_of_loaded(function) is None
    probe = (
        "import sys; from pathlib import Path\n"
        "from taipy_exec.config.reference import FunctionRef\n"
        "from taipy_exec.execution.source import Sources\n"
        "print(Sources(Path(sys.argv[1])).digest_of_loaded(FunctionRef('made_now.f')))"
    )
    wait_until(lambda: time.time() - path.stat().st_ctime > 0.05)
    later = subprocess.run(
        [sys.executable, "-c", probe, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert later.stdout.strip() == Sources(tmp_path).digest(function)


def test_names_by_a_star_count(digest: Digest) -> None:
    star = "from helpers import *\ndef train(x):\n    return one()\n"
    other = HELPERS.replace("return 1", "return 9")
    assert digest(steps=star, helpers=other) != digest(steps=star)
    other = HELPERS.replace("2 * x", "3 * x")
    assert digest(steps=star, helpers=other) == digest(steps=star)


def test_a_module_that_is_used_as_a_whole_counts_as_a_whole(digest: Digest) -> None:
    whole = "import helpers\ndef train(x):\n    return dir(helpers)\n"
    other = HELPERS.replace("return 0", "return 9")
    assert digest(steps=whole, helpers=other) != digest(steps=whole)


def test_recursion_and_broken_modules_are_borne(digest: Digest) -> None:
    assert digest(steps="def train(x):\n    return train(x)\n")
    assert digest(steps="def train(:\n")
    assert digest("nowhere.at_all")


def test_functions_that_are_given_count_by_their_code(tmp_path: Path) -> None:
    def of(function: Callable[..., object]) -> str:
        return Sources(tmp_path).digest(FunctionRef.of(function))

    assert of(lambda x: x + 1) != of(lambda x: x + 2)
    assert of(sum) == of(sum)
    assert of(sum) != of(max)


PLUGGED = """
import plug
import table

def train(x):
    return table.R["p"](x)
"""
TABLE = "R = {}\ndef register(f):\n    R[f.__name__] = f\n    return f\n"


@pytest.mark.parametrize(
    ("name", "text", "old", "new"),
    [
        ("plug", "import table\n@table.register\ndef p(x):\n    return 1\n", "1", "2"),
        ("plug", "from table import register as r\n@r\ndef p(x):\n    return 1\n", "1", "2"),
        ("plug", "def _init():\n    global K\n    K = 1\n_init()\n", "K = 1", "K = 2"),
        ("plug", "import table\nsetattr(table, 'K', 1)\n", "1", "2"),
        ("plug", "import table\ntable.K = 1\n", "1", "2"),
        ("plug", "globals()['K'] = 1\n", "1", "2"),
        ("plug", "exec('K = 1')\n", "1", "2"),
        ("plug", "import table\nfor k in 'ab':\n    table.R[k] = 1\n", "1", "2"),
        ("plug", "import table\ntry:\n    table.K = 1\nfinally:\n    pass\n", "1", "2"),
        ("plug", "import random\nrandom.seed(1)\n", "1", "2"),
        ("plug", "from table import Base\nclass One(Base):\n    n = 1\n", "n = 1", "n = 2"),
        ("plug", "class M(type):\n    pass\nclass One(metaclass=M):\n    n = 1\n", "1", "2"),
        ("plug", "import further\n", "", ""),
        *(
            ("plug", f"from table import register\ndef f(): return 1\n{line}\n", "1", "2")
            for line in (
                "register(f)",
                "_ = register(f)",
                "alias: object = register(f)",
                "if True:\n    ok = register(f)",
                "assert register(f)",
                "[register(one) for one in (f,)]",
                "for one in (f,):\n    z = register(one)",
                "T = {'a': register(f)}",
                "with register(f):\n    pass",
            )
        ),
        ("plug", "import table\ndef f(): return 1\nx = table.register(f)\n", "1", "2"),
        ("plug", "import importlib\nm = importlib.import_module('further')\n", "", ""),
        ("plug", "def _set(k):\n    table.K = k\nx = _set(1)\n", "1", "2"),
    ],
)
def test_what_a_module_does_when_it_is_imported_counts(
    digest: Digest, name: str, text: str, old: str, new: str
) -> None:
    further = "import table\ntable.K = 1\n"
    base = TABLE + "class Base:\n    def __init_subclass__(cls):\n        R[cls.__name__] = cls\n"
    files = {"steps": PLUGGED, "table": base, "further": further}
    before = digest(**files, plug=text)
    if old:
        assert digest(**files, plug=text.replace(old, new)) != before
    else:
        assert digest(**{**files, "further": "import table\ntable.K = 2\n"}, plug=text) != before


@pytest.mark.parametrize(
    "text",
    [
        "def other():\n    return 1\n",
        "K = 1\n",
        "import functools\n@functools.cache\ndef other():\n    return 1\n",
        "class Other(dict):\n    n = 1\n",
        "class Base:\n    pass\nclass Other(Base):\n    n = 1\n",
        "T = {}\nT.update(a=1)\n",
        "if __name__ == '__main__':\n    print(1)\n",
        "import logging\nlogging.basicConfig(level=1)\n",
        "print(1)\n",
    ],
)
def test_what_a_module_only_defines_counts_for_who_uses_it(digest: Digest, text: str) -> None:
    files = {"steps": PLUGGED, "table": TABLE}
    assert digest(**files, plug=text) == digest(**files, plug=text.replace("1", "2"))


def test_a_module_with_effects_is_imported_by_a_package(digest: Digest) -> None:
    files = {"steps": PLUGGED, "table": TABLE, "plug": "import package.inner\n"}
    before = digest(**files, package___init__="import table\ntable.K = 1\n")
    assert before != digest(**files, package___init__="import table\ntable.K = 2\n")
