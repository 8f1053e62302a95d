"""Values that a function returns."""

import array
import collections
import datetime
import decimal
import fractions
import pathlib
import uuid


def none():
    """None"""
    return


def not_a_number():
    """NaN and infinity"""
    return float("nan"), float("-inf"), -0.0


def big_integer():
    """an integer of 3,000 digits"""
    return 10**3000


def text_with_surrogates():
    """text that is no valid Unicode"""
    return "a\udce9b\0c"


def many_bytes():
    """five million bytes"""
    return collections.Counter(b"\0" * 5_000_000)


def containers():
    """sets, tuples, frozen sets, nested"""
    return {(1, frozenset({2})): [{3}], None: ()}


def recursive_list():
    """a list that holds itself"""
    found = [1]
    found.append(found)
    return found


def deep_list():
    """a list of 200 levels"""
    found = []
    for _ in range(200):
        found = [found]
    return found


def collections_of_the_library():
    """OrderedDict, deque, defaultdict, Counter, array"""
    return (
        collections.OrderedDict(a=1),
        collections.deque([1, 2], maxlen=2),
        collections.defaultdict(list, a=[1]),
        collections.Counter("aab"),
        array.array("d", [1.5]),
    )


def numbers():
    """Decimal, Fraction, complex, bool"""
    return decimal.Decimal("1.10"), fractions.Fraction(1, 3), 1 + 2j, True


def times():
    """dates and times with zones"""
    zone = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
    return (
        datetime.date(2024, 2, 29),
        datetime.datetime(2024, 2, 29, 12, tzinfo=zone),
        datetime.timedelta(microseconds=-1),
        datetime.time(1, 2, fold=1),
    )


def names():
    """paths and UUIDs"""
    return pathlib.PurePosixPath("a b/ü"), uuid.UUID(int=5)


def function_of_the_library():
    """a function and a class of a module"""
    return collections.Counter is collections.Counter, len


def exception():
    """an exception as a value"""
    return ValueError("a value")
