"""The `taipy` command: run-worker is ours, the rest goes to Taipy, or is refused without it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from command_support import Application, Result, wait_until

from taipy_exec import taipy_command

# What pip writes for `taipy = "taipy_exec.taipy_command:main"`.
SCRIPT = """\
import re
import sys
from taipy_exec.taipy_command import main
if __name__ == '__main__':
    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])
    sys.exit(main())
"""
TAIPY = """\
import os
import pathlib
import sys
import time


def _entrypoint():
    command = sys.argv[1] if len(sys.argv) > 1 else None
    if command == "echo":
        print("argv", sys.argv)
        print("stdin", sys.stdin.read())
        print("on stderr", file=sys.stderr)
        print("ours", [n for n in ("typer", "taipy_exec.cli.main") if n in sys.modules])
    elif command == "return":
        return int(sys.argv[2])
    elif command == "exit":
        sys.exit(int(sys.argv[2]))
    elif command == "message":
        return "a message"
    elif command == "raise":
        raise ValueError("Taipy's own")
    elif command == "sleep":
        pathlib.Path("pid").write_text(str(os.getpid()))
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            print("interrupted in Taipy")
            sys.exit(7)
    else:
        print("help of Taipy", sys.argv[1:])
"""


def taipy_is_here() -> bool:
    try:
        distribution("taipy")
    except PackageNotFoundError:
        return False
    return True


without_taipy = pytest.mark.skipif(taipy_is_here(), reason="Taipy is installed beside the tests")


class TaipyCommand:
    """A script named `taipy` as pip makes it, and a folder of distributions made up for it."""

    def __init__(self, app: Application, folder: Path) -> None:
        self.app = app
        self.script = folder / "bin" / "taipy"
        self.script.parent.mkdir()
        self.script.write_text(f"#!{sys.executable}\n{SCRIPT}")
        self.script.chmod(0o755)
        self.site = folder / "site"
        self.site.mkdir()
        self.env = app.environment({"PYTHONPATH": str(self.site)})

    def install(self, name: str, entry_points: str | None, files: dict[str, str]) -> None:
        """Lay down a distribution as pip would."""
        info = self.site / f"{name.replace('-', '_')}-4.1.1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 4.1.1\n")
        if entry_points is not None:
            (info / "entry_points.txt").write_text(f"[console_scripts]\n{entry_points}\n")
        for file, text in files.items():
            path = self.site / file
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)

    def install_taipy(self) -> None:
        self.install(
            "taipy",
            "taipy = taipy._entrypoint:_entrypoint",
            {"taipy/__init__.py": "", "taipy/_entrypoint.py": TAIPY},
        )

    def run(self, *arguments: str, stdin: str = "") -> Result:
        done = subprocess.run(
            [self.script, *arguments],
            cwd=self.app.folder,
            env=self.env,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Result(code=done.returncode, out=done.stdout, err=done.stderr)


# What pip writes for Taipy, where it installs that last.
THEIR_SCRIPT = SCRIPT.replace(
    "from taipy_exec.taipy_command import main", "from taipy._entrypoint import _entrypoint as main"
)


@pytest.fixture
def command(app: Application, tmp_path: Path) -> TaipyCommand:
    return TaipyCommand(app, tmp_path)


@pytest.fixture
def taipy(command: TaipyCommand) -> TaipyCommand:
    command.install_taipy()
    return command


def test_the_distribution_installs_the_command() -> None:
    scripts = distribution("taipy-exec").entry_points.select(group="console_scripts", name="taipy")
    assert [script.value for script in scripts] == ["taipy_exec.taipy_command:main"]


# -- run-worker is ours ---------------------------------------------------------------------


@pytest.fixture
def arrived(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[list[str]]]:
    found: list[list[str]] = []
    monkeypatch.setattr("taipy_exec.cli.main.main", found.append)
    yield found


def test_run_worker_gets_its_arguments_as_they_are(
    arrived: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = ["run-worker", "--application-path", "a folder", "-c", "2", "--", "--help"]
    monkeypatch.setattr(sys, "argv", ["/somewhere/bin/taipy", *given])
    assert taipy_command.main() == 0
    assert arrived == [given]


def test_ctrl_c_while_the_worker_is_loaded_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(arguments: list[str]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("taipy_exec.cli.main.main", interrupted)
    monkeypatch.setattr(sys, "argv", ["taipy", "run-worker"])
    assert taipy_command.main() == 130


def test_run_worker_is_ours_beside_taipy_too(taipy: TaipyCommand) -> None:
    ours = taipy.app.run("run-worker", "--help")
    assert taipy.run("run-worker", "--help") == ours
    assert ours.code == 0
    assert "--application-path" in ours.out


def test_run_worker_does_not_load_taipy(command: TaipyCommand) -> None:
    command.install("taipy", "taipy = taipy:main", {"taipy/__init__.py": "raise SystemExit(99)"})
    assert command.run("anything").code == 99
    assert command.run("run-worker", "--help").code == 0


def test_an_error_of_run_worker_keeps_its_exit_code(taipy: TaipyCommand) -> None:
    result = taipy.run("run-worker", "--application-path", "nowhere")
    assert (result.out, result.code) == ("", taipy.app.run("check", "nowhere").code)
    assert "nowhere" in result.err
    assert taipy.run("run-worker", "--no-such-option").code == 2


# -- everything else is Taipy's ---------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [[], ["--help"], ["-v"], ["help", "run-worker"], ["submit"], ["run", "main.py", "run-worker"]],
    ids=" ".join,
)
def test_with_taipy_everything_else_is_handed_on(taipy: TaipyCommand, arguments: list[str]) -> None:
    assert taipy.run(*arguments) == Result(code=0, out=f"help of Taipy {arguments}\n", err="")


def test_taipy_gets_argv_and_streams_as_they_are(taipy: TaipyCommand) -> None:
    result = taipy.run("echo", "--x", "a b", "", "é", stdin="typed")
    argv = [str(taipy.script), "echo", "--x", "a b", "", "é"]
    assert result.out == f"argv {argv}\nstdin typed\nours []\n"
    assert result.err == "on stderr\n"


@pytest.mark.parametrize("way", ["return", "exit"])
@pytest.mark.parametrize("code", [0, 1, 3, 130])
def test_the_exit_code_is_taipys(taipy: TaipyCommand, way: str, code: int) -> None:
    assert taipy.run(way, str(code)) == Result(code=code, out="", err="")


def test_what_taipy_returns_or_raises_is_as_in_its_own_script(taipy: TaipyCommand) -> None:
    assert taipy.run("message") == Result(code=1, out="", err="a message\n")
    raised = taipy.run("raise")
    assert raised.code == 1
    assert raised.err.splitlines()[-1] == "ValueError: Taipy's own"


@pytest.mark.parametrize(
    ("number", "code", "out"),
    [
        (signal.SIGINT, 7, "interrupted in Taipy\n"),
        (signal.SIGTERM, -signal.SIGTERM, ""),
        (signal.SIGHUP, -signal.SIGHUP, ""),
    ],
)
def test_signals_reach_taipy(taipy: TaipyCommand, number: int, code: int, out: str) -> None:
    process = subprocess.Popen(
        [taipy.script, "sleep"],
        cwd=taipy.app.folder,
        env=taipy.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    pid = taipy.app.folder / "pid"
    try:
        wait_until(lambda: pid.exists() and pid.read_text() == str(process.pid))
        process.send_signal(number)
        told = process.communicate(timeout=30)
    finally:
        process.kill()
        process.communicate()
    assert (process.returncode, *told) == (code, out, "")


# -- without Taipy ------------------------------------------------------------------------------


@without_taipy
@pytest.mark.parametrize("word", ["--help", "-h", "help"])
def test_help_says_what_this_is_and_that_taipy_is_not_installed(
    command: TaipyCommand, word: str
) -> None:
    result = command.run(word)
    assert (result.code, result.err) == (0, "")
    _, examples, *_ = result.out.split("\n\n")
    assert examples.startswith("Examples:\n  taipy run-worker --application-path")
    assert "Taipy is not installed" in result.out
    assert "taipy-exec run-worker" in result.out
    assert "pip install taipy" in result.out
    assert max(map(len, result.out.splitlines())) <= 100


@without_taipy
def test_without_a_command_it_is_the_help_and_wrong_use(command: TaipyCommand) -> None:
    bare = command.run()
    assert bare.code == 2
    assert bare.out == command.run("--help").out


@without_taipy
def test_the_version_is_not_taken_for_taipys(command: TaipyCommand) -> None:
    told = command.run("--version")
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith("taipy-exec ")
    assert "Taipy is not installed" in told.out


@without_taipy
@pytest.mark.parametrize("name", ["run", "create", "manage-versions", "migrate", "nonsense", "-x"])
def test_a_command_of_taipy_says_how_to_get_taipy(command: TaipyCommand, name: str) -> None:
    result = command.run(name, "main.py", "--help")
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        f"error: 'taipy {name}' needs Taipy, which is not installed here: pip install taipy\n"
    )


@without_taipy
@pytest.mark.parametrize("name", ["submit", "status", "data"])
def test_a_command_that_taipy_exec_has_says_so(command: TaipyCommand, name: str) -> None:
    result = command.run(name)
    assert (result.code, result.out) == (2, "")
    assert (
        result.err == f"error: 'taipy {name}' is not a command of Taipy; use: taipy-exec {name}\n"
    )


@without_taipy
def test_odd_names_stay_one_harmless_line(command: TaipyCommand) -> None:
    result = command.run("a\x1b[2J\nb\udc80")
    assert result.code == 2
    assert result.err.count("\n") == 1
    assert "\x1b" not in result.err
    assert command.run("").code == 2


@without_taipy
@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("run 2>&-", 2),
        ("run 2>/dev/full", 2),
        ("--help >&-", 0),
        ("--help | true", 0),
    ],
)
def test_a_stream_that_is_gone_changes_nothing(command: TaipyCommand, line: str, code: int) -> None:
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; '{command.script}' {line}"],
        cwd=command.app.folder,
        env=command.env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (code, b"", b"")


@without_taipy
def test_taipy_core_alone_has_no_commands(command: TaipyCommand) -> None:
    command.install("taipy-core", None, {"taipy/_entrypoint.py": TAIPY})
    assert "pip install taipy" in command.run("run").err


@without_taipy
def test_somebody_elses_taipy_is_not_taipys(command: TaipyCommand) -> None:
    command.install("not-taipy", "taipy = taipyish:main", {"taipyish.py": "raise SystemExit(99)"})
    assert command.run("run").code == 2


def test_run_worker_is_ours_where_taipys_file_was_written_last(command: TaipyCommand) -> None:
    command.install_taipy()
    command.script.write_text(f"#!{sys.executable}\n{THEIR_SCRIPT}")
    assert "Usage: taipy-exec run-worker" in command.run("run-worker", "--help").out
    for given in (["echo"], [], ["help", "run-worker"]):
        result = command.run(*given)
        assert "run-worker [OPTIONS]" not in result.out, result
    assert "argv" in command.run("echo").out


def test_no_other_command_is_taken(command: TaipyCommand) -> None:
    """The line is read by every Python of the environment."""
    other = command.script.with_name("other")
    other.write_text(f"#!{sys.executable}\nimport sys\nprint('taipy._entrypoint' in sys.modules)\n")
    other.chmod(0o755)
    command.script = other
    assert command.run("run-worker").out == "False\n"
