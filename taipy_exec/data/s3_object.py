"""`s3_object`: the bytes of one object in S3, or in a compatible store."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from taipy_exec.config.problem import a
from taipy_exec.config.secrets import without_secrets
from taipy_exec.data.clients import Clients
from taipy_exec.data.extras import extra
from taipy_exec.data.registry import ALWAYS
from taipy_exec.errors import DataError

if TYPE_CHECKING:
    from taipy_exec.data.node import DataNodeRef

_CONNECT_SECONDS = 10
_CREDENTIALS = "correct aws_access_key and aws_secret_access_key"
# Error codes of S3, and the hint for the user.
_HINTS = {
    "InvalidAccessKeyId": _CREDENTIALS,
    "SignatureDoesNotMatch": _CREDENTIALS,
    "InvalidToken": _CREDENTIALS,
    "ExpiredToken": _CREDENTIALS,
    "AccessDenied": "let these credentials read and write the object",
    "PermanentRedirect": "correct aws_region",
    "AuthorizationHeaderMalformed": "correct aws_region",
}


class S3Object:
    """Bytes. Text is written as UTF-8. S3 itself replaces an object in one step."""

    extension: str | None = None

    def __init__(self) -> None:
        self._clients = Clients()

    def place(self, node: DataNodeRef) -> str:
        found = node.config.properties
        place = f"s3://{found.get('aws_s3_bucket_name')}/{found.get('aws_s3_object_key')}"
        server = found.get("aws_endpoint_url")
        return f"{place} at {_without_user(str(server))}" if server else place

    def read(self, node: DataNodeRef) -> Any:
        with _clear_errors(node):
            client, arguments = self._client(node), _object(node)
            chosen = _extra_arguments(client, "GetObject", node)
            with client.get_object(**{**chosen, **arguments})["Body"] as body:
                return body.read()

    def write(self, node: DataNodeRef, value: Any) -> None:
        body = _body(value)
        with _clear_errors(node):
            client, arguments = self._client(node), _object(node)
            chosen = _extra_arguments(client, "PutObject", node)
            if node.before_change is not None:
                node.before_change()
            client.put_object(**{**chosen, **arguments, "Body": body})

    def append(self, node: DataNodeRef, value: Any) -> None:
        raise DataError("an s3_object data node cannot be appended to: write the whole value")

    def changed_at(self, node: DataNodeRef) -> float | None:
        return ALWAYS

    def connect(self, node: DataNodeRef) -> None:
        """Reach the bucket. Raises DataError.

        Who may not list it may still read and write the object.
        """
        bucket = node.config.properties["aws_s3_bucket_name"]
        with _clear_errors(node):
            try:
                self._client(node).list_objects_v2(Bucket=bucket, MaxKeys=1)
            except _library("botocore.exceptions").ClientError as error:
                if error.response.get("Error", {}).get("Code") != "AccessDenied":
                    raise

    def _client(self, node: DataNodeRef) -> Any:
        """The client of boto3. It is made at the first use of these settings."""
        found = node.config.properties
        settings = {
            "aws_access_key_id": found.get("aws_access_key"),
            "aws_secret_access_key": found.get("aws_secret_access_key"),
            "region_name": found.get("aws_region"),
            "endpoint_url": found.get("aws_endpoint_url"),
        }
        return self._clients.get(tuple(settings.values()), lambda: _make_client(settings))


def _make_client(settings: Mapping[str, Any]) -> Any:
    config = _library("botocore.config").Config(
        connect_timeout=_CONNECT_SECONDS, retries={"mode": "standard"}
    )
    # A separate session: boto3's default session is not safe for several threads.
    session = _library("boto3.session").Session()
    try:
        return session.client("s3", **settings, config=config)
    except ValueError as error:
        if isinstance(error, _library("botocore.exceptions").BotoCoreError):
            raise
        raise DataError("aws_endpoint_url is no URL such as https://host:9000") from None


def _library(module: str) -> Any:
    return extra(module, "s3", "s3_object data nodes")


def _object(node: DataNodeRef) -> dict[str, str]:
    found = node.config.properties
    return {"Bucket": found["aws_s3_bucket_name"], "Key": found["aws_s3_object_key"]}


def _extra_arguments(client: Any, operation: str, node: DataNodeRef) -> dict[str, Any]:
    """The `aws_s3_object_parameters` that this operation knows.

    Raises DataError for a parameter that neither reading nor writing knows.
    """
    given = node.config.properties.get("aws_s3_object_parameters") or {}
    known = {
        name: client.meta.service_model.operation_model(name).input_shape.members
        for name in ("GetObject", "PutObject")
    }
    for name in given:
        if all(name not in members for members in known.values()):
            raise DataError(
                f"S3 knows no parameter {name!r} for an object",
                "take it out of aws_s3_object_parameters, or correct its name",
            )
    return {name: value for name, value in given.items() if name in known[operation]}


def _body(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes | bytearray):
        return value
    if isinstance(value, memoryview):
        return bytes(value)
    if isinstance(value, io.IOBase) and not isinstance(value, io.TextIOBase):
        return value
    raise DataError(
        f"an s3_object holds bytes, text or a binary file, not {a(type(value).__name__)}",
        "return bytes from the task, for example those of json.dumps or pickle.dumps",
    )


def _without_user(url: str) -> str:
    scheme, separator, rest = url.rpartition("://")
    return scheme + separator + rest.rpartition("@")[2]


@contextmanager
def _clear_errors(node: DataNodeRef) -> Iterator[None]:
    """Errors of boto3 become one sentence that says what to do, without any key."""
    errors = _library("botocore.exceptions")
    properties = node.config.properties
    try:
        yield
    except errors.ClientError as error:
        message, hint = _refused(error.response.get("Error", {}), properties)
        raise DataError(without_secrets(message, properties), hint) from None
    except (errors.BotoCoreError, errors.HTTPClientError) as error:
        unreachable = isinstance(error, errors.HTTPClientError | errors.EndpointConnectionError)
        hint = "start the server, or correct aws_endpoint_url and aws_region"
        raise DataError(
            without_secrets(str(error), properties), hint if unreachable else None
        ) from None


def _refused(error: Mapping[str, Any], properties: Mapping[str, Any]) -> tuple[str, str | None]:
    code = str(error.get("Code"))
    bucket, key = properties.get("aws_s3_bucket_name"), properties.get("aws_s3_object_key")
    if code == "NoSuchBucket":
        return f"there is no bucket {bucket!r}", "make it, or correct aws_s3_bucket_name"
    if code in ("NoSuchKey", "404"):
        return f"there is no object {key!r} in the bucket {bucket!r}", "write it first"
    return f"S3 refuses it: {error.get('Message') or code} ({code})", _HINTS.get(code)
