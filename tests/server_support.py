"""MongoDB and S3 for tests: servers of one's own, or those that the environment names."""

from __future__ import annotations

import os
import selectors
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from taipy_exec.config.application import AppConfig, DataNodeConfig
from taipy_exec.data.node import DataNodeRef, Owner, locate


def node_of(kind: str, **properties: Any) -> DataNodeRef:
    """The data node `n` of a storage type that has no file."""
    app = AppConfig(root=Path("/app"), state_dir=Path("/state"))
    config = DataNodeConfig(id="n", storage_type=kind, properties=properties)
    return locate(app, config, Owner(instance="i"))


@dataclass(frozen=True, kw_only=True)
class MongoPlace:
    """A server and how to get in; every test has a database of its own."""

    host: str
    port: int
    user: str = ""
    password: str = ""
    options: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, url: str) -> MongoPlace:
        """From `mongodb://user:password@host:port/?options`."""
        parts = urlsplit(url)
        return cls(
            host=parts.hostname or "localhost",
            port=parts.port or 27017,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            options=tuple(parse_qsl(parts.query)),
        )

    def properties(self, **others: Any) -> dict[str, Any]:
        """Those of a data node in this place."""
        return {
            "db_host": self.host,
            "db_port": self.port,
            "db_username": self.user,
            "db_password": self.password,
            "db_extra_args": dict(self.options),
            **others,
        }

    @contextmanager
    def database(self) -> Iterator[Any]:
        """pymongo's database that is there for this block only."""
        from pymongo import MongoClient

        who = {"username": self.user, "password": self.password} if self.user else {}
        with MongoClient(self.host, self.port, **who, **dict(self.options)) as client:
            name = f"test_{uuid.uuid4().hex}"
            yield client[name]
            client.drop_database(name)


@dataclass(frozen=True, kw_only=True)
class S3Place:
    """A server and how to get in; every test has a bucket of its own."""

    url: str
    access_key: str
    secret_key: str

    @classmethod
    def of(cls, url: str) -> S3Place:
        """From `http://KEY:SECRET@host:port`."""
        parts = urlsplit(url)
        return cls(
            url=f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}",
            access_key=unquote(parts.username or ""),
            secret_key=unquote(parts.password or ""),
        )

    def properties(self, **others: Any) -> dict[str, Any]:
        """Those of a data node in this place."""
        return {
            "aws_access_key": self.access_key,
            "aws_secret_access_key": self.secret_key,
            "aws_region": "us-east-1",
            "aws_endpoint_url": self.url,
            **others,
        }

    @contextmanager
    def bucket(self) -> Iterator[tuple[Any, str]]:
        """boto3's client and a bucket that is there for this block only."""
        import boto3

        client = boto3.session.Session().client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
        )
        name = f"test-{uuid.uuid4().hex}"
        client.create_bucket(Bucket=name)
        yield client, name
        for entry in client.list_objects_v2(Bucket=name).get("Contents", ()):
            client.delete_object(Bucket=name, Key=entry["Key"])
        client.delete_bucket(Bucket=name)
        client.close()


class Wire:
    """A port that leads to a server, until it is cut: as if the server went away."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._budget: int | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def cut_after(self, number: int) -> None:
        """Let so many more bytes through to the server, then nothing until `mend`."""
        with self._lock:
            self._budget = number

    def mend(self) -> None:
        """Let everything through again."""
        with self._lock:
            self._budget = None

    def close(self) -> None:
        """End it and every connection."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)
        for one in self._open:
            _shut(one)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._budget is not None and self._budget <= 0:
                near.close()
                continue
            far = socket.create_connection(self._target)
            self._open += [near, far]
            threading.Thread(target=self._carry, args=(near, far), daemon=True).start()

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        try:
            with selectors.DefaultSelector() as ready:
                ready.register(near, selectors.EVENT_READ, far)
                ready.register(far, selectors.EVENT_READ, near)
                while all(self._pass_on(key.fileobj, key.data, near) for key, _ in ready.select()):
                    pass
        except OSError:
            pass
        for one in (near, far):
            _shut(one)

    def _pass_on(self, source: Any, target: Any, near: socket.socket) -> bool:
        data = source.recv(1 << 16)
        if source is near and data:
            with self._lock:
                if self._budget is not None:
                    data, self._budget = data[: self._budget], self._budget - len(data)
        target.sendall(data)
        return bool(data)


def _shut(one: socket.socket) -> None:
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    one.close()


def mongo_url() -> str | None:
    """The server that the environment names, instead of one of our own."""
    return os.environ.get("TEST_MONGO_URL")


def s3_url() -> str | None:
    """The server that the environment names, instead of one of our own."""
    return os.environ.get("TEST_S3_URL")


MakeWire = Callable[[str, int], Wire]
