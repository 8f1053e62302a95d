"""What the configuration beside it names. Nothing of it is run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class Row:
    def __init__(self, **row: Any) -> None:
        self.__dict__.update(row)


class Document(Row):
    pass


class Encoder(json.JSONEncoder):
    pass


class Decoder(json.JSONDecoder):
    pass


def read(path: str) -> str:
    return Path(path).read_text()


def write(data: object, path: str) -> None:
    Path(path).write_text(str(data))


def insert(data: object) -> list[Any]:
    return [("DELETE FROM log", {}), ("INSERT INTO log VALUES (:n)", {"n": data})]


def merge(*inputs: object) -> int:
    return 1
