"""Programs that configure elsewhere than in the lines that a worker imports."""

from __future__ import annotations

import sys

import pytest
from command_support import wait_until
from taipy_support import TAIPY, Program, end_workers

IN_MAIN = """\
import taipy as tp
from taipy import Config

def work(number):
    return number + 1

if __name__ == "__main__":
    n, o = Config.configure_data_node("n", default_data=1), Config.configure_data_node("o")
    cfg = Config.configure_scenario("s", [Config.configure_task("work", work, n, o)])
    tp.Orchestrator().run()
    scenario = tp.create_scenario(cfg)
    submission = scenario.submit(wait=True, timeout=60)
    print("ended", submission.submission_status.name, scenario.o.read())
"""
# As the template `default` of `taipy create`: it has a configuration by the environment only.
BY_ENVIRONMENT = """\
import taipy as tp

if __name__ == "__main__":
    tp.Orchestrator().run()
    scenario = tp.create_scenario(tp.Config.scenarios["s"])
    submission = scenario.submit(wait=True, timeout=60)
    print("ended", submission.submission_status.name, submission.jobs[0].status.name)
"""
TASKS = ["a", "b", "c", "d", "e"]
TOML = (
    "".join(
        f'[DATA_NODE.of_{name}]\n[TASK.{name}]\nfunction = "flow.work:function"\n'
        f'outputs = ["of_{name}:SECTION"]\n'
        for name in TASKS
    )
    + f"[SCENARIO.s]\ntasks = {[f'{name}:SECTION' for name in TASKS]}\n"
)
DIGEST = """\
from taipy_exec.config.application_path import find_application
from taipy_exec.taipy_plugin.application import read_program

print("digest", read_program(find_application("main.py")).config.digest)
"""


@pytest.mark.long
def test_a_worker_takes_what_the_program_stored_of_its_main_part(
    program: Program, broker_url: str
) -> None:
    program.write(IN_MAIN)
    env = {"TAIPY_EXEC_BROKER_URL": broker_url}
    running = program.start("run", "--mode", "cluster", "main.py", env=env)
    wait_until(lambda: program.exists(".taipy/version.json"), 60, "its configuration")
    worker = program.worker(broker_url)
    result = program.end(running, 120)
    assert "ended COMPLETED 2" in result.out, result
    (left,) = end_workers(program, [worker])
    assert left.code == 0, left.err
    assert f"the program stored in {program.folder / '.taipy' / 'version'}" in left.err


def test_a_stored_function_that_is_not_found_is_told(program: Program) -> None:
    lines = IN_MAIN.splitlines(keepends=True)
    function = "".join(f"    {line}" for line in lines[3:5])
    program.write("".join([*lines[:3], lines[6], function, *lines[7:]]))
    assert "ended FAILED" in program.go("--mode", "standalone", "main.py").out
    process = program.start("run-worker", "--application-path", ".", command=TAIPY)
    result = program.end(process, 60)
    assert result.code == 3
    assert "its stored configuration cannot be read" in result.err
    assert "__main__.work" in result.err
    assert "define the functions of tasks at the top level of a module" in result.err


def test_the_mode_that_is_given_counts_in_a_program_that_configures_nothing(
    program: Program,
) -> None:
    program.write(BY_ENVIRONMENT)
    (program.folder / "jobs.toml").write_text(TOML)
    env = {"TAIPY_CONFIG_PATH": "jobs.toml"}
    result = program.go("--mode", "standalone", "main.py", env=env)
    assert "ended COMPLETED COMPLETED" in result.out, result
    assert program.status(program.only_submission()).json["submission"]["mode"] == "standalone"


@pytest.mark.long
@pytest.mark.parametrize("stored", [False, True])
def test_a_scenario_of_a_toml_file_is_the_same_in_each_process(
    program: Program, stored: bool
) -> None:
    # Taipy keeps its tasks as a set.
    program.write(BY_ENVIRONMENT)
    (program.folder / "jobs.toml").write_text(TOML)
    env = {"TAIPY_CONFIG_PATH": "jobs.toml"}
    if stored:
        assert program.go("--mode", "standalone", "main.py", env=env).code == 0
        env = {}
    digests = set()
    for seed in "1234":
        process = program.start(
            command=[sys.executable, "-c", DIGEST],
            env={**env, "PYTHONHASHSEED": seed, "PYTHONPATH": str(program.folder)},
        )
        result = program.end(process, 60)
        assert result.code == 0, result.err
        digests.add(result.out.splitlines()[-1])
    assert len(digests) == 1 and digests.pop().startswith("digest ")
