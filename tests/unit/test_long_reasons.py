"""Reasons of any length: tables stay tables, and say where the whole is."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from taipy_exec.cli.render import jobs_table
from taipy_exec.model.job import Failure, JobRecord
from taipy_exec.model.status import Reason, Status
from taipy_exec.views.words import LONGEST_REASON, shortened

NAMES = ", ".join(f"'column_{number:05}'" for number in range(600))
TEXTS = {
    "words": NAMES,
    "no space": "x" * 10_000,
    "wide": "日本語 " * 2500,
    "brackets": "[bold]" * 1700,
}


def job(number: int, message: str) -> JobRecord:
    failure = Failure(kind=Reason.RAISED, type="KeyError", message=message)
    return JobRecord(
        id=f"JOB_t{number}_0123456789",
        task=f"t{number}",
        submission="S",
        position=number,
        status=Status.FAILED,
        failure=failure,
    )


def printed(jobs: list[JobRecord], width: int) -> list[str]:
    file = io.StringIO()
    Console(file=file, width=width, markup=False).print(jobs_table(jobs, where=" -a app"))
    return file.getvalue().splitlines()


@pytest.mark.parametrize("width", [40, 60, 80, 120, 250])
@pytest.mark.parametrize("kind", TEXTS)
def test_a_long_reason_takes_three_lines_and_names_the_log(kind: str, width: int) -> None:
    lines = printed([job(1, TEXTS[kind]), job(2, "short")], width)
    rows = [line for line in lines[2:] if "shows what" not in line]
    first = next(number for number, line in enumerate(rows) if line.startswith("t2"))
    assert first == 3
    assert rows[2].rstrip().endswith("[...]")
    told = " ".join("".join(lines).split())
    assert "taipy-exec logs JOB_t1_01234567 -a app" in told


def test_more_than_one_is_told_in_one_line() -> None:
    lines = printed([job(number, NAMES) for number in range(5)], 120)
    assert len(lines) == 2 + 5 * 3 + 1
    assert lines[-1] == (
        "taipy-exec logs JOB_t0_01234567 -a app shows the whole reason (the same for 4 more)"
    )


def test_nothing_is_told_where_nothing_is_cut() -> None:
    lines = printed([job(1, "short"), job(2, "x" * 100)], 80)
    assert not any("[...]" in line for line in lines)


def test_a_text_is_shortened_with_a_mark() -> None:
    assert shortened("x" * LONGEST_REASON) == "x" * LONGEST_REASON
    assert shortened("x" * 10_000) == "x" * LONGEST_REASON + " [...]"
