"""Find a module of the application that another module of the same name hides."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

from taipy_exec.config.application_root import may_bind, module_file

_PACKAGES = ("/site-packages/", "/dist-packages/")
# The folders of taipy-exec, and of Python's own library.
_FOLDERS = tuple(
    f"{folder}/"
    for folder in (
        Path(__file__).parents[1],
        sysconfig.get_path("stdlib"),
        sysconfig.get_path("platstdlib"),
    )
)


def is_of_others(file: str | None) -> bool:
    """Whether a module's file belongs to Python, an installed package or taipy-exec."""
    return file is None or file.startswith(_FOLDERS) or any(p in file for p in _PACKAGES)


def hidden_sentence(module: str, name: str | None = None) -> str | None:
    """A sentence if the imported module hides a module of the application; None if not.

    With `name`, only a file that gives that name a value counts.
    """
    top = module.partition(".")[0]
    imported = sys.modules.get(top)
    if imported is None:
        return None
    used = getattr(imported, "__file__", None)
    hidden = _hidden_file(top, used)
    if hidden is None or (name is not None and not (hidden.is_file() and may_bind(hidden, name))):
        return None
    return (
        f"the module {top!r} of {used or 'Python itself'} hides {hidden}; "
        f"rename {hidden} and write its new name"
    )


def hiding_sentence(error: ImportError) -> str | None:
    """A sentence if a module of the application hides a package that taipy-exec needs."""
    top = (error.name or "").partition(".")[0]
    used = getattr(sys.modules.get(top), "__file__", None)
    if used is None or is_of_others(used):
        return None
    return f"{used} hides the package {top!r}, which taipy-exec needs; rename {used}"


def _hidden_file(top: str, used: str | None) -> Path | None:
    """The file, or the folder, of the application's own module of that name."""
    if not is_of_others(used):
        return None
    for entry in sys.path:
        folder = Path(entry or ".").absolute()
        file, inside = module_file(top, [folder])
        found = file or next((place for place in inside if any(place.glob("*.py"))), None)
        if found is None or is_of_others(str(found)):
            continue
        package = found.parent if found.name.startswith("__init__.") else found
        if str(package) in getattr(sys.modules.get(top), "__path__", ()):
            return None  # it is the same package, which has no `__init__.py`
        if used is None or not Path(used).is_relative_to(package):
            return package
    return None
