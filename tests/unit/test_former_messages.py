"""Messages as former versions sent them are read for ever, whatever is added to them later."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from taipy_exec.execution.messages import SIGNATURE, BadMessage, Codec, JobEnded, Order, Wire

GOLDEN = Path(__file__).parents[1] / "golden" / "messages"
SINGLE = sorted(path for path in GOLDEN.glob("*.json") if path.stem not in ("several", "signed"))
CODEC = Codec("golden")
KINDS = {kind.__struct_config__.tag: kind for kind in get_args(Wire)}


def normal(value: Any) -> Any:
    """Without what a former version left out or wrote in another way."""
    if isinstance(value, dict):
        return {
            name: normal(part) for name, part in value.items() if part not in (None, False, 0, "")
        }
    return [normal(part) for part in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("path", SINGLE, ids=lambda path: path.stem)
def test_a_message_of_a_former_version_is_read(path: Path) -> None:
    body = path.read_bytes()
    fields = json.loads(body)
    message: Any = CODEC.load(body, {})
    assert type(message) is KINDS[fields["kind"]]
    read = msgspec.to_builtins(message)
    for name in fields.keys() - {"version", "application", "kind"}:
        assert normal(read[name]) == normal(fields[name]), name
    if isinstance(message, JobEnded):
        report = message.report.as_job_report()
        assert (report.failure is not None) == (path.stem == "ended_failed")
    if isinstance(message, Order):
        assert message.as_job_order().job == message.job
        assert message.as_job_order().element == fields.get("element", "")


def test_several_in_one_are_read() -> None:
    found = CODEC.load_all((GOLDEN / "several.json").read_bytes(), {})
    assert [type(message).__name__ for message in found] == ["JobBegun", "JobEnded"]


def test_a_signature_of_a_former_version_holds() -> None:
    signed = json.loads((GOLDEN / "signed.json").read_text())
    body = signed["body"].encode()
    codec = Codec("golden", b"a secret")
    assert codec.load(body, signed["headers"])
    with pytest.raises(BadMessage, match="its signature is wrong"):
        codec.load(body, {SIGNATURE: signed["headers"][SIGNATURE][::-1]})


def test_there_is_one_of_each_kind() -> None:
    there = {json.loads(path.read_bytes())["kind"] for path in SINGLE}
    assert there == set(KINDS)


def test_what_is_added_to_a_message_later_may_be_missing() -> None:
    former = json.loads((GOLDEN / "order.json").read_bytes())

    def loaded(fields: dict[str, object]) -> Any:
        return CODEC.load(json.dumps(fields).encode(), {})

    assert "entity" not in former
    assert loaded(former).entity == ""
    entity = former["job"].replace("JOB_", "TASK_")
    assert loaded({**former, "entity": entity}).entity == entity
    with pytest.raises(BadMessage, match="unknown field `more`"):
        loaded({**former, "more": 1})
    del former["epoch"]
    with pytest.raises(BadMessage, match="missing required field `epoch`"):
        loaded(former)
