"""`init`: a small working application to start from."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from taipy_exec.cli import completion, options
from taipy_exec.cli.options import help_text, option

HELP = help_text(
    "Make a small working application in DIR: config.toml, functions, README and .gitignore. With "
    "--template parallel it has a CSV file, parallel tasks, retries and a task that fails. With "
    "--from-taipy, make a config.toml with the configuration of a Taipy program, to run without "
    "Taipy.",
    "taipy-exec init demo && taipy-exec submit demo",
    "taipy-exec init sales --template parallel",
    "taipy-exec init --from-taipy app/main.py && taipy-exec submit app",
)


def init(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="DIR", help="The folder to make (with --from-taipy: the program's by default)."
        ),
    ] = None,
    from_taipy: Annotated[
        str | None, option("--from-taipy", metavar="APP", help="A Taipy program to start from.")
    ] = None,
    template: Annotated[
        str,
        option(
            "--template",
            metavar="NAME",
            help="simple or parallel.",
            autocompletion=completion.one_of("simple", "parallel"),
        ),
    ] = "simple",
    root: options.Root = None,
    json_output: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
    color: options.Color = None,
    force: Annotated[bool, option("--overwrite", help="Replace files that are there.")] = False,
) -> int:
    from taipy_exec.cli.streams import Streams
    from taipy_exec.errors import UsageError
    from taipy_exec.views.json_objects import dump

    streams = Streams(color=color, quiet=quiet, verbose=verbose, json=json_output)
    if from_taipy is not None:
        files, notes, folder = _from_taipy(from_taipy, root, folder, force)
    elif folder is not None:
        files, notes = _small_application(folder, template, force), []
    else:
        raise UsageError("name the folder to make", "for example taipy-exec init demo")
    for note in notes:
        streams.warn(note)
    if json_output:
        streams.data(dump({"files": [str(path) for path in files]}))
    else:
        streams.note(f"made {', '.join(str(path) for path in files)}")
        # By its file: a program may be in the folder too.
        named = folder / "config.toml" if from_taipy is not None else folder
        streams.hint(f"taipy-exec submit {quote(str(named))}")
        if from_taipy is None:
            readme = quote(str(folder / "README.md"))
            streams.hint(f"{readme} shows what to try")
    return 0


def _small_application(folder: Path, template: str, force: bool) -> list[Path]:
    from taipy_exec.cli.templates import TEMPLATES
    from taipy_exec.errors import UsageError

    if template not in TEMPLATES:
        raise UsageError(f"there is no template {template!r}", f"use {' or '.join(TEMPLATES)}")
    files = {folder / name: text for name, text in TEMPLATES[template].items()}
    _refuse_to_replace(list(files), force)
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}") from None
    return list(files)


def _from_taipy(
    app: str, root: Path | None, folder: Path | None, force: bool
) -> tuple[list[Path], list[str], Path]:
    """The files, what to know of them, and their folder."""
    from taipy_exec.cli.program import find_program
    from taipy_exec.errors import UsageError
    from taipy_exec.operations.application import enter
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
            f"{', '.join(there)} {are} there already", "choose another folder, or add --overwrite"
        )
