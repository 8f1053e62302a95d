"""`s3_object` on a server: bytes, whole writes, and what goes wrong."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from command_support import Application
from server_support import MakeWire, S3Place, node_of

from taipy_exec.data.node import DataNodeRef
from taipy_exec.data.registry import ALWAYS, storage_type
from taipy_exec.errors import DataError
from tools.ports import free_ports

Make = Callable[..., DataNodeRef]


@pytest.fixture
def bucket(s3: S3Place) -> Iterator[tuple[Any, str]]:
    """An empty bucket, seen past the data node: boto3's client and its name."""
    with s3.bucket() as found:
        yield found


@pytest.fixture
def make(s3: S3Place, bucket: tuple[Any, str]) -> Make:
    """A data node on the object `folder/key` of that bucket."""
    where = {"aws_s3_bucket_name": bucket[1], "aws_s3_object_key": "folder/key"}
    return lambda **given: node_of("s3_object", **{**s3.properties(**where), **given})


@pytest.mark.one_variant
@pytest.mark.parametrize(
    ("value", "content"),
    [
        (b"\x00\xff", b"\x00\xff"),
        (b"", b""),
        ("é", "é".encode()),
        (bytearray(b"abc"), b"abc"),
        (memoryview(b"abcd")[1:3], b"bc"),
        (io.BytesIO(b"file"), b"file"),
    ],
)
def test_an_object_is_read_as_bytes(make: Make, value: Any, content: bytes) -> None:
    node = make()
    node.write(b"former")
    node.write(value)
    assert node.read() == content
    assert node.changed_at() == ALWAYS


@pytest.mark.parametrize(
    "value", [3, None, [b"a"], {"a": 1}, io.StringIO("x")], ids=lambda v: type(v).__name__
)
def test_what_is_no_bytes_is_refused_and_the_former_ones_stay(make: Make, value: Any) -> None:
    node = make()
    node.write(b"former")
    with pytest.raises(DataError, match="holds bytes, text or a binary file, not a"):
        node.write(value)
    assert node.read() == b"former"


def test_the_parameters_go_to_the_requests_that_know_them(
    make: Make, bucket: tuple[Any, str]
) -> None:
    parameters = {"ContentType": "text/csv", "Metadata": {"team": "x"}, "Range": "bytes=0-2"}
    node = make(aws_s3_object_parameters=parameters)
    node.write("a,b,c")
    assert node.read() == b"a,b"
    head = bucket[0].head_object(Bucket=bucket[1], Key="folder/key")
    assert (head["ContentType"], head["Metadata"]) == ("text/csv", {"team": "x"})


def test_an_unknown_parameter_is_told(make: Make) -> None:
    node = make(aws_s3_object_parameters={"ContentTyp": "text/csv"})
    for act in (node.read, lambda: node.write(b"")):
        with pytest.raises(DataError, match="S3 knows no parameter 'ContentTyp' for an object"):
            act()


def test_a_refused_change_leaves_the_former_bytes(make: Make) -> None:
    def refuse() -> None:
        raise ZeroDivisionError

    make().write(b"former")
    node = dataclasses.replace(make(), before_change=refuse)
    with pytest.raises(ZeroDivisionError):
        storage_type("s3_object").write(node, b"new")
    assert make().read() == b"former"


def test_it_cannot_be_appended_to(make: Make) -> None:
    with pytest.raises(DataError, match="cannot be appended to"):
        make().append(b"")


def test_a_server_that_goes_away_in_the_middle_of_a_write_leaves_the_former_bytes(
    make: Make, s3: S3Place, wire: MakeWire
) -> None:
    host, _, port = s3.url.rpartition("//")[2].partition(":")
    line = wire(host, int(port or 80))
    node = make(aws_endpoint_url=f"http://127.0.0.1:{line.port}")
    node.write(b"former")
    line.cut_after(1_000_000)
    with pytest.raises(DataError) as caught:
        node.write(b"x" * 5_000_000)
    assert f"http://127.0.0.1:{line.port}" in caught.value.message
    assert caught.value.hint == "start the server, or correct aws_endpoint_url and aws_region"
    assert make().read() == b"former"
    line.mend()
    node.write(b"new")  # by the same process, as the next job
    assert make().read() == b"new"


def test_a_server_that_is_not_there_is_told_with_what_to_do(make: Make) -> None:
    (port,) = free_ports(1)
    with pytest.raises(DataError) as caught:
        make(aws_endpoint_url=f"http://127.0.0.1:{port}").read()
    assert "Could not connect to the endpoint URL" in caught.value.message
    assert "start the server" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        (
            {"aws_s3_bucket_name": "no-such-bucket"},
            "there is no bucket 'no-such-bucket'",
            "make it, or correct aws_s3_bucket_name",
        ),
        ({"aws_s3_object_key": "none"}, "there is no object 'none' in the bucket", "write it"),
        ({"aws_secret_access_key": "a/wrong+key"}, "(SignatureDoesNotMatch)", "correct aws_access"),
        ({"aws_access_key": "AKIAWRONGWRONG"}, "(InvalidAccessKeyId)", "correct aws_access_key"),
        ({"aws_endpoint_url": "no-url"}, "aws_endpoint_url is no URL such as", ""),
        ({"aws_region": "not a region"}, "region", ""),
    ],
)
def test_what_is_wrong_is_told_in_one_sentence_without_a_key(
    make: Make, s3: S3Place, given: dict[str, str], message: str, hint: str
) -> None:
    node = make(**given)
    with pytest.raises(DataError) as caught:
        node.read()
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")
    found = node.config.properties
    for key in ("aws_access_key", "aws_secret_access_key"):
        assert found[key] not in caught.value.message


def test_an_endpoint_may_come_from_botos_own_variable(
    make: Make, s3: S3Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.url)
    node = make(aws_endpoint_url=None, aws_region="eu-central-1")
    node.write(b"there")
    assert make().read() == b"there"


def test_the_place_tells_bucket_key_and_server_and_no_user() -> None:
    def place(**given: Any) -> str:
        where = {"aws_s3_bucket_name": "b", "aws_s3_object_key": "k/x"}
        return node_of("s3_object", **where, **given).place

    assert place() == "s3://b/k/x"
    assert place(aws_endpoint_url="http://u:pw@host:1") == "s3://b/k/x at http://host:1"


FLOW = """\
def make():
    return "5,6"

def total(content):
    return str(sum(int(number) for number in content.split(b",")))
"""


@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_a_pipeline_gives_the_same_in_every_mode(
    app: Application, s3: S3Place, bucket: tuple[Any, str], mode: str
) -> None:
    app.module("sums", FLOW)
    nodes = "".join(
        f"""
[DATA_NODE.{name}]
storage_type = "s3_object"
aws_access_key = "ENV[S3_KEY]"
aws_secret_access_key = "ENV[S3_SECRET]"
aws_region = "us-east-1"
aws_endpoint_url = "{s3.url}"
aws_s3_bucket_name = "{bucket[1]}"
aws_s3_object_key = "{name}"
"""
        for name in ("numbers", "result")
    )
    app.config(
        f"""
[JOB]
mode = "{mode}"
{nodes}
[TASK.make]
function = "sums.make:function"
outputs = ["numbers"]
[TASK.total]
function = "sums.total:function"
inputs = ["numbers"]
outputs = ["result"]
[SCENARIO.s]
tasks = ["make", "total"]
"""
    )
    keys = {"S3_KEY": s3.access_key, "S3_SECRET": s3.secret_key}
    done = app.run("submit", "--json", env=keys)
    assert done.code == 0, done.err + done.out
    client, name = bucket
    assert client.get_object(Bucket=name, Key="result")["Body"].read() == b"11"


def test_a_bucket_is_reached_without_an_object_in_it(make: Make) -> None:
    kind = storage_type("s3_object")
    kind.connect(make())  # type: ignore[attr-defined]
    with pytest.raises(DataError, match="there is no bucket"):
        kind.connect(make(aws_s3_bucket_name="test-nowhere"))  # type: ignore[attr-defined]
