"""The entry point: builds the Typer app, and is the only place where errors become exit codes."""

from __future__ import annotations

import atexit
import errno
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
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
from taipy_exec.cli.help_page import SUMMARIES, GroupedCommands, house_style
from taipy_exec.cli.options import help_text, summary
from taipy_exec.cli.problem_details import details
from taipy_exec.cli.suggestions import OPTIONS_ELSEWHERE, closest, did_you_mean
from taipy_exec.config.hidden_module import hiding_sentence
from taipy_exec.display.visible import one_line
from taipy_exec.errors import ConfigurationError, TaipyExecError
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

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# Errors of the system that have their reason in the place, and not in this program.
_REFUSED = (
    errno.EACCES,
    errno.EIO,
    errno.ELOOP,
    errno.EMFILE,
    errno.ENAMETOOLONG,
    errno.ENFILE,
    errno.EPERM,
    errno.EROFS,
    errno.ESTALE,
)
_LONGEST_MESSAGE = 20_000
# A thread that is just ending gets so many seconds to do so.
_MOMENT = 0.1
_CLICK_ERROR: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    _open_standard_descriptors()
    # Inherited from a parent that ignores it: then exit codes of processes could not be read.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    code = run_command(given, os.dup(1))
    _leave(code, waits=given[:1] == ["run"])


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
    except typer.Exit as leave:
        return int(leave.exit_code)
    except _CLICK_ERROR as error:
        return _usage_error(error, wants_json)
    except (typer.Abort, KeyboardInterrupt):
        _say("interrupted")
        return outcome.INTERRUPTED
    except TaipyExecError as error:
        if error.exit_code == outcome.BUG:
            return _bug(error, wants_json)
        _tell(error, wants_json, verbose=_wants_details(arguments))
        return error.exit_code
    except BrokenPipeError:
        return 0
    except SystemExit as leave:
        # click makes exit code 1 of a reader that went away; that is no error (`| head -1`).
        gone = isinstance(leave.__context__, BrokenPipeError)
        return 0 if gone else leave.code if isinstance(leave.code, int) else bool(leave.code)
    except OSError as error:
        return _system_error(error, wants_json)
    except ImportError as error:
        return _import_error(error, wants_json)
    except Exception as error:
        return _bug(error, wants_json)


def _call(arguments: list[str]) -> int:
    result = app(args=arguments, prog_name="taipy-exec", standalone_mode=False)
    return result if isinstance(result, int) else 0


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
                f"{name} is not UTF-8: {_shortened(text, 100)!r}",
                "give it in UTF-8; a file with another name can be renamed, or linked to",
            )


def _import_error(error: ImportError, wants_json: int | None) -> int:
    """A module of the user may have the name of one that taipy-exec needs."""
    hiding = hiding_sentence(error)
    if hiding is None:
        return _bug(error, wants_json)
    _tell(ConfigurationError(hiding), wants_json)
    return ConfigurationError.exit_code


def _system_error(error: OSError, wants_json: int | None) -> int:
    """Report an error of the system in a sentence. One with an unknown reason is a bug."""
    if error.errno in _NO_ROOM:
        what = error.filename or "stdout"
        hint = "free some space; the finished jobs are stored: taipy-exec status"
        _emit(wants_json, "no_room", f"{what} cannot be written: {error.strerror}", hint)
        return outcome.STORE if error.filename else outcome.WRONG_USE
    if error.errno not in _REFUSED or not error.filename:
        return _bug(error, wants_json)
    name = os.fsdecode(error.filename) if not isinstance(error.filename, int) else ""
    _emit(wants_json, "usage", f"{_shortened(name, 100)}: {error.strerror}", None)
    return outcome.WRONG_USE


def _shortened(text: str, longest: int) -> str:
    """At most about so many characters, with its beginning and its end."""
    half = longest // 2
    left_out = len(text) - 2 * half
    return text if left_out <= 0 else f"{text[:half]}[... {left_out:,} more ...]{text[-half:]}"


def _wants_json(arguments: list[str]) -> bool:
    return "--json" in arguments or _is_set("TAIPY_EXEC_JSON")


def _wants_details(arguments: list[str]) -> bool:
    return not {"-v", "--verbose"}.isdisjoint(arguments) or _is_set("TAIPY_EXEC_VERBOSE")


def _is_set(variable: str) -> bool:
    return os.environ.get(variable, "").lower() in ("1", "true", "t", "yes", "y", "on")


def _usage_error(error: Any, wants_json: int | None) -> int:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "taipy-exec"
    option = getattr(error, "option_name", None)
    message = error.format_message()
    if context is not None and option is not None and hasattr(error, "possibilities"):
        message = f"there is no option {option}{_meant_option(context, option)}"
    _emit(wants_json, "usage", message, f"{command} --help shows how it is used")
    return 2


def _meant_option(context: Any, option: str) -> str:
    """A suggestion for an option that does not exist."""
    parameters = context.command.params
    names = [n for p in parameters for n in (*p.opts, *p.secondary_opts) if n.startswith("--")]
    if option in ("-a", "--application-path", "--app") and "app" in {p.name for p in parameters}:
        return did_you_mean([f"{context.command_path} APP"])
    return did_you_mean(closest(option, [*names, "--help"], OPTIONS_ELSEWHERE))


def _tell(error: TaipyExecError, wants_json: int | None, *, verbose: bool = False) -> None:
    """Every problem of a configuration, or the one sentence and its hint."""
    problems = error.problems if isinstance(error, ConfigurationError) else ()
    if len(problems) > 1 and wants_json is None:
        for problem in problems:
            _say(f"{problem.level.lower()}: {problem}")
            _say_all(details(problem, verbose=verbose))
        return
    below = [line for problem in problems for line in details(problem, verbose=verbose)]
    _emit(wants_json, error.kind, error.message, error.hint, below)


def _say_all(lines: Sequence[str]) -> None:
    for line in lines:
        _say(line)


def _emit(
    wants_json: int | None,
    kind: str,
    message: str,
    hint: str | None,
    below: Sequence[str] = (),
) -> None:
    message = _shortened(message, _LONGEST_MESSAGE)
    if wants_json is not None:
        from taipy_exec.cli.shapes import dump, error_shape

        try:
            os.write(wants_json, (dump(error_shape(kind, message, hint)) + "\n").encode())
        except OSError:
            pass
    _say(f"error: {message}")
    _say_all(below)
    if hint:
        _say(f"hint: {hint}")


def _bug(error: BaseException, wants_json: int | None) -> int:
    import tempfile

    text = "".join(traceback.format_exception(error))
    try:
        handle, name = tempfile.mkstemp(prefix="taipy-exec-", suffix=".log")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"taipy-exec {__version__}, Python {sys.version}\n{text}")
        where = f"the traceback is in {Path(name)}"
    except OSError:
        where = "its traceback could not be written to a file"
    _emit(
        wants_json,
        "internal",
        f"a bug in taipy-exec ({type(error).__name__}: {error}); {where}",
        "please report it with that file",
    )
    return outcome.BUG


def _open_standard_descriptors() -> None:
    """If one of the three is closed, no other file may take its number."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) < 3:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


def _say(text: str) -> None:
    try:
        print(one_line(text), file=sys.stderr, flush=True)
    except (OSError, ValueError, AttributeError):
        pass


def _leave(code: int, *, waits: bool) -> None:
    """Exit without the interpreter's own complaint about a closed stdout or a late Ctrl-C.

    Unless the command `waits` for them as Python does, threads of the application do not hold it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if not waits and (names := _threads_that_go_on()):
        _say(f"threads of the application still run and are not waited for: {', '.join(names)}")
        _end_children()
        atexit._run_exitfuncs()
        os._exit(code)
    sys.exit(code)


def _end_children() -> None:
    """Processes of a pool that was not shut down: Python would wait for them at its end."""
    found = sys.modules.get("multiprocessing")
    for child in found.active_children() if found else ():
        child.terminate()


def _end_idle_pools() -> None:
    """Have threads of executors end once they have nothing to do, as Python does at its end."""
    found: Any = sys.modules.get("concurrent.futures.thread")
    if found is not None:
        found._shutdown = True
        for work in list(found._threads_queues.values()):
            work.put(None)


def _threads_that_go_on() -> list[str]:
    """Names of those that Python would wait for at its end."""
    _end_idle_pools()
    until = time.monotonic() + _MOMENT
    others = [one for one in threading.enumerate() if one is not threading.main_thread()]
    waited_for = [one for one in others if not one.daemon]
    for thread in waited_for:
        thread.join(max(until - time.monotonic(), 0))
    return sorted(thread.name for thread in waited_for if thread.is_alive())
