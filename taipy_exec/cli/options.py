"""Options and arguments that several commands share. Each is also `TAIPY_EXEC_<OPTION>`."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from taipy_exec.cli import completion
from taipy_exec.errors import UsageError
from taipy_exec.model.status import Status


def option(*names: str, help: str, **extra: Any) -> Any:
    """A Typer option with its environment variable, from its first long name."""
    long = next(name for name in names if name.startswith("--"))
    variable = "TAIPY_EXEC_" + long.split("/")[0].lstrip("-").replace("-", "_").upper()
    return typer.Option(*names, help=help, envvar=variable, show_envvar=False, **extra)


def help_text(text: str, *examples: str) -> str:
    """A command's help, which starts with examples. The mark keeps click from refilling them."""
    lines = "\n".join(f"  {example}" for example in examples)
    return f"\b\nExamples:\n{lines}\n\n{text}"


def summary(help: str) -> str:
    """The first sentence after the examples, for the list of commands."""
    return help.rpartition("\n\n")[2].split(". ")[0].split(": ")[0].rstrip(".") + "."


# The largest number that an option takes: SQLite, and C, know no numbers of any length.
MOST = 2**31 - 1


def number(*names: str, help: str, min: int = 0) -> Any:
    """An option that takes a whole number."""
    return option(*names, min=min, max=MOST, metavar="N", help=help)


_UP_TO_MOST = re.compile(rf"(\d+)<=x<={MOST}\b")


def without_most(text: str) -> str:
    """A text of Typer's without that number, which says nothing to a reader."""
    return _UP_TO_MOST.sub(r"x>=\1", text)


App = Annotated[
    str,
    typer.Argument(
        metavar="APP",
        help="A config.toml or another TOML file, a Python file, or a folder with config.toml, "
        "main.py or a TOML file up to two levels below.",
        envvar="TAIPY_EXEC_APP",
        show_envvar=False,
    ),
]
_WHICH = "Its id or how it begins, @2 for the second latest, or a scenario's name"
WHICH_SUBMISSION = f"{_WHICH}; without it, the latest."
WHICH_RUNNING = f"{_WHICH}; without it, the latest running one."
WHICH_JOB = f"{_WHICH}, or a task's name; without it, the latest."
SubmissionId = Annotated[
    str,
    typer.Argument(
        metavar="[SUBMISSION]",
        help=WHICH_SUBMISSION,
        show_default=False,
        autocompletion=completion.submissions,
    ),
]
RunningSubmissionId = Annotated[
    str,
    typer.Argument(
        metavar="[SUBMISSION]",
        help=WHICH_RUNNING,
        show_default=False,
        autocompletion=completion.running_submissions,
    ),
]
ApplicationPathOption = Annotated[
    str,
    option(
        "--application-path", "-a", metavar="APP", help="The application: a file or its folder."
    ),
]
StateDir = Annotated[
    Path | None,
    option(
        "--state-dir",
        metavar="DIR",
        help="Where the state is stored (default: .taipy-exec in the application's root).",
    ),
]
Root = Annotated[
    Path | None,
    option(
        "--root",
        metavar="DIR",
        help="The application's folder, where its modules and relative paths are (default: found).",
    ),
]
Scenario = Annotated[
    str | None,
    option(
        "--scenario",
        "-s",
        metavar="ID",
        help="Which scenario, if there are several.",
        autocompletion=completion.scenarios,
    ),
]
OfScenario = Annotated[
    str | None,
    option(
        "--scenario",
        "-s",
        metavar="ID",
        help="Only those of this scenario.",
        autocompletion=completion.scenarios,
    ),
]
Name = Annotated[
    str | None,
    option(
        "--name",
        metavar="NAME",
        help="Which scenario instance (default: the scenario's id).",
        autocompletion=completion.names,
    ),
]
CreationDate = Annotated[
    datetime | None,
    option(
        "--creation-date",
        metavar="DATE",
        formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"],
        help="For a scenario with a frequency: use the cycle of this day (default: today).",
    ),
]
Sequence = Annotated[
    str | None,
    option(
        "--sequence",
        metavar="NAME",
        help="Only the tasks of this sequence.",
        autocompletion=completion.sequences,
    ),
]
Task = Annotated[
    str | None,
    option(
        "--task",
        metavar="ID",
        help="Only this task, or these: ID,ID.",
        autocompletion=completion.tasks,
    ),
]
Mode = Annotated[
    str | None,
    option(
        "--mode",
        metavar="MODE",
        help="development, standalone or cluster.",
        autocompletion=completion.modes,
    ),
]
Workers = Annotated[
    int | None,
    number("--workers", "-w", "-j", min=1, help="How many jobs may run at once."),
]
Timeout = Annotated[
    float | None, option("--timeout", min=0, metavar="S", help="Give up after S seconds.")
]
Detach = Annotated[
    bool, option("--detach", help="Return once the submission is stored; the run continues.")
]
KeepGoing = Annotated[
    bool | None, option("--keep-going", help="After a failure, let unrelated jobs run (default).")
]
FailFast = Annotated[
    bool | None, option("--fail-fast", help="After a failure, let nothing more start.")
]
# Not by `option`: the environment variable has one entry per line.
Values = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NODE=VALUE",
        autocompletion=completion.values,
        help="Set a data node before the run (JSON or text); the value stays for later runs. "
        "In TAIPY_EXEC_SET: one per line.",
    ),
]
Sweep = Annotated[
    list[str] | None,
    typer.Option(
        "--sweep",
        metavar="NODE=VALUES",
        autocompletion=completion.values,
        help="Submit once for each value, such as window=7,14 (JSON or text). Given several "
        "times: once for each combination. In TAIPY_EXEC_SWEEP: one per line.",
    ),
]
BrokerUrl = Annotated[
    str | None,
    option(
        "--broker-url",
        metavar="URL",
        help="RabbitMQ's address (amqp:// or amqps://); passwords belong in the environment.",
    ),
]
Application = Annotated[
    str | None,
    option(
        "--application",
        metavar="NAME",
        help="The application's name on the broker, if its configuration is not on this machine.",
    ),
]
LOCALHOST = "127.0.0.1"
MetricsPort = Annotated[
    int | None,
    option(
        "--metrics-port",
        min=0,
        max=65535,
        metavar="N",
        help="Serve Prometheus metrics on this port (0: any free port).",
    ),
]
MetricsHost = Annotated[
    str,
    option(
        "--metrics-host",
        metavar="HOST",
        help="Address for the metrics server (0.0.0.0: all interfaces).",
    ),
]
Failed = Annotated[bool, option("--failed", help="Only what failed: the same as --status FAILED.")]
Statuses = Annotated[
    list[str] | None,
    option(
        "--status",
        metavar="STATUS",
        help="Only what has this status; may be repeated.",
        autocompletion=completion.one_of(*(status.name for status in Status)),
    ),
]
Tasks = Annotated[
    list[str] | None,
    option(
        "--task",
        metavar="ID",
        help="Only jobs of this task, or of these: ID,ID; may be repeated.",
        autocompletion=completion.tasks,
    ),
]
Since = Annotated[
    str | None,
    option(
        "--since",
        metavar="AGE|TIME",
        help="Only what ran or ended since: 90m, 12h, 30d, 14:30, 2026-01-31 or 2026-01-31T14:30.",
    ),
]
Json = Annotated[bool, option("--json", help="Print one JSON object on stdout.")]
Quiet = Annotated[bool, option("--quiet", "-q", help="Print results and errors only.")]


def times(given: str | int) -> int:
    """How often a flag is given; its environment variable may also be `true` or `false`."""
    text = str(given).lower()
    if text in ("true", "t", "yes", "y", "on", "false", "f", "no", "n", "off", ""):
        return int(text[:1] in ("t", "y") or text == "on")
    try:
        return max(int(text), 0)
    except ValueError:
        raise typer.BadParameter(f"{given!r} is neither a number nor true or false") from None


Verbose = Annotated[
    int,
    option(
        "--verbose",
        "-v",
        count=True,
        parser=times,
        show_default=False,
        help="Print more details; -vv: also the log of all decisions.",
    ),
]
LogFile = Annotated[
    Path | None,
    option("--log-file", metavar="FILE", help="Append the log of all decisions to this file."),
]
Color = Annotated[
    str | None,
    option(
        "--color",
        metavar="WHEN",
        help="auto, always or never.",
        autocompletion=completion.one_of("auto", "always", "never"),
    ),
]


def is_given(ctx: typer.Context, name: str) -> bool:
    """Whether a parameter was given on the command line, and not by the environment."""
    source = ctx.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def fails_fast(ctx: typer.Context, keep_going: bool | None, fail_fast: bool | None) -> bool:
    """The setting of both options; the command line wins over the environment.

    Raises UsageError if the command line has both.
    """
    if is_given(ctx, "keep_going"):
        if is_given(ctx, "fail_fast"):
            raise UsageError("--keep-going and --fail-fast exclude each other", "give one of them")
        return False
    return keep_going is False if fail_fast is None else fail_fast
