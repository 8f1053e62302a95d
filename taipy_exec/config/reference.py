"""Functions and classes by name: imported when they are needed, not when a file is read."""

from __future__ import annotations

import importlib
import pydoc
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from taipy_exec.errors import ConfigurationError

# Both names of the user's main script: Taipy writes the second one from a spawned child.
MAIN_NAMES = ("__main__", "__mp_main__")


class ModuleMissing(ConfigurationError):
    """A module that the configuration names is nowhere."""


@dataclass(frozen=True, slots=True)
class FunctionRef:
    """A function by its full name; `value` is the function itself where it was given.

    `why_not` is the reason why it cannot be had in this process.
    """

    path: str
    value: Callable[..., Any] | None = field(default=None, compare=False)
    why_not: str | None = None

    @classmethod
    def parse(cls, path: str) -> FunctionRef:
        """From `module.name`. Raises ValueError where there is no dot."""
        if "." not in path.strip("."):
            raise ValueError("expected module.function")
        return cls(path)

    @classmethod
    def of(cls, function: Callable[..., Any]) -> FunctionRef:
        """From the function itself, which need not be importable."""
        name = getattr(function, "__qualname__", type(function).__qualname__)
        module = getattr(function, "__module__", None) or "builtins"
        return cls(f"{module}.{name}", function)

    def load(self) -> Callable[..., Any]:
        """The function. Raises ConfigurationError, with the import's error as its cause."""
        if self.why_not is not None:
            raise ConfigurationError(self.why_not)
        if self.value is not None:
            return self.value
        module_name, _, name = self.path.rpartition(".")
        module = import_module(module_name, self.path)
        try:
            found = getattr(module, name)
        except AttributeError as error:
            where = getattr(module, "__file__", None) or module_name
            hint = f"define {name} in {where}, or correct the name"
            if module_name in MAIN_NAMES:
                hint = "it is a function of a script: give that script, or write its module's name"
            raise ConfigurationError(
                f"there is no {name!r} in module {module_name!r}", hint
            ) from error
        if not callable(found):
            raise ConfigurationError(f"{self.path} is a {type(found).__name__}, not a function")
        return found  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class ClassRef:
    """A class by its full name; nested classes work."""

    path: str

    @classmethod
    def parse(cls, path: str) -> ClassRef:
        """From `module.Class`."""
        return cls(path)

    def load(self) -> type:
        """The class. Raises ConfigurationError where it cannot be found or imported."""
        first, _, rest = self.path.partition(".")
        path = (
            f"{import_module(first, self.path).__name__}.{rest}"
            if (first in MAIN_NAMES)
            else self.path
        )
        try:
            found = pydoc.locate(path)
        except pydoc.ErrorDuringImport as error:
            raise ConfigurationError(
                f"importing {path} raised {getattr(error.exc, '__name__', error.exc)}: "
                f"{error.value}"
            ) from error
        if not isinstance(found, type):
            raise ConfigurationError(f"there is no class {path}")
        return found


def import_module(name: str, wanted: str) -> Any:
    """Import module `name`. Raises ConfigurationError whatever the import raises.

    Both names of the main script mean the application's own file where one was imported.
    """
    if name in MAIN_NAMES:
        return sys.modules.get(MAIN_NAMES[1]) or sys.modules[MAIN_NAMES[0]]
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise ModuleMissing(
                f"there is no module {error.name!r} for {wanted}",
                "put it into the application's root, or install it",
            ) from error
        raise ConfigurationError(
            f"importing {name} needs the module {error.name!r}, which is not installed",
            f"install {error.name}",
        ) from error
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        raise ConfigurationError(
            f"importing {name} raised {type(error).__name__}: {error}"
        ) from error


def realise(value: Any) -> Any:
    """`value` with the functions and classes that its references name, imported now."""
    if isinstance(value, FunctionRef | ClassRef):
        return value.load()
    if type(value) is dict:
        return {key: realise(item) for key, item in value.items()}
    if type(value) is list:
        return [realise(item) for item in value]
    return value
