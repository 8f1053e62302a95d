"""Mask secrets in shown texts: those of taipy-exec, libraries and the user's functions."""

from __future__ import annotations

import re
from collections.abc import Callable

from taipy_exec.config.application import AppConfig
from taipy_exec.config.broker_address import redact
from taipy_exec.config.cluster import cluster_config
from taipy_exec.config.secrets import MASK, masked, without_secrets
from taipy_exec.errors import ConfigurationError

# From `://` on, so that a long line without one costs nothing.
_PASSWORD_IN_URL = re.compile(r"(://[^\s:@/]*):[^\s@/]+@")


def redaction(config: AppConfig | None) -> Callable[[str], str]:
    """A function that masks the secrets of `config` and the passwords of any URL in a text."""
    if config is None:
        return lambda text: _PASSWORD_IN_URL.sub(rf"\1:{MASK}@", redact(text))
    try:
        addresses = cluster_config(config).addresses
    except ConfigurationError:
        addresses = ()
    # Only the tables that hold a secret: there may be thousands of data nodes, and of texts.
    held = {
        str(n): table
        for n, table in enumerate(
            (
                config.global_properties,
                config.job.properties,
                {"environment": config.job.environment},
                *(task.properties for task in config.tasks.values()),
                *(node.properties for node in config.data_nodes.values()),
            )
        )
        if masked(table) != table
    }

    def without(text: str) -> str:
        return _PASSWORD_IN_URL.sub(rf"\1:{MASK}@", without_secrets(redact(text, addresses), held))

    return without
