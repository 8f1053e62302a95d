"""Programs that cannot work as they are: one sentence that says what to change."""

from __future__ import annotations

from pathlib import Path

import pytest
from taipy_support import TAIPY, Program

CONFIGURE = """
Config.configure_job_executions(mode="standalone")
n, o = Config.configure_data_node("n", default_data=1), Config.configure_data_node("o")
cfg = Config.configure_scenario("s", [Config.configure_task("work", work, n, o)])
"""
RUN = """
tp.Orchestrator().run()
scenario = tp.create_scenario(cfg)
submission = scenario.submit(wait=True, timeout=60)
print("ended", submission.submission_status.name, scenario.o.read())
"""
HEAD = """
import taipy as tp
from taipy import Config

def work(number):
    return number + 1
"""


def indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.strip().splitlines())


def run_worker(program: Program) -> tuple[int, str]:
    process = program.start("run-worker", "--application-path", ".", command=TAIPY)
    result = program.end(process, 60)
    return result.code, result.err


def test_a_lambda_is_no_function_for_another_process(program: Program) -> None:
    program.write(HEAD + CONFIGURE.replace("work, n, o", "lambda x: x, n, o") + RUN)
    result = program.go("main.py")
    assert result.code == 1
    assert "the function of task `work` is a lambda" in result.out + result.err
    assert "define it with def at the top level of a module" in result.out + result.err
    assert "ended" not in result.out


def test_nor_is_a_function_inside_another(program: Program) -> None:
    program.write(
        HEAD
        + "def make():\n    def inner(x):\n        return x\n    return inner\n"
        + CONFIGURE.replace("work, n, o", "make(), n, o")
        + RUN
    )
    result = program.go("main.py")
    assert result.code == 1
    assert "make.<locals>.inner, defined inside another function" in result.out + result.err


def test_an_in_memory_data_node_is_refused_in_cluster_mode(program: Program) -> None:
    program.write(
        HEAD
        + CONFIGURE.replace('"standalone"', '"cluster"').replace(
            'configure_data_node("o")', 'configure_in_memory_data_node("o")'
        )
        + RUN
    )
    result = program.go("main.py")
    assert result.code == 1
    assert "DataNode `o`: in_memory data nodes live in one process" in result.out + result.err


def test_a_worker_needs_the_configuration_at_import(program: Program) -> None:
    program.write(HEAD + 'if __name__ == "__main__":\n' + indented(CONFIGURE + RUN))
    code, err = run_worker(program)
    assert code == 3
    assert f"importing {program.main} configures no task" in err
    assert (
        'move Config.configure_... and Config.load out of its `if __name__ == "__main__":`' in err
    )


def test_in_standalone_mode_it_may_stand_anywhere(program: Program) -> None:
    program.write(HEAD + 'if __name__ == "__main__":\n' + indented(CONFIGURE + RUN))
    result = program.go("main.py")
    assert result.code == 0, result.err
    assert "ended COMPLETED 2" in result.out


def test_a_function_of_the_main_part_is_not_found_in_another_process(program: Program) -> None:
    inside = HEAD.partition("def work")
    program.write(
        inside[0]
        + 'if __name__ == "__main__":\n'
        + indented("def work" + inside[2] + CONFIGURE + RUN)
    )
    result = program.go("main.py")
    assert "ended FAILED" in result.out
    shown = program.status(program.only_submission()).json["jobs"][0]
    assert shown["error"]["kind"] == "not_loaded"
    assert "define it at the top level of a module" in shown["error"]["message"]


def test_gui_code_at_import_is_told_where_it_stands(program: Program, broker_url: str) -> None:
    program.write(
        "from taipy.gui import Gui\n" + HEAD + CONFIGURE + 'Gui("# hello").run(run_browser=False)\n'
    )
    line = program.main.read_text().splitlines().index('Gui("# hello").run(run_browser=False)') + 1
    process = program.start(
        "run-worker",
        "--idle-timeout",
        "1",
        command=TAIPY,
        env={"TAIPY_EXEC_BROKER_URL": broker_url},
    )
    result = program.end(process, 60)
    assert result.code == 0, result.err
    assert f"ends where {program.main}:{line} calls Gui().run()" in result.err
    assert 'put such calls below `if __name__ == "__main__":`' in result.err


def test_gui_code_before_the_configuration_is_refused(program: Program) -> None:
    program.write(
        "from taipy.gui import Gui\n" + HEAD + 'Gui("# hello").run(run_browser=False)\n' + CONFIGURE
    )
    code, err = run_worker(program)
    assert code == 3
    assert "configures no task: it ends where" in err and "calls Gui().run()" in err
    assert "configure tasks above that line" in err


def test_a_file_that_raises_is_told_with_its_error(program: Program) -> None:
    program.write(HEAD + "raise RuntimeError('not today')\n")
    code, err = run_worker(program)
    assert code == 3
    assert f"importing {program.main} raised RuntimeError: not today" in err


def test_its_own_traceback_is_what_a_program_that_raises_shows(program: Program) -> None:
    program.write(HEAD + "\ndef broken():\n    raise KeyError('x')\n\nbroken()\n")
    result = program.go("main.py")
    assert result.code == 1
    assert "main.py" in result.err and "KeyError: 'x'" in result.err
    assert "taipy_exec" not in result.err


@pytest.mark.parametrize(
    ("code", "wanted"), [("sys.exit(7)", 7), ("sys.exit('no')", 1), ("pass", 0)]
)
def test_the_exit_code_is_the_programs(program: Program, code: str, wanted: int) -> None:
    program.write(f"import sys\n{HEAD}\n{code}\n")
    assert program.go("main.py").code == wanted


def test_arguments_are_the_programs(program: Program) -> None:
    program.write(f"import sys\n{HEAD}\nprint(sys.argv[1:])\n")
    assert "['--x', 'a b', '--help']" in program.go("main.py", "--x", "a b", "--help").out


def test_a_folder_without_a_program_is_refused(program: Program, tmp_path: Path) -> None:
    program.config("")
    for app in (".", "config.toml", "nothing.py"):
        result = program.go(app)
        assert result.code == 3, result.err
    assert "no Python program" in program.go("config.toml").err


def test_a_program_of_something_else_is_refused(program: Program) -> None:
    program.write("print('hello')\n")
    result = program.go("main.py")
    assert result.code == 2
    assert "imports nothing of Taipy" in result.err and "python main.py" in result.err


def test_a_program_is_not_submitted_by_its_file(program: Program) -> None:
    program.write(HEAD + CONFIGURE + 'if __name__ == "__main__":\n' + indented(RUN))
    result = program.run("submit", ".")
    assert result.code == 3
    assert "is a Taipy program, which submits its scenarios itself" in result.err
    assert "taipy-exec run ." in result.err and "init --from-taipy ." in result.err
    assert not program.exists(".taipy")


def test_a_wrong_option_of_ours_is_told_when_the_program_starts(program: Program) -> None:
    program.write(HEAD + CONFIGURE.replace("work, n, o", "work, n, o, retries='often'") + RUN)
    result = program.go("main.py")
    assert result.code == 3
    assert "[TASK.work] retries: must be" in result.out + result.err


def test_development_mode_is_left_to_taipy_and_that_is_said(program: Program) -> None:
    program.write(HEAD + CONFIGURE.replace("standalone", "development") + RUN)
    result = program.go("main.py")
    assert "ended COMPLETED 2" in result.out
    assert "mode is development: Taipy runs the jobs itself" in result.out + result.err
    assert not program.exists(".taipy-exec")


def test_without_a_broker_the_program_is_told_so(program: Program) -> None:
    program.write(
        HEAD
        + CONFIGURE.replace(
            'mode="standalone"',
            'mode="cluster", broker_url="amqp://guest:pass-word@127.0.0.1:1/", '
            "broker_connect_timeout=1",
        )
        + RUN
    )
    result = program.go("main.py")
    assert result.code == 6
    assert "RabbitMQ cannot be reached" in result.err
    assert "pass-word" not in result.out + result.err and "Traceback" not in result.err


def test_doctor_tells_which_taipy_it_is(program: Program) -> None:
    program.write(HEAD + CONFIGURE + 'if __name__ == "__main__":\n' + indented(RUN))
    result = program.run("doctor", "-a", "main.py")
    assert "Taipy 4.1." in result.out + result.err


def test_another_version_of_taipy_is_warned_of(program: Program) -> None:
    program.write(
        "import taipy_exec.taipy_plugin.versions as versions\n"
        "versions.version = lambda name: '4.9.0'\n"
        "import taipy_exec.taipy_plugin; taipy_exec.taipy_plugin.enable()\n" + HEAD
    )
    result = program.python()
    assert "Taipy 4.9.0 is newer than what taipy-exec was tested with" in result.err
    assert "pip install 'taipy>=4.1,<4.2'" in result.err
