"""The root of an application: the folder where its modules are, found from its TOML file."""

from __future__ import annotations

import importlib.machinery
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from taipy_exec.config.vocabulary import MAIN_NAMES

# How many levels above the file to look if the file is not below the working folder.
_LEVELS_ABOVE = 3
# Strings and comments of a TOML file; outside of strings, `#` always begins a comment.
_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"((?:\\.|[^"\\\n])*)"|\'([^\'\n]*)\'|#[^\n]*', re.DOTALL
)
_NAMED = re.compile(r"([\w.:]+):(?:function|class)")
_SUFFIXES = tuple(importlib.machinery.all_suffixes())


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRoot:
    """The root, and how it was found.

    `looked_in` are the folders that could be the root, the file's own first. `module` is a module
    that is in the root and not next to the file; None if the root is the file's own folder.
    `twice` is a module that another of these folders, `other`, also has. `has_evidence`: a module
    of the configuration is in the root.
    """

    folder: Path
    looked_in: tuple[Path, ...]
    module: str | None = None
    twice: str | None = None
    other: Path | None = None
    has_evidence: bool = False


def find_root(
    texts: Iterable[str], own: Path, working_folder: Path, preferred: Path | None = None
) -> FoundRoot:
    """The root of a configuration whose file is in the folder `own`.

    The modules that count are those named in `texts` (TOML) that are not installed. The root is
    the first folder, from `own` upwards, that has all of them. If there is none, it is the folder
    with the most of them, or `own` if no folder has any. `preferred` wins if no other folder has
    more of them.
    """
    folders = _candidates(own, working_folder)
    if preferred is not None and preferred not in folders:
        folders.append(preferred)
    named = list(dict.fromkeys(name for text in texts for name in named_references(text)))
    first = [_here(name, own) for name in named]
    needed = named if all(first) else [n for n in named if not _is_installed(n, folders)]
    found = {folder: [name for name in needed if _here(name, folder)] for folder in folders}
    # `max` takes the first of several folders with as many modules: the nearest to the file.
    root = max(folders, key=lambda folder: (len(found[folder]), folder == preferred))
    missing_beside = [name for name in found[root] if name not in found[own]]
    twice = _found_twice(root, found)
    return FoundRoot(
        folder=root,
        looked_in=tuple(folders),
        module=_here(missing_beside[0], root) if missing_beside else None,
        twice=_here(twice[0], root) if twice else None,
        other=twice[1] if twice else None,
        has_evidence=bool(found[root]),
    )


def _found_twice(root: Path, found: dict[Path, list[str]]) -> tuple[str, Path] | None:
    for folder, names in found.items():
        for name in names:
            if folder != root and name in found[root] and not name.startswith(MAIN_NAMES):
                return name, folder
    return None


def _candidates(own: Path, working_folder: Path) -> list[Path]:
    """The folders that can be the root, from the file's own folder upwards.

    If the file is below the working folder, the search ends there; if not, after three levels. It
    never goes above a folder with `.git`. Folders that all users may write to are left out, since
    a module that another user puts there would be run.
    """
    below = working_folder in own.parents
    folders = [own]
    for folder in own.parents:
        if (folders[-1] / ".git").exists() or (below and folders[-1] == working_folder):
            break
        if not below and len(folders) > _LEVELS_ABOVE:
            break
        folders.append(folder)
    return [f for f in folders if f in (own, working_folder) or not _is_open_to_all(f)]


def _is_open_to_all(folder: Path) -> bool:
    try:
        return bool(folder.stat().st_mode & 0o002)
    except OSError:
        return True


def named_references(text: str) -> list[str]:
    """The names with `:function` or `:class` in the strings of a TOML text, once, in order."""
    return list(_references(text))


@lru_cache(maxsize=2)
def _references(text: str) -> tuple[str, ...]:
    # Kept, since a command may look for the root twice, and a large file takes half a second.
    names = []
    for token in _TOKEN.finditer(text):
        typed = _NAMED.fullmatch(token[1] or token[2] or "")
        if typed and ("." in typed[1] or ":" in typed[1]):
            names.append(typed[1])
    return tuple(dict.fromkeys(names))


# -- where a module is, without importing it ----------------------------------------------


def _here(reference: str, folder: Path) -> str | None:
    """The module of a reference, if `folder` has it."""
    if reference.startswith(MAIN_NAMES):
        return "main" if (folder / "main.py").is_file() else None
    return _module_in(reference, [folder])


def _module_in(reference: str, places: Sequence[Path]) -> str | None:
    """The module of a reference, if it is in one of `places`.

    If names before the last one are no modules, such as the class of a method, the module before
    them must bind the first of these names.
    """
    module, colon, _ = reference.partition(":")
    names = module.split(".")
    wanted = names if colon else names[:-1]
    for number, name in enumerate(wanted, 1):
        file, inside = module_file(name, places)
        if number == len(wanted):
            # A folder alone is a package that contains nothing to call.
            return ".".join(wanted) if file is not None else None
        places = inside
        if not any(module_file(wanted[number], places)):
            is_bound = not colon and file is not None and may_bind(file, wanted[number])
            return ".".join(wanted[:number]) if is_bound else None
    return None


def module_file(name: str, places: Sequence[Path]) -> tuple[Path | None, list[Path]]:
    """The file of a module, and the folders of its own modules if it is a package."""
    spaces = []
    for place in places:
        package = place / name
        for suffix in _SUFFIXES:
            if (file := package / f"__init__{suffix}").is_file():
                return file, [package]
        for suffix in _SUFFIXES:
            if (file := place / f"{name}{suffix}").is_file():
                return file, []
        if package.is_dir():
            spaces.append(package)
    return None, spaces


def may_bind(file: Path, name: str) -> bool:
    """Whether the module's text gives `name` a value at its top level, or may do so."""
    import ast  # seldom needed

    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return file.suffix != ".py"
    for node in (inner for statement in tree.body for inner in ast.walk(statement)):
        match node:
            case ast.ClassDef(name=bound) | ast.FunctionDef(name=bound) | ast.Name(id=bound):
                names = [bound]
            case ast.alias(name="*"):
                return True
            case ast.alias(name=imported, asname=renamed):
                names = [renamed or imported.partition(".")[0]]
            case _:
                continue
        if name in names:
            return True
    return False


def _is_installed(reference: str, folders: Sequence[Path]) -> bool:
    """Whether the module can be imported from `sys.path` without `folders`."""
    if reference.startswith(MAIN_NAMES):
        return False
    top = re.split("[.:]", reference, maxsplit=1)[0]
    others = [entry for entry in _installed_path() if Path(entry) not in folders]
    for finder in sys.meta_path:
        path = others if finder is importlib.machinery.PathFinder else None
        try:
            spec = finder.find_spec(top, path)
        except Exception:
            continue
        if spec is None:
            continue
        if spec.submodule_search_locations is None:
            places = [Path(spec.origin).parent] if spec.has_location and spec.origin else []
        else:
            places = [Path(place).parent for place in spec.submodule_search_locations]
        if places and all(place in folders for place in places):
            continue  # installed in place, from one of these folders
        # A module without folders, such as a built-in module or one in a zip file, always counts.
        real = [place for place in places if place.is_dir()]
        return not real or _module_in(reference, real) is not None
    return False


def _installed_path() -> list[str]:
    """`sys.path` without the working folder that `python -m` puts first."""
    path = [entry for entry in sys.path if entry]
    main = sys.modules.get(MAIN_NAMES[0])
    by_module = getattr(main, "__spec__", None) is not None and not sys.flags.safe_path
    return path[1:] if by_module and path and Path(path[0]) == Path.cwd() else path
