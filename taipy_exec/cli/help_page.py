"""How `--help` looks: commands under headings, and one style for the names of arguments."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from taipy_exec.cli.options import without_most
from taipy_exec.cli.suggestions import COMMANDS_ELSEWHERE, closest, did_you_mean

# Heading -> command -> what it does, on one line. A command that is not here comes last.
GROUPS = {
    "Run": {
        "submit": "Run the job graph of an application.",
        "plan": "Show what submit would run or skip, and why.",
        "run": "Run a Taipy program with its jobs on taipy-exec.",
        "wait": "Wait until a submission ends.",
        "attach": "Show the live table of a running submission.",
        "pause": "Start no more jobs of a submission.",
        "continue": "Continue a paused submission.",
        "cancel": "Cancel a submission or a job.",
    },
    "Look": {
        "status": "Show the latest submissions, or the jobs of one.",
        "logs": "Print what jobs printed, and their tracebacks.",
        "report": "Write a report of a submission: HTML, JSON, JUnit or a trace.",
        "history": "List past submissions.",
        "instances": "List scenario instances, with the values of sweeps.",
        "compare": "Show results of scenario instances side by side.",
        "graph": "Print the job graph as text, Mermaid, DOT or SVG.",
        "data": "List, show and write data nodes.",
    },
    "Fix": {
        "check": "Check the configuration, the graph and the functions.",
        "doctor": "Check that this machine has everything the mode needs.",
        "retry": "Run again what did not complete.",
        "resume": "Continue an interrupted submission.",
    },
    "Cluster": {
        "run-worker": "Take jobs from RabbitMQ and run them.",
        "workers": "List the workers of an application.",
        "queue": "Show how many jobs wait, and the dead messages.",
    },
    "Set up": {
        "init": "Make a small application to start from.",
        "clean": "Remove old submissions, their jobs and logs.",
    },
}
SUMMARIES = {name: text for of in GROUPS.values() for name, text in of.items()}
_OTHER = "More"


def house_style(app: typer.Typer) -> None:
    """Give this look to all commands of an app, and of the apps in it."""
    for command in app.registered_commands:
        if command.cls is None or not issubclass(command.cls, HouseCommand):
            command.cls = HouseCommand
    for group in app.registered_groups:
        group.cls = HouseGroup
        if group.typer_instance is not None:
            house_style(group.typer_instance)


def plain_name(name: str) -> str:
    """`[SUBMISSION]` for `[[SUBMISSION]]`, `APP` for `{APP}`: brackets mean optional."""
    name = re.sub(r"^\{(.*)\}(\.\.\.)?$", r"\1\2", name)
    return re.sub(r"^\[\[(.*?)(?:\.\.\.)?\]\](\.\.\.)?$", r"[\1]\2", name)


def _shown(name: str) -> str:
    """An argument in the list of arguments: without brackets and without its Python type."""
    return re.sub(r" <.*>$", "", name).strip("[]")


class _HouseStyle:
    """The common part of commands and groups."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The parts of the line of usage, arguments in one style."""
        pieces = [plain_name(piece) for piece in super().collect_usage_pieces(ctx)]  # type: ignore[misc]
        parameters = self.get_params(ctx)  # type: ignore[attr-defined]
        arguments = [one for one in parameters if one.param_type_name == "argument"]
        # The first piece stands for the options. Only some versions of Typer mark a list.
        for place, argument in enumerate(arguments, 1):
            if argument.nargs == -1:
                pieces[place] = pieces[place].replace("...", "") + "..."
        return pieces

    def format_parameters(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments and the options."""
        rows: dict[str, list[tuple[str, str]]] = {"argument": [], "option": []}
        for parameter in self.get_params(ctx):  # type: ignore[attr-defined]
            record = parameter.get_help_record(ctx)
            if record is not None:
                rows[parameter.param_type_name].append((record[0], without_most(record[1])))
        for title, kind in (("Arguments", "argument"), ("Options", "option")):
            if rows[kind]:
                shown = [(_shown(n) if kind == "argument" else n, h) for n, h in rows[kind]]
                with formatter.section(title):
                    formatter.write_dl(shown)


class HouseCommand(_HouseStyle, TyperCommand):
    """A command whose help is in the house's style."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments and the options."""
        self.format_parameters(ctx, formatter)


class HouseGroup(_HouseStyle, TyperGroup):
    """A group of commands; a name that is not one of them gets a suggestion."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options and the commands."""
        self.format_parameters(ctx, formatter)
        self.format_commands(ctx, formatter)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As usual; raises UsageError with what may have been meant for an unknown command."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            ctx.fail(f"there is no command {name!r}{self._meant(ctx, name)}")
        return super().resolve_command(ctx, args)

    def _meant(self, ctx: Any, name: str) -> str:
        found = closest(name, self.list_commands(ctx), COMMANDS_ELSEWHERE)
        if not found and "submit" in self.commands and Path(name).exists():
            found = [f"taipy-exec submit {shlex.quote(name)}"]
        return did_you_mean(found)


class GroupedCommands(HouseGroup):
    """The commands of taipy-exec, under their headings."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands, each group under its heading."""
        left = {
            name: command.get_short_help_str(formatter.width)
            for name in self.list_commands(ctx)
            if (command := self.get_command(ctx, name)) is not None and not command.hidden
        }
        widest = max(map(len, left), default=0)
        groups = {title: {n: left[n] for n in of if n in left} for title, of in GROUPS.items()}
        groups[_OTHER] = {name: text for name, text in left.items() if name not in SUMMARIES}
        for title, rows in groups.items():
            if rows:
                with formatter.section(title):
                    formatter.write_dl([(name.ljust(widest), text) for name, text in rows.items()])
