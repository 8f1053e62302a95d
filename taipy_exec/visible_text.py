r"""Makes untrusted text harmless: control characters and direction marks are shown as `\x1b`.

Jobs may only change the colours of a terminal.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

# Control characters, marks of direction, line separators, halves of characters, and characters that
# XML forbids. Line breaks and tabs are not among them.
_UNSEEN_CLASS = (
    r"\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f"
    r"\ufff9-\ufffb\ufffe\uffff\ud800-\udfff"
)
_UNSEEN = re.compile(f"[{_UNSEEN_CLASS}]")
_UNSEEN_ON_A_LINE = re.compile(rf"[\t\n{_UNSEEN_CLASS}]")
# After an escape: a colour; a sequence that moves the cursor, erases or asks; a link's address.
# None of them holds text for the reader.
_SEQUENCE = (
    r"(?<=\x1b)(?:\[(?P<colour>[0-9;:]*)m|\[[0-?]*[ -/]*[@-~]"
    r"|\]8;[^\x00-\x1f\x7f-\x9f]*(?:\x07|\x1b\\))"
)
# Each begins with a set of characters, so text without them is searched fast.
_STEERING = re.compile(rf"\x1b{_SEQUENCE}")
_PRINTED = re.compile(rf"[{_UNSEEN_CLASS}](?:{_SEQUENCE})?")
_OVERWRITTEN = re.compile(r"^[^\n]*\r(?=[^\n])", re.MULTILINE)
_UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|\](?:8(?:;[^\x00-\x1f\x7f-\x9f]*\x1b?)?)?)?\Z")
_LONGEST_SEQUENCE = 2_000
_CONCEAL = "8"
# After these come the numbers of a colour, which are not commands: how many, by the first of them.
_WITH_NUMBERS = ("38", "48")
_NUMBERS = {"5": 2, "2": 4}
_RESET = "\x1b[0m"


def visible(text: str) -> str:
    """`text` with its line breaks and tabs; all other invisible characters are escaped."""
    return _UNSEEN.sub(_escaped, text)


def one_line(text: str) -> str:
    r"""`text` on one line: a line break is shown as `\n`."""
    return _UNSEEN_ON_A_LINE.sub(_escaped, text)


def visible_record(record: logging.LogRecord) -> bool:
    """Keep the message of a log record on one line: a filter that lets every record through."""
    record.msg, record.args = one_line(record.getMessage()), ()
    return True


def visible_json(text: str) -> str:
    """The same JSON, with JSON's escapes for invisible characters."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def uncoloured(text: str) -> str:
    """`text` without colours, visible."""
    if "\x1b" in text:
        text = _STEERING.sub("", text)
    return visible(text)


def readable(text: str) -> str:
    """Printed text without colours and without overwritten lines."""
    return uncoloured(_settled(text))


def for_terminal(text: str) -> str:
    """Printed text in its colours, without overwritten lines."""
    shown = _PRINTED.sub(_in_colour, _settled(text))
    return shown + _RESET if _leaves_colours(shown) else shown


class TerminalText:
    """Prepares the output of a job for a terminal as it comes, in pieces of any length."""

    def __init__(self) -> None:
        self._held = ""
        self._is_coloured = False

    def add(self, text: str) -> str:
        """The text to show now. An unfinished sequence is held back until its end comes."""
        text = self._held + text
        self._held = ""
        if "\x1b" in text:
            unfinished = _UNFINISHED.search(text, max(len(text) - _LONGEST_SEQUENCE, 0))
            if unfinished:
                self._held = unfinished[0]
                text = text[: unfinished.start()]
        shown = _PRINTED.sub(_in_colour, text)
        if "\x1b" in shown:
            self._is_coloured = _leaves_colours(shown)
        return shown

    def end(self) -> str:
        """The sequence that resets colours, at the end of the output."""
        return _RESET if self._is_coloured else ""


def _settled(text: str) -> str:
    """The last form of each line: a carriage return starts it again."""
    if "\r" not in text:
        return text
    return _OVERWRITTEN.sub("", text.replace("\r\n", "\n")).replace("\r", "")


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


def _in_colour(found: re.Match[str]) -> str:
    colour = found["colour"]
    if colour is not None:
        return _without_conceal(colour)
    if len(found[0]) > 1:
        return ""
    return "\r" if found[0] == "\r" else _escaped(found)


def _leaves_colours(shown: str) -> bool:
    last = shown.rfind("\x1b")
    return last >= 0 and not shown.startswith((_RESET, "\x1b[m"), last)


def _without_conceal(colour: str) -> str:
    """The sequence of a colour without the command that hides text."""
    if _CONCEAL not in colour:
        return f"\x1b[{colour}m"
    kept = [part for part in _commands(colour) if part.partition(":")[0].lstrip("0") != _CONCEAL]
    return f"\x1b[{';'.join(kept)}m" if kept else ""


def _commands(colour: str) -> Iterator[str]:
    """The commands of a sequence, each with its numbers."""
    parts = colour.split(";")
    while parts:
        count = 1
        if parts[0] in _WITH_NUMBERS and len(parts) > 1:
            count += _NUMBERS.get(parts[1], 0)
        yield ";".join(parts[:count])
        del parts[:count]
