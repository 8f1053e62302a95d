"""The checks of `doctor` for the connection: encryption, and the broker's certificate."""

from __future__ import annotations

import datetime as dt
import shlex
import time

from taipy_exec.config.broker_address import BrokerAddress
from taipy_exec.config.cluster import ClusterConfig
from taipy_exec.errors import BrokerError
from taipy_exec.operations.doctor.diagnosis import Finding, Level

_LOCAL = ("localhost", "127.0.0.1", "::1")
_SOON_DAYS = 30


def check_transport(address: BrokerAddress, cluster: ClusterConfig) -> Finding:
    """Whether the connection to the broker is encrypted, and the broker verified."""
    if address.tls and cluster.verify:
        return _certificate(address, cluster)
    if address.tls:
        return Finding(
            name="TLS",
            message=f"{address.redacted} is encrypted, but its certificate is not verified",
            level=Level.WARNING,
            fix="remove broker_verify from [JOB]; for a private authority set broker_ca_file",
        )
    if address.host in _LOCAL:
        return Finding(
            name="TLS", message=f"not needed, the broker {address.redacted} is on this machine"
        )
    return Finding(
        name="TLS",
        message=f"{address.redacted} is not encrypted: passwords and messages can be read",
        level=Level.WARNING,
        fix="use an amqps:// address",
    )


def _certificate(address: BrokerAddress, cluster: ClusterConfig) -> Finding:
    from taipy_exec.broker.certificate import certificate_end

    try:
        end = certificate_end(address, cluster)
    except BrokerError as error:
        return Finding(
            name="TLS",
            message=f"{address.redacted}: {error.message}",
            level=Level.PROBLEM,
            fix=_fix(error, address),
            is_broker=True,
        )
    text = f"{address.redacted} is encrypted, and its certificate is verified"
    if end is None:
        return Finding(name="TLS", message=text)
    day = dt.datetime.fromtimestamp(end, dt.UTC).date()
    left = int((end - time.time()) / 86400)
    text += f"; it is valid until {day} ({left} day{'' if left == 1 else 's'} left)"
    if left >= _SOON_DAYS:
        return Finding(name="TLS", message=text)
    return Finding(
        name="TLS",
        message=text,
        level=Level.WARNING,
        fix="renew it on the broker (ssl_options.certfile), then there: rabbitmqctl eval "
        "'ssl:clear_pem_cache().'",
    )


def _fix(error: BrokerError, address: BrokerAddress) -> str:
    """The fix for a connection that is not secure, by the message of the library."""
    show = (
        f"openssl s_client -connect {shlex.quote(f'{address.host}:{address.port}')} </dev/null "
        "| openssl x509 -noout"
    )
    text = error.message
    if "expired" in text:
        return f"renew the broker's certificate; {show} -dates shows it"
    if "not yet valid" in text:
        return f"set the clock of this machine; {show} -dates shows from when it is valid"
    if "mismatch" in text or "not valid for" in text:
        return f"use a name that is in the certificate: {show} -ext subjectAltName"
    if "issuer" in text or "self-signed" in text or "self signed" in text:
        return 'name the authority that signed it: broker_ca_file = "ca.pem" under [JOB]'
    if "no secure connection" in text:
        return "amqps:// needs the port with TLS (default 5671), amqp:// the one without (5672)"
    if error.hint:
        return error.hint
    return "start RabbitMQ there, or give its address with --broker-url or broker_url in [JOB]"
