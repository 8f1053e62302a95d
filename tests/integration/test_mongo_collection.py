"""`mongo_collection` on a server: whole writes, documents, and what goes wrong."""

from __future__ import annotations

import dataclasses
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from command_support import Application, wait_until
from server_support import MakeWire, MongoPlace, node_of

from taipy_exec.data.mongo_collection import MongoDefaultDocument
from taipy_exec.data.node import DataNodeRef
from taipy_exec.data.operators import JoinOperator, Operator
from taipy_exec.data.registry import ALWAYS, storage_type
from taipy_exec.errors import DataError
from tools.ports import free_ports
from tools.private_mongo import PrivateMongo

Make = Callable[..., DataNodeRef]
FAST = {"serverSelectionTimeoutMS": 300}


@pytest.fixture
def database(mongo: MongoPlace) -> Iterator[Any]:
    """An empty database, seen past the data node."""
    with mongo.database() as found:
        yield found


@pytest.fixture
def make(mongo: MongoPlace, database: Any) -> Make:
    """A data node on the collection `c` of that database."""

    def made(**given: Any) -> DataNodeRef:
        extras = {**dict(mongo.options), **given.pop("db_extra_args", {})}
        where = {"db_name": database.name, "collection_name": "c", "db_extra_args": extras}
        return node_of("mongo_collection", **{**mongo.properties(**where), **given})

    return made


@dataclasses.dataclass
class Person:
    """A class without `_id`, as users write it."""

    name: str
    age: int


class Kept:
    """A class that keeps `_id`, and has Taipy's `encode` and `decode`."""

    def __init__(self, id: Any, text: str) -> None:
        self.id, self.text = id, text

    def encode(self) -> dict[str, Any]:
        return {"_id": self.id, "loud": self.text.upper()}

    @classmethod
    def decode(cls, document: dict[str, Any]) -> Kept:
        return cls(document["_id"], document["loud"].lower())


def contents(database: Any, name: str = "c") -> list[Any]:
    return [{k: v for k, v in row.items() if k != "_id"} for row in database[name].find()]


def numbers(*found: int) -> list[dict[str, int]]:
    return [{"a": number} for number in found]


# -- documents ----------------------------------------------------------------------------


def test_documents_are_read_as_objects_with_attributes_as_in_taipy(
    make: Make, database: Any
) -> None:
    node = make()
    node.write([{"name": "ann", "age": 3}, {"name": "bob"}])
    first, second = node.read()
    assert type(first) is MongoDefaultDocument
    assert (first.name, first.age, second.name) == ("ann", 3, "bob")
    assert first._id == database.c.find_one({"name": "ann"})["_id"]
    node.write(node.read())  # what was read can be written: with its `_id`
    assert node.read() == [first, second]


def test_a_class_that_knows_no_id_gets_none(make: Make) -> None:
    node = make(custom_document=Person)
    node.write([Person("ann", 3), Person("bob", 4)])
    assert node.read() == [Person("ann", 3), Person("bob", 4)]


def test_encode_and_decode_of_the_class_are_used(make: Make, database: Any) -> None:
    node = make(custom_document=Kept)
    node.write([Kept(7, "hi")])
    assert list(database.c.find()) == [{"_id": 7, "loud": "HI"}]
    assert vars(node.read()[0]) == {"id": 7, "text": "hi"}


def test_one_document_need_not_be_in_a_list(make: Make) -> None:
    node = make(custom_document=Person)
    node.write({"name": "ann", "age": 3})
    node.append(Person("bob", 4))
    assert node.read() == [Person("ann", 3), Person("bob", 4)]


def test_what_a_task_returns_is_not_changed(make: Make) -> None:
    value = numbers(1)
    make().write(value)
    make().append(value)
    assert value == numbers(1)


def test_a_write_replaces_and_an_append_adds(make: Make, database: Any) -> None:
    node = make()
    assert node.read() == []
    node.write(numbers(1, 2))
    node.write(numbers(*range(3000)))
    node.append(numbers(7, 8))
    node.append([])
    assert contents(database) == numbers(*range(3000), 7, 8)
    assert node.changed_at() == ALWAYS


def test_an_empty_list_empties_the_collection(make: Make, database: Any) -> None:
    node = make()
    node.write(numbers(1))
    node.write([])
    assert node.read() == []
    assert database.list_collection_names() == ["c"]


def test_the_indexes_and_options_of_the_collection_stay(make: Make, database: Any) -> None:
    database.create_collection("c", validator={"a": {"$gte": 0}})
    database.c.create_index([("a", 1)], unique=True, name="by_a")
    database.c.create_index([("b", -1), ("a", 1)], sparse=True)
    before = {index["name"]: dict(index) for index in database.c.list_indexes()}
    seen = []

    def look() -> None:
        (beside,) = set(database.list_collection_names()) - {"c"}
        seen.append(database[beside].options())

    node = dataclasses.replace(make(), before_change=look)
    storage_type("mongo_collection").write(node, numbers(1, 2))
    assert {index["name"]: dict(index) for index in database.c.list_indexes()} == before
    # Of the one that is renamed then: our own server forgets them at that, MongoDB does not.
    assert seen == [{"validator": {"a": {"$gte": 0}}}]


def test_the_conditions_of_a_filter_go_to_the_server(make: Make) -> None:
    node = make()
    node.write([*numbers(1, 2, 3), {"b": 1}, {"a": {"$gt": 1}}])
    type_: Any = storage_type("mongo_collection")

    def chosen(*conditions: Any, join: JoinOperator = JoinOperator.AND) -> list[Any]:
        return [row.a for row in type_.filtered(node, list(conditions), join)]

    assert chosen(("a", 2, Operator.GREATER_OR_EQUAL)) == [2, 3]
    assert chosen(("a", {"$gt": 1}, Operator.EQUAL)) == [{"$gt": 1}]  # a value, no query
    assert chosen(("a", 1, Operator.GREATER_THAN), ("a", 3, Operator.LESS_THAN)) == [2]
    ends = [("a", 1, Operator.EQUAL), ("a", 3, Operator.EQUAL)]
    assert chosen(*ends, join=JoinOperator.OR) == [1, 3]
    assert len(type_.filtered(node, [], JoinOperator.AND)) == 5


# -- whole writes -------------------------------------------------------------------------


def test_a_reader_sees_the_former_documents_until_the_new_ones_are_whole(
    make: Make, database: Any
) -> None:
    make().write(numbers(1))
    seen = []
    node = dataclasses.replace(make(), before_change=lambda: seen.append(contents(database)))
    storage_type("mongo_collection").write(node, numbers(2, 3))
    assert seen == [numbers(1)]
    assert contents(database) == numbers(2, 3)
    assert database.list_collection_names() == ["c"]


def test_a_reader_beside_a_writer_gets_one_whole_value_each_time(make: Make) -> None:
    make().write(numbers(*[0] * 200))
    done = threading.Event()
    failed: list[BaseException] = []

    def write() -> None:
        try:
            for number in range(1, 6):
                make().write(numbers(*[number] * 200))
        except BaseException as error:
            failed.append(error)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = []
    while not done.is_set():
        found = [row.a for row in make().read()]
        assert len(found) == 200
        assert len(set(found)) == 1
        seen.append(found[0])
    writer.join(10)
    assert failed == []
    assert seen == sorted(seen)
    assert len(set(seen)) > 1


def test_a_read_is_begun_again_when_the_collection_is_replaced_under_it(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pymongo.collection import Collection
    from pymongo.errors import OperationFailure

    make().write(numbers(1))
    real, told = Collection.find, []

    def find(collection: Any, query: Any) -> Any:
        told.append(query)
        if len(told) in failing:
            raise OperationFailure("collection dropped", 175)
        return real(collection, query)

    monkeypatch.setattr(Collection, "find", find)
    failing: tuple[int, ...] = (1, 2)
    assert [row.a for row in make().read()] == [1]
    failing = (4, 5, 6)
    with pytest.raises(DataError, match="collection dropped"):
        make().read()


@pytest.mark.parametrize("stop", [ZeroDivisionError, KeyboardInterrupt, DataError("no")])
def test_a_refused_change_leaves_the_former_documents_and_nothing_beside_them(
    make: Make, database: Any, stop: Any
) -> None:
    def refuse() -> None:
        raise stop

    make().write(numbers(1))
    node = dataclasses.replace(make(), before_change=refuse)
    for change in ("write", "append"):
        with pytest.raises(BaseException) as caught:
            getattr(storage_type("mongo_collection"), change)(node, numbers(2))
        assert caught.type is (stop if isinstance(stop, type) else type(stop))
    assert contents(database) == numbers(1)
    assert database.list_collection_names() == ["c"]


def test_a_document_that_is_refused_leaves_the_former_ones(make: Make, database: Any) -> None:
    database.c.create_index("a", unique=True)
    make().write(numbers(1))
    with pytest.raises(DataError, match=r"document 2 is refused: .*duplicate key"):
        make().write(numbers(5, 6, 5))
    with pytest.raises(DataError, match=r"MongoDB cannot store a document: .*encode.*frozenset"):
        make().write([{"a": frozenset()}])
    with pytest.raises(DataError, match="item 1 is an int"):
        make().write([MongoDefaultDocument(a=1), 3])
    assert contents(database) == numbers(1)
    assert database.list_collection_names() == ["c"]


WRITER = """\
import sys
sys.path[:0] = {paths!r}
from dataclasses import replace
from server_support import node_of
from taipy_exec.data.registry import storage_type

def wait():
    print("ready", flush=True)
    sys.stdin.read()

node = replace(node_of("mongo_collection", **{properties!r}), before_change=wait)
storage_type("mongo_collection").write(node, [{{"a": n}} for n in range(3000)])
"""


def test_a_writer_that_is_killed_leaves_the_former_documents(make: Make, database: Any) -> None:
    make().write(numbers(1))
    paths = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]
    code = WRITER.format(paths=paths, properties=make().config.properties)
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGKILL)
    assert contents(database) == numbers(1)
    assert len(database.list_collection_names()) == 2
    make().write(numbers(2))  # removes what the dead one left
    assert contents(database) == numbers(2)
    assert database.list_collection_names() == ["c"]


def test_of_two_writers_at_once_each_is_whole_and_the_later_one_stays(
    make: Make, database: Any
) -> None:
    writes = []

    def meanwhile() -> None:
        writes.append(1)
        if len(writes) == 1:
            make().write(numbers(7, 8))  # removes what the first one has beside

    node = dataclasses.replace(make(), before_change=meanwhile)
    storage_type("mongo_collection").write(node, numbers(1, 2))
    assert len(writes) == 2
    assert contents(database) == numbers(1, 2)
    assert database.list_collection_names() == ["c"]


def test_a_writer_that_is_disturbed_all_the_time_gives_up_in_one_sentence(
    make: Make, database: Any
) -> None:
    node = dataclasses.replace(make(), before_change=lambda: make().write(numbers(9)))
    with pytest.raises(DataError, match="other processes write the collection at the same time"):
        storage_type("mongo_collection").write(node, numbers(1, 2))
    assert contents(database) == numbers(9)


# -- what goes wrong ----------------------------------------------------------------------


def test_a_server_that_goes_away_in_the_middle_of_a_write_leaves_the_former_documents(
    make: Make, database: Any, mongo: MongoPlace, wire: MakeWire
) -> None:
    line = wire(mongo.host, mongo.port)
    options = {"directConnection": True, **FAST}
    node = make(db_host="127.0.0.1", db_port=line.port, db_extra_args=options)
    node.write(numbers(1))
    line.cut_after(1_000_000)
    with pytest.raises(DataError) as caught:
        node.write([{"a": n, "text": "x" * 1000} for n in range(5000)])
    assert f"no answer from mongodb://127.0.0.1:{line.port}" in caught.value.message
    assert caught.value.hint == "start the server, or correct db_host and db_port"
    assert contents(database) == numbers(1)
    line.mend()
    node.write(numbers(2))  # by the same process, as the next job
    assert contents(database) == numbers(2)
    assert database.list_collection_names() == ["c"]


def test_a_server_that_was_killed_and_started_again_is_found_again() -> None:
    missing = PrivateMongo.missing()
    if missing:
        pytest.skip(missing)
    with PrivateMongo(durable=True) as server:
        place = MongoPlace(
            host="127.0.0.1", port=server.port, user=server.user, password=server.password
        )
        where = {"db_name": "d", "collection_name": "c", "db_extra_args": FAST}
        node = node_of("mongo_collection", **place.properties(**where))
        node.write(numbers(1, 2))
        server.kill()
        with pytest.raises(DataError, match=r"no answer from mongodb://127\.0\.0\.1:"):
            node.read()
        server.start()
        assert [row.a for row in node.read()] == [1, 2]
        node.write(numbers(3))
        assert [row.a for row in node.read()] == [3]


def test_a_server_that_is_not_there_is_told_with_what_to_do(mongo: MongoPlace) -> None:
    (port,) = free_ports(1)
    where = {"db_name": "d", "collection_name": "c", "db_port": port, "db_extra_args": FAST}
    node = node_of("mongo_collection", **{**mongo.properties(), **where, "db_host": "127.0.0.1"})
    for act in (node.read, lambda: node.write([]), lambda: node.append(numbers(1))):
        with pytest.raises(DataError) as caught:
            act()
        assert caught.value.message.startswith(f"no answer from mongodb://127.0.0.1:{port}: ")
        assert "refused" in caught.value.message
        assert len(caught.value.message) < 300


def test_a_wrong_password_is_told_without_it(make: Make, mongo: MongoPlace) -> None:
    if not mongo.user:
        pytest.skip("the server lets everybody in")
    node = make(db_password="s3cret/pass", db_extra_args=FAST)
    for _ in range(2):  # also when pymongo has noticed before
        with pytest.raises(DataError) as caught:
            node.read()
        assert caught.value.message == f"the server refuses the user {mongo.user!r} or the password"
        assert "authSource" in str(caught.value.hint)
    nobody = make(db_username="", db_password="")
    with pytest.raises(DataError, match="does not let a client without db_username"):
        nobody.read()


def test_an_unknown_option_is_told(make: Make) -> None:
    with pytest.raises(DataError, match=r"Unknown option.*nonsense"):
        make(db_extra_args={"nonsense": 1}).read()


def test_the_place_tells_the_collection_and_no_user() -> None:
    def place(**given: Any) -> str:
        return node_of("mongo_collection", db_name="d", collection_name="c", **given).place

    assert place() == "mongodb://localhost:27017/d.c"
    assert place(db_host="u:pw@host", db_port=1, db_username="u", db_password="pw") == (
        "mongodb://host:1/d.c"
    )
    assert place(db_host="cluster.example", db_driver="srv") == "mongodb+srv://cluster.example/d.c"


# -- end to end ---------------------------------------------------------------------------

FLOW = """\
class Person:
    def __init__(self, name, age):
        self.name, self.age = name, age

def make():
    return [Person("ann", 3), {"name": "bob", "age": 4}]

def older(people):
    return [{"name": p.name, "age": p.age + 1} for p in people]
"""


@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_a_pipeline_gives_the_same_in_every_mode(
    app: Application, mongo: MongoPlace, database: Any, mode: str
) -> None:
    app.module("people", FLOW)
    options = "".join(f'{name} = "{value}"\n' for name, value in mongo.options)
    nodes = "".join(
        f"""
[DATA_NODE.{name}]
storage_type = "mongo_collection"
db_name = "{database.name}"
collection_name = "{name}"
custom_document = "people.Person:class"
db_host = "{mongo.host}"
db_port = {mongo.port}
db_username = "{mongo.user}"
db_password = "ENV[MONGO_PASSWORD]"
[DATA_NODE.{name}.db_extra_args]
{options}"""
        for name in ("young", "old")
    )
    app.config(
        f"""
[JOB]
mode = "{mode}"
{nodes}
[TASK.make]
function = "people.make:function"
outputs = ["young"]
[TASK.older]
function = "people.older:function"
inputs = ["young"]
outputs = ["old"]
[SCENARIO.s]
tasks = ["make", "older"]
"""
    )
    done = app.run("submit", "--json", env={"MONGO_PASSWORD": mongo.password})
    assert done.code == 0, done.err + done.out
    assert contents(database, "old") == [{"name": "ann", "age": 4}, {"name": "bob", "age": 5}]
    wait_until(lambda: sorted(database.list_collection_names()) == ["old", "young"], 5)
