"""Recognise properties that hold secrets, and keep the secrets out of texts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from taipy_exec.config.vocabulary import SECRET_PROPERTIES, SECRET_TABLES

MASK = "***"
# A shorter secret is masked only as a whole word. If not, it would mask half of a message.
_SHORTEST = 4
# Environment variables can have any name. The name of a secret mostly shows that it is one.
_SECRET_VARIABLE = re.compile(r"pass|pwd|secret|token|credential|(api|access|private)_?key", re.I)

# This is narrower, since columns of tables have names such as `passengers` and `token_count`.
_SECRET_NAME = re.compile(
    r"passw|passphrase|(?<![a-z])(pass|pwd|token)$|[_-]token$|secret|credential"
    r"|(api|access|private)[_-]?key",
    re.I,
)

# A line of a file may hold a secret anywhere.
_SECRET_LINE = re.compile(
    "|".join(
        (
            *map(re.escape, sorted(SECRET_PROPERTIES)),
            r"passw|passphrase|pwd|secret|tokens?(?![a-z])|credential|authorization|bearer",
            r"(api|access|private)[_-]?key",
            r"""(?<![a-z])pass["']?\s*[=:]""",
        )
    ),
    re.I,
)
# Up to the last @ before a blank: a password may hold one, and its quote may be missing.
_USER_AND_PASSWORD = re.compile(r"(//[^\s:@/]*):\S*@")


def is_secret(name: object) -> bool:
    """Whether a property of this name holds a secret, in a data node or in a table of one."""
    return isinstance(name, str) and name.lower() in SECRET_PROPERTIES


def says_secret(name: object) -> bool:
    """Whether the name of an option, a column or a data node is that of a secret."""
    return is_secret(name) or (isinstance(name, str) and bool(_SECRET_NAME.search(name)))


def discreet_line(line: str) -> str:
    """A line of a file for a message: without passwords in addresses, empty near a secret."""
    shown = _USER_AND_PASSWORD.sub(rf"\1:{MASK}@", line.strip())
    return "" if _SECRET_LINE.search(shown) else shown


def masked(value: Any, name: object = None) -> Any:
    """`value` for people to read: each value with the name of a secret is `***`."""
    if is_secret(name) and value not in (None, ""):
        return MASK
    if isinstance(value, Mapping):
        hidden = name == "environment"
        return {key: MASK if hidden else masked(item, key) for key, item in value.items()}
    if name in SECRET_TABLES and value is not None:
        return MASK
    if type(value) in (list, tuple):
        return type(value)(masked(item) for item in value)
    return value


def without_secrets(text: str, properties: Mapping[str, Any]) -> str:
    """`text` without the secrets among `properties`, as they are or encoded for a URL."""
    found = {form for secret in _secrets(properties) for form in _forms(secret)}
    for secret in sorted(found, key=len, reverse=True):
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, MASK)
        else:
            text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", MASK, text)
    return text


def _forms(secret: str) -> Iterator[str]:
    if secret:
        yield from (secret, quote(secret, safe=""), quote_plus(secret), repr(secret)[1:-1])


def _secrets(properties: Mapping[str, Any]) -> Iterator[str]:
    for name, value in properties.items():
        if name == "environment" and isinstance(value, Mapping):
            yield from (str(v) for n, v in value.items() if _SECRET_VARIABLE.search(str(n)))
        elif isinstance(value, Mapping):
            yield from _secrets(value)
        elif is_secret(name) and value is not None:
            yield str(value)
