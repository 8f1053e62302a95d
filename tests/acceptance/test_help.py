"""--help with examples, --version, completion, and what the light commands must not import."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from command_support import COMMAND, Application

COMMANDS = [
    [],
    ["submit"],
    ["status"],
    ["wait"],
    ["cancel"],
    ["logs"],
    ["resume"],
    ["retry"],
    ["history"],
    ["instances"],
    ["compare"],
    ["clean"],
    ["attach"],
    ["run-worker"],
    ["workers"],
    ["queue"],
    ["doctor"],
    ["check"],
    ["plan"],
    ["graph"],
    ["report"],
    ["init"],
    ["data"],
    ["data", "list"],
    ["data", "show"],
    ["data", "write"],
]
PROBE = """
import atexit, os, sys
def tell():
    heavy = [n for n in ("pandas", "numpy", "pika", "taipy") if n in sys.modules]
    with open(os.environ["PROBE"], "a") as file:
        file.write(",".join(heavy) + "\\n")
atexit.register(tell)
"""


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_starts_with_examples(app: Application, command: list[str]) -> None:
    result = app.run(*command, "--help", env={"COLUMNS": "80"})
    assert result.code == 0
    assert result.err == ""
    usage, examples, *rest = [part for part in result.out.split("\n\n") if part.strip()]
    assert usage.strip().startswith("Usage: taipy-exec")
    assert examples.split("\n")[0].strip() == "Examples:"
    assert all(line.strip().startswith("taipy-exec") for line in examples.split("\n")[1:])
    assert rest
    assert not re.search("TODO|callback", result.out)


def test_every_command_in_the_list_has_one_sentence(app: Application) -> None:
    lines = app.run("--help").out.split("\nRun:\n")[1].splitlines()
    parts = [line.split(maxsplit=1) for line in lines if line.startswith("  ")]
    told = {words[0]: words[1] for words in parts if len(words) == 2}
    assert {command[0] for command in COMMANDS if command} <= set(told)
    assert all(len(text) > 10 for text in told.values())


def test_h_is_short_for_help(app: Application) -> None:
    assert app.run("submit", "-h").out == app.run("submit", "--help").out


def test_help_and_version_are_commands_too(app: Application) -> None:
    assert app.run("help").out == app.run("--help").out
    assert app.run("help", "submit").out == app.run("submit", "--help").out
    assert app.run("help", "data", "list").out == app.run("data", "list", "--help").out
    assert app.run("help", "nothing").code == 2


def test_every_command_has_its_place_under_a_heading(app: Application) -> None:
    text = app.run("--help").out
    heads = re.findall(r"^([A-Z]\w[\w ]*):$", text, re.M)
    assert heads == ["Options", "Run", "Look", "Fix", "Cluster", "Set up"]
    rows = re.findall(r"^  [a-z][a-z-]*  .*$", text, re.M)
    assert len(rows) == len({row.split()[0] for row in rows})
    assert all(len(row) < 80 and row.endswith(".") for row in rows)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("submit --worker 3", "there is no option --worker; did you mean --workers?"),
        ("submit -a demo", "did you mean taipy-exec submit APP?"),
        ("sumbit", "there is no command 'sumbit'; did you mean submit?"),
        ("flow.py", "did you mean taipy-exec submit flow.py?"),
        ("data shw", "there is no command 'shw'; did you mean show?"),
    ],
)
def test_wrong_words_get_a_suggestion(app: Application, typed: str, meant: str) -> None:
    result = app.run(*typed.split())
    assert (result.code, result.out) == (2, "")
    assert meant in result.err


def test_j_is_how_many_jobs_run_at_once(app: Application) -> None:
    app.graph({"t": ("flow.work", [], ["a"])})
    assert app.run("submit", "-j", "3").code == 0
    assert app.run("submit", "-j", "0").code == 2


@pytest.mark.parametrize("command", [["--version"], ["-V"], ["version"]])
def test_version_is_printed_on_stdout(app: Application, command: list[str]) -> None:
    result = app.run(*command)
    assert (result.code, result.err) == (0, "")
    assert re.fullmatch(r"taipy-exec \d+\.\d+\S*\n", result.out)


def test_the_installed_command_is_the_same(app: Application) -> None:
    script = sys.executable.rsplit("/", 1)[0] + "/taipy-exec"
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=False)
    assert done.stdout == app.run("--version").out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_show_completion_prints_a_script(app: Application, shell: str) -> None:
    # Typer asks for the shell by name where it cannot look which one started it.
    env = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    result = app.run("--show-completion", shell, env=env)
    assert result.code == 0
    assert "_TAIPY_EXEC_COMPLETE" in result.out
    assert "Traceback" not in result.err


def test_the_script_of_any_shell_is_printed_in_any_shell(app: Application) -> None:
    result = app.run("--show-completion", "zsh")
    assert result.code == 0
    assert result.out.startswith("#compdef taipy-exec")


def test_the_script_for_zsh_completes_at_the_first_tab(app: Application) -> None:
    script = app.run("--show-completion", "zsh").out
    # The file is the body of the function that zsh calls at the first Tab.
    assert re.search(
        r'if \[\[ "\$\{funcstack\[1\]\}" == "_taipy-exec" \]\]; then\n'
        r'  _taipy_exec_completion "\$@"\nelse\n  compdef _taipy_exec_completion taipy-exec\nfi\n$',
        script,
    )


def test_completion_offers_the_commands(app: Application) -> None:
    env = {
        "_TAIPY_EXEC_COMPLETE": "complete_bash",
        "COMP_WORDS": "taipy-exec st",
        "COMP_CWORD": "1",
    }
    assert "status" in app.run(env=env).out


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["status"], ["status", "--json"], ["check"]]
)
def test_light_commands_import_nothing_heavy(app: Application, arguments: list[str]) -> None:
    app.config(
        '[JOB]\nmode = "standalone"\n[DATA_NODE.a]\nstorage_type = "csv"\ndefault_path = "a.csv"\n'
        '[DATA_NODE.b]\n[TASK.t]\nfunction = "flow.work:function"\ninputs = ["a:SECTION"]\n'
        'outputs = ["b:SECTION"]\n[SCENARIO.s]\ntasks = ["t:SECTION"]\n'
    )
    probe = app.folder / "probe"
    probe.mkdir()
    (probe / "sitecustomize.py").write_text(PROBE)
    told = app.folder / "told"
    env = {"PYTHONPATH": str(probe), "PROBE": str(told)}
    assert app.run(*arguments, env=env).code == 0
    assert told.read_text() == "\n"


def test_init_makes_an_application_that_runs(app: Application) -> None:
    assert app.run("init", "demo").code == 0
    assert app.run("check", "demo").code == 0
    result = app.run("submit", "demo", "--json")
    assert result.code == 0
    again = app.run("init", "demo")
    assert again.code == 2
    assert "--overwrite" in again.err
    second = app.run("submit", "demo", "--json")
    assert set(second.statuses().values()) == {"SKIPPED"}
    assert COMMAND
