"""The settings of cluster mode, from flags, environment and the `[JOB]` section."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from taipy_exec.config.application import AppConfig
from taipy_exec.config.broker_address import BrokerAddress, parse_addresses
from taipy_exec.config.vocabulary import CLUSTER_KEYS
from taipy_exec.errors import ConfigurationError

# How many seconds a worker may take to report that it lives, after another got its order.
SUSPICION = 5.0

URL_VARIABLE = "TAIPY_EXEC_BROKER_URL"
SECRET_VARIABLE = "TAIPY_EXEC_SECRET"
_DEFAULT_URL = "amqp://guest:guest@localhost:5672/"
_LONGEST_NAME = 60
_FILES = ("broker_ca_file", "broker_cert_file", "broker_key_file")
_READ_APART = ("broker_url", "application", "broker_password_file", *_FILES)
# The key without `broker_` is the field.
_PLAIN = tuple(key for key in CLUSTER_KEYS if key not in _READ_APART)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterConfig:
    """How an application's coordinators and workers meet. Times are in seconds.

    `prefetch` is the number of orders that a worker fetches in advance, beyond its free slots; 0
    chooses it by the duration of the jobs. `ack_after` is the time after which the order of a
    running job is acknowledged early. `lease` is the time that a worker may be silent.
    `connect_timeout` is the time that the command line waits for the broker.
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

    @property
    def sign_of_life(self) -> float:
        """The interval of a worker's heartbeats: several of them fit into its lease."""
        return min(self.lease / 5, SUSPICION / 3)

    @property
    def trusted_lease(self) -> float:
        """How long after its last contact with the broker a worker cannot be given up yet."""
        return min(self.lease * 2 / 3, SUSPICION * 4 / 5)

    @property
    def patience(self) -> float:
        """How long a node of the broker may not answer until the next node is tried.

        It is short: a worker can try the next node before it is given up.
        """
        return self.lease / 3 if len(self.addresses) > 1 else float("inf")

    @property
    def reports_patience(self) -> float:
        """How long a worker waits for the confirmation of a report until it gives orders back."""
        return max(10.0, self.lease)

    @property
    def queue_patience(self) -> float:
        """How long a queue of reports may not answer until it is replaced.

        A queue without a leader never answers. In a cluster of brokers it may only wait for nodes
        that are down, and another node is tried first.
        """
        return 10.0 if len(self.addresses) == 1 else 45.0


def cluster_config(app: AppConfig, broker_url: str | None = None) -> ClusterConfig:
    """The settings of `app`: flag, environment, configuration file, default.

    Raises ConfigurationError if an address, the name or the password's file is wrong.
    """
    given = app.job.properties
    secret = os.environ.get(SECRET_VARIABLE)
    settings: dict[str, Any] = {
        key.removeprefix("broker_"): given[key] for key in _PLAIN if key in given
    }
    files: dict[str, Any] = {
        key.removeprefix("broker_"): app.place_of(given[key]) for key in _FILES if given.get(key)
    }
    return ClusterConfig(
        application=_application(app),
        addresses=_addresses(app, broker_url),
        secret=secret.encode() if secret else None,
        **settings,
        **files,
    )


def wrong_setting(key: str, value: Any) -> str | None:
    """The problem of a value of the right type, in words without a password; None if none."""
    if key == "application":
        return _wrong_name(value)
    if key == "broker_url":
        try:
            parse_addresses(value)
        except ConfigurationError as error:
            return f"{error.message}; {error.hint}"
        return None
    least, most = CLUSTER_KEYS[key].least, CLUSTER_KEYS[key].most
    if least is not None and most is not None and not least <= value <= most:
        return f"must be from {least} to {most}"
    return None


def _application(app: AppConfig) -> str:
    given = app.job.properties.get("application")
    name = str(app.root.resolve().name if given is None else given)
    wrong = _wrong_name(name)
    if wrong:
        raise ConfigurationError(
            f"the application's name {name!r} {wrong}", 'write application = "NAME" under [JOB]'
        )
    return name


def _wrong_name(name: str) -> str | None:
    # Bytes: quoted, each may be three, and a queue's name has 255 at most.
    length = len(name.encode(errors="replace"))
    if length <= _LONGEST_NAME and name.strip() and name.isprintable():
        return None
    return f"must have 1 to {_LONGEST_NAME} printable characters (bytes, where it is not ASCII)"


def _addresses(app: AppConfig, flag: str | None) -> tuple[BrokerAddress, ...]:
    given: Mapping[str, Any] = app.job.properties
    sources: tuple[tuple[str, Any], ...] = (
        (f"--broker-url or {URL_VARIABLE}", flag),
        (URL_VARIABLE, os.environ.get(URL_VARIABLE)),
        ("broker_url", given.get("broker_url")),
    )
    source, url = next((found for found in sources if found[1]), ("", _DEFAULT_URL))
    try:
        addresses = parse_addresses(url)
    except ConfigurationError as error:
        raise ConfigurationError(f"{source}: {error.message}", error.hint) from None
    file = given.get("broker_password_file")
    if not file:
        return addresses
    password = _password(app.place_of(file))
    return tuple(replace(address, password=password) for address in addresses)


def _password(path: Path) -> str:
    try:
        password = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        wrong = f"cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        wrong = "is not UTF-8 text"
    else:
        if password:
            return password
        wrong = "is empty"
    raise ConfigurationError(
        f"broker_password_file {path} {wrong}",
        "put the password into it, readable for this user, or remove the key",
    )
