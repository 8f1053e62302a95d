"""Messages that were changed at random, from those that former versions sent.

Each is read or refused. What is read can be used, stored and shown. `make faults` tries 20,000.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taipy_exec.protocol.messages import (
    SIGNATURE,
    BadMessage,
    Claim,
    Codec,
    Heartbeat,
    JobBegun,
    JobEnded,
    JobOutput,
    JobProcess,
    LeaseRenewal,
    Order,
    Paused,
    Returned,
    Revoked,
    Takeover,
    Wire,
    encoded,
)
from taipy_exec.protocol.order import JobOrder
from taipy_exec.protocol.schema import read_report
from taipy_exec.runners.in_flight import InFlightJobs
from taipy_exec.views.json_objects import dump, heartbeat_fields
from taipy_exec.worker.orders import ControlLog, why_not_ours

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "200"))
GOLDEN = Path(__file__).parents[1] / "golden" / "messages"
BODIES = [path.read_bytes() for path in sorted(GOLDEN.glob("*.json")) if path.stem != "signed"]
CODEC = Codec("golden")
SETTINGS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=30),
    st.sampled_from(["", "\x1b[2J", "a\n", "JOB_a_", "../x", "x" * 30_000, 10**400, "\ud800"]),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=12,
)


@st.composite
def changed_fields(draw: st.DrawFn) -> bytes:
    """A message with another value, one more field or one less, at any depth."""
    message = json.loads(draw(st.sampled_from(BODIES)))
    for _ in range(draw(st.integers(1, 3))):
        place = message
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            key = draw(st.sampled_from(keys)) if keys else None
            if key is None or not isinstance(place[key], dict | list) or draw(st.booleans()):
                break
            place = place[key]
        if key is None:
            continue
        what = draw(st.sampled_from(["change", "remove", "add"]))
        if what == "remove":
            del place[key]
        elif what == "change" or isinstance(place, list):
            place[key] = draw(VALUES)
        else:
            place[draw(st.text(max_size=9))] = draw(VALUES)
    return json.dumps(message).encode()


@st.composite
def changed_bytes(draw: st.DrawFn) -> bytes:
    """A message with other bytes, cut off, or with a piece twice."""
    body = bytearray(draw(st.sampled_from(BODIES)))
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(body) - 1))
        body[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=4))
        if not body:
            break
    return bytes(body[: draw(st.integers(0, len(body)))]) if draw(st.booleans()) else bytes(body)


def use(message: Wire, known: JobOrder) -> None:
    """Do with a message what coordinators, workers and commands do with it."""
    handed = InFlightJobs(6.0, 3, 3, lambda: 1000.0, lambda order, how: None)
    handed.put(known, 0.0)
    if isinstance(message, JobBegun | Claim):
        handed.counts(message, 1.0)
        if isinstance(message, JobBegun):
            handed.foretold(message, 1.0)
    elif isinstance(message, JobProcess):
        handed.process(message)
    elif isinstance(message, JobEnded):
        handed.ended(message, 1.0)
    elif isinstance(message, Returned):
        handed.returned(message, 1.0)
    elif isinstance(message, LeaseRenewal):
        handed.held(message, 1.0)
    elif isinstance(message, JobOutput):
        message.text.encode("latin-1", "replace")
    elif isinstance(message, Revoked | Paused | Takeover):
        ControlLog().note(message)
    elif isinstance(message, Order):
        why_not_ours({"s": frozenset("t")}, message)
        JobOrder.load(message.as_job_order().dump())
    elif isinstance(message, Heartbeat):
        shown = dump({"workers": [heartbeat_fields(message)]})
        json.loads(shown, parse_constant=lambda constant: 1 / 0)
    for event in handed.take_events():
        assert event.job == known.job
    again, _ = CODEC.dump_all([encoded(message)])
    assert CODEC.load_all(again, {}) == [message]


def known_order(body: bytes) -> JobOrder:
    """The job that the message is about, as far as it is about one."""
    found = json.loads(body)
    job = found.get("job") if isinstance(found, dict) else None
    if isinstance(found, dict) and isinstance(found.get("jobs"), list) and found["jobs"]:
        first = found["jobs"][0]
        job = first[0] if isinstance(first, list) and first else first
    name = job if isinstance(job, str) else "JOB_t_1"
    return JobOrder(job=name, task="t", attempt=1, submission="s", instance="i")


@SETTINGS
@given(st.one_of(changed_fields(), changed_bytes()))
def test_a_changed_message_is_refused_or_can_be_used(body: bytes) -> None:
    try:
        messages = CODEC.load_all(body, {})
    except BadMessage as error:
        assert str(error)
        return
    for message in messages:
        use(message, known_order(body))


@SETTINGS
@given(st.binary(max_size=200), st.dictionaries(st.text(), LEAVES, max_size=3))
def test_any_bytes_with_any_headers_are_refused(body: bytes, headers: dict[str, Any]) -> None:
    for codec in (CODEC, Codec("golden", b"secret")):
        try:
            codec.load_all(body, {**headers, SIGNATURE: "ab"})
        except BadMessage:
            continue
        raise AssertionError("it was read")


@SETTINGS
@given(changed_fields())
def test_a_changed_report_of_a_slot_is_refused_or_can_be_used(body: bytes) -> None:
    report = json.loads(body).get("report") if body.startswith(b"{") else None
    try:
        found = read_report(json.dumps(report).encode())
    except ValueError:
        return
    assert read_report(found.dump()) == found
