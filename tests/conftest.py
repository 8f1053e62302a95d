"""Fixtures for the command and for brokers; this folder and `tools` come onto the path here."""

from __future__ import annotations

import os
import signal
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from browser_support import Browser
from command_support import Application, wait_until
from receiver_support import Receiver
from server_support import MakeWire, MongoPlace, S3Place, Wire, mongo_url, s3_url

sys.path.insert(0, str(Path(__file__).parents[1]))

from database_support import SERVERS, Database, GivenServer, database_on, given_url, sqlite_database

from tools.private_broker import PrivateBroker
from tools.private_cluster import PrivateCluster
from tools.private_mongo import PrivateMongo
from tools.private_s3 import PrivateS3

# A shell that starts the tests in the background has them ignore these, and whatever they start
# would inherit that; the commands under test are to be as on a terminal.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

_BROKER_FIXTURES = {"broker", "broker_url", "own_broker", "three_nodes"}
_DATA_FIXTURES = {"mongo", "s3"}
_DATABASE_FIXTURES = {"postgres", "mariadb", "database", "server_database", "own_server"}


def pytest_configure(config: pytest.Config) -> None:
    """Make the marks known that are put on tests here."""
    config.addinivalue_line("markers", "broker: needs a RabbitMQ server, which it starts itself")
    config.addinivalue_line("markers", "database: needs a server, which it starts itself")
    config.addinivalue_line("markers", "long: takes more than a few seconds: `make test-all`")
    config.addinivalue_line("markers", "one_variant: all but one of its parameter sets are long")
    config.addinivalue_line("markers", "xdist_group(name): runs in one process with its group")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need a server, and have one process run all that need the same."""
    for item in items:
        if _BROKER_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.broker)
            item.add_marker(pytest.mark.xdist_group("broker"))
        elif _DATA_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.xdist_group("servers of data"))
        elif _DATABASE_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.database)
            item.add_marker(pytest.mark.xdist_group("database"))
    _mark_variants(item for item in items if item.get_closest_marker("one_variant"))


def _mark_variants(items: Iterable[pytest.Item]) -> None:
    """Mark all but one of each function's items. Which one stays depends on the function's name."""
    variants: dict[tuple[Path, str], list[pytest.Item]] = {}
    for item in items:
        variants.setdefault((item.path, item.name.partition("[")[0]), []).append(item)
    for (_, name), found in variants.items():
        chosen = crc32(name.encode()) % len(found)
        for item in (*found[:chosen], *found[chosen + 1 :]):
            item.add_marker(pytest.mark.long)


def _require(missing: str | None) -> None:
    if missing and os.environ.get("CI"):
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)


@pytest.fixture(scope="session")
def broker() -> Iterator[PrivateBroker]:
    """The broker that all tests of this process share; it is not to be broken."""
    _require(PrivateBroker.missing())
    with PrivateBroker() as server:
        yield server


@pytest.fixture(scope="session")
def vhosts(broker: PrivateBroker) -> Iterator[str]:
    """Names of new virtual hosts. The broker takes a second to make one, and little more for ten.

    They go with the broker.
    """

    def new() -> Iterator[str]:
        while True:
            names = [f"test-{uuid.uuid4().hex}" for _ in range(10)]
            broker.add_vhost(*names)
            yield from names

    return new()


@pytest.fixture
def broker_url(broker: PrivateBroker, vhosts: Iterator[str]) -> str:
    """The URL of a virtual host that is there for this test only."""
    return broker.url(vhost=next(vhosts))


@pytest.fixture
def own_broker() -> Iterator[Callable[..., PrivateBroker]]:
    """Starts brokers that the test may break; the arguments are those of PrivateBroker."""
    _require(PrivateBroker.missing())
    servers: list[PrivateBroker] = []

    def start(**options: object) -> PrivateBroker:
        server = PrivateBroker(**options)  # type: ignore[arg-type]
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        server.close()


@pytest.fixture(scope="module")
def three_nodes() -> Iterator[Callable[[], PrivateCluster]]:
    """Gives three brokers that form a cluster; new ones where a test left the former broken."""
    _require(PrivateBroker.missing())
    made: list[PrivateCluster] = []

    def whole() -> PrivateCluster:
        if made and not made[-1].is_whole():
            made.pop().close()
        if not made:
            made.append(PrivateCluster())
            made[-1].start()
        made[-1].handle_partitions("ignore")
        return made[-1]

    yield whole
    for nodes in made:
        nodes.close()


@pytest.fixture(scope="session")
def mongo() -> Iterator[MongoPlace]:
    """The MongoDB that all tests of this process share; it is not to be broken."""
    url = mongo_url()
    if url:
        yield MongoPlace.of(url)
        return
    _require(PrivateMongo.missing())
    with PrivateMongo() as server:
        yield MongoPlace(
            host="127.0.0.1", port=server.port, user=server.user, password=server.password
        )


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Place]:
    """The S3 that all tests of this process share; it is not to be broken."""
    url = s3_url()
    if url:
        yield S3Place.of(url)
        return
    _require(PrivateS3.missing())
    with PrivateS3() as server:
        yield S3Place(
            url=f"http://127.0.0.1:{server.port}",
            access_key=server.access_key,
            secret_key=server.secret_key,
        )


@pytest.fixture
def wire() -> Iterator[MakeWire]:
    """Makes ports that lead to a server and can be cut."""
    made: list[Wire] = []

    def make(host: str, port: int) -> Wire:
        made.append(Wire(host, port))
        return made[-1]

    yield make
    for one in made:
        one.close()


def _database_server(engine: str) -> Iterator[Any]:
    url = given_url(engine)
    if url:
        yield GivenServer(url)
        return
    _require(SERVERS[engine].missing())
    with SERVERS[engine]() as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Any]:
    """The PostgreSQL that all tests of this process share; it is not to be broken."""
    yield from _database_server("postgresql")


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Any]:
    """The MariaDB that all tests of this process share; it is not to be broken."""
    yield from _database_server("mysql")


@pytest.fixture(params=["sqlite", "postgresql", "mysql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of the test's own: the test runs with each kind."""
    if request.param == "sqlite":
        yield sqlite_database(tmp_path / "sqlite")
        return
    server = request.getfixturevalue("postgres" if request.param == "postgresql" else "mariadb")
    with database_on(server, request.param) as found:
        yield found


@pytest.fixture(params=["postgresql", "mysql"])
def server_database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database of the test's own on a server."""
    server = request.getfixturevalue("postgres" if request.param == "postgresql" else "mariadb")
    with database_on(server, request.param) as found:
        yield found


@pytest.fixture(params=["postgresql", "mysql"])
def own_server(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database on a server that the test may stop, kill and start."""
    _require(SERVERS[request.param].missing())
    with SERVERS[request.param]() as server, database_on(server, request.param) as found:
        yield found


@pytest.fixture
def receiver() -> Iterator[Callable[..., Receiver]]:
    """Starts web servers that keep what is posted; the arguments are those of Receiver."""
    made: list[Receiver] = []

    def start(*codes: int, hold: bool = False) -> Receiver:
        made.append(Receiver(*codes, hold=hold))
        return made[-1]

    yield start
    for one in made:
        one.close()


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    """A headless browser with a profile of the test's own."""
    _require(Browser.missing())
    return Browser(tmp_path / "browser")


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Application]:
    """An application folder. At the end no process of it may be left."""
    application = Application(tmp_path / "app")
    yield application
    application.release()
    try:
        left = application.processes()
        if left:
            wait_until(lambda: not application.processes(), 5, "left processes to end")
    finally:
        application.kill_everything()
