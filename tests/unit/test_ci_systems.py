"""What is written for GitHub Actions and GitLab CI, without running anything."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from runner_support import commands_in

from taipy_exec.cli import ci, ci_system
from taipy_exec.cli.ci_system import CiSystem
from taipy_exec.model.job import Failure, JobRecord, SubmissionRecord
from taipy_exec.model.status import Status
from taipy_exec.views.step_summary import write_summary

NASTY = st.lists(
    st.sampled_from(
        ["::", ":", "##[", "#", "[", "]", "error", "set-output name=a", " ", "\n", "\r", "\t", "%",
         "%0A", "stop-commands", "\u2060", "\u00a0", "x", ","]
    ),
    max_size=12,
).map("".join)  # fmt: skip


class Written:
    """Streams that keep what is written as it is."""

    def __init__(self, system: CiSystem | None = CiSystem.GITHUB) -> None:
        self.ci = system
        self.file = io.StringIO()

    def raw(self, text: str) -> None:
        self.file.write(text)

    @property
    def text(self) -> str:
        return self.file.getvalue()


def failed(message: str = "no", trace: str | None = None, task: str = "t") -> JobRecord:
    return JobRecord(
        id="JOB_t_1b2c3d4e-0000", task=task, submission="SUBMISSION_1", position=0,
        status=Status.FAILED,
        failure=Failure(kind="raised", type="ValueError", message=message, traceback=trace),
    )  # fmt: skip


def record(**counts: int) -> SubmissionRecord:
    return SubmissionRecord(
        id="SUBMISSION_1b2c3d4e-0000", scenario="s", instance="i", name="s", finished_at=3.0,
        created_at=1.0, counts={Status[name]: number for name, number in counts.items()},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("environ", "system"),
    [
        ({}, None),
        ({"CI": "true"}, None),
        ({"GITHUB_ACTIONS": "true"}, CiSystem.GITHUB),
        ({"GITHUB_ACTIONS": ""}, None),
        ({"GITHUB_ACTIONS": "false", "GITLAB_CI": "true"}, CiSystem.GITLAB),
    ],
)
def test_a_ci_system_is_known_by_what_it_says_of_itself(
    environ: dict[str, str], system: CiSystem | None
) -> None:
    assert ci_system.ci_system(environ) is system


@given(NASTY)
def test_no_text_for_people_holds_a_workflow_command(text: str) -> None:
    lines = [line for part in ci_system.harmless(text).split("\n") for line in part.splitlines()]
    # Of a carriage return nothing gets that far: what jobs print goes through `readable`.
    if "\r" not in text:
        assert commands_in("\n".join(lines)) == []


@given(NASTY)
def test_json_stays_the_same_and_holds_no_workflow_command(text: str) -> None:
    dumped = json.dumps({"message": text}, indent=1, ensure_ascii=False)
    harmless = ci_system.harmless_json(dumped)
    assert json.loads(harmless) == {"message": text}
    assert commands_in(harmless) == []


@given(NASTY, NASTY)
def test_an_annotation_is_one_command_whatever_failed_how(message: str, task: str) -> None:
    written = Written()
    ci.annotate(written, failed(task=task), message, None)  # type: ignore[arg-type]
    assert commands_in(written.text) == ["error"]
    assert written.text.count("\n") == 1


@given(NASTY)
def test_a_group_is_one_command_whatever_its_title(title: str) -> None:
    written = Written()
    with ci.group(written, title):  # type: ignore[arg-type]
        pass
    assert commands_in(written.text) == ["group", "endgroup"]


@given(NASTY)
def test_jobs_cannot_start_commands_again(printed: str) -> None:
    written = Written()
    with ci.commands_stopped(written):  # type: ignore[arg-type]
        written.raw(f"{printed}\n::error::no\n::stop-commands::x\n##[set-output name=a]b\n::x::\n")
        written.raw(printed)
    ci.annotate(written, failed(), "no", None)  # type: ignore[arg-type]
    assert commands_in(written.text) == ["error"]


def test_the_token_is_another_one_each_time() -> None:
    written = Written()
    for _ in range(2):
        with ci.commands_stopped(written):  # type: ignore[arg-type]
            pass
    assert len(set(re.findall(r"stop-commands::(\w{32})", written.text))) == 2


@pytest.mark.parametrize("system", [None, CiSystem.GITLAB])
def test_elsewhere_nothing_is_stopped(system: CiSystem | None) -> None:
    written = Written(system)
    with ci.commands_stopped(written):  # type: ignore[arg-type]
        pass
    assert written.text == ""


def test_nothing_is_folded_where_there_is_no_ci_system() -> None:
    written = Written(None)
    with ci.group(written, "title"):  # type: ignore[arg-type]
        pass
    assert written.text == ""


def test_a_section_of_gitlab_is_opened_and_closed_by_the_same_name() -> None:
    written = Written(CiSystem.GITLAB)
    with ci.group(written, "two\nlines"):  # type: ignore[arg-type]
        written.raw("inside\n")
    found = re.fullmatch(
        r"\x1b\[0Ksection_start:\d+:([\w.-]+)\[collapsed=true\]\r\x1b\[0Ktwo\\nlines\ninside\n"
        r"\x1b\[0Ksection_end:\d+:([\w.-]+)\r\x1b\[0K\n",
        written.text,
    )
    assert found
    assert found[1] == found[2]


def test_an_annotation_stands_at_the_last_line_of_the_users_own_code(tmp_path: Path) -> None:
    trace = (
        "Traceback (most recent call last):\n"
        f'  File "{tmp_path}/my app,1/jobs.py", line 12, in f\n    g()\n'
        f'  File "{tmp_path}/.venv/lib/site-packages/x.py", line 3, in g\n    h()\n'
        '  File "/usr/lib/python3/json.py", line 4, in h\n    raise ValueError\nValueError: no'
    )
    written = Written()
    ci.annotate(written, failed(trace=trace), "no", str(tmp_path))  # type: ignore[arg-type]
    assert written.text == "::error file=my app%2C1/jobs.py,line=12,title=task t failed::no\n"


def test_a_summary_is_a_table_whatever_the_reasons_hold(tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    file.write_text("before\n")
    jobs = [failed("a | b\nsecond <img> @all `x` [l](u)", task="my_task")]
    write_summary(file, record(FAILED=1), jobs, " -a 'my app'")
    text = file.read_text()
    assert text.startswith("before\n### s: FAILED\n")
    (row,) = [line for line in text.splitlines() if "FAILED |" in line]
    assert len(re.findall(r"(?<!\\)\|", row)) == 6
    assert row.startswith(r"| my\_task | ✗ FAILED |")
    assert not re.search(r"(?<!\\)[<>`\[]|@", row)
    assert "```sh\ntaipy-exec retry SUBMISSION_1b2c3d4e -a 'my app'\n```" in text


def test_a_summary_of_very_many_jobs_stays_small(tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    jobs = [failed("x" * 100_000, task=f"t{n}") for n in range(5000)]
    write_summary(file, record(FAILED=5000), jobs, "")
    assert file.stat().st_size < 200_000
    assert "4900 more jobs are not shown." in file.read_text()


def test_a_summary_of_jobs_that_are_done_offers_no_retry(tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    done: Any = failed()
    done.status, done.failure = Status.COMPLETED, None
    write_summary(file, record(COMPLETED=1), [done], "")
    assert "retry" not in file.read_text()
    assert "1 job (1 completed) in 2.0s" in file.read_text()
