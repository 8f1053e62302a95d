"""Reads the certificate of a broker without a login."""

from __future__ import annotations

import socket
import ssl

from taipy_exec.broker.explanation import explain
from taipy_exec.broker.parameters import tls_options
from taipy_exec.config.broker_address import BrokerAddress, redact
from taipy_exec.config.cluster import ClusterConfig
from taipy_exec.errors import BrokerError


def certificate_end(
    address: BrokerAddress, cluster: ClusterConfig, timeout: float = 5.0
) -> float | None:
    """The end of the validity, in seconds since the epoch; None if it is not verified.

    Raises BrokerError if there is no secure connection: a wrong name, an unknown authority, an
    expired certificate, or no answer.
    """
    context: ssl.SSLContext = tls_options(address, cluster).context
    try:
        with (
            socket.create_connection((address.host, address.port), timeout) as plain,
            context.wrap_socket(plain, server_hostname=address.host) as secure,
        ):
            shown = secure.getpeercert() or {}
    except OSError as error:
        raise BrokerError(redact(explain(error, address), cluster.addresses)) from None
    end = shown.get("notAfter")
    return ssl.cert_time_to_seconds(end) if isinstance(end, str) else None
