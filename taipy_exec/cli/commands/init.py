"""`init`: a small working application to start from."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from taipy_exec.cli import options
from taipy_exec.cli.options import help_text, option

HELP = help_text(
    "Make a small working application in DIR: a config.toml and a Python module. Or, from a Taipy "
    "program, a config.toml that says what the program configures and needs no Taipy.",
    "taipy-exec init demo && taipy-exec submit demo",
    "taipy-exec init --from-taipy app/main.py && taipy-exec submit app",
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
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="DIR", help="The folder to make; with --from-taipy by default the program's."
        ),
    ] = None,
    from_taipy: Annotated[
        str | None, option("--from-taipy", metavar="APP", help="A Taipy program to start from.")
    ] = None,
    root: options.Root = None,
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
    if from_taipy is not None:
        files, notes, folder = _from_taipy(from_taipy, root, folder, force)
    elif folder is not None:
        files, notes = _small_application(folder, force), []
    else:
        raise UsageError("name the folder to make", "for example taipy-exec init demo")
    for note in notes:
        streams.warn(note)
    if json_output:
        streams.data(dump({"files": [str(path) for path in files]}))
    else:
        streams.note(f"made {', '.join(str(path) for path in files)}")
        # By its file: a program may lie in the folder too.
        named = folder / "config.toml" if from_taipy is not None else folder
        streams.note(f"hint: taipy-exec submit {quote(str(named))}", style="cyan")
    return 0


def _small_application(folder: Path, force: bool) -> list[Path]:
    from taipy_exec.errors import UsageError

    files = {folder / "config.toml": _CONFIG, folder / "tasks.py": _TASKS}
    _refuse_to_replace(list(files), force)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}") from None
    return list(files)


def _from_taipy(
    app: str, root: Path | None, folder: Path | None, force: bool
) -> tuple[list[Path], list[str], Path]:
    """The files, what to know of them, and their folder."""
    from taipy_exec.cli.application import enter
    from taipy_exec.cli.program import find_program
    from taipy_exec.errors import UsageError
    from taipy_exec.taipy_plugin.application import import_program

    found, main = find_program(app, root)
    shown = folder or (Path(app) if Path(app).is_dir() else Path(app).parent)
    folder = shown.absolute()
    enter(found)
    import_program(main)
    # Not above: it needs Taipy.
    from taipy_exec.taipy_plugin.migration import migrate, planned_files

    _refuse_to_replace(planned_files(main, folder), force)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        made = migrate(main, folder)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}") from None
    return [shown / path.relative_to(folder) for path in made.files], made.notes, shown


def _refuse_to_replace(files: list[Path], force: bool) -> None:
    from taipy_exec.errors import UsageError

    there = [str(path) for path in files if path.exists()]
    if there and not force:
        are = "is" if len(there) == 1 else "are"
        raise UsageError(
            f"{', '.join(there)} {are} there already", "choose another folder, or give --overwrite"
        )
