"""`mongo_collection`: the documents of a MongoDB collection."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from taipy_exec.config.problem import a
from taipy_exec.config.reference import realise
from taipy_exec.config.secrets import without_secrets
from taipy_exec.data.clients import Clients
from taipy_exec.data.extras import extra
from taipy_exec.data.operators import JoinOperator, Operator
from taipy_exec.data.registry import ALWAYS
from taipy_exec.errors import DataError

if TYPE_CHECKING:
    from taipy_exec.data.node import DataNodeRef

_TRIES = 3
_SELECTION_MILLISECONDS = 10_000
# Collections that are being written have this in their names, after the final name.
_BESIDE = "_taipy_exec_part_"
_UNAUTHORIZED, _NAMESPACE_NOT_FOUND = 13, 26
# CursorNotFound, QueryPlanKilled: a reader gets these when its collection is replaced.
_REPLACED = (43, 175)
_QUERY = {
    Operator.EQUAL: "$eq",
    Operator.NOT_EQUAL: "$ne",
    Operator.LESS_THAN: "$lt",
    Operator.LESS_OR_EQUAL: "$lte",
    Operator.GREATER_THAN: "$gt",
    Operator.GREATER_OR_EQUAL: "$gte",
}


class MongoDefaultDocument:
    """A document whose fields are its attributes."""

    def __init__(self, **kwargs: Any) -> None:
        self.__dict__.update(kwargs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MongoDefaultDocument) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"MongoDefaultDocument({fields})"


class _Lost(Exception):
    """Another writer removed the temporary collection of this write."""


class MongoCollection:
    """Documents as objects of the data node's `custom_document`.

    A write fills a temporary collection and renames it. So a reader sees either the old documents
    or the new ones. Indexes and options of the old collection are kept.
    """

    extension: str | None = None

    def __init__(self) -> None:
        self._clients = Clients()

    def place(self, node: DataNodeRef) -> str:
        found = node.config.properties
        return f"{_address(found)}/{found.get('db_name')}.{found.get('collection_name')}"

    def read(self, node: DataNodeRef) -> Any:
        return self._find(node, {})

    def filtered(
        self,
        node: DataNodeRef,
        conditions: Sequence[tuple[str, Any, Operator]],
        join: JoinOperator,
    ) -> Any:
        """The documents for which the conditions hold, chosen by the server."""
        parts = [{key: {_QUERY[operator]: value}} for key, value, operator in conditions]
        return self._find(node, {f"${join.name.lower()}": parts} if parts else {})

    def write(self, node: DataNodeRef, value: Any) -> None:
        documents = _documents(node, value)
        with _clear_errors(node):
            collection = self._collection(node)
            for left in range(_TRIES - 1, -1, -1):
                try:
                    _replace(collection, documents, node, sweep=left == _TRIES - 1)
                    return
                except _Lost:
                    if not left:
                        raise DataError(
                            "other processes write the collection at the same time",
                            "let one task or script write it at a time",
                        ) from None

    def append(self, node: DataNodeRef, value: Any) -> None:
        documents = _documents(node, value)
        if not documents:
            return
        with _clear_errors(node):
            collection = self._collection(node)
            if node.before_change is not None:
                node.before_change()
            collection.insert_many(documents)

    def changed_at(self, node: DataNodeRef) -> float | None:
        return ALWAYS

    def connect(self, node: DataNodeRef) -> None:
        """Reach the server as the data node's user. Raises DataError."""
        with _clear_errors(node):
            self._collection(node).database.command("ping")

    def _find(self, node: DataNodeRef, query: Mapping[str, Any]) -> list[Any]:
        decode = _decoder(_custom_document(node))
        with _clear_errors(node):
            found = _all_of_one(self._collection(node), query)
        return [decode(document) for document in found]

    def _collection(self, node: DataNodeRef) -> Any:
        """The collection. Its client is made at the first use of these settings."""
        pymongo = _library("pymongo")
        properties = node.config.properties
        settings = _settings(properties)
        client = self._clients.get(
            repr(sorted(settings.items())), lambda: pymongo.MongoClient(**settings)
        )
        collection = client[properties["db_name"]][properties["collection_name"]]
        if collection.write_concern.document:
            return collection
        # An acknowledged write must survive a crash of the server.
        durable = pymongo.WriteConcern(j=True)
        return collection.with_options(write_concern=durable)


def _address(properties: Mapping[str, Any]) -> str:
    """The server without user and password. The host may begin with these."""
    hosts = str(properties.get("db_host") or "localhost").rpartition("@")[2]
    driver = properties.get("db_driver")
    if driver:
        return f"mongodb+{driver}://{hosts}"
    return f"mongodb://{hosts}:{properties.get('db_port') or 27017}"


def _settings(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of MongoClient. User and password are plain text, not encoded as in a URL."""
    extras = dict(properties.get("db_extra_args") or {})
    settings: dict[str, Any] = {"serverSelectionTimeoutMS": _SELECTION_MILLISECONDS, **extras}
    user, password = properties.get("db_username"), properties.get("db_password")
    if user and (password or "authMechanism" in extras):
        settings["username"] = str(user)
        if password:
            settings["password"] = str(password)
    return {"host": _address(properties), **settings}


def _custom_document(node: DataNodeRef) -> type:
    found = realise(node.config.properties.get("custom_document")) or MongoDefaultDocument
    if not isinstance(found, type):
        raise DataError(f"custom_document must be a class, not {found!r}")
    return found


def _decoder(cls: type) -> Any:
    """A function that makes an object from a document: `cls.decode`, or `cls(**document)`.

    A class without a parameter `_id` gets no `_id`.
    """
    decode = getattr(cls, "decode", None)
    if callable(decode):
        return decode
    try:
        taken = inspect.signature(cls).parameters.values()
    except ValueError:
        taken = ()  # type: ignore[assignment]
    if any(p.kind is p.VAR_KEYWORD or p.name == "_id" for p in taken):
        return lambda document: cls(**document)
    return lambda document: cls(**{k: v for k, v in document.items() if k != "_id"})


def _documents(node: DataNodeRef, value: Any) -> list[dict[str, Any]]:
    """The documents to store: dicts unchanged, objects by their `encode` or their attributes."""
    items = list(value) if isinstance(value, list | tuple) else [value]
    if all(isinstance(item, Mapping) for item in items):
        # Copies, because pymongo adds an `_id` to each stored dict.
        return [dict(item) for item in items]
    encode = getattr(_custom_document(node), "encode", vars)
    found = []
    for number, item in enumerate(items):
        if not isinstance(item, Mapping):
            if encode is vars and not hasattr(item, "__dict__"):
                raise DataError(
                    f"a document must be a dict or an object with attributes, but item {number} "
                    f"is {a(type(item).__name__)}"
                )
            item = encode(item)
        found.append(dict(item))
    return found


def _all_of_one(collection: Any, query: Mapping[str, Any]) -> list[Any]:
    """All documents of one state of the collection. Reads again if the collection is replaced."""
    for left in range(_TRIES - 1, -1, -1):
        try:
            return list(collection.find(query))
        except _library("pymongo.errors").OperationFailure as error:
            if error.code not in _REPLACED or not left:
                raise
    raise AssertionError("the last try returns or raises")


def _replace(
    collection: Any, documents: list[dict[str, Any]], node: DataNodeRef, *, sweep: bool
) -> None:
    """Write `documents` to a temporary collection, and rename it to `collection`. Raises _Lost.

    With `sweep`, other temporary collections are removed. They nearly always come from an attempt
    that died. If the other attempt is alive, it notices that its documents are gone and starts
    again.
    """
    database, errors = collection.database, _library("pymongo.errors")
    beginning = f"{collection.name}{_BESIDE}"
    if sweep:
        for name in database.list_collection_names():
            if name.startswith(beginning):
                database.drop_collection(name)
    beside = database[f"{beginning}{_library('bson').ObjectId()}"].with_options(
        write_concern=collection.write_concern
    )
    try:
        _make_like(collection, beside)
        if documents:
            beside.insert_many(documents)
        if beside.count_documents({}) != len(documents):
            raise _Lost
        if node.before_change is not None:
            node.before_change()
        try:
            beside.rename(collection.name, dropTarget=True)
        except errors.OperationFailure as error:
            raise (_Lost() if error.code == _NAMESPACE_NOT_FOUND else error) from None
    except errors.ConnectionFailure:
        raise  # the server does not answer; the next write removes it
    except BaseException:
        try:
            beside.drop()
        except errors.PyMongoError:
            pass  # the next write removes it
        raise


def _make_like(collection: Any, beside: Any) -> None:
    """Make an empty collection with the options and indexes of another one, if that exists."""
    database = collection.database
    database.create_collection(beside.name, **collection.options())
    indexes = [dict(index) for index in collection.list_indexes()]
    # The server's own descriptions, with the version and the weights that it has filled in.
    others = [index for index in indexes if index["name"] != "_id_"]
    for index in others:
        index.pop("ns", None)
    if others:
        database.command("createIndexes", beside.name, indexes=others)


def _library(module: str) -> Any:
    return extra(module, "mongo", "mongo_collection data nodes")


@contextmanager
def _clear_errors(node: DataNodeRef) -> Iterator[None]:
    """Errors of pymongo become one sentence that says what to do, without any password."""
    errors, bson_errors = _library("pymongo.errors"), _library("bson.errors")
    properties = node.config.properties
    try:
        yield
    except errors.PyMongoError as error:
        message, hint = _explained(error, errors, properties)
        raise DataError(without_secrets(message, properties), hint) from None
    except bson_errors.BSONError as error:
        raise DataError(
            f"MongoDB cannot store a document: {without_secrets(str(error), properties)}",
            "store numbers, texts, dates, lists and dicts of Python",
        ) from error


def _explained(error: Any, errors: Any, properties: Mapping[str, Any]) -> tuple[str, str | None]:
    user, server = properties.get("db_username"), _address(properties)
    text = str(error).partition(", full error:")[0]
    if "uthentication failed" in text:
        return (
            f"the server refuses the user {user!r} or the password",
            "correct db_username and db_password, or name the user's database with authSource in "
            "db_extra_args",
        )
    if getattr(error, "code", None) == _UNAUTHORIZED:
        who = f"the user {user!r}" if user else "a client without db_username and db_password"
        return f"the server does not let {who} do this: {text}", "give the user readWrite"
    if isinstance(error, errors.BulkWriteError):
        first = (error.details.get("writeErrors") or error.details["writeConcernErrors"])[0]
        return f"document {first.get('index', 0)} is refused: {first.get('errmsg')}", None
    if isinstance(error, errors.ConnectionFailure):
        return (
            f"no answer from {server}: {text.partition(', Timeout:')[0]}",
            "start the server, or correct db_host and db_port",
        )
    return text, None
