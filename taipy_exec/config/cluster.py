"""The settings of cluster mode, from flags, environment and the `[JOB]` section."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from taipy_exec.config.application import AppConfig
from taipy_exec.config.broker_address import BrokerAddress, parse_addresses
from taipy_exec.errors import ConfigurationError

URL_VARIABLE = "TAIPY_EXEC_BROKER_URL"
SECRET_VARIABLE = "TAIPY_EXEC_SECRET"
_DEFAULT_URL = "amqp://guest:guest@localhost:5672/"

# Key in [JOB] -> (kinds, default, least value); the key without `broker_` is the field.
SETTINGS: Mapping[str, tuple[tuple[type, ...], Any, float | None]] = {
    "broker_heartbeat": ((int,), 15, 5),
    "broker_prefetch": ((int,), 0, 0),
    "broker_delivery_limit": ((int,), 20, 1),
    "broker_ack_after": ((int, float), 20.0, 0),
    "broker_lease": ((int, float), 15.0, 1),
    "broker_connect_timeout": ((int, float), 20.0, 0),
    "broker_verify": ((bool,), True, None),
}
FILES = ("broker_ca_file", "broker_cert_file", "broker_key_file")
CLUSTER_KEYS = ("broker_url", "application", "broker_password_file", *SETTINGS, *FILES)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterConfig:
    """How an application's coordinators and workers meet. Times are in seconds.

    `prefetch` is how many orders a worker takes beyond its free slots, 0 for a number that
    follows how short the jobs are; `ack_after` the time after which the order of a running job
    is acknowledged early; `lease` how long a worker may be silent; `connect_timeout` how long the
    command line waits for the broker.
    """

    application: str
    addresses: tuple[BrokerAddress, ...]
    heartbeat: int = 15
    prefetch: int = 0
    delivery_limit: int = 20
    ack_after: float = 20.0
    lease: float = 15.0
    connect_timeout: float = 20.0
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    verify: bool = True
    secret: bytes | None = field(default=None, repr=False)


def cluster_config(app: AppConfig, broker_url: str | None = None) -> ClusterConfig:
    """The settings of `app`: flag, environment, configuration file, default.

    Raises ConfigurationError where an address or the password's file is wrong.
    """
    given = app.job.properties
    url = broker_url or os.environ.get(URL_VARIABLE) or given.get("broker_url") or _DEFAULT_URL
    addresses = parse_addresses(url)
    password = _password(app, given.get("broker_password_file"))
    if password is not None:
        addresses = tuple(replace(address, password=password) for address in addresses)
    settings: dict[str, Any] = {
        key.removeprefix("broker_"): given.get(key, default)
        for key, (_, default, _) in SETTINGS.items()
    }
    files: dict[str, Any] = {
        key.removeprefix("broker_"): app.root / str(given[key]) for key in FILES if given.get(key)
    }
    secret = os.environ.get(SECRET_VARIABLE)
    return ClusterConfig(
        application=str(given.get("application") or app.root.resolve().name or "taipy"),
        addresses=addresses,
        secret=secret.encode() if secret else None,
        **settings,
        **files,
    )


def _password(app: AppConfig, file: Any) -> str | None:
    if not file:
        return None
    path = app.root / str(file)
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationError(
            f"broker_password_file {path} cannot be read: {error.strerror}",
            "make it readable for this user, or remove the key",
        ) from None
