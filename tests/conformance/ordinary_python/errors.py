"""Ends and errors."""

import asyncio
import sys


class Odd(Exception):
    def __init__(self, first, second):
        super().__init__(f"{first} and {second}")


class CannotBeShown(Exception):
    def __str__(self):
        raise RuntimeError("no text")


def raise_an_error():
    """an exception"""
    raise ValueError("no such luck")


def raise_an_odd_error():
    """an exception that cannot be pickled"""
    raise Odd("one", "two")


def raise_an_error_without_text():
    """an exception whose `__str__` raises"""
    raise CannotBeShown


def raise_a_group():
    """an exception group"""
    raise ExceptionGroup("several", [ValueError("a"), TypeError("b")])


def exit_with_a_code():
    """`sys.exit(3)`"""
    sys.exit(3)


def exit_with_zero():
    """`sys.exit(0)`"""
    sys.exit(0)


def exit_with_a_text():
    """`sys.exit` with a text"""
    sys.exit("a text")


def raise_keyboard_interrupt():
    """KeyboardInterrupt that the function raises"""
    raise KeyboardInterrupt


def raise_generator_exit():
    """GeneratorExit"""
    raise GeneratorExit("odd")


def raise_canceled():
    """`asyncio.CancelledError`"""
    raise asyncio.CancelledError("by nobody")


def raise_stop_iteration():
    """StopIteration"""
    raise StopIteration("end")


def raise_a_long_error():
    """an exception with a text of 100,000 characters"""
    raise KeyError("x" * 100_000)


def recurse_for_ever():
    """too deep a recursion"""
    return recurse_for_ever()


def fail_an_assertion():
    """`assert`"""
    assert 1 == 2, "one is not two"


def note():
    """an exception with a note"""
    error = ValueError("with a note")
    error.add_note("the note")
    raise error
