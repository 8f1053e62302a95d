"""The entry point: builds the Typer app, and is the only place where errors become exit codes."""

from __future__ import annotations

import copy
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from taipy_exec.cli import outcome
from taipy_exec.cli.commands import (
    attach,
    cancel,
    check,
    clean,
    compare,
    continue_,
    data,
    doctor,
    graph,
    history,
    init,
    instances,
    logs,
    pause,
    plan,
    queue,
    report,
    resume,
    retry,
    run,
    run_worker,
    status,
    submit,
    wait,
    workers,
)
from taipy_exec.cli.error_report import (
    middle_cut,
    report_bug,
    report_error,
    report_import_error,
    report_system_error,
    report_usage_error,
    say,
)
from taipy_exec.cli.help_page import SUMMARIES, GroupedCommands, house_style
from taipy_exec.cli.leaving import leave
from taipy_exec.cli.options import help_text, summary
from taipy_exec.config.environment_flag import is_set
from taipy_exec.errors import TaipyExecError
from taipy_exec.version import __version__

app = typer.Typer(
    name="taipy-exec",
    cls=GroupedCommands,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"taipy-exec {__version__}")
        raise typer.Exit


@app.callback(
    help=help_text(
        "Run the job graph of a Taipy config.toml: in this process (development) or in dedicated "
        "processes (standalone), with live tables, stable exit codes and JSON.",
        "taipy-exec init demo && taipy-exec submit demo",
        "taipy-exec submit config.toml --mode standalone --workers 4",
        "taipy-exec status --watch",
    ),
    epilog="Exit codes: 0 done, 1 failed, 2 wrong use, 3 invalid configuration, 4 canceled, "
    "5 timed out, 6 broker, 7 state store, 8 not found, 10 work to do (plan --check), 70 bug, "
    "130/143 interrupted.",
)
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", "-V", help="Print the version.", callback=_version, is_eager=True
        ),
    ] = False,
) -> None:
    """The options that come before a command."""


for _name, _command in (
    ("submit", submit.submit),
    ("status", status.status),
    ("wait", wait.wait),
    ("cancel", cancel.cancel),
    ("pause", pause.pause),
    ("continue", continue_.continue_),
    ("logs", logs.logs),
    ("attach", attach.attach),
    ("resume", resume.resume),
    ("retry", retry.retry),
    ("history", history.history),
    ("instances", instances.instances),
    ("compare", compare.compare),
    ("clean", clean.clean),
    ("run", run.run),
    ("run-worker", run_worker.run_worker),
    ("workers", workers.workers),
    ("check", check.check),
    ("plan", plan.plan),
    ("graph", graph.graph),
    ("report", report.report),
    ("doctor", doctor.doctor),
    ("init", init.init),
):
    _help = sys.modules[_command.__module__].HELP
    _settings = getattr(sys.modules[_command.__module__], "SETTINGS", None)
    _short = SUMMARIES.get(_name) or summary(_help)
    app.command(_name, help=_help, short_help=_short, context_settings=_settings)(_command)
app.add_typer(data.app, name="data", help=data.HELP, short_help=SUMMARIES["data"])
app.add_typer(queue.app, name="queue", help=queue.HELP, short_help=SUMMARIES["queue"])
house_style(app)

_CLICK_ERROR: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    _open_standard_descriptors()
    # Inherited from a parent that ignores it: then exit codes of processes could not be read.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        code = run_command(given, os.dup(1))
    except KeyboardInterrupt:
        # Ctrl-C once more, while the one before was handled.
        code = outcome.INTERRUPTED
    leave(code, waits=given[:1] == ["run"])


def run_command(arguments: list[str], real_stdout: int | None = None) -> int:
    """Run one command; its exit code. No exception comes out, whether of taipy-exec or the user.

    An error goes to `real_stdout` as JSON: `Streams` leads descriptor 1 to stderr.
    """
    arguments = _as_options(arguments)
    wants_json = real_stdout if _wants_json(arguments) else None
    try:
        _refuse_odd_bytes(arguments, os.environ)
        if "completion" in (arguments or [""])[0]:
            return _set_up_completion(arguments)
        # Without a command: show the commands. It is still wrong use.
        bare = arguments in ([], ["data"], ["queue", "dead"])
        code = _call([*arguments, "--help"] if bare else arguments)
        return outcome.WRONG_USE if bare else code
    except typer.Exit as end:
        return int(end.exit_code)
    except _CLICK_ERROR as error:
        return report_usage_error(error, wants_json)
    except (typer.Abort, KeyboardInterrupt):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        say("interrupted")
        return outcome.INTERRUPTED
    except TaipyExecError as error:
        if error.exit_code == outcome.BUG:
            return report_bug(error, wants_json)
        report_error(error, wants_json, verbose=_wants_details(arguments))
        return error.exit_code
    except BrokenPipeError:
        return 0
    except SystemExit as end:
        # click makes exit code 1 of a reader that went away; that is no error (`| head -1`).
        gone = isinstance(end.__context__, BrokenPipeError)
        return 0 if gone else end.code if isinstance(end.code, int) else bool(end.code)
    except OSError as error:
        return report_system_error(error, wants_json)
    except ImportError as error:
        return report_import_error(error, wants_json)
    except Exception as error:
        return report_bug(error, wants_json)


def _call(arguments: list[str]) -> int:
    called = _with_one_command(arguments[0])
    result = called(args=arguments, prog_name="taipy-exec", standalone_mode=False)
    return result if isinstance(result, int) else 0


def _with_one_command(name: str) -> typer.Typer:
    """The app with this command only, if it is one: Typer takes 50 ms to make all of them."""
    commands = [command for command in app.registered_commands if command.name == name]
    groups = [group for group in app.registered_groups if group.name == name]
    if not commands and not groups:
        return app
    small = copy.copy(app)
    small.registered_commands, small.registered_groups = commands, groups
    return small


def _set_up_completion(arguments: list[str]) -> int:
    """Print or install the script of a shell; `--show-completion zsh` works in any other, too."""
    from taipy_exec.cli.shell_scripts import SHELLS, complete_at_the_first_tab, script_for

    if arguments[0] == "--show-completion" and arguments[1:] and arguments[1] in SHELLS:
        typer.echo(script_for(arguments[1]))
        return 0
    complete_at_the_first_tab()
    return _call(arguments)


def _as_options(arguments: list[str]) -> list[str]:
    """`help [COMMAND]` and `version` as the options that do the same."""
    if arguments[:1] == ["help"]:
        return [*arguments[1:], "--help"]
    return ["--version", *arguments[1:]] if arguments[:1] == ["version"] else arguments


def _refuse_odd_bytes(arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    """Raises UsageError for what is not UTF-8: it could neither be stored nor shown as it is."""
    from taipy_exec.errors import UsageError

    # The arguments after a program belong to that program.
    ours = arguments[:2] if arguments[:1] == ["run"] else arguments
    names = {f"argument {number}": text for number, text in enumerate(ours, 1)}
    names |= {name: text for name, text in environment.items() if name.startswith("TAIPY_EXEC_")}
    for name, text in names.items():
        if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
            raise UsageError(
                f"{name} is not UTF-8: {middle_cut(text, 100)!r}",
                "give it in UTF-8; a file with another name can be renamed, or linked to",
            )


def _wants_json(arguments: list[str]) -> bool:
    return "--json" in arguments or is_set("TAIPY_EXEC_JSON")


def _wants_details(arguments: list[str]) -> bool:
    if not {"-v", "-vv", "--verbose"}.isdisjoint(arguments):
        return True
    return is_set("TAIPY_EXEC_VERBOSE") or os.environ.get("TAIPY_EXEC_VERBOSE") == "2"


def _open_standard_descriptors() -> None:
    """If one of the three is closed, no other file may take its number."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) < 3:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
