"""What a worker finds when it compares its code with the submitter's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from taipy_exec.config.application import AppConfig, JobConfig, TaskConfig
from taipy_exec.config.reference import FunctionRef
from taipy_exec.execution import own_code
from taipy_exec.execution.own_code import OwnCode
from taipy_exec.protocol.messages import Order
from taipy_exec.worker.code_check import CodeCheck

UUID = "0a1b2c3d-0000-4000-8000-00000000000f"
FILES = {"steps.py": "import helpers\n", "helpers.py": "def f(): ...\n"}


@pytest.fixture(autouse=True)
def _looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_code, "_LOOK_SECONDS", 0.0)
    monkeypatch.setattr(own_code, "_LOOK_FACTOR", 0)


class Two:
    """A submitter and a worker, each with a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.submitter, self.worker = folder / "submitter", folder / "worker"
        self.renewed = 0
        self.told: list[str] = []
        for place in (self.submitter, self.worker):
            place.mkdir()
            for name, text in FILES.items():
                (place / name).write_text(text)

    def app(self, folder: Path, check_code: str = "refuse") -> AppConfig:
        task = TaskConfig(id="t", function_ref=FunctionRef("steps.run"))
        return AppConfig(
            root=folder,
            state_dir=folder,
            tasks={"t": task},
            digest="ab",
            job=JobConfig(check_code=check_code),
        )

    def order(self, check_code: str = "refuse") -> Order:
        code = OwnCode(self.app(self.submitter, check_code)).of("t")
        return Order(
            job=f"JOB_t_{UUID}",
            task="t",
            attempt=1,
            submission=f"SUBMISSION_{UUID}",
            instance=f"SCENARIO_s_{UUID}",
            cycle="",
            digest="ab",
            epoch="",
            at=0.0,
            code=code.digest,
            files=code.listing,
        )

    def check(self, check_code: str = "refuse") -> CodeCheck:
        return CodeCheck(
            [self.app(self.worker, check_code)], "host:7", self.renew, self.told.append
        )

    def renew(self) -> None:
        self.renewed += 1


@pytest.fixture
def two(tmp_path: Path) -> Two:
    return Two(tmp_path)


def test_the_same_code_is_no_difference(two: Two) -> None:
    check = two.check()
    assert check.difference(two.order()) == ""
    assert (two.renewed, two.told) == (0, [])


def test_a_difference_is_one_sentence_with_both_digests_and_what_to_do(two: Two) -> None:
    (two.worker / "helpers.py").write_text("def f(): return 1\n")
    order = two.order()
    mine = OwnCode(two.app(two.worker)).of("t").digest
    check = two.check()
    assert check.difference(order) == (
        f"worker host:7 has different code for task 't' ({mine}) than the submitter "
        f"({order.code}): helpers.py differs; deploy the same code to the workers, or set [JOB] "
        'check_code = "warn" there'
    )
    assert check.refuses(order)
    assert two.told == []


@pytest.mark.parametrize(
    ("at_the_worker", "at_the_submitter", "words"),
    [
        (
            {"steps.py": "import helpers # x\n", "helpers.py": ""},
            {},
            "helpers.py and steps.py differ",
        ),
        ({"helpers.py": None}, {}, "helpers.py is missing on the worker"),
        ({}, {"helpers.py": None}, "helpers.py is only on the worker"),
        (
            {"steps.py": "import extra\n", "extra.py": ""},
            {},
            "steps.py differs, helpers.py is missing on the worker, extra.py is only on the worker",
        ),
        (
            {},
            {"steps.py": "import a, b, c, d, e, f, g", **{f"{name}.py": "" for name in "abcdefg"}},
            "steps.py differs, a.py, b.py, c.py, d.py, e.py and 2 more are missing on the worker, "
            "helpers.py is only on the worker",
        ),
    ],
)
def test_files_that_differ_are_named(
    two: Two, at_the_worker: dict[str, Any], at_the_submitter: dict[str, Any], words: str
) -> None:
    for folder, files in ((two.worker, at_the_worker), (two.submitter, at_the_submitter)):
        for name, text in files.items():
            if text is None:
                (folder / name).unlink()
            else:
                (folder / name).write_text(text)
    assert f"): {words}; deploy" in two.check().difference(two.order())


def test_where_there_are_too_many_files_to_name_their_number_is_said(two: Two) -> None:
    names = [f"module_with_a_long_name_{number}" for number in range(100)]
    for folder in (two.worker, two.submitter):
        (folder / "steps.py").write_text(f"import {', '.join(names)}\n")
        for name in names:
            (folder / f"{name}.py").write_text("")
    assert two.check().difference(two.order()) == ""
    (two.worker / f"{names[0]}.py").write_text("1")
    assert "one or more of its 101 files differ; deploy" in two.check().difference(two.order())


def test_an_order_that_says_nothing_of_code_is_served(two: Two) -> None:
    (two.worker / "helpers.py").write_text("")
    assert two.check().difference(msgspec.structs.replace(two.order(), code="", files="")) == ""


def test_what_has_no_source_on_one_side_is_not_compared(two: Two) -> None:
    for folder in (two.worker, two.submitter):
        (folder / "helpers.py").rename(folder / "helpers.pyc")
        assert two.check().difference(two.order()) == ""
        (folder / "helpers.pyc").rename(folder / "helpers.py")
    (two.submitter / "helpers.py").unlink()
    (two.worker / "helpers.py").rename(two.worker / "helpers.abi3.so")
    assert two.check().difference(two.order()) == ""


def test_what_is_installed_at_the_worker_is_not_compared(two: Two) -> None:
    for folder in (two.worker, two.submitter):
        (folder / "steps.py").write_text("import pytest\n")
    (two.submitter / "pytest").mkdir()
    (two.submitter / "pytest" / "__init__.py").write_text("")
    assert two.check().difference(two.order()) == ""


def test_to_warn_says_it_and_refuses_nothing(two: Two) -> None:
    (two.worker / "helpers.py").write_text("")
    check, order = two.check("warn"), two.order()
    said = check.difference(order)
    assert said.endswith("helpers.py differs")
    assert two.told == [said]
    assert not check.refuses(order)


def test_off_on_either_side_compares_nothing(two: Two) -> None:
    (two.worker / "helpers.py").write_text("")
    check = two.check("off")
    assert (check.difference(two.order()), check._known) == ("", {"ab": {}})
    assert two.check().difference(two.order("off")) == ""


def test_files_that_change_while_a_worker_runs_renew_its_processes_once(two: Two) -> None:
    check = two.check()
    for folder in (two.worker, two.submitter):
        (folder / "helpers.py").write_text("def f(): return 1\n")
    assert check.difference(two.order()) == ""
    assert two.renewed == 1
    assert check.difference(two.order()) == ""
    assert two.renewed == 1


def test_an_order_of_a_configuration_that_is_not_served_is_not_looked_at(two: Two) -> None:
    check = two.check()
    (two.worker / "helpers.py").write_text("")
    order = msgspec.structs.replace(two.order(), digest="cd")
    assert (check.difference(order), check.refuses(order)) == ("", False)


def test_each_configuration_that_is_served_has_its_own_setting(two: Two) -> None:
    (two.worker / "helpers.py").write_text("")
    program = two.app(two.worker, "off")
    file = replace(two.app(two.worker), digest="cd")
    check = CodeCheck([program, file], "host:7", two.renew, two.told.append)
    assert check.difference(two.order()) == ""
    order = msgspec.structs.replace(two.order(), digest="cd")
    assert check.refuses(order)
    assert check.difference(order)
