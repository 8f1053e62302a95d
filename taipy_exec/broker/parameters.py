"""Turns an address and its settings into pika's connection parameters."""

from __future__ import annotations

import ssl

import pika

from taipy_exec.config.broker_address import BrokerAddress
from taipy_exec.config.cluster import ClusterConfig
from taipy_exec.errors import BrokerError


def parameters(
    address: BrokerAddress, cluster: ClusterConfig, name: str
) -> pika.ConnectionParameters:
    """How to connect to `address`. Raises BrokerError if a certificate cannot be read."""
    return pika.ConnectionParameters(
        host=address.host,
        port=address.port,
        virtual_host=address.vhost,
        credentials=pika.PlainCredentials(
            address.username, address.password, erase_on_connect=False
        ),
        heartbeat=cluster.heartbeat,
        connection_attempts=1,
        socket_timeout=10,
        stack_timeout=15,
        blocked_connection_timeout=None,
        ssl_options=tls_options(address, cluster) if address.tls else None,
        client_properties={"connection_name": name},
    )


def tls_options(address: BrokerAddress, cluster: ClusterConfig) -> pika.SSLOptions:
    """How to encrypt. Raises BrokerError if a certificate cannot be read."""
    try:
        context = ssl.create_default_context(
            cafile=str(cluster.ca_file) if cluster.ca_file else None
        )
        if cluster.cert_file:
            context.load_cert_chain(
                str(cluster.cert_file), str(cluster.key_file) if cluster.key_file else None
            )
    except (OSError, ssl.SSLError) as error:
        raise BrokerError(
            f"the certificate files of the broker cannot be used: {error}",
            "look at broker_ca_file, broker_cert_file and broker_key_file",
        ) from None
    if not cluster.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return pika.SSLOptions(context, address.host)
