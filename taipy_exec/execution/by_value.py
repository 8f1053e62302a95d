"""Pickling for another process of the same machine. Code that it cannot import is sent by value.

Functions and classes of the user's script, of a notebook, and those made inside a function have
no module that another process could import. They are called pieces here. cloudpickle pickles all
of them with one memo, so that they still share classes and globals. Plain pickle takes everything
else, because it is ten times faster.

The script is not run again for this: an import may do much work. The values that its `__main__`
part has set are sent too. A piece that cannot be pickled is imported from the script's file. If
there is no file, the piece becomes a `NotSent`: its call fails, and other pieces still work.
"""

from __future__ import annotations

import functools
import io
import pickle
import sys
import types
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from taipy_exec.config.main_module import import_main
from taipy_exec.config.vocabulary import MAIN_NAMES
from taipy_exec.errors import ConfigurationError

_CALLABLES = (types.FunctionType, type, type(functools.cache(len)))
_PLAIN = frozenset({int, str, float, bool, bytes, tuple, list, dict, set, type(None)})


def dump(value: Any) -> bytes:
    """Pickle `value`. Raises what pickle raises, but not for a function or class.

    `load` imports such a function or class from the script's file, or gives a `NotSent`. An
    instance of a class of the script is a piece only if plain pickle cannot take it.
    """
    try:
        body = io.BytesIO()
        pickler = _Pickler(body, takes_instances=False)
        pickler.dump(value)
    except Exception:
        body = io.BytesIO()
        pickler = _Pickler(body, takes_instances=True)
        pickler.dump(value)
    pieces = _dump_pieces(pickler.pieces) if pickler.pieces else _Pieces((), (b"", 0))
    return pickle.dumps((pieces, body.getvalue()), protocol=5)


def load(data: bytes) -> Any:
    """The value that `dump` pickled. It must come from this process's own coordinator."""
    pieces, body = pickle.loads(data)
    return _Unpickler(io.BytesIO(body), _load_pieces(pieces)).load()


class NotSent:
    """Takes the place of a piece that did not reach this process. `why` is a sentence."""

    def __init__(self, why: str) -> None:
        self.why = why

    def __getattr__(self, name: str) -> NoReturn:
        """Raises ConfigurationError for each attribute, AttributeError for special names."""
        raise AttributeError(name) if name.startswith("__") else ConfigurationError(self.why)

    def __call__(self, *arguments: Any, **named: Any) -> NoReturn:
        """Raises ConfigurationError, with any arguments."""
        raise ConfigurationError(self.why)


def why_not_sent(found: Any) -> str | None:
    """The reason why a task's function is not complete in this process. None if it is complete."""
    kind = type(found)  # `isinstance` asks the object itself too, which may raise
    if kind is NotSent:
        return found.why  # type: ignore[no-any-return]
    if kind is types.MethodType:
        return why_not_sent(found.__self__) or why_not_sent(found.__func__)
    if issubclass(kind, functools.partial):
        parts = (found.func, *found.args, *found.keywords.values())
        return next(filter(None, map(why_not_sent, parts)), None)
    return None


@dataclass(frozen=True, slots=True)
class _Piece:
    """A pickled piece, or the reason why it could not be pickled. All pieces share one pickler."""

    name: str
    file: str | None
    pickled: tuple[bytes, int] | None
    failure: str | None


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Pieces in the order of their numbers, and all classes of the script that they contain.

    When a task returns an instance of such a class, pickle looks up the class by its name.
    """

    pieces: tuple[_Piece, ...]
    classes: tuple[bytes, int]


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, *, takes_instances: bool) -> None:
        super().__init__(file, protocol=5)
        self._takes_instances = takes_instances
        self.pieces: list[Any] = []
        self._places: dict[int, int] = {}

    def persistent_id(self, obj: Any) -> int | None:
        kind = type(obj)
        if kind in _PLAIN:
            return None
        is_callable = isinstance(obj, _CALLABLES)
        if not is_callable and not self._takes_instances:
            return None
        if not _is_homeless(obj if is_callable else kind):
            return None
        if id(obj) not in self._places:
            self._places[id(obj)] = len(self.pieces)
            self.pieces.append(obj)
        return self._places[id(obj)]


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, pieces: list[Any]) -> None:
        super().__init__(file)
        self._pieces = pieces

    def persistent_load(self, pid: int) -> Any:
        return self._pieces[pid]

    def find_class(self, module: str, name: str) -> Any:
        # Pickle stores a bound method as a call of `getattr`.
        return _attribute_of if (module, name) == _GETATTR else super().find_class(module, name)


_GETATTR = ("builtins", "getattr")


def _attribute_of(found: Any, name: str) -> Any:
    """The attribute of an object. A `NotSent` is its own attribute: its methods are missing too."""
    return found if isinstance(found, NotSent) else getattr(found, name)


def _is_homeless(obj: Any) -> bool:
    """Whether no module has it under its name: code of the script, nested functions, lambdas."""
    return obj.__module__ == MAIN_NAMES[0] or "<" in obj.__qualname__


def _dump_pieces(pieces: list[Any]) -> _Pieces:
    from taipy_exec.execution.piece_pickler import PiecePickler  # cloudpickle: 60 ms

    failures: dict[int, str] = {}
    while True:
        pickler = PiecePickler()
        pickled: dict[int, tuple[bytes, int]] = {}
        try:
            for number, piece in enumerate(pieces):
                if number not in failures:
                    pickled[number] = pickler.pickled(piece)
        except Exception as error:
            if not isinstance(piece, _CALLABLES):
                raise  # the object that holds the instance needs it
            # Start with a new memo: later pieces would refer to objects that are half written.
            failures[number] = f"{_culprit(piece)}{type(error).__name__}: {error}"
            continue
        sent = tuple(
            _Piece(_name(piece), _file_of(piece), pickled.get(number), failures.get(number))
            for number, piece in enumerate(pieces)
        )
        return _Pieces(sent, pickler.pickled(pickler.classes))


def _culprit(piece: Any) -> str:
    """The name used by a function whose value cannot be pickled, in words; empty if none is."""
    from taipy_exec.execution.piece_pickler import PiecePickler

    if not isinstance(piece, types.FunctionType):
        return ""
    for name in piece.__code__.co_names:
        try:
            PiecePickler().pickled(piece.__globals__.get(name))
        except Exception:
            return f"it uses {name}, which raises "
    return ""


def _load_pieces(sent: _Pieces) -> list[Any]:
    if not sent.pieces:
        return []
    from taipy_exec.execution.piece_pickler import read_all

    pickled = [piece.pickled for piece in sent.pieces if piece.pickled is not None]
    *read, classes = read_all([*pickled, sent.classes], NotSent)
    of_stream = iter(read)
    found = [
        _imported(piece, piece.failure) if piece.pickled is None else next(of_stream)
        for piece in sent.pieces
    ]
    found = [
        _imported(piece, made.why) if isinstance(made, NotSent) and piece.pickled else made
        for piece, made in zip(sent.pieces, found, strict=True)
    ]
    main = sys.modules[MAIN_NAMES[0]]
    for made in found if isinstance(classes, NotSent) else [*found, *classes]:
        if _is_of_script(made) and made.__qualname__.isidentifier():
            main.__dict__.setdefault(made.__name__, made)
    return found


def _is_of_script(made: Any) -> bool:
    """Pickle looks it up by name: in a task's result, and in arguments for a process pool."""
    return isinstance(made, _CALLABLES) and made.__module__ == MAIN_NAMES[0]


def _imported(piece: _Piece, failure: str | None) -> Any:
    """A piece from the script's file, or a `NotSent` in its place."""
    why = f"{piece.name} cannot be sent to another process: {failure}"
    if piece.file is None:
        return NotSent(f"{why}; put it into a module, and import it from there")
    try:
        import_main(Path(piece.file), MAIN_NAMES[1])
        found: Any = sys.modules[MAIN_NAMES[1]]
        for name in piece.name.split("."):
            found = getattr(found, name)
    except (ConfigurationError, AttributeError) as error:
        return NotSent(f"{why}; it cannot be imported from {piece.file} either: {error}")
    return found


def _name(piece: Any) -> str:
    return str(getattr(piece, "__qualname__", None) or f"an instance of {type(piece).__qualname__}")


def _file_of(piece: Any) -> str | None:
    """The script that defines the piece at its top level, None if no file does."""
    name = getattr(piece, "__qualname__", "<")
    file = getattr(sys.modules[MAIN_NAMES[0]], "__file__", None)
    if not file or "<" in name or piece.__module__ != MAIN_NAMES[0] or not Path(file).is_file():
        return None
    return str(Path(file).absolute())
