"""The watchers that an application's configuration and its environment ask for."""

from __future__ import annotations

from collections.abc import Callable

from taipy_exec.config.application import AppConfig
from taipy_exec.config.redaction import redaction
from taipy_exec.config.reference import FunctionRef
from taipy_exec.observers.watching import Watcher


def configured_watchers(app: AppConfig, tell: Callable[[str], None]) -> list[Watcher]:
    """Raises ConfigurationError where one of them cannot be had. `tell` gets their warnings."""
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
    return found
