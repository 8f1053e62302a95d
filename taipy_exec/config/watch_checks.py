"""Check the keys of `[JOB]` that define where submissions are reported."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from taipy_exec.config.compile import Compiled
from taipy_exec.config.problem import Level, Problem
from taipy_exec.config.reference import FunctionRef
from taipy_exec.config.webhook_address import wrong_address


def watch_problems(compiled: Compiled) -> Iterator[Problem]:
    """The problems of `on_event`, `webhook_url` and `traces`."""
    given = compiled.config.job.properties

    def problem(key: str, message: str, value: Any = None) -> Problem:
        return compiled.merged.problem("JOB", "", key, message, value=value)

    function = given.get("on_event")
    if function is not None and not (isinstance(function, FunctionRef) or callable(function)):
        wanted = 'a function such as "module.name:function"'
        if isinstance(function, str) and "." in function:
            wanted = f'a function: write "{function}:function"'
        yield problem("on_event", f"must be {wanted}", function)
    url = given.get("webhook_url")
    if url is not None:
        wrong = wrong_address(url) if isinstance(url, str) else "must be a text"
        if wrong:
            yield problem("webhook_url", wrong)
        elif _stands_in_a_file(compiled) and (url.startswith("https") or "@" in url):
            yield compiled.merged.problem(
                "JOB",
                "",
                "webhook_url",
                "the file holds the whole address, and every reader of the file can see it; if it "
                'is a secret, write webhook_url = "ENV[NAME]" and set that variable',
                level=Level.WARNING,
            )
    traces = given.get("traces")
    if traces is not None and not isinstance(traces, bool):
        yield problem("traces", f"must be true or false, not {traces!r}", traces)
    elif traces and not _is_there("opentelemetry.sdk"):
        yield problem("traces", "needs OpenTelemetry: pip install 'taipy-exec[opentelemetry]'")


def _stands_in_a_file(compiled: Compiled) -> bool:
    """Whether the address is in plain text, and not the name of a variable."""
    merged = compiled.merged
    literal = isinstance(merged.sections["JOB"][""]["webhook_url"], str)
    return literal and merged.origin.get(("JOB", "", "webhook_url")) is not None


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ImportError:
        return False
