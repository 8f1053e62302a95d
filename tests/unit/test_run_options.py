"""How a task says that its jobs are run: retries, limits, pools, environment."""

import pytest

from taipy_exec.config.checker import check
from taipy_exec.config.compile import Compiled, compile_layers
from taipy_exec.config.layers import layer_from_toml
from taipy_exec.config.run_options import RunOptions, run_options, size_text
from taipy_exec.config.secrets import masked
from taipy_exec.config.toml_file import read_toml

APPLICATION = """
[JOB]
{job}
[TASK.train]
function = "builtins.print:function"
{task}
{more}
"""


def compiled(tmp_path, job="", task="", more="") -> Compiled:
    path = tmp_path / "config.toml"
    path.write_text(APPLICATION.format(job=job, task=task, more=more))
    return compile_layers(
        [layer_from_toml(read_toml(path))], root=tmp_path, state_dir=tmp_path / "state"
    )


def errors(found: Compiled) -> list[str]:
    problems = check(found, modes={"development": None}, storage_types=["pickle"], imports=False)
    return [str(problem) for problem in problems if problem.level.value == "ERROR"]


def test_every_option_is_read_from_the_task(tmp_path):
    found = compiled(
        tmp_path,
        job="[JOB.pools]\ngpu = 1",
        task='retries = 2\nretry_delay = 0.5\nretry_on = ["OSError", "timed_out"]\ntimeout = 3\n'
        'hard_timeout = 10.5\npriority = -1\npool = "gpu"\nmax_memory = "1.5 GiB"\n'
        'environment = {OMP_NUM_THREADS = "1"}',
    )

    assert errors(found) == []
    assert found.config.tasks["train"].run_options == RunOptions(
        retries=2,
        retry_delay=0.5,
        retry_on=("OSError", "timed_out"),
        timeout=3.0,
        hard_timeout=10.5,
        priority=-1,
        pool="gpu",
        max_memory=3 * 2**29,
        environment={"OMP_NUM_THREADS": "1"},
    )


def test_without_any_option_a_job_has_no_limit_and_one_attempt():
    assert run_options({}) == RunOptions()
    assert RunOptions().seconds_to_kill(5.0) is None


def test_what_all_tasks_have_stands_in_the_default_task(tmp_path):
    found = compiled(
        tmp_path, task="timeout = 9", more="[TASK.default]\nretries = 4\ntimeout = 1\n"
    )

    options = found.config.tasks["train"].run_options

    assert (options.retries, options.timeout) == (4, 9.0)


def test_the_processes_are_killed_a_grace_after_the_timeout_unless_told_otherwise():
    assert run_options({"timeout": 10}).seconds_to_kill(5.0) == 15.0
    assert run_options({"timeout": 10, "hard_timeout": 10}).seconds_to_kill(5.0) == 10.0
    assert run_options({"hard_timeout": 2}).seconds_to_kill(5.0) == 2.0


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (5_000_000, 5_000_000),
        ("2GB", 2_000_000_000),
        ("2 gib", 2**31),
        ("1048576", 2**20),
        ("1.5MB", 1_500_000),
    ],
)
def test_memory_is_a_number_of_bytes_or_a_text_with_a_unit(text, size):
    assert run_options({"max_memory": text}).max_memory == size


@pytest.mark.parametrize("text", ["200 MB", "512 MiB", "2 GiB", "3 TB", "1048577 bytes"])
def test_a_size_is_told_as_it_was_written(text):
    size = run_options({"max_memory": text.removesuffix(" bytes")}).max_memory

    assert size is not None
    assert size_text(size) == text


@pytest.mark.parametrize(
    "wrong",
    [
        "retries = -1",
        "retries = 1.5",
        "retries = true",
        'retry_delay = "soon"',
        "retry_delay = inf",
        "retry_delay = nan",
        "retry_on = [1]",
        "timeout = 0",
        "timeout = -3",
        'timeout = "3 s"',
        "hard_timeout = 0",
        "timeout = 5\nhard_timeout = 4",
        'priority = "high"',
        'pool = "gpu"',
        "max_memory = 0",
        "max_memory = -5",
        'max_memory = "lots"',
        'max_memory = "2 XB"',
        "environment = 3",
        "environment = {A = [1]}",
        'environment = {"A=B" = "1"}',
    ],
)
def test_a_wrong_option_is_one_error_that_names_the_key(tmp_path, wrong):
    found = errors(compiled(tmp_path, task=wrong))

    assert len(found) == 1
    assert wrong.rpartition("\n")[2].partition(" =")[0] in found[0]


def test_a_wrong_option_of_the_default_task_is_told_once(tmp_path):
    found = compiled(tmp_path, more="[TASK.default]\nretries = -4\n[TASK.other]\n")

    assert sum("retries" in error for error in errors(found)) == 1


def test_an_unknown_pool_is_told_with_what_to_write(tmp_path):
    (error,) = errors(compiled(tmp_path, job="[JOB.pools]\ngpu = 1", task='pool = "gpus"'))

    assert "there is no pool 'gpus' (did you mean 'gpu'?)" in error


def test_a_misspelt_option_is_warned_of(tmp_path):
    found = compiled(tmp_path, task="retires = 3\nretries = 2\nowner = 'me'")

    (warning,) = found.problems

    assert "unknown key 'retires' is kept as a property (did you mean 'retries'?)" in str(warning)


def test_an_option_of_tasks_in_the_job_section_is_told_where_it_belongs(tmp_path):
    (warning,) = compiled(tmp_path, job="retries = 3").problems

    assert "'retries' is kept as a property: it is for tasks, and for all of them" in str(warning)


@pytest.mark.parametrize("limit", ["0", "-1", '"two"', "1.5"])
def test_the_limit_of_a_pool_is_a_whole_number_of_one_or_more(tmp_path, limit):
    (error,) = errors(compiled(tmp_path, job=f"[JOB.pools]\ngpu = {limit}"))

    assert "the limit of pool 'gpu' must be a whole number of 1 or more" in error


def test_an_unknown_schedule_is_refused(tmp_path):
    (error,) = errors(compiled(tmp_path, job='schedule = "random"'))

    assert "must be critical-path or fifo" in error


def test_the_environment_is_masked_wherever_it_is_shown(tmp_path):
    found = compiled(
        tmp_path, job='[JOB.environment]\nTOKEN = "s3cr3t"', task='environment = {A = "hunter2"}'
    )

    assert "s3cr3t" not in repr(found.config)
    assert "hunter2" not in repr(found.config)
    assert masked({"environment": {"A": "hunter2"}}) == {"environment": {"A": "***"}}


def test_a_wrong_environment_does_not_show_its_values(tmp_path):
    found = errors(compiled(tmp_path, task='environment = {A = ["hunter2"]}'))

    assert "hunter2" not in found[0]
