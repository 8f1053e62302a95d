"""cloudpickle, extended by locks, enums, slots, cached functions and weak dictionaries.

A piece is a function, a class or an instance that no module of another process has; see
`by_value`. In the other process, functions of the script still share the script's globals.
"""

from __future__ import annotations

import contextvars
import enum
import functools
import io
import marshal
import pickle
import sys
import threading
import types
import typing
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import cloudpickle

from taipy_exec.config.vocabulary import MAIN_NAMES

_Reduced = Any
_CACHED = type(functools.cache(len))
_LOCKS: dict[type, Callable[[], Any]] = {
    type(threading.Lock()): threading.Lock,
    type(threading.RLock()): threading.RLock,
}
_WEAK = (weakref.WeakKeyDictionary, weakref.WeakValueDictionary)
# Attributes that a class takes only when it is made, not afterwards.
_AT_BIRTH = ("__slots__", "_fields_", "_pack_", "_anonymous_", "_align_")
_MAIN = "the globals of the script"


class PiecePickler(cloudpickle.Pickler):  # type: ignore[misc]
    """Pickles pieces one by one, with one memo for all. `classes` are those of the script."""

    def __init__(self) -> None:
        self._stream = io.BytesIO()
        super().__init__(self._stream, protocol=5)
        self.classes: list[type] = []
        self._main: dict[str, Any] = {}
        # cloudpickle gives one dictionary to functions with the same globals. It is this one.
        self.globals_ref[id(vars(sys.modules[MAIN_NAMES[0]]))] = self._main

    def pickled(self, piece: Any) -> tuple[bytes, int]:
        """The pickled piece, and the size of the memo after it. A reader needs all former pieces.

        Raises whatever the piece's own code raises.
        """
        self._stream.seek(0)
        self._stream.truncate()
        self.dump(piece)
        return self._stream.getvalue(), len(self.memo.copy())

    def persistent_id(self, obj: Any) -> str | None:
        return _MAIN if obj is self._main else None

    def reducer_override(self, obj: Any) -> _Reduced:
        kind = type(obj)
        if kind in _LOCKS:
            return _by_name(obj) or (_LOCKS[kind], ())
        if kind is _CACHED and _is_of_main(obj):
            return _cached, (obj.__wrapped__, obj.cache_parameters(), dict(vars(obj)))
        if kind is typing.NewType and _is_of_main(obj):
            return typing.NewType, (obj.__name__, obj.__supertype__)
        if kind in _WEAK:
            return kind, (dict(obj),)
        if kind is types.CodeType:  # cloudpickle drops the file name, which tracebacks need
            return marshal.loads, (marshal.dumps(obj),)
        if kind is contextvars.ContextVar:
            made = (obj.name, contextvars.Context().run(_values_of, obj))
            return _by_name(obj) or (_context_variable, made)
        reduced = super().reducer_override(obj)
        if reduced is NotImplemented or not isinstance(obj, type):
            return reduced
        if _is_of_main(obj):
            self.classes.append(obj)
        return (
            _reduced_enum(obj)
            if isinstance(obj, enum.EnumMeta)
            else _quiet(obj, _born(obj, reduced))
        )


def _is_of_main(obj: Any) -> bool:
    return getattr(obj, "__module__", None) == MAIN_NAMES[0]


def _by_name(obj: Any) -> _Reduced:
    """Its place in a module that another process can import. The identity of such objects counts.

    None if no module has it.
    """
    for name, module in list(sys.modules.items()):
        if name not in MAIN_NAMES:
            for attribute, value in list(getattr(module, "__dict__", {}).items()):
                if value is obj:
                    return getattr, (module, attribute)
    return None


def _cached(function: Any, parameters: dict[str, Any], attributes: dict[str, Any]) -> Any:
    made = functools.lru_cache(**parameters)(function)
    vars(made).update({key: attributes[key] for key in attributes if key != "__wrapped__"})
    return made


def _values_of(variable: contextvars.ContextVar[Any]) -> tuple[Any, ...]:
    """The variable's default (its value in a new context), or an empty tuple."""
    try:
        return (variable.get(),)
    except LookupError:
        return ()


def _context_variable(name: str, default: tuple[Any, ...]) -> contextvars.ContextVar[Any]:
    return contextvars.ContextVar(name, **({"default": default[0]} if default else {}))


def _born(cls: type, reduced: _Reduced) -> _Reduced:
    """cloudpickle's recipe of a class. Attributes that the class needs at the start come first."""
    at_birth = {name: vars(cls)[name] for name in _AT_BIRTH if name in vars(cls)}
    if not at_birth or (issubclass(cls, tuple) and "__orig_bases__" in vars(cls)):
        return reduced  # typing.NamedTuple makes its slots itself
    make, given, (attributes, slots), *rest = reduced
    constructor, name, bases, first, *others = given
    attributes = {
        key: value
        for key, value in attributes.items()
        if key not in at_birth
        and not isinstance(value, types.MemberDescriptorType)
        and type(value).__module__ != "_ctypes"
    }
    if type(cls).__module__ == "_ctypes":  # it has no name there
        made = (name, bases, {**first, **at_birth})
        return (_make_structure, made, (attributes, slots), *rest)
    given = (constructor, name, bases, {**first, **at_birth}, *others)
    return (make, given, (attributes, slots), *rest)


def _quiet(cls: type, reduced: _Reduced) -> _Reduced:
    """A recipe that calls no `__init_subclass__` and no metaclass of the script again.

    Their effects are sent already: in the class's attributes, or in a registry of the script.
    """
    of_script = [base for base in cls.__mro__[1:] if _is_of_main(base)]
    is_noisy = any("__init_subclass__" in vars(base) for base in of_script)
    if not is_noisy and not _is_of_main(type(cls)):
        return reduced
    make, (constructor, *given), *rest = reduced
    return (make, (functools.partial(_make_quietly, constructor), *given), *rest)


class _Quiet:
    def __init_subclass__(cls, **options: Any) -> None:
        """Stops the call, so that no `__init_subclass__` of the script runs."""


class _QuietWithSlots:
    __slots__ = ()
    __init_subclass__ = _Quiet.__init_subclass__


def _make_quietly(kind: Any, name: str, bases: tuple[type, ...], space: dict[str, Any]) -> Any:
    maker = next(one for one in kind.__mro__ if not _is_of_main(one))
    if bases in ((), (object,)):
        return maker.__new__(kind, name, bases, dict(space))
    for quiet in (_Quiet, _QuietWithSlots):
        made = maker.__new__(kind, name, (quiet, *bases), dict(space))
        try:
            made.__bases__ = bases
        except TypeError:  # instances of its bases have a different layout in memory
            continue
        return made
    return kind(name, bases, dict(space))


def _make_structure(name: str, bases: tuple[type, ...], space: dict[str, Any]) -> type:
    return type(bases[0])(name, bases, space)


# -- enums --------------------------------------------------------------------------------
#
# Members are instances of a class that does not exist yet. Its own `__new__` and `__init__` cannot
# be called again, because their arguments are not kept. So the members are made as in an enum
# without these methods. Then they get their former attributes.

_OF_THE_MACHINERY = (
    *("__dict__", "__weakref__", "_member_names_", "_member_map_", "_member_type_"),
    *("_value2member_map_", "_unhashable_values_", "_hashable_values_", "_unhashable_values_map_"),
)


def _reduced_enum(cls: Any) -> _Reduced:
    members = {name: _data_of(cls, member) for name, member in cls.__members__.items()}
    options = {"boundary": cls._boundary_} if issubclass(cls, enum.Flag) else {}
    made = (type(cls), cls.__name__, cls.__bases__, members, cls.__module__, options)
    attributes = {
        name: value
        for name, value in vars(cls).items()
        if name not in _OF_THE_MACHINERY and name not in members
    }
    of_members = {member.name: dict(vars(member)) for member in cls}
    for known in of_members.values():
        known.pop("__objclass__", None)
    return _make_enum, made, (attributes, of_members), None, None, _complete_enum


def _data_of(cls: Any, member: Any) -> Any:
    """The value that makes a member again in an enum without its own `__new__`."""
    kind = cls._member_type_
    if kind is object:
        return member._value_
    arguments = kind.__getnewargs__(member) if hasattr(kind, "__getnewargs__") else None
    return member._value_ if arguments is None else arguments


def _make_enum(
    kind: Any,
    name: str,
    bases: tuple[type, ...],
    members: dict[str, Any],
    module: str,
    options: dict[str, Any],
) -> Any:
    space = kind.__prepare__(name, bases, **options)
    space["__module__"] = module
    for member, value in members.items():
        space[member] = value
    return kind(name, bases, space, **options)


def _complete_enum(cls: Any, state: tuple[dict[str, Any], dict[str, dict[str, Any]]]) -> None:
    attributes, of_members = state
    own = dict(vars(cls))
    for name, value in attributes.items():
        if own.get(name) is not value:
            type.__setattr__(cls, name, value)
    for name, known in of_members.items():
        cls.__members__[name].__dict__.update(known)
    cls._value2member_map_.clear()
    for member in cls.__members__.values():
        try:
            cls._value2member_map_.setdefault(member._value_, member)
        except TypeError:  # it has no hash: Python then searches all members
            pass


class _Names:
    """Finds the script's names in this process. A missing name is no error: `missing` gets the
    reason as a sentence, and makes the object that takes its place."""

    def __init__(self, file: io.BytesIO, missing: Callable[[str], Any]) -> None:
        super().__init__(file)  # type: ignore[call-arg]
        self._missing_name = missing
        main = sys.modules[MAIN_NAMES[0]]
        # A program that was imported here has its own globals. They must not change.
        is_program = getattr(main, "__file__", None) is not None
        self._main = {"__name__": MAIN_NAMES[0]} if is_program else vars(main)

    def persistent_load(self, pid: str) -> Any:
        return self._main

    def find_class(self, module: str, name: str) -> Any:
        try:
            return super().find_class(module, name)  # type: ignore[misc]
        except AttributeError:
            if module not in MAIN_NAMES:
                raise
            return self._missing_name(
                f"{name} of the script cannot be sent to another process; "
                "put it into a module, and import it from there"
            )


class _Unpickler(_Names, pickle.Unpickler):
    pass


class _TolerantUnpickler(_Names, pickle._Unpickler):
    """Python's unpickler written in Python: the memo of the one in C cannot be corrected."""

    memo: dict[int, Any]


def read_all(pieces: Sequence[tuple[bytes, int]], missing: Callable[[str], Any]) -> list[Any]:
    """The pieces of one pickler. `missing(reason)` takes the place of one that cannot be loaded."""
    whole = _Unpickler(io.BytesIO(b"".join(pickled for pickled, _ in pieces)), missing)
    try:
        return [whole.load() for _ in pieces]
    except Exception:
        return _read_each(pieces, missing)


def _read_each(pieces: Sequence[tuple[bytes, int]], missing: Callable[[str], Any]) -> list[Any]:
    found = []
    known: dict[int, Any] = {}
    for pickled, known_then in pieces:
        unpickler = _TolerantUnpickler(io.BytesIO(pickled), missing)
        unpickler.memo = known
        try:
            found.append(unpickler.load())
        except Exception as error:
            absent = missing(f"{type(error).__name__}: {error}")
            found.append(absent)
            for number in range(len(known), known_then):
                known[number] = absent
    return found
