"""RabbitMQ's addresses as URLs, and keeping their passwords out of every text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from taipy_exec.errors import ConfigurationError

_PORTS = {"amqp": 5672, "amqps": 5671}
_HINT = (
    "write it as amqp://USER:PASSWORD@HOST:PORT/VHOST, with @ : / % in a password as %40 %3A ..."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAddress:
    """Where a broker listens, and who connects there."""

    host: str = "localhost"
    port: int = 5672
    vhost: str = "/"
    username: str = "guest"
    password: str = field(default="guest", repr=False)
    tls: bool = False

    @property
    def redacted(self) -> str:
        """The URL without the password, for people to read."""
        scheme = "amqps" if self.tls else "amqp"
        host = f"[{self.host}]" if ":" in self.host else self.host
        vhost = quote(self.vhost, safe="") if self.vhost != "/" else ""
        return f"{scheme}://{quote(self.username, safe='')}:***@{host}:{self.port}/{vhost}"


def parse_addresses(given: str | Iterable[str]) -> tuple[BrokerAddress, ...]:
    """The addresses in a text with commas or in a list. Raises ConfigurationError."""
    urls = given.split(",") if isinstance(given, str) else list(given)
    found = tuple(parse_address(url.strip()) for url in urls if str(url).strip())
    if not found:
        raise ConfigurationError("broker_url is empty", _HINT)
    return found


def parse_address(url: str) -> BrokerAddress:
    """The address in a URL. Raises ConfigurationError with a sentence that holds no password."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in _PORTS:
        raise ConfigurationError("broker_url does not begin with amqp:// or amqps://", _HINT)
    # A password with @ or / in it as it is: what stands before the last @ belongs to the user.
    userinfo, at, place = rest.rpartition("@")
    username, _, password = userinfo.partition(":")
    server, _, vhost = place.partition("/")
    host, port = _server(server, _PORTS[scheme])
    return BrokerAddress(
        host=host,
        port=port,
        vhost=unquote(vhost) or "/",
        username=unquote(username) if at else "guest",
        password=unquote(password) if at else "guest",
        tls=scheme == "amqps",
    )


def _server(text: str, default_port: int) -> tuple[str, int]:
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":")
    else:
        host, _, port = text.partition(":")
    if port and not (port.isdecimal() and 0 < int(port) < 65536):
        raise ConfigurationError("broker_url has no valid port behind its host", _HINT)
    return host or "localhost", int(port) if port else default_port


def redact(text: str, addresses: Iterable[BrokerAddress]) -> str:
    """`text` with every password of these addresses replaced, plain or percent-encoded."""
    for address in addresses:
        if address.password and address.password != "guest":
            forms = {address.password, quote(address.password, safe=""), quote(address.password)}
            for form in sorted(forms, key=len, reverse=True):
                text = text.replace(form, "***")
    return text
