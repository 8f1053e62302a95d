"""Where the logs of jobs lie, whatever their tasks are called."""

from pathlib import Path

import pytest

from taipy_exec.store.logs import log_path

UUID = "0" * 36


@pytest.mark.parametrize("length", [1, 200, 210, 211, 250, 255, 1000])
@pytest.mark.parametrize("letter", ["t", "本"])
def test_each_job_has_a_log_that_can_be_written(tmp_path: Path, letter: str, length: int) -> None:
    jobs = [f"JOB_{letter * length}_{UUID[:-1]}{number}" for number in range(2)]
    first, second = (log_path(tmp_path, "SUBMISSION_1", job) for job in jobs)
    assert first != second
    first.parent.mkdir(parents=True)
    first.write_text("said")
    assert first.name.startswith(f"JOB_{letter}")


def test_a_log_keeps_the_name_that_it_always_had(tmp_path: Path) -> None:
    job = f"JOB_{'t' * 210}_{UUID}"
    assert log_path(tmp_path, "S", job) == tmp_path / "logs" / "S" / f"{job}.log"
