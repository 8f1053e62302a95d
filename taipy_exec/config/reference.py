"""Functions and classes by name: imported when they are needed, not when a file is read."""

from __future__ import annotations

import builtins
import importlib
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from taipy_exec.config.callable_name import callable_name
from taipy_exec.config.hidden_module import hidden_sentence, is_of_others
from taipy_exec.config.import_failure import ImportFailed, place_of, raised_by
from taipy_exec.config.problem import a
from taipy_exec.config.vocabulary import MAIN_NAMES
from taipy_exec.errors import ConfigurationError

MAIN_PREFIXES = tuple(f"{name}{mark}" for name in MAIN_NAMES for mark in ".:")


class ModuleMissing(ImportFailed):
    """A module that the configuration names was not found."""


@dataclass(frozen=True, slots=True)
class FunctionRef:
    """Anything that can be called, by `module.name` or `module:Class.method`.

    `value` is the callable itself if it was given. `why_not` is the reason why this process
    cannot have it.
    """

    path: str
    value: Callable[..., Any] | None = field(default=None, compare=False)
    why_not: str | None = None

    @classmethod
    def parse(cls, path: str) -> FunctionRef:
        """From `module.name` or `module:Class.method`. Raises ValueError for anything else."""
        module, _, name = path.partition(":") if ":" in path else path.strip(".").rpartition(".")
        if not (module and name):
            raise ValueError("expected module.function or module:Class.method")
        return cls(path)

    @classmethod
    def of(cls, function: Callable[..., Any]) -> FunctionRef:
        """From the callable itself, even if it cannot be imported."""
        return cls(callable_name(function).path, function)

    @property
    def is_importable(self) -> bool:
        """Whether another process can find it by its path, as far as this process knows."""
        return self.value is None or callable_name(self.value).is_exact

    @property
    def is_of_main(self) -> bool:
        """Whether it is in the main script, under either of its names."""
        return self.path.startswith(MAIN_PREFIXES)

    @property
    def hides(self) -> str | None:
        """A sentence if an unused module of the application also has that name; None if none."""
        return None if self.value is not None else _hidden_with(self.path)

    def load(self) -> Callable[..., Any]:
        """The callable. Raises ConfigurationError, with the import's error as its cause."""
        if self.why_not is not None:
            raise ConfigurationError(self.why_not)
        if self.value is not None:
            return self.value
        module, names = _module_and_names(self.path)
        found: Any = module
        for number, name in enumerate(names):
            try:
                found = getattr(found, name)
            except AttributeError as error:
                raise _no_attribute(module, names, number) from error
        if not callable(found):
            raise ConfigurationError(
                f"{self.path} is {a(type(found).__name__)}, not a function",
                "name something that can be called: a function, a class, a method or an instance",
            )
        return found  # type: ignore[no-any-return]


def _module_and_names(path: str) -> tuple[ModuleType, list[str]]:
    """The imported module of a path, and the remaining names.

    In `a.b.c.d`, the module is the longest beginning that can be imported.
    """
    if ":" in path:
        name, _, rest = path.partition(":")
        return import_module(name, path), rest.split(".")
    parts = path.split(".")
    if parts[0] in MAIN_NAMES:
        return import_module(parts[0], path), parts[1:]
    nowhere: ModuleMissing | None = None
    for end in range(len(parts) - 1, 0, -1):
        try:
            module = import_module(".".join(parts[:end]), path)
        except ModuleMissing as missing:
            nowhere = nowhere or missing
            continue
        if nowhere is None or hasattr(module, parts[end]) or not hasattr(module, "__path__"):
            return module, parts[end:]
        break  # a package without that module
    assert nowhere is not None
    raise nowhere


def _no_attribute(module: ModuleType, names: list[str], number: int) -> ConfigurationError:
    where = getattr(module, "__file__", None)
    holder = ".".join([module.__name__, *names[:number]])
    message = f"there is no {names[number]!r} in {'module' if number == 0 else 'class'} {holder!r}"
    hidden = hidden_sentence(module.__name__)
    if hidden is not None:
        return ConfigurationError(f"{message}: {hidden}")
    hint = f"define {names[number]} in {where or module.__name__}, or correct the name"
    if module.__name__ in MAIN_NAMES:
        hint = "it is a function of a script: give that script, or write its module's name"
    elif is_of_others(where):
        hint = "correct the name"
    return ConfigurationError(message, hint)


def _hidden_with(path: str) -> str | None:
    module, _, rest = path.replace(":", ".").partition(".")
    return None if module in MAIN_NAMES else hidden_sentence(module, rest.partition(".")[0])


@dataclass(frozen=True, slots=True)
class ClassRef:
    """A class by its full name; nested classes work."""

    path: str

    @classmethod
    def parse(cls, path: str) -> ClassRef:
        """From `module.Class`."""
        return cls(path)

    @property
    def hides(self) -> str | None:
        """A sentence if an unused module of the application also has that name; None if none."""
        return _hidden_with(self.path)

    def load(self) -> type:
        """The class. Raises ConfigurationError if it cannot be found or imported."""
        path = self.path.replace(":", ".")
        found = _located(path)
        if not isinstance(found, type):
            hidden = hidden_sentence(path)
            told = f"there is no class {path}" + (f": {hidden}" if hidden else "")
            raise ConfigurationError(told)
        return found


def _located(path: str) -> object:
    """The object at a path, or None; the longest beginning that is a module is imported."""
    parts = path.split(".")
    found: Any = builtins
    names = parts
    for end in range(1, len(parts) + 1):
        try:
            found = import_module(".".join(parts[:end]), path)
        except ModuleMissing:
            break
        names = parts[end:]
        if parts[0] in MAIN_NAMES:
            break
    for name in names:
        found = getattr(found, name, None)
    return found


def by_name(references: Iterable[FunctionRef]) -> dict[str, FunctionRef]:
    """The functions by their own names; two of the same name by their paths."""
    references = list(references)
    counts = Counter(map(_own_name, references))
    return {one.path if counts[_own_name(one)] > 1 else _own_name(one): one for one in references}


def _own_name(reference: FunctionRef) -> str:
    return reference.path.rpartition(".")[2]


def import_module(name: str, wanted: str) -> Any:
    """Import module `name`. Raises ConfigurationError whatever the import raises.

    Both names of the main script mean the application's own file, if it was imported.
    """
    if name in MAIN_NAMES:
        return sys.modules.get(MAIN_NAMES[1]) or sys.modules[MAIN_NAMES[0]]
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise _not_found(name, wanted, error) from error
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        told = f"importing {name} raised {raised_by(error)}"
        # An import of a name that the other module does not have.
        hidden = hidden_sentence(error.name or "") if isinstance(error, ImportError) else None
        told = f"{told}; {hidden}" if hidden else told
        raise ImportFailed(told, module=_failed_module(name)) from error


def _failed_module(name: str) -> str:
    """The module whose code failed while `name` was imported: it, or a package above it."""
    parts = name.split(".")
    packages = (".".join(parts[:end]) for end in range(1, len(parts)))
    return next((package for package in packages if package not in sys.modules), name)


def _not_found(name: str, wanted: str, error: ModuleNotFoundError) -> ConfigurationError:
    missing = error.name or ""
    hidden = hidden_sentence(missing) if missing else None
    if missing and (name == missing or name.startswith(f"{missing}.")):
        told = f"there is no module {missing!r} for {wanted}"
        if hidden is not None:
            return ModuleMissing(f"{told}: {hidden}", module=missing)
        hint = "put it into the application's root, or install it"
        return ModuleMissing(told, hint, module=missing)
    told = f"importing {name} needs the module {missing!r}, "
    if hidden is not None:
        return ImportFailed(f"{told}which is not there: {hidden}", module=_failed_module(name))
    told += f"which is not installed{place_of(error)}"
    return ImportFailed(told, f"install {missing}", module=_failed_module(name))


def realise(value: Any) -> Any:
    """`value` with the functions and classes that its references name, imported now."""
    if isinstance(value, FunctionRef | ClassRef):
        return value.load()
    if type(value) is dict:
        return {key: realise(item) for key, item in value.items()}
    if type(value) is list:
        return [realise(item) for item in value]
    return value
