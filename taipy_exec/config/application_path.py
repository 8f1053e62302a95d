"""What the user means by APP: which file to read, which folder to run in, where the state is."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from taipy_exec.errors import ConfigurationError

STATE_FOLDER = ".taipy-exec"
STATE_DIR_VARIABLE = "TAIPY_EXEC_STATE_DIR"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationPath:
    """`root` is the application's folder; `toml` and `main` the files that describe it."""

    root: Path
    toml: Path | None = None
    main: Path | None = None


def find_application(app: str | Path = ".") -> ApplicationPath:
    """Find the application in a TOML file, a Python file, or a folder with either.

    Raises ConfigurationError where there is nothing of the kind.
    """
    path = whole_path(app)
    if path.is_dir():
        toml, main = path / "config.toml", path / "main.py"
        if not toml.exists() and not main.exists():
            raise ConfigurationError(
                f"the folder {path} holds neither config.toml nor main.py",
                "give the path of a TOML or Python file, or make one with taipy-exec init",
            )
        return ApplicationPath(
            root=path,
            toml=toml if toml.exists() else None,
            main=main if main.exists() else None,
        )
    if not path.exists():
        raise ConfigurationError(
            f"there is no file or folder {app}",
            "give the path of a config.toml, or make an application with taipy-exec init DIR",
        )
    if path.suffix == ".py":
        return ApplicationPath(root=path.parent, main=path)
    main = path.parent / "main.py"
    return ApplicationPath(root=path.parent, toml=path, main=main if main.exists() else None)


def module_folders(root: Path, main: Path | None) -> list[str]:
    """Where the application's modules are found: in its folder, and beside the file that its
    program is a link to, where Python itself looks for them."""
    folders = [root] if main is None else [root, main.resolve().parent]
    return list(dict.fromkeys(map(str, folders)))


def whole_path(app: str | Path) -> Path:
    """An absolute path that can be read: one with `..` in it is told without these."""
    path = Path(app).absolute()
    return path.resolve() if ".." in path.parts else path


def state_folder(root: Path, chosen: Path | None = None) -> Path:
    """Where the state of an application in `root` lies."""
    if chosen is not None:
        return chosen.absolute()
    from_environment = os.environ.get(STATE_DIR_VARIABLE)
    return Path(from_environment).absolute() if from_environment else root / STATE_FOLDER
