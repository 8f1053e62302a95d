"""Why a broker cannot be used, in one sentence without a password."""

from __future__ import annotations

import re
import shlex
import ssl
from collections.abc import Iterator

from pika.adapters.utils.connection_workflow import AMQPConnectorStackTimeout
from pika.exceptions import (
    AuthenticationError,
    ChannelClosedByBroker,
    ConnectionBlockedTimeout,
    ConnectionClosedByBroker,
    NackError,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
    UnroutableError,
)

from taipy_exec.config.broker_address import BrokerAddress
from taipy_exec.config.cluster import ClusterConfig
from taipy_exec.errors import BrokerError

# Errors that last: wrong password, rights, virtual host or arguments.
_FATAL = (
    AuthenticationError,
    ConnectionClosedByBroker,
    BrokerError,
    ssl.SSLCertVerificationError,
)

# Errors that pass: the broker or a part of it shuts down, or has an internal error.
INTERNAL_ERROR = 541
_PASSING_CODES = (320, INTERNAL_ERROR)
_ELSEWHERE = re.compile(r"does not have a (running )?replica on the local node")

# Access refused, and arguments that differ from those of the existing queue.
_LASTING_CODES = (403, 406)

_LOGIN = (ProbableAuthenticationError, ProbableAccessDeniedError)

# The broker's own text, as pika quotes it.
_WORDS = re.compile(r"\(\d{3}\) ['\"](.+)['\"]")

_OTHER_ARGUMENTS = re.compile(r"PRECONDITION_FAILED - inequivalent arg .* for queue '([^']+)'")

_NOT_TAKEN = "RabbitMQ did not take the message: the jobs queue is missing or full"
_SENTENCES: dict[type[Exception], str] = {
    NackError: _NOT_TAKEN,
    UnroutableError: _NOT_TAKEN,
    ConnectionBlockedTimeout: "RabbitMQ takes no messages now (memory or disk alarm)",
    AMQPConnectorStackTimeout: "RabbitMQ cannot be reached: it does not answer",
}


def unanswered(queue: str) -> str:
    """A sentence about a queue that never answers although its broker does, with the remedy."""
    return (
        f"RabbitMQ does not answer for the queue {queue}: it may have been killed just after the "
        f"queue was made; if this lasts, run: rabbitmqctl delete_queue {shlex.quote(queue)}"
    )


def is_fatal(error: BaseException) -> bool:
    """Whether trying again will not help."""
    return any(
        (isinstance(cause, _FATAL) and getattr(cause, "reply_code", 0) not in _PASSING_CODES)
        or _is_refused(cause)
        or _is_refused_for_good(cause)
        for cause in _causes(error)
    )


def _is_refused_for_good(cause: BaseException) -> bool:
    """Whether the broker closed a channel for a reason that also holds on its other nodes."""
    return (
        isinstance(cause, ChannelClosedByBroker)
        and cause.reply_code in _LASTING_CODES
        and not _ELSEWHERE.search(cause.reply_text)
    )


def _is_refused(cause: BaseException) -> bool:
    """Whether the broker refused the login. pika uses the same errors if the network broke."""
    return isinstance(cause, _LOGIN) and ConnectionClosedByBroker.__name__ in str(cause)


def broker_hint(cluster: ClusterConfig, reason: str = "") -> str:
    """A hint for a broker that cannot be reached or refuses; `reason` comes from `explain`."""
    other = _OTHER_ARGUMENTS.search(reason)
    if other:
        return (
            "use the settings that it was made with, or stop everything and delete it: "
            f"rabbitmqctl delete_queue {other[1]}"
        )
    places = ", ".join(address.redacted for address in cluster.addresses)
    return f"the address is {places}; taipy-exec doctor shows what is missing"


def explain(error: BaseException, address: BrokerAddress) -> str:
    """The error in one sentence, in the broker's own words if it gave any."""
    found = list(_causes(error))
    for cause in found:
        if isinstance(cause, BrokerError):
            return cause.message
        for kind, sentence in _SENTENCES.items():
            if isinstance(cause, kind):
                return sentence
        if isinstance(cause, _LOGIN) and not _is_refused(cause):
            return "the connection to RabbitMQ broke at login"
        if isinstance(cause, AuthenticationError | ProbableAuthenticationError):
            return f"RabbitMQ refuses user {address.username!r}: wrong name or password"
        if isinstance(cause, ssl.SSLError):
            return f"no secure connection to RabbitMQ: {_tls_reason(cause)}"
        words = getattr(cause, "reply_text", None) or _WORDS.search(str(cause))
        if words:
            return f"RabbitMQ refuses: {words if isinstance(words, str) else words[1]}"
    for cause in found:
        if isinstance(cause, OSError):
            return f"RabbitMQ cannot be reached at {address.place}: {cause.strerror or cause}"
    return f"RabbitMQ cannot be reached at {address.place}: {_last_words(found)}"


def _tls_reason(error: ssl.SSLError) -> str:
    reason = getattr(error, "verify_message", None) or error.reason or str(error)
    return str(reason).lower().replace("_", " ")


def _last_words(found: list[BaseException]) -> str:
    texts = [str(cause) for cause in found if str(cause)]
    return texts[-1] if texts else "it closed the connection"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and the errors that pika wrapped in it, the outermost first."""
    yield error
    more = [getattr(error, name, None) for name in ("exceptions", "exception", "__cause__")]
    for item in (*error.args, *more):
        for cause in item if isinstance(item, list | tuple) else (item,):
            if isinstance(cause, BaseException) and cause is not error:
                yield from _causes(cause)
