"""A small web server that keeps what is posted to it."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Post(NamedTuple):
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


class Receiver:
    """Answers each POST with the next of `codes`, the last one again and again.

    With `hold`, it does not answer before `release` is set.
    """

    def __init__(self, *codes: int, hold: bool = False) -> None:
        self.posts: list[Post] = []
        self.release = threading.Event()
        if not hold:
            self.release.set()
        left = list(codes or (200,))
        posts, release = self.posts, self.release

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                posts.append(Post(self.path, dict(self.headers), body))
                release.wait(60)
                try:
                    self.send_response(left.pop(0) if len(left) > 1 else left[0])
                    self.send_header("Location", "/elsewhere")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                except OSError:
                    pass

            def do_GET(self) -> None:
                posts.append(Post(f"GET {self.path}", dict(self.headers), b"{}"))
                self.send_error(404)

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens, on 127.0.0.1."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stop."""
        self.release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
