"""`init`: a small working application to start from."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from taipy_exec.cli import options
from taipy_exec.cli.options import help_text, option

HELP = help_text(
    "Make a small working application in DIR: a config.toml and a Python module.",
    "taipy-exec init demo && taipy-exec submit demo",
)

_CONFIG = """\
# A Taipy configuration: data nodes, tasks between them, a scenario.
# Run it with: taipy-exec submit

[JOB]
mode = "standalone"
max_nb_of_workers = "2:int"

[DATA_NODE.numbers]
default_data = ["3:int", "1:int", "2:int"]

[DATA_NODE.ordered]

[DATA_NODE.total]

[DATA_NODE.report]
storage_type = "json"
default_path = "report.json"

[TASK.order]
function = "tasks.order:function"
inputs = ["numbers:SECTION"]
outputs = ["ordered:SECTION"]
skippable = "True:bool"

[TASK.add]
function = "tasks.add:function"
inputs = ["numbers:SECTION"]
outputs = ["total:SECTION"]
skippable = "True:bool"

[TASK.write]
function = "tasks.write:function"
inputs = ["ordered:SECTION", "total:SECTION"]
outputs = ["report:SECTION"]
skippable = "True:bool"

[SCENARIO.demo]
tasks = ["order:SECTION", "add:SECTION", "write:SECTION"]
"""

_TASKS = '''\
"""The functions that config.toml names. A function gets its inputs and returns its outputs."""


def order(numbers):
    return sorted(numbers)


def add(numbers):
    return sum(numbers)


def write(ordered, total):
    print(f"{len(ordered)} numbers, {total} in all")
    return {"smallest": ordered[0], "largest": ordered[-1], "total": total}
'''


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make.")],
    json_output: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    color: options.Color = None,
    force: Annotated[bool, option("--overwrite", help="Replace files that are there.")] = False,
) -> int:
    from taipy_exec.cli.shapes import dump
    from taipy_exec.cli.streams import Streams
    from taipy_exec.errors import UsageError

    streams = Streams(color=color, quiet=quiet, verbose=verbose, json=json_output)
    files = {folder / "config.toml": _CONFIG, folder / "tasks.py": _TASKS}
    there = [str(path) for path in files if path.exists()]
    if there and not force:
        are = "is" if len(there) == 1 else "are"
        raise UsageError(
            f"{', '.join(there)} {are} there already", "choose another folder, or give --overwrite"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}") from None
    if json_output:
        streams.data(dump({"files": [str(path) for path in files]}))
    else:
        streams.note(f"made {', '.join(str(path) for path in files)}")
        streams.note(f"hint: taipy-exec submit {quote(str(folder))}", style="cyan")
    return 0
