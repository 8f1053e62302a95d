"""Pickles with mapped buffers: ordinary pickles, aligned, and never read by a wrong place."""

from __future__ import annotations

import io
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest

from taipy_exec.data import mapped_pickle

LARGE = 1 << 20
MARK = b"taipy-exec-buf-2"


def numbers(size: int = 200_000, start: int = 0) -> Any:
    return numpy.arange(start, start + size, dtype="i8")


def fixed(array: Any) -> Any:
    array.flags.writeable = False
    return array


def memoised(number: int) -> list[list[str]]:
    """So many objects that the pickler refers to later ones by long numbers."""
    return [[f"text {n}"] for n in range(number)]


def structured() -> Any:
    array = numpy.zeros(100_000, dtype=[("a", "i4"), ("b", "f8"), ("c", "S3")])
    array["a"] = numpy.arange(100_000)
    array["c"] = b"xyz"
    return array


def back_reference() -> list[Any]:
    """Two read-only arrays behind 300 objects, of which the pickle names some again."""
    before = memoised(300)
    return [before, before[299], fixed(numbers()), before[280], fixed(numbers(start=7)), before[1]]


def twice() -> list[Any]:
    array = numbers()
    return [array, {"again": array}, memoised(1000), array]


VALUES: dict[str, Callable[[], Any]] = {
    "one array": numbers,
    "read-only": lambda: fixed(numbers()),
    "read-only behind 300 objects": back_reference,
    "read-only and writable in turn": lambda: [
        fixed(numbers()),
        numbers(start=1),
        memoised(400),
        fixed(numbers(start=2)),
        numbers(start=3),
        "end",
    ],
    "objects before and behind": lambda: [memoised(70_000), numbers(), memoised(300)],
    "Fortran order": lambda: numpy.asfortranarray(numbers().reshape(400, 500)),
    "read-only in Fortran order": lambda: fixed(numpy.asfortranarray(numbers().reshape(400, 500))),
    "structured": structured,
    "read-only structured": lambda: fixed(structured()),
    "several in a dict": lambda: {str(n): numbers(start=n) for n in range(20)},
    "several in a list": lambda: [numbers(start=n) for n in range(300)][::15],
    "a table": lambda: pandas.DataFrame(
        {"a": numbers(), "b": numbers() / 3, "c": ["x", "é"] * 100_000}
    ),
    "views": lambda: [numbers(400_000)[100_000:], numbers(400_000)[::2], numbers()[::-1]],
    "the same twice": twice,
    "empty": lambda: [numpy.array([]), numbers(), numpy.zeros((0, 5))],
    "objects": lambda: [numpy.array([1, "a", None], dtype=object), numbers()],
    "texts": lambda: numpy.array(["é", "abc"] * 100_000),
    "dates": lambda: numpy.arange("2000-01-01", "2900-01-01", dtype="M8[D]"),
    "bytes": lambda: [b"x" * 2 * LARGE, bytearray(2 * LARGE), numbers()],
    "large small mixed": lambda: [numbers(n) for n in (10, 9_000, 200_000, 9_000, 200_000, 10)],
    **{
        f"1 MiB {step:+}, {'read-only' if still else 'writable'}": (
            lambda step=step, still=still: [
                fixed(numpy.ones(LARGE + step, "u1")) if still else numpy.ones(LARGE + step, "u1"),
                numbers(),
            ]
        )
        for step in (-1, 0, 1)
        for still in (False, True)
    },
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "value.p"


def write(path: Path, value: Any) -> bytes:
    with path.open("wb") as file:
        mapped_pickle.dump(value, file)
    return path.read_bytes()


def read(path: Path, *, mapped: bool = True) -> Any:
    with path.open("rb") as file:
        return mapped_pickle.load(file, mapped=mapped)


def arrays(value: Any) -> list[Any]:
    if isinstance(value, numpy.ndarray):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [a for item in value for a in arrays(item)] if isinstance(value, list) else []


def same(one: Any, other: Any) -> None:
    assert type(one) is type(other)
    if isinstance(one, numpy.ndarray):
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        assert one.flags.f_contiguous == other.flags.f_contiguous
        assert one.flags.writeable == other.flags.writeable
        numpy.testing.assert_array_equal(one, other)
    elif isinstance(one, pandas.DataFrame):
        pandas.testing.assert_frame_equal(one, other)
    elif isinstance(one, dict):
        assert list(one) == list(other)
        same(list(one.values()), list(other.values()))
    elif isinstance(one, list):
        assert len(one) == len(other)
        for left, right in zip(one, other, strict=True):
            same(left, right)
    else:
        assert one == other


def places(content: bytes) -> list[tuple[int, int]]:
    """The large buffers that the end of a file tells of."""
    if not content.endswith(MARK):
        return []
    stop, count = struct.unpack_from("<QQ", content, len(content) - len(MARK) - 16)
    return list(struct.iter_unpack("<QQ", content[stop : stop + 16 * count]))


def with_places(content: bytes, wanted: list[tuple[int, int]]) -> bytes:
    """`content` with other places at its end."""
    (stop, _) = struct.unpack_from("<QQ", content, len(content) - len(MARK) - 16)
    entries = b"".join(struct.pack("<QQ", *place) for place in wanted)
    return content[:stop] + entries + struct.pack("<QQ", stop, len(wanted)) + MARK


# -- what goes in comes out ---------------------------------------------------------------


@pytest.mark.parametrize("name", VALUES)
def test_every_reader_gives_the_value_that_was_written(path: Path, name: str) -> None:
    value = VALUES[name]()
    content = write(path, value)
    plain = pickle.loads(pickle.dumps(value, protocol=5))
    same(read(path), plain)
    same(read(path, mapped=False), plain)
    same(pickle.loads(content), plain)


@pytest.mark.parametrize("name", VALUES)
def test_large_buffers_lie_at_multiples_of_64(path: Path, name: str) -> None:
    found = places(write(path, VALUES[name]()))
    assert all(start % 64 == 0 and length >= LARGE for start, length in found)
    for array in arrays(read(path)):
        if array.nbytes >= LARGE and array.flags.writeable and array.dtype != object:
            assert array.ctypes.data % array.dtype.alignment == 0


@pytest.mark.parametrize("still", [False, True])
@pytest.mark.parametrize("objects", range(250, 262))
def test_any_number_of_memoised_objects_may_stand_before_a_buffer(
    path: Path, objects: int, still: bool
) -> None:
    make = fixed if still else numpy.asarray
    value = [memoised(objects), make(numbers()), make(numbers(start=5)), memoised(objects)]
    assert len(places(write(path, value))) == 2
    same(read(path), value)
    same(pickle.loads(path.read_bytes()), value)


@pytest.mark.parametrize("size", range(64))
def test_whatever_padding_is_needed_the_pickle_stays_whole(path: Path, size: int) -> None:
    value = ["x" * size, fixed(numbers(131_072)), "y" * size, numbers(131_072)]
    assert [start % 64 for start, _ in places(write(path, value))] == [0, 0]
    same(read(path), value)
    same(pickle.loads(path.read_bytes()), value)


@pytest.mark.parametrize(("step", "number"), [(-1, 0), (0, 1), (1, 1)])
@pytest.mark.parametrize("still", [False, True])
def test_a_buffer_is_large_from_one_mebibyte_on(
    path: Path, step: int, number: int, still: bool
) -> None:
    array = numpy.ones(LARGE + step, "u1")
    assert len(places(write(path, fixed(array) if still else array))) == number


@pytest.mark.parametrize("opcode", [b"\x8e", b"\x96"])
def test_a_header_with_eight_bytes_of_length_is_known_too(path: Path, opcode: bytes) -> None:
    """pickle writes BINBYTES8 from 4 GiB on only; so it is written by hand here."""
    data = bytes(range(256)) * 4096
    with path.open("wb") as file:
        writer = mapped_pickle._Writer(file)
        writer.write(b"\x80\x05" + opcode + struct.pack("<Q", len(data)))
        writer.write(pickle.PickleBuffer(data))
        writer.write(b".")
        writer.finish()
    content = path.read_bytes()
    assert [start % 64 for start, _ in places(content)] == [0]
    found = read(path)
    assert bytes(found) == pickle.loads(content) == data
    assert found.readonly == (opcode == b"\x8e")


@pytest.mark.parametrize("header", [b"", b"B", b"B\x00\x00\x10\x01", b"T\x00\x00\x10\x00"])
def test_a_buffer_behind_an_unknown_header_is_written_as_it_comes(header: bytes) -> None:
    file = io.BytesIO()
    writer = mapped_pickle._Writer(file)
    writer.write(header)
    writer.write(pickle.PickleBuffer(bytes(LARGE)))
    writer.finish()
    assert file.getvalue() == header + bytes(LARGE)


# -- maps ---------------------------------------------------------------------------------


def test_large_arrays_stay_in_the_file_and_small_ones_do_not(path: Path) -> None:
    value = [numbers(), fixed(numbers()), numbers(10)]
    content = write(path, value)
    assert len(places(content)) == 2
    found = read(path)
    with path.open("r+b") as file:  # what nobody may do shows where the data lies
        file.write(bytes(len(content)))
    assert [int(array.sum()) for array in found] == [0, 0, 45]


def test_a_mapped_array_can_be_changed_and_the_file_stays(path: Path) -> None:
    content = write(path, [numbers(), numbers(start=1)])
    first, second = read(path)
    first[:] = 7
    second += 1
    assert path.read_bytes() == content
    same(read(path), [numbers(), numbers(start=1)])
    assert int(first.sum()) == 7 * len(first)


def test_a_read_only_array_stays_read_only(path: Path) -> None:
    write(path, fixed(numbers()))
    found = read(path)
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 1


def test_a_mapped_array_outlives_its_file(path: Path) -> None:
    write(path, numbers())
    found = read(path)
    path.unlink()
    same(found, numbers())


# -- ends that cannot be trusted ----------------------------------------------------------


ODD_ENDS: dict[str, Callable[[bytes], bytes]] = {
    "no end": lambda c: c[: -len(MARK)],
    "half an end": lambda c: c[:-8],
    "one byte less": lambda c: c[:-1],
    "one byte more": lambda c: c + b"\0",
    "another mark": lambda c: c[: -len(MARK)] + b"taipy-exec-buf-1",
    "a mark alone": lambda c: c + MARK,
    "a mark behind zeros": lambda c: c + bytes(16) + MARK,
    "a mark behind ones": lambda c: c + b"\xff" * 16 + MARK,
    "no places": lambda c: with_places(c, []),
    "a place too early": lambda c: with_places(c, [(n - 1, size) for n, size in places(c)]),
    "a place too late": lambda c: with_places(c, [(n + 1, size) for n, size in places(c)]),
    "a wrong length": lambda c: with_places(c, [(n, size - 1) for n, size in places(c)]),
    "a place beyond the end": lambda c: with_places(c, [(len(c) + 64, LARGE)]),
    "a place beyond all ends": lambda c: with_places(c, [((1 << 64) - 1, (1 << 64) - 1)]),
    "a place at the beginning": lambda c: with_places(c, [(0, LARGE)]),
    "places in disorder": lambda c: with_places(c, places(c)[::-1]),
    "a place twice": lambda c: with_places(c, places(c)[:1] * 2),
    "an end without the middle": lambda c: c[:-60] + c[-32:],
}


@pytest.mark.parametrize("name", ODD_ENDS)
@pytest.mark.parametrize("still", [False, True])
def test_a_file_whose_end_is_odd_is_read_as_the_pickle_it_is(
    path: Path, name: str, still: bool
) -> None:
    make = fixed if still else numpy.asarray
    value = [make(numbers()), memoised(300), make(numbers(start=3))]
    odd = ODD_ENDS[name](write(path, value))
    path.write_bytes(odd)
    same(read(path), pickle.loads(odd))
    same(read(path), value)


def test_of_files_put_one_behind_the_other_the_first_is_read_as_pickle_does(path: Path) -> None:
    contents = [
        write(path, value) for value in (numbers(), [numbers(), 1], fixed(numbers(start=9)))
    ]
    for first in contents:
        for second in contents:
            path.write_bytes(first + second)
            same(read(path), pickle.loads(first))


def test_a_pickle_of_somebody_else_is_read(path: Path) -> None:
    for protocol in range(6):
        path.write_bytes(pickle.dumps([numbers(), fixed(numbers())], protocol=protocol))
        same([a.tolist() for a in read(path)], [numbers().tolist()] * 2)


@pytest.mark.parametrize("size", [0, 1, 10, 2 * LARGE])
def test_a_file_that_is_no_pickle_is_refused_as_pickle_does(path: Path, size: int) -> None:
    path.write_bytes(bytes(size))
    with pytest.raises((pickle.UnpicklingError, EOFError)):
        read(path)


def test_a_pickle_that_was_cut_is_refused(path: Path) -> None:
    content = write(path, [numbers(), numbers()])
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises((pickle.UnpicklingError, EOFError)):
        read(path)
