"""The command line of this process, for people: as typed, but without secrets."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from pathlib import PurePath

from taipy_exec.config.secrets import MASK, says_secret

_OURS, _PACKAGE = "taipy-exec", "taipy_exec"
# Options of Python itself that are followed by a value.
_WITH_VALUE = ("-W", "-X", "--check-hash-based-pycs")
_LONGEST = 2_000
_NAMED_VALUE = re.compile(r"(?P<name>[\w.-]+)=(?P<value>.*)", re.DOTALL)


def command_text(arguments: Sequence[str], redacted: Callable[[str], str]) -> str:
    """`arguments` (those of `sys.orig_argv`) as one line for a shell, of at most 2,000 letters."""
    program, rest = _program(arguments[1:])
    words = [program]
    hides_next = False
    for word in rest:
        words.append(shlex.quote(redacted(MASK if hides_next else _discreet(word))))
        hides_next = word.startswith("--") and "=" not in word and _is_secret(word)
        hides_next &= not word.endswith("-file")
    return " ".join(words).replace(shlex.quote(MASK), MASK)[:_LONGEST]


def _program(arguments: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The program that Python runs, taipy-exec or the user's, and its own arguments."""
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word == "-m" and rest:
            module = rest.pop(0)
            return (_OURS if module == _PACKAGE else f"python -m {shlex.quote(module)}"), rest
        if word == "-c" and rest:
            return "python -c ...", rest[1:]
        if word in _WITH_VALUE:
            del rest[:1]
        elif not word.startswith("-"):
            path = PurePath(word)
            is_ours = path.name == _OURS or _PACKAGE in path.parts[-2:]
            return (_OURS if is_ours else f"python {shlex.quote(word)}"), rest
    return "python", rest


def _discreet(word: str) -> str:
    found = _NAMED_VALUE.fullmatch(word)
    if found is None or not found["value"]:
        return word
    if _is_secret(found["name"]):
        return f"{found['name']}={MASK}"
    # --set=NODE=VALUE
    return f"{found['name']}={_discreet(found['value'])}" if word.startswith("--") else word


def _is_secret(name: str) -> bool:
    return says_secret(name.lstrip("-").replace("-", "_"))
