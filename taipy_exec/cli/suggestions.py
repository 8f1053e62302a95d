"""Suggestions for commands and options that do not exist."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

# Words of other tools -> the names of the same things here.
COMMANDS_ELSEWHERE = {
    "abort": "cancel",
    "add": "submit",
    "dag": "graph",
    "delete": "clean",
    "exec": "submit",
    "execute": "submit",
    "follow": "attach",
    "jobs": "status",
    "kill": "cancel",
    "lint": "check",
    "list": "status",
    "log": "logs",
    "ls": "status",
    "new": "init",
    "prune": "clean",
    "ps": "status",
    "rerun": "retry",
    "show": "status",
    "start": "submit",
    "stop": "cancel",
    "top": "status",
    "validate": "check",
    "watch": "attach",
    "worker": "run-worker",
}
OPTIONS_ELSEWHERE = {
    "--app": "--application-path",
    "--background": "--detach",
    "--concurrency": "--workers",
    "--cores": "--workers",
    "--env": "--mode",
    "--jobs": "--workers",
    "--no-color": "--color",
    "--parallel": "--workers",
    "--param": "--set",
    "--path": "--application-path",
    "--threads": "--workers",
}
_CLOSE = 0.6
# Of two that are almost equally close, both are named.
_ALMOST = 0.1


def closest(word: str, known: Iterable[str], elsewhere: Mapping[str, str]) -> list[str]:
    """At most two of the `known` words that may be meant by `word`, the likeliest first.

    `elsewhere` has the words of other tools. Words that begin with `word` come before close ones.
    """
    words = [one for one in known if one != word]
    if elsewhere.get(word) in words:
        return [elsewhere[word]]
    longer = [one for one in words if len(word.lstrip("-")) > 1 and one.startswith(word)]
    if longer:
        return sorted(longer, key=len)[:2]
    ratios = [(difflib.SequenceMatcher(None, one, word).ratio(), one) for one in words]
    ranked = sorted((pair for pair in ratios if pair[0] >= _CLOSE), reverse=True)
    return [one for ratio, one in ranked if ratio >= ranked[0][0] - _ALMOST][:2]


def did_you_mean(found: Iterable[str]) -> str:
    """`; did you mean a or b?`, or nothing."""
    text = " or ".join(found)
    return f"; did you mean {text}?" if text else ""
