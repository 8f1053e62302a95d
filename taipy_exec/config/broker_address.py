"""RabbitMQ's addresses as URLs, with their passwords kept out of every text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from taipy_exec.errors import ConfigurationError

_GUEST = "guest"
_PORTS = {"amqp": 5672, "amqps": 5671}
_PLACE = re.compile(r"(?P<host>[\w.-]*|\[[\w:.%]+\])(?::(?P<port>\d{0,5}))?(?:/(?P<vhost>[^?#]*))?")
_USERINFO = re.compile(r"(amqps?://[^\s:@/]*)(?::(?:(?!amqps?://)\S)*)?@", re.IGNORECASE)
_FORM = "write it as amqp://USER:PASSWORD@HOST:PORT/VHOST"
_QUOTING = (
    "percent-encode the user, the password and the vhost: @ is %40, : is %3A, / is %2F, "
    "% is %25, and a comma is %2C"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAddress:
    """The address of a broker, with the user and the password for it."""

    host: str = "localhost"
    port: int = 5672
    vhost: str = "/"
    username: str = _GUEST
    password: str = field(default=_GUEST, repr=False)
    tls: bool = False

    @property
    def place(self) -> str:
        """Host and port, for people to read."""
        return f"{self.host}:{self.port}"

    @property
    def redacted(self) -> str:
        """The URL without the password, for people to read."""
        scheme = "amqps" if self.tls else "amqp"
        host = f"[{self.host}]" if ":" in self.host else self.host
        vhost = quote(self.vhost, safe="") if self.vhost != "/" else ""
        return f"{scheme}://{quote(self.username, safe='')}:***@{host}:{self.port}/{vhost}"

    @property
    def has_secret(self) -> bool:
        """Whether the password is secret."""
        return self.password not in ("", _GUEST)


def parse_addresses(given: str | Iterable[str]) -> tuple[BrokerAddress, ...]:
    """The addresses in a text with commas, or in several texts. Raises ConfigurationError."""
    texts = [given] if isinstance(given, str) else list(given)
    if not all(isinstance(text, str) for text in texts):
        raise ConfigurationError("a broker's address is not a text", _FORM)
    urls = [url.strip() for text in texts for url in text.split(",")]
    if any(url and "://" not in url for url in urls) and len(urls) > len(texts):
        raise ConfigurationError("a text between two commas is not a broker's address", _QUOTING)
    found = tuple(parse_address(url) for url in urls if url)
    if not found:
        raise ConfigurationError("the broker's address is empty", _FORM)
    return found


def parse_address(url: str) -> BrokerAddress:
    """The address in a URL. Raises ConfigurationError with a sentence that holds no password."""
    scheme, separator, rest = url.strip().partition("://")
    scheme = scheme.lower()
    if not separator or scheme not in _PORTS:
        raise ConfigurationError(
            "the broker's address does not begin with amqp:// or amqps://", _FORM
        )
    if "ENV[" in url:
        raise ConfigurationError(
            "ENV[...] is only a part of the broker's address",
            "put the whole address into the variable, or use broker_password_file",
        )
    userinfo, place = _split(rest)
    username, password = _GUEST, _GUEST
    if userinfo:
        username, colon, given = userinfo.partition(":")
        username = _decoded(username) or _GUEST
        password = _decoded(given) if colon else _GUEST
    port = int(place["port"] or _PORTS[scheme])
    if not 0 < port < 65536:
        raise ConfigurationError("the port of the broker's address is not from 1 to 65535", _FORM)
    host = place["host"].strip("[]") or "localhost"
    try:
        host.encode("idna")
    except UnicodeError:
        raise ConfigurationError(
            "the host of the broker's address cannot be the name of a host", _FORM
        ) from None
    return BrokerAddress(
        host=host,
        port=port,
        vhost=_decoded(place["vhost"] or "") or "/",
        username=username,
        password=password,
        tls=scheme == "amqps",
    )


def _split(rest: str) -> tuple[str, re.Match[str]]:
    """User and password, and the match of the rest, if only one reading is possible.

    So a password may contain @ : / as they are, as long as no part of it looks like a host.
    """
    starts = [0, *(at.end() for at in re.finditer("@", rest))]
    found = [(start, _PLACE.fullmatch(rest, start)) for start in starts]
    readings = [(rest[: max(start - 1, 0)], place) for start, place in found if place]
    if len(readings) == 1:
        return readings[0]
    if readings:
        raise ConfigurationError("the broker's address can be read in several ways", _QUOTING)
    raise ConfigurationError(
        "the broker's address does not end in HOST, HOST:PORT or HOST:PORT/VHOST",
        f"{_FORM}; {_QUOTING}",
    )


def _decoded(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise ConfigurationError(
            "the broker's address is percent-encoded, but not as UTF-8", _QUOTING
        ) from None


def redact(text: str, addresses: Iterable[BrokerAddress] = ()) -> str:
    """`text` without the passwords of `addresses`, in any encoding, and without any URL's."""
    text = _USERINFO.sub(r"\1:***@", text)
    secrets = {address.password for address in addresses if address.has_secret}
    if not secrets:
        return text
    longest_first = sorted(secrets, key=len, reverse=True)
    return re.sub("|".join(map(_any_encoding, longest_first)), "***", text)


def _any_encoding(secret: str) -> str:
    """A pattern of `secret` with any of its characters percent-encoded."""
    return "".join(f"(?:(?i:{_percent(char)})|{re.escape(char)})" for char in secret)


def _percent(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode(errors="surrogateescape"))
