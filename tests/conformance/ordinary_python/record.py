# What a task returned, for the test to read. No case of its own.

from pathlib import Path

OUT = Path(__file__).with_name("out")


def write(value, name):
    (OUT / name).write_text(repr(value), "utf-8", "backslashreplace")


def read(name):
    return (OUT / name).read_text("utf-8")
