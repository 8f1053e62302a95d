"""Free ports for private servers."""

from __future__ import annotations

import random
import socket

# Below the range of outgoing connections. In that range, a client that tries a port without a
# server could get the same port as its own and connect to itself.
_PORTS = (15000, 32000)


def free_ports(number: int) -> list[int]:
    """`number` different ports of 127.0.0.1 that no process uses."""
    found: list[int] = []
    while len(found) < number:
        port = random.randint(*_PORTS)
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return found
