"""Find the application that APP means: the file to read, the root and the state folder."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from taipy_exec.config.application_root import FoundRoot, find_root
from taipy_exec.errors import ConfigurationError, UsageError

STATE_FOLDER = ".taipy-exec"
STATE_FILE = "state.db"
STATE_DIR_VARIABLE = "TAIPY_EXEC_STATE_DIR"
ROOT_VARIABLE = "TAIPY_EXEC_ROOT"
ENVIRONMENT_FILE = "TAIPY_CONFIG_PATH"

# How far below a folder its TOML file may be, and the folders that are not searched.
_LEVELS_BELOW = 2
_NO_SOURCES = re.compile(r"\..*|__pycache__|node_modules|site-packages|user_data|venv")
_TASK_TABLE = re.compile(rb"^\s*\[\s*TASK\s*[.\]]", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationPath:
    """`root` is the application's folder; `toml` and `main` the files that describe it.

    `why` is a sentence about the root if it is not the folder of the file, otherwise None.
    `doubt` is a sentence about a module that is in two folders. `looked_in` are the folders that
    could have been the root. `has_evidence`: a module of the configuration is in the root.
    """

    root: Path
    toml: Path | None = None
    main: Path | None = None
    why: str | None = None
    doubt: str | None = None
    looked_in: tuple[Path, ...] = ()
    has_evidence: bool = False

    def state_folder(self, chosen: Path | None = None) -> Path:
        """Its state folder: as `chosen`, in the root, or where an older version made it."""
        return self.older_state(chosen) or state_folder(self.root, chosen)

    def older_state(self, chosen: Path | None = None) -> Path | None:
        """The state folder that an older version made next to the TOML file, if it counts."""
        if self.toml is None or self.toml.parent == self.root or _state_chosen(chosen):
            return None
        older = self.toml.parent / STATE_FOLDER
        if (older / STATE_FILE).exists() and not (self.root / STATE_FOLDER / STATE_FILE).exists():
            return older
        return None


def find_application(
    app: str | Path = ".", root: Path | None = None, *, wants_program: bool = False
) -> ApplicationPath:
    """Find the application in a TOML file, a Python file, or a folder with either.

    `root` (or TAIPY_EXEC_ROOT) is the root, independent of the files; by default it is found. With
    `wants_program`, main.py is the file that counts in a folder.

    Raises ConfigurationError if there is no such file, or if there are several TOML files, and
    UsageError if `root` is no folder.
    """
    given = given_root(root)
    path = given if given is not None and str(app) == "." else whole_path(app)
    if path.is_dir():
        return _in_folder(path, given, wants_program=wants_program)
    if not path.exists():
        raise ConfigurationError(
            f"there is no file or folder {app}",
            "give the path of a config.toml, or make an application with taipy-exec init DIR",
        )
    if path.suffix == ".py":
        return ApplicationPath(root=given or path.parent, main=path)
    return _of_toml(path, given)


def given_root(root: Path | None = None) -> Path | None:
    """The folder of `root`, or of TAIPY_EXEC_ROOT. Raises UsageError if it is no folder."""
    named = root or os.environ.get(ROOT_VARIABLE)
    if not named:
        return None
    folder = whole_path(named)
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise UsageError(
            f"the root {named} {what}",
            f"give the application's folder with --root or {ROOT_VARIABLE}",
        )
    return folder


def _of_toml(toml: Path, given: Path | None, folder: Path | None = None) -> ApplicationPath:
    """The application of a TOML file. `folder` is the root if no other folder has its modules."""
    own = toml.parent
    if given is not None:
        return _application(given, toml, f"{given}, as given", (given,))
    found = find_root(_texts(toml), own, Path.cwd(), preferred=folder)
    if found.module is not None:
        why = f"{found.folder}, which has the module {found.module}"
    else:
        why = f"{found.folder}, as given; its configuration is {toml}"
    application = _application(found.folder, toml, why, found.looked_in, _doubt(found))
    return replace(application, has_evidence=found.has_evidence)


def _application(
    root: Path, toml: Path, why: str, looked_in: tuple[Path, ...], doubt: str | None = None
) -> ApplicationPath:
    mains = (folder / "main.py" for folder in (root, toml.parent))
    main = next((main for main in mains if main.exists()), None)
    return ApplicationPath(
        root=root,
        toml=toml,
        main=main,
        why=why if root != toml.parent else None,
        doubt=doubt,
        looked_in=looked_in,
    )


def _texts(toml: Path) -> Iterator[str]:
    """The texts of the configuration's files. Unreadable files are reported later."""
    more = os.environ.get(ENVIRONMENT_FILE)
    for path in [toml, *([Path(more)] if more else [])]:
        try:
            yield path.read_text(encoding="utf-8-sig", errors="replace")
        except OSError:
            pass


def _doubt(found: FoundRoot) -> str | None:
    if found.twice is None:
        return None
    return (
        f"the module {found.twice} is in {found.folder} and in {found.other}; the one in "
        f"{found.folder} is used (--root {found.other} takes the other)"
    )


def _in_folder(folder: Path, given: Path | None, *, wants_program: bool) -> ApplicationPath:
    main, toml = folder / "main.py", folder / "config.toml"
    if wants_program and main.exists():
        there = toml if toml.exists() else None
        return ApplicationPath(root=given or folder, toml=there, main=main)
    if toml.exists():
        return _of_toml(toml, given, folder)
    below = list(_configurations_below(folder))
    if len(below) == 1:
        return _of_toml(below[0], given, folder)
    if below:
        names = ", ".join(str(path.relative_to(folder)) for path in below)
        raise ConfigurationError(
            f"the folder {folder} has several TOML files with a [TASK.name] table: {names}",
            "give the path of the right file" + (", or of main.py" if main.exists() else ""),
        )
    if main.exists():
        return ApplicationPath(root=given or folder, main=main)
    raise ConfigurationError(
        f"the folder {folder} holds neither config.toml nor main.py, and no other TOML file with "
        f"a [TASK.name] table is there or up to {_LEVELS_BELOW} levels below",
        "give the path of a TOML or Python file, or make one with taipy-exec init",
    )


def _configurations_below(folder: Path, levels: int = _LEVELS_BELOW) -> Iterator[Path]:
    """The TOML files with a table of tasks in `folder` and below, in the order of their names."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: (entry.is_dir(), entry.name))
    except OSError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if levels and not _NO_SOURCES.fullmatch(entry.name):
                yield from _configurations_below(Path(entry.path), levels - 1)
        elif entry.name.endswith(".toml") and _has_tasks(Path(entry.path)):
            yield Path(entry.path)


def _has_tasks(path: Path) -> bool:
    try:
        return path.is_file() and _TASK_TABLE.search(path.read_bytes()) is not None
    except OSError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramPlace:
    """The root and the state folder of a program that is configured in Python."""

    root: Path
    state_dir: Path
    looked_in: tuple[Path, ...] = ()


def place_of_program(toml: Path | None) -> ProgramPlace:
    """The place of the running program; `toml` is the file that it has loaded, if any.

    The root of the file becomes that of the program, and its modules can then be imported.
    Without a file, or if the file names no module that shows the root, paths start from the
    working folder, as with Taipy.
    """
    given, here = given_root(), Path.cwd()
    if toml is None:
        root = given or here
        return ProgramPlace(root=root, state_dir=state_folder(root))
    found = _of_toml(toml, given)
    root = found.root
    if given is None and not found.has_evidence:
        root = here
    elif str(root) not in sys.path:
        sys.path.append(str(root))
    return ProgramPlace(root=root, state_dir=found.state_folder(), looked_in=found.looked_in)


def module_folders(root: Path, main: Path | None) -> list[str]:
    """The folders of the application's modules, also the folder of the file that its program
    links to, since Python itself looks there."""
    folders = [root] if main is None else [root, main.resolve().parent]
    return list(dict.fromkeys(map(str, folders)))


def whole_path(app: str | Path) -> Path:
    """The absolute path without any `..`, so that people can read it."""
    path = Path(app).absolute()
    return path.resolve() if ".." in path.parts else path


def _state_chosen(chosen: Path | None) -> Path | None:
    if chosen is not None:
        return chosen.absolute()
    from_environment = os.environ.get(STATE_DIR_VARIABLE)
    return Path(from_environment).absolute() if from_environment else None


def state_folder(root: Path, chosen: Path | None = None) -> Path:
    """The state folder of an application in `root`."""
    return _state_chosen(chosen) or root / STATE_FOLDER
