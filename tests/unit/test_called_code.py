"""What is known of a call before it is made, and what nobody can know."""

from __future__ import annotations

import dataclasses
import enum
import functools
import inspect
import math
import typing
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from unittest.mock import Mock

import pytest

from taipy_exec.config.called_code import (
    annotated_results,
    known_signature,
    swapped_inputs,
    wrong_arguments,
)


def none() -> int:
    return 1


def two(a: Any, b: Any) -> Any:
    return a, b


def default(a: Any, b: Any = 1) -> Any:
    return a, b


def named(a: Any, *, b: Any) -> Any:
    return a, b


def named_with_default(a: Any, *, b: Any = 1, **more: Any) -> Any:
    return a, b


def anything(*all_of_them: Any, **more: Any) -> Any:
    return all_of_them


def one_and_more(a: Any, *more: Any) -> Any:
    return a, more


async def waits(a: Any) -> Any:
    return a


def adds_an_argument(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*arguments: Any) -> Any:
        return function("first", *arguments)

    return wrapper


def takes_none(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper() -> Any:
        return function(1, 2)

    return wrapper


@adds_an_argument
def decorated(first: Any, a: Any) -> Any:
    return first, a


class Model:
    def __init__(self, a: Any) -> None:
        self.a = a

    def method(self, a: Any) -> Any:
        return a

    @classmethod
    def of(cls, a: Any) -> Any:
        return cls(a)

    @staticmethod
    def free(a: Any) -> Any:
        return a


class Bare:
    pass


class Made:
    def __new__(cls, *parts: Any) -> Any:
        return super().__new__(cls)

    def __init__(self, a: Any, b: Any) -> None:
        pass


class Meta(type):
    def __call__(cls, *parts: Any) -> Any:
        return parts


class Odd(metaclass=Meta):
    def __init__(self) -> None:
        pass


class Described:
    __signature__ = inspect.Signature()

    def __init__(self, a: Any) -> None:
        pass


class Error(Exception):
    pass


class Text(str):
    pass


class Color(enum.Enum):
    RED = 1


class Pair(NamedTuple):
    a: int
    b: int


@dataclasses.dataclass
class Data:
    a: int
    b: int = 2


class Callee:
    def __call__(self, a: Any) -> Any:
        return a


class FreeCallee:
    @staticmethod
    def __call__(a: Any) -> Any:
        return a


class Descriptor:
    def __get__(self, instance: Any, owner: Any) -> Any:
        return lambda: 1


class Lazy:
    __call__ = Descriptor()


def lies(a: Any) -> Any:
    return a


lies.__signature__ = inspect.Signature()  # type: ignore[attr-defined]


class Loud:
    """Whatever is asked of it, it says something else."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *parts: Any) -> Any:
        return parts


class Silent:
    """It refuses every question, but it can be called."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __call__(self, a: Any) -> Any:
        return a


class OwnPartial(functools.partial):  # type: ignore[type-arg]
    def __call__(self, *parts: Any) -> Any:
        return parts[0]


class OddPartial(functools.partial):  # type: ignore[type-arg]
    """It holds a function as any other partial does, but does not give it away."""

    @property
    def func(self) -> Any:
        raise RuntimeError("no")


class OddAnnotation:
    @property
    def __class__(self) -> Any:
        raise RuntimeError("no")


FITS: list[tuple[Callable[..., Any], int]] = [
    (none, 0),
    (two, 2),
    (default, 1),
    (default, 2),
    (named_with_default, 1),
    (anything, 0),
    (anything, 7),
    (one_and_more, 1),
    (one_and_more, 5),
    (waits, 1),
    (decorated, 1),
    (takes_none(two), 0),
    (lambda *a: a, 3),
    (functools.partial(two, 1), 1),
    (functools.partial(two, b=1), 1),
    (functools.partial(functools.partial(two, 1), 2), 0),
    (Model, 1),
    (Model(1).method, 1),
    (Model.of, 1),
    (Model.free, 1),
    (Bare, 0),
    (Made, 2),
    (Odd, 5),
    (Described, 1),
    (Error, 4),
    (Text, 1),
    (Color, 1),
    (Pair, 2),
    (Data, 1),
    (Callee(), 1),
    (FreeCallee(), 1),
    (Lazy(), 0),
    (lies, 1),
    (functools.partial(lies), 1),
    (Loud(), 3),
    (Mock(), 3),
    (print, 5),
    (max, 2),
    (int, 1),
    (dict, 0),
    (math.hypot, 3),
    (len, 1),
    (str.upper, 1),
    (functools.lru_cache(two), 2),
    (OwnPartial(two), 1),
    (OwnPartial(two), 5),
    (OddPartial(two), 2),
]


@pytest.mark.parametrize(("function", "number"), FITS)
def test_what_can_be_called_is_never_refused(function: Any, number: int) -> None:
    signature = known_signature(function)
    inputs = [f"n{at}" for at in range(number)]
    assert signature is None or wrong_arguments(signature, inputs) is None


def test_of_an_object_that_answers_no_question_only_its_class_is_asked() -> None:
    signature = known_signature(Silent())
    assert signature is not None
    assert list(signature.parameters) == ["a"]
    assert annotated_results(Silent()) is None
    assert annotated_results(returns(OddAnnotation())) is None


@pytest.mark.parametrize(
    ("function", "inputs", "told"),
    [
        (none, ["raw"], "it takes no arguments, and the task has 1 input (raw)"),
        (
            two,
            ["raw"],
            "it takes 2 arguments (a, b), and the task has 1 input (raw): nothing is given for b",
        ),
        (two, ["x", "y", "z"], "it takes 2 arguments (a, b), and the task has 3 inputs (x, y, z)"),
        (default, [], "it takes 1 to 2 arguments (a, b), and the task has no inputs"),
        (named, ["x"], "b can be given by name only"),
        (waits, [], "it takes 1 argument (a), and the task has no inputs"),
        (one_and_more, [], "nothing is given for a"),
        (functools.partial(two, 1), ["x", "y"], "it takes 1 argument (b), and the task has 2"),
        (functools.partial(two, a=1), ["x", "y"], "and the task has 2 inputs"),
        (Model, [], "it takes 1 argument (a), and the task has no inputs"),
        (Model(1).method, ["x", "y"], "it takes 1 argument (a), and the task has 2 inputs (x, y)"),
        (Model.of, [], "it takes 1 argument (a)"),
        (Model.free, [], "it takes 1 argument (a)"),
        (Bare, ["x"], "it takes no arguments"),
        (Callee(), [], "it takes 1 argument (a)"),
        (Data, [], "it takes 1 to 2 arguments (a, b)"),
        (takes_none(two), ["x", "y"], "it takes no arguments"),
    ],
)
def test_a_call_that_is_sure_to_fail_is_told_with_its_arguments(
    function: Any, inputs: Sequence[str], told: str
) -> None:
    signature = known_signature(function)
    assert signature is not None
    assert told in (wrong_arguments(signature, inputs) or "")
    with pytest.raises(TypeError):
        function(*inputs)


@pytest.mark.parametrize(
    ("inputs", "swapped"),
    [
        (["a", "b", "c"], []),
        (["b", "a", "c"], ["b", "a"]),
        (["c", "a", "b"], ["c", "a", "b"]),
        (["b", "x", "c"], []),
        (["x", "y", "z"], []),
        (["b", "a"], ["b", "a"]),
        (["c", "b"], []),
    ],
)
def test_inputs_with_the_names_of_each_others_arguments_are_swapped(
    inputs: list[str], swapped: list[str]
) -> None:
    def function(a: Any, b: Any, c: Any = 1) -> None: ...

    assert swapped_inputs(inspect.signature(function), inputs) == swapped


def returns(annotation: Any) -> Any:
    def function() -> Any: ...

    function.__annotations__ = {"return": annotation}
    return function


@pytest.mark.parametrize(
    ("annotation", "number"),
    [
        (tuple[int, str], 2),
        ("tuple[int, dict[str, int]]", 2),
        ("typing.Tuple[int, str, float]", 3),
        (typing.Tuple[int, str], 2),  # noqa: UP006
        ("tuple[int]", 1),
        (int, 0),
        ("float", 0),
        (tuple[int, ...], None),
        ("tuple[int, ...]", None),
        ("tuple[*Ts]", None),
        ("tuple[Unpack[Ts], int]", None),
        (tuple, None),
        ("Frame", None),
        ("list[int]", None),
        (str, None),
        (Any, None),
        (None, None),
        ("not an annotation", None),
        ("tuple[", None),
        (tuple[int, str] | None, None),
        (3, None),
    ],
)
def test_results_are_counted_where_the_annotation_says_how_many(
    annotation: Any, number: int | None
) -> None:
    found = annotated_results(returns(annotation))
    assert (None if found is None else found[0]) == number


def test_results_of_what_is_wrapped_generated_or_no_function_are_not_counted() -> None:
    wrapped = functools.wraps(returns("tuple[int, int]"))(lambda: 1)

    def generates() -> tuple[int, int]:  # type: ignore[misc]
        yield 1

    for function in (wrapped, generates, Model, len, Callee(), lambda: 1):
        assert annotated_results(function) is None
    assert annotated_results(functools.partial(returns("tuple[int, int]")))
