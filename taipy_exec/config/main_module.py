"""The application's Python file as a module, without its `__main__` part."""

from __future__ import annotations

import ast
import importlib.util
import sys
from importlib.abc import SourceLoader
from pathlib import Path

from taipy_exec.config.import_failure import raised_by
from taipy_exec.config.vocabulary import MAIN_NAMES
from taipy_exec.errors import ConfigurationError


class RunRefused(BaseException):
    """Raised by calls that would run jobs while the application's file is being imported.

    A script without `if __name__ == "__main__":` reaches such a call at import. Only the code
    above that call is needed, so the import ends there without an error.
    """


_importing: list[Path] = []
_slots: list[bool] = []


def is_importing() -> bool:
    """Whether the application's file is being imported by `import_main` now."""
    return bool(_importing)


def mark_as_slot() -> None:
    """Note that this process runs jobs for a coordinator: it must not become one itself."""
    _slots.append(True)


def in_slot() -> bool:
    """Whether this process runs jobs for a coordinator."""
    return bool(_slots)


def import_main(path: Path, name: str | None = None) -> None:
    """Import `path` under its own name, or `name`, and as `__mp_main__`, once.

    Raises ConfigurationError if the file raises.
    """
    name = name or path.stem
    known = sys.modules.get(name)
    # In a slot, `__mp_main__` is at first another name of the script that Python was started with.
    is_ours = known is not None and known is not sys.modules.get(MAIN_NAMES[0])
    if is_ours and getattr(known, "__file__", None) == str(path):
        return
    package = _package_of(path)
    spec = importlib.util.spec_from_file_location(f"{package}.{name}" if package else name, path)
    if spec is None or not isinstance(spec.loader, SourceLoader):
        raise ConfigurationError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    module.__name__ = name
    sys.modules[name] = sys.modules[MAIN_NAMES[1]] = module
    _importing.append(path)
    arguments = sys.argv
    sys.argv = [str(path)]
    try:
        code = spec.loader.get_code(spec.name)
        assert code is not None
        exec(code, module.__dict__)
    except RunRefused:
        pass
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise ConfigurationError(
            f"importing {path} raised {raised_by(error)}",
            "the application's file must be importable",
        ) from error
    finally:
        sys.argv = arguments
        _importing.pop()


def _package_of(path: Path) -> str | None:
    """The package of a program that `python -m package.program` starts, for relative imports.

    The package can then be imported, as in the process where the program was started.
    """
    folder, names = path.parent, []
    while (folder / "__init__.py").is_file():
        names.append(folder.name)
        folder = folder.parent
    if not names or not _imports_relatively(path):
        return None
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    return ".".join(reversed(names))


def _imports_relatively(path: Path) -> bool:
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return False  # its import shows a better error
    return any(isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(tree))
