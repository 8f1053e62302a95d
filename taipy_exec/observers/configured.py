"""The watchers that an application's configuration and its environment ask for."""

from __future__ import annotations

import os
from collections.abc import Callable

from taipy_exec.config.application import AppConfig
from taipy_exec.config.redaction import redaction
from taipy_exec.config.reference import FunctionRef
from taipy_exec.errors import ConfigurationError
from taipy_exec.observers.span_export import wants_spans
from taipy_exec.observers.watching import Watcher


def configured_watchers(app: AppConfig, tell: Callable[[str], None]) -> list[Watcher]:
    """The watchers; `tell` gets their warnings. Raises ConfigurationError if one cannot be made."""
    found: list[Watcher] = []
    given = app.job.properties
    function = given.get("on_event")
    if function is not None:
        from taipy_exec.observers.function import EventFunction

        loaded = function.load() if isinstance(function, FunctionRef) else function
        found.append(EventFunction(loaded, redaction(app), tell))
    if given.get("webhook_url") is not None:
        from taipy_exec.observers.webhook import Webhook

        found.append(Webhook(str(given["webhook_url"]), redaction(app), tell))
    found += _spans(app, tell)
    return found


def _spans(app: AppConfig, tell: Callable[[str], None]) -> list[Watcher]:
    """Spans, if the configuration or the environment asks for them.

    The environment may be meant for other programs: then a missing extra is no error.
    """
    traces = app.job.properties.get("traces")
    if not wants_spans(traces, os.environ):
        return []
    from taipy_exec.observers.spans import Spans

    try:
        return [Spans(redaction(app), tell)]
    except ConfigurationError as error:
        if traces:
            raise
        # An error with a hint says what to install: it is no warning here.
        if error.hint is None:
            tell(f"no traces are sent: {error.message}")
        return []
