"""Messages as former versions sent them are read for ever, whatever is added to them later."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from taipy_exec.execution import messages
from taipy_exec.execution.messages import SIGNATURE, BadMessage, Codec, JobEnded, Order

GOLDEN = Path(__file__).parents[1] / "golden" / "messages"
SINGLE = sorted(path for path in GOLDEN.glob("*.json") if path.stem not in ("several", "signed"))
CODEC = Codec("golden")


@pytest.mark.parametrize("path", SINGLE, ids=lambda path: path.stem)
def test_a_message_of_a_former_version_is_read(path: Path) -> None:
    body = path.read_bytes()
    fields = json.loads(body)
    message: Any = CODEC.load(body, {})
    assert type(message) is messages._KINDS[fields["kind"]]
    read = message._asdict()
    for name in fields.keys() - {"version", "application", "kind"}:
        assert read[name] == fields[name], name
    if isinstance(message, JobEnded):
        report = message.as_report()
        assert (report.failure is not None) == (path.stem == "ended_failed")
    if isinstance(message, Order):
        assert message.as_job_order().job == message.job


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
    assert there == set(messages._KINDS)


class Later(NamedTuple):
    """A take-over as a later version may have it."""

    submission: str
    epoch: str
    why: str = "nobody says"


def test_what_is_added_to_a_message_later_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(messages._KINDS, "taken_over", Later)
    monkeypatch.setitem(Codec._fields, Later, dict.fromkeys(Later._fields, str))
    former = json.loads((GOLDEN / "taken_over.json").read_bytes())

    def loaded(fields: dict[str, object]) -> Any:
        return CODEC.load(json.dumps(fields).encode(), {})

    assert loaded(former).why == "nobody says"
    assert loaded({**former, "why": "killed"}).why == "killed"
    with pytest.raises(BadMessage, match="unknown or missing fields: more"):
        loaded({**former, "more": 1})
    del former["epoch"]
    with pytest.raises(BadMessage, match="unknown or missing fields: epoch"):
        loaded(former)
