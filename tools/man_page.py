"""Writes the manual page from the command line itself: `python -m tools.man_page FILE`."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from taipy_exec.cli.main import app

_DOCS = Path(__file__).parents[1] / "docs"
_COMMON_TO = 10  # An option with the same help in this many commands is printed once.

_HEAD = r""".\" Made by `make man` from the command line's own help: do not edit.
.TH TAIPY\-EXEC 1 "" taipy\-exec "User Commands"
.nh
.ad l
.SH NAME
taipy\-exec \- run the job graph of a Taipy configuration
.SH SYNOPSIS
.B taipy\-exec
.I COMMAND
.RI [ OPTION \|.\|.\|.]
.RI [ ARGUMENT \|.\|.\|.]
"""
_ENVIRONMENT = {
    "TAIPY_EXEC_OPTION": "Sets a long option by its name in capitals with underscores: "
    "TAIPY_EXEC_MODE is --mode. The option on the command line overrides the variable, and the "
    "variable overrides the configuration.",
    "TAIPY_EXEC_LOG": "Switches the log on: text or json, to stderr; text:FILE or json:FILE, to a "
    "file.",
    "TAIPY_CONFIG_PATH": "A second configuration file, which overrides the application's.",
    "NO_COLOR, FORCE_COLOR": "No colours; colours also without a terminal.",
    "COLUMNS": "The width of tables without a terminal.",
    "GITHUB_ACTIONS, GITLAB_CI": "If one is true, logs of failed jobs are folded. GitHub also gets "
    "annotations, and a summary in the file of GITHUB_STEP_SUMMARY.",
}
_FILES = {
    "config.toml": "The configuration of an application.",
    ".taipy-exec/": "In the same folder: the state of all submissions, and the logs of jobs.",
}


def man_page() -> str:
    """The complete page, in the man macros of roff."""
    root: Any = typer.main.get_command(app)
    commands = list(_commands(root, "taipy-exec"))
    shared = _shared_options([command for _, command in commands])
    parts = [_HEAD, ".SH DESCRIPTION\n", _prose(_text(root)), ".SH COMMANDS\n"]
    for name, command in commands:
        parts.append(_command(name, command, shared))
    parts.append(".SH COMMON OPTIONS\n")
    parts += [_option(option) for option in shared.values()]
    parts.append(".SH ENVIRONMENT\n")
    parts += [_item(f"\\fB{_roff(n)}\\fR", text) for n, text in _ENVIRONMENT.items()]
    parts.append(".SH EXIT STATUS\n")
    parts += [_item(f"\\fB{_roff(code)}\\fR", text) for code, text in _exit_codes()]
    parts.append(".SH FILES\n")
    parts += [_item(f"\\fI{_roff(n)}\\fR", text) for n, text in _FILES.items()]
    parts += [".SH EXAMPLES\n", _examples(root)]
    return "".join(parts)


def _commands(group: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if command.hidden:
            continue
        if not hasattr(command, "commands"):
            yield f"{path} {name}", command
            continue
        if command.invoke_without_command:
            yield f"{path} {name}", command
        yield from _commands(command, f"{path} {name}")


def _options(command: Any) -> list[Any]:
    return [p for p in command.params if p.param_type_name == "option" and not p.hidden]


def _shared_options(commands: list[Any]) -> dict[tuple[str, str], Any]:
    found = {_key(option): option for command in commands for option in _options(command)}
    counts = Counter(_key(option) for command in commands for option in _options(command))
    return {key: option for key, option in found.items() if counts[key] >= _COMMON_TO}


def _key(option: Any) -> tuple[str, str]:
    return ",".join(option.opts), option.help


def _command(name: str, command: Any, shared: dict[tuple[str, str], Any]) -> str:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    words = "".join(f" \\fI{_roff(_argument(argument))}\\fR" for argument in arguments)
    parts = [f".SS \\fB{_roff(name)}\\fR{words}\n", _prose(_text(command))]
    for argument in arguments:
        if argument.help:
            parts.append(_item(f"\\fI{_roff(_argument(argument))}\\fR", argument.help))
    parts += [_option(option) for option in _options(command) if _key(option) not in shared]
    return "".join([*parts, _examples(command)])


def _argument(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    return name if argument.required or name.startswith("[") else f"[{name}]"


def _option(option: Any) -> str:
    names = ", ".join(f"\\fB{_roff(name)}\\fR" for name in _short_first(option.opts))
    if option.secondary_opts:
        names += ", " + ", ".join(f"\\fB{_roff(name)}\\fR" for name in option.secondary_opts)
    takes_none = option.is_flag or option.count
    value = "" if takes_none else f" \\fI{_roff(option.metavar or option.name.upper())}\\fR"
    return _item(names + value, option.help or "")


def _short_first(names: list[str]) -> list[str]:
    return sorted(names, key=lambda name: name.startswith("--"))


def _text(command: Any) -> str:
    """The help after the examples."""
    return str(command.help).rpartition("\n\n")[2]


def _examples(command: Any) -> str:
    """The examples, as a user types them."""
    lines = str(command.help).rpartition("\n\n")[0].splitlines()
    typed = [line.strip() for line in lines if line.startswith("  ")]
    return ".PP\n.EX\n" + "".join(f"{_line(line)}\n" for line in typed) + ".EE\n"


def _item(head: str, text: str) -> str:
    return f".TP\n{head}\n{_prose(text)}"


def _prose(text: str) -> str:
    """The text with one sentence per line, as roff needs it."""
    return "".join(f"{_line(part)}\n" for part in re.split(r"(?<=[.:])\s+(?=[A-Z])", text.strip()))


def _line(text: str) -> str:
    plain = _roff(" ".join(text.split()))
    return f"\\&{plain}" if plain.startswith((".", "'")) else plain


def _roff(text: str) -> str:
    return text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("^", "\\(ha")


def _exit_codes() -> Iterator[tuple[str, str]]:
    """Code and meaning, from the table in the docs."""
    section = (_DOCS / "cli.md").read_text(encoding="utf-8").partition("### Exit codes")[2]
    for code, meaning in re.findall(r"^\| (\d[\d, ]*) \| (.*) \|$", section, re.MULTILINE):
        yield code, f"{meaning[:1].upper()}{meaning[1:]}."


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(man_page(), encoding="utf-8")
