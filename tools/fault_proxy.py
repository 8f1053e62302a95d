"""A TCP proxy that breaks connections on request, to test how both ends react."""

from __future__ import annotations

import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import Literal
from urllib.parse import urlsplit

Direction = Literal["to_target", "to_client"]
_CHUNK = 16384
_TICK = 0.02


class FaultProxy:
    """Forwards connections at `listen`:`port` to a target. Faults can be switched on and off."""

    def __init__(self, target_host: str, target_port: int, listen: str = "127.0.0.1") -> None:
        self._listen_on = listen
        self._target = (target_host, target_port)
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._closed = threading.Event()
        self._stalls = False
        self._delay = 0.0
        self._rate: float | None = None
        self._cuts: dict[Direction, int] = {}
        self._listener: socket.socket | None = None
        self.port = 0
        self._listen()

    def url(self, broker_url: str) -> str:
        """The same URL through the proxy."""
        parts = urlsplit(broker_url)
        login, at, _ = parts.netloc.rpartition("@")
        return parts._replace(netloc=f"{login}{at}{self._listen_on}:{self.port}").geturl()

    def connections(self) -> int:
        """The number of open connections."""
        with self._lock:
            return len(self._sockets) // 2

    def cuts(self) -> int:
        """The number of cuts that have not happened yet."""
        with self._lock:
            return len(self._cuts)

    def reset(self) -> None:
        """Break all live connections with RST, on both sides."""
        with self._lock:
            for end in self._sockets:
                _break(end)
            self._sockets.clear()

    def refuse(self, on: bool) -> None:
        """Refuse new connections (`on`), or accept them again. Live ones continue."""
        with self._lock:
            if on:
                self._stop_listening()
            elif self._listener is None:
                self._listen()

    def black_hole(self, on: bool) -> None:
        """Stop all data in both directions (`on`). Neither end of a connection gets an error.

        The held data arrives afterwards, as when TCP sends again after an outage.
        """
        self._stalls = on

    def delay(self, seconds: float) -> None:
        """Delay each chunk by this time. 0 ends it."""
        self._delay = seconds

    def throttle(self, bytes_per_second: float | None) -> None:
        """Limit each direction of a connection to this rate. None ends it."""
        self._rate = bytes_per_second

    def cut_after(self, number: int, direction: Direction) -> None:
        """Break all live connections after `number` more bytes in this direction."""
        with self._lock:
            self._cuts[direction] = number

    def close(self) -> None:
        """Refuse new connections and break the live ones."""
        self._closed.set()
        with self._lock:
            self._stop_listening()
        self.reset()

    def __enter__(self) -> FaultProxy:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _listen(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self._listen_on, self.port))
        listener.listen(128)
        self._listener = listener
        self.port = listener.getsockname()[1]
        _thread(self._accept, listener)

    def _stop_listening(self) -> None:
        if self._listener is not None:
            # Closing alone would not wake the accepting thread, so the port would stay in use.
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                target = socket.create_connection(self._target, 10)
            except OSError:
                _break(client)
                continue
            with self._lock:
                self._sockets |= {client, target}
            _thread(self._pass, client, target, "to_target")
            _thread(self._pass, target, client, "to_client")

    def _pass(self, source: socket.socket, sink: socket.socket, direction: Direction) -> None:
        try:
            while data := self._receive(source):
                self._hold(len(data))
                self._wait_while_stalled(source)
                allowed = self._allowed(direction, len(data))
                self._send(sink, data[:allowed])
                if allowed < len(data):
                    self.reset()
        except (OSError, ValueError):  # closed by another thread
            pass
        self._end(source, sink)

    def _receive(self, source: socket.socket) -> bytes:
        while True:
            self._wait_while_stalled(source)
            ready, _, _ = select.select([source], [], [], _TICK)
            if ready and not self._stalls:
                return source.recv(_CHUNK)

    def _send(self, sink: socket.socket, data: bytes) -> None:
        # Calls must be short: the kernel sends RST only after the last such call has returned.
        while data:
            _, ready, _ = select.select([], [sink], [], _TICK)
            if ready:
                data = data[sink.send(data, socket.MSG_DONTWAIT) :]

    def _wait_while_stalled(self, source: socket.socket) -> None:
        while self._stalls and source.fileno() >= 0:
            self._closed.wait(_TICK)

    def _hold(self, size: int) -> None:
        end = time.monotonic()
        while not self._closed.is_set():
            seconds = self._delay + (size / self._rate if self._rate else 0.0)
            left = end + seconds - time.monotonic()
            if left <= 0:
                return
            self._closed.wait(min(left, _TICK))

    def _allowed(self, direction: Direction, size: int) -> int:
        with self._lock:
            if direction not in self._cuts:
                return size
            left = self._cuts[direction]
            if left <= size:
                del self._cuts[direction]
                return min(left, size - 1)
            self._cuts[direction] = left - size
            return size

    def _end(self, *ends: socket.socket) -> None:
        with self._lock:
            for end in ends:
                if end in self._sockets:
                    self._sockets.discard(end)
                    end.close()


def _break(end: socket.socket) -> None:
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.close()


def _thread(function: Callable[..., None], *arguments: object) -> None:
    threading.Thread(target=function, args=arguments, daemon=True).start()
