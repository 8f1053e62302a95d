"""Classes and functions as a script defines them."""

import abc
import collections
import collections.abc
import contextlib
import ctypes
import dataclasses
import enum
import functools
import io
import logging
import operator
import threading
import types
import typing

_lock = threading.Lock()
_reentrant = threading.RLock()
_condition = threading.Condition()
_event = threading.Event()
_handler = logging.StreamHandler(io.StringIO())
_T = typing.TypeVar("_T")
_UserId = typing.NewType("_UserId", int)
_registry = {}
_made = types.ModuleType("made")
_made.value = 3


class _Cached:
    @functools.cached_property
    def six(self):
        return 6


class _Shape(abc.ABC):
    @abc.abstractmethod
    def area(self): ...

    def twice(self):
        return 2 * self.area()


class _Square(_Shape):
    def __init__(self, side):
        super().__init__()
        self.side = side

    def area(self):
        return self.side**2


class _Table(collections.UserDict):
    pass


class _Sized(collections.abc.Mapping):
    def __init__(self, **items):
        self.items_ = items

    def __getitem__(self, key):
        return self.items_[key]

    def __iter__(self):
        return iter(self.items_)

    def __len__(self):
        return len(self.items_)


class _Context(contextlib.AbstractContextManager):
    def __exit__(self, *error):
        return True


class _Typed(typing.TypedDict):
    name: str


class _Meta(type):
    def __call__(cls, *arguments):
        made = super().__call__(*arguments)
        made.by_meta = True
        return made


class _OfMeta(metaclass=_Meta):
    pass


class _Node:
    pass


_Node.root = _Node()


class _Plugin:
    known: typing.ClassVar = []

    def __init_subclass__(cls):
        _Plugin.known.append(cls.__name__)


class _First(_Plugin):
    pass


class _Pair(ctypes.Structure):
    _fields_ = (("x", ctypes.c_int), ("y", ctypes.c_int))


class _Box(typing.Generic[_T]):
    def __init__(self, value: _T):
        self.value = value


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class _Point:
    x: int
    y: int = 0


class _Pixel(typing.NamedTuple):
    x: int
    y: int = 2


@typing.runtime_checkable
class _HasArea(typing.Protocol):
    def area(self): ...


class _Word(enum.Enum):
    A = "a"

    def __str__(self):
        return "shown " + self.value


class _Planet(enum.Enum):
    EARTH = (5.97, 6.4)
    MARS = (0.64, 3.4)

    def __init__(self, mass, radius):
        self.mass = mass
        self.radius = radius

    @property
    def density(self):
        return round(self.mass / self.radius, 3)


class _Ordered(enum.Enum):
    A = 1
    B = 2

    def __lt__(self, other):
        return self.value < other.value

    def __call__(self, number):
        return self.value + number


class _Labelled(int, enum.Enum):
    ONE = (1, "one")
    TWO = (2, "two")

    def __new__(cls, value, label):
        made = int.__new__(cls, value)
        made._value_ = value
        made.label = label
        return made

    @classmethod
    def _missing_(cls, value):
        return cls.TWO


class _Letter(enum.StrEnum):
    A = "a"

    def __str__(self):
        return "shown"


class _Permission(enum.Flag):
    R = enum.auto()
    W = enum.auto()
    RW = R | W


class _Number(enum.IntEnum):
    ONE = 1
    ALSO_ONE = 1


class _Outer:
    class Inner:
        word = "inner"

    @staticmethod
    def static(x):
        return x + 1

    @classmethod
    def of_class(cls, x):
        return cls.Inner.word, x

    def __call__(self, x):
        return x * 2

    @property
    def half(self):
        return self._half

    @half.setter
    def half(self, value):
        self._half = value / 2


class _Slotted:
    __slots__ = ("a",)


class _Described:
    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, instance, owner):
        return self.name


class _WithDescriptor:
    field = _Described()


def _even(n):
    return True if n == 0 else _odd(n - 1)


def _odd(n):
    return False if n == 0 else _even(n - 1)


@functools.lru_cache
def _slow(n):
    return n + 1


@functools.singledispatch
def _describe(value):
    return "something"


@_describe.register
def _(value: int):
    return "a number"


def _register(function):
    _registry[function.__name__] = function
    return function


@_register
def _plugin(x):
    return x + 100


def _counter():
    count = 0

    def more():
        nonlocal count
        count += 1
        return count

    return more


_more = _counter()
_add_five = functools.partial(operator.add, 5)


def lock():
    """a lock of the module"""
    with _lock:
        return _lock.locked()


def reentrant_lock():
    """a reentrant lock"""
    with _reentrant, _reentrant:
        return "held twice"


def condition():
    """a condition"""
    with _condition:
        return _condition.wait(0.001)


def event():
    """an event"""
    return _event.is_set()


def log_handler():
    """a handler of logging"""
    _handler.handle(logging.LogRecord("n", logging.INFO, "p", 1, "text", (), None))
    return _handler.stream.getvalue()


def cached_property():
    """`functools.cached_property`"""
    return _Cached().six


def abstract_class():
    """an abstract base class with `super`"""
    return _Square(3).twice(), isinstance(_Square(1), _Shape)


def abstract_class_cannot_be_made():
    """an abstract class cannot be instantiated"""
    try:
        _Shape()
    except TypeError:
        return "TypeError"


def user_dict():
    """`collections.UserDict`"""
    return dict(_Table(a=1))


def mapping():
    """`collections.abc.Mapping`"""
    return dict(_Sized(a=1, b=2)), isinstance({}, collections.abc.Mapping)


def context_manager():
    """`contextlib.AbstractContextManager`"""
    with _Context():
        raise ValueError
    return "went on"


def typed_dict():
    """`typing.TypedDict`"""
    return _Typed(name="n"), sorted(_Typed.__required_keys__)


def metaclass():
    """a metaclass"""
    return _OfMeta().by_meta


def class_that_holds_its_instance():
    """a class that holds an instance of itself"""
    return isinstance(_Node.root, _Node)


def registry_of_subclasses():
    """`__init_subclass__`"""
    return _Plugin.known


def structure():
    """`ctypes.Structure`"""
    pair = _Pair(1, 2)
    return pair.x, pair.y


def generic_class():
    """a generic class and a type variable"""
    return _Box[int](4).value, _T.__name__


def new_type():
    """`typing.NewType`"""
    return _UserId(5)


def data_class():
    """a data class with slots"""
    return _Point(1) < _Point(2), dataclasses.asdict(_Point(1)), hash(_Point(1)) == hash(_Point(1))


def named_tuple():
    """a named tuple"""
    return _Pixel(1)._asdict()


def protocol():
    """a protocol"""
    return isinstance(_Square(1), _HasArea)


def enum_with_text():
    """an enum with `__str__`"""
    return str(_Word.A), f"{_Word.A}", _Word("a") is _Word.A


def enum_with_init():
    """an enum with `__init__` and a property"""
    return _Planet.EARTH.mass, _Planet.MARS.density, _Planet((5.97, 6.4)).name


def enum_with_order():
    """an enum with `__lt__` and `__call__`"""
    return max(_Ordered.A, _Ordered.B).name, _Ordered.A(10)


def enum_with_new():
    """an enum with `__new__` and `_missing_`"""
    return _Labelled.ONE.label, _Labelled(99).name, _Labelled.ONE + 1


def enum_of_texts():
    """a StrEnum with `__str__`"""
    return f"{_Letter.A}", _Letter.A == "a", _Letter.A.upper()


def enum_of_flags():
    """a Flag"""
    return (_Permission.R | _Permission.W) is _Permission.RW, list(_Permission.RW)


def enum_with_aliases():
    """an IntEnum with an alias"""
    return _Number.ALSO_ONE is _Number.ONE, list(_Number.__members__), _Number.ONE + 1


def nested_class():
    """a nested class, a static method, a class method, a property"""
    outer = _Outer()
    outer.half = 4
    return _Outer.static(1), _Outer.of_class(2), outer(3), outer.half, _Outer.Inner().word


def slots():
    """`__slots__`"""
    made = _Slotted()
    made.a = 1
    return made.a, hasattr(made, "__dict__")


def descriptor():
    """a descriptor with `__set_name__`"""
    return _WithDescriptor().field


def mutual_recursion():
    """two functions that call each other"""
    return _even(10)


def cached_function():
    """`functools.lru_cache`"""
    return _slow(1), _slow(1), _slow.cache_info().hits > 0


@functools.lru_cache
def cached_task():
    """a task that is an `lru_cache`"""
    return "cached"


def single_dispatch():
    """`functools.singledispatch`"""
    return _describe(1), _describe("x")


def registry():
    """a registry that decorators fill"""
    return _registry["_plugin"](1)


def closure():
    """a closure"""
    return _more() > 0


def partial():
    """`functools.partial`"""
    return _add_five(1)


def module_made_by_hand():
    """a module that is made at run time"""
    return _made.value


def lambda_inside():
    """a lambda and a comprehension"""
    return list(map(lambda x: x + 1, [i for i in (0, 1, 2)]))


def annotations():
    """annotations of a function"""

    def typed(x: _T) -> list[_T]:
        return [x]

    return typing.get_type_hints(typed)["x"].__name__


def global_statement():
    """`global`"""
    global _counted
    _counted = 1
    _counted += 1
    return _counted


def local_class():
    """a class inside the function"""

    class Local(_Square):
        pass

    return Local(2).area()


def local_enum():
    """an enum inside the function"""

    class Colour(enum.Enum):
        RED = 1

    return Colour.RED.name


def pickle_a_class():
    """`pickle` of an instance of the file's class"""
    import pickle

    return pickle.loads(pickle.dumps(_Point(1, 2))) == _Point(1, 2)


def deep_copy():
    """`copy.deepcopy`"""
    import copy

    return copy.deepcopy(_Point(1, 2)) == _Point(1, 2), copy.deepcopy(_Planet.EARTH).name
