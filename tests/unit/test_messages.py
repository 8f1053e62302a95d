"""What goes over the broker: read to the letter, and nothing else."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest

from taipy_exec.config.vocabulary import TOO_LARGE
from taipy_exec.model.job import Failure
from taipy_exec.protocol.messages import (
    SIGNATURE,
    BadMessage,
    Codec,
    JobEnded,
    LeaseRenewal,
    Order,
    Revoked,
    Takeover,
    encoded,
)
from taipy_exec.protocol.order import JobReport
from taipy_exec.protocol.schema import Report, read_report
from taipy_exec.worker.orders import ControlLog

UUID = "0a1b2c3d-0000-4000-8000-00000000000f"
ORDER = Order(
    job=f"JOB_train_{UUID}",
    task="train",
    attempt=1,
    submission=f"SUBMISSION_{UUID}",
    instance=f"SCENARIO_sales_{UUID}",
    cycle="",
    digest="ab12",
    epoch="cd34",
    at=1.5,
)


def changed_order(**fields: Any) -> Order:
    return msgspec.structs.replace(ORDER, **fields)


def changed(**fields: Any) -> bytes:
    body, _ = Codec("app").dump(ORDER)
    return json.dumps({**json.loads(body), **fields}).encode()


def test_an_order_comes_back_as_it_was_sent() -> None:
    body, headers = Codec("app").dump(ORDER)
    assert headers == {}
    assert Codec("app").load(body, {}) == ORDER


def test_an_order_says_nothing_of_code_where_there_is_nothing_to_compare() -> None:
    body, _ = Codec("app").dump(ORDER)
    assert not {"code", "files"} & json.loads(body).keys()
    order = changed_order(code="0123456789abcdef", files="ab12cd34 a/b.py\n-------- c_\u00e9.py")
    body, _ = Codec("app").dump(order)
    assert Codec("app").load(body, {}) == order


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\x80\x04pickle", "no message of taipy-exec"),
        (b"[" * 100_000, "no message of taipy-exec"),
        (b"[]", "no message of taipy-exec"),
        (changed(version=2), "version 2"),
        (changed(application="other"), "another application"),
        (changed(kind="shell"), "Invalid value 'shell'"),
        (changed(function="os.system"), "unknown field `function`"),
        (changed(task="../../etc/passwd"), "regex .* at `[$].task`"),
        (changed(task="evaluate"), "not one of its task"),
        (changed(instance="../SCENARIO_x"), "regex .* at `[$].instance`"),
        (changed(cycle="/tmp"), "regex .* at `[$].cycle`"),
        (changed(job=""), "regex .* at `[$].job`"),
        (changed(attempt="1"), "`int`, got .* at `[$].attempt`"),
        (changed(attempt=True), "`int`, got .* at `[$].attempt`"),
        (changed(attempt=0), ">= 1 - at `[$].attempt`"),
        (changed(code="short"), "regex .* at `[$].code`"),
        (changed(code=None), "`str`, got .* at `[$].code`"),
        (changed(files="ab12cd34 ../steps.py"), "regex .* at `[$].files`"),
        (changed(files="ab12cd34 /steps.py"), "regex .* at `[$].files`"),
        (changed(files="ab12cd34 steps.py\n"), "regex .* at `[$].files`"),
        (changed(files="ab12cd34 \x1b[2J"), "regex .* at `[$].files`"),
        (changed(files={"steps.py": "ab12cd34"}), "`str`, got .* at `[$].files`"),
    ],
)
def test_what_is_not_an_order_is_refused_with_the_reason(body: bytes, reason: str) -> None:
    with pytest.raises(BadMessage, match=reason):
        Codec("app").load(body, {})


@pytest.mark.parametrize("jobs", [[1], ["abc"], [["a", 1]], [[["x"], 1, "r"]], [["a", "1", "r"]]])
def test_a_list_of_held_jobs_is_checked_to_the_last_entry(jobs: list[Any]) -> None:
    body, _ = Codec("app").dump(LeaseRenewal(worker="h:1", worker_id="ab", jobs=jobs))
    with pytest.raises(BadMessage, match=r"[$]\.jobs"):
        Codec("app").load(body, {})


@pytest.mark.parametrize(
    "part", [1, {}, {"kind": "several", "messages": []}, {"kind": "begun"}, {"kind": None}]
)
def test_of_several_messages_none_counts_if_one_is_bad(part: Any) -> None:
    good = encoded(Takeover(submission=ORDER.submission, epoch="ab"))
    body, _ = Codec("app").dump_all([good, json.dumps(part).encode()])
    with pytest.raises(BadMessage):
        Codec("app").load_all(body, {})
    body, _ = Codec("app").dump_all([good])
    assert len(Codec("app").load_all(body, {})) == 1
    with pytest.raises(BadMessage, match="several"):
        Codec("app").load(body, {})


def test_several_messages_are_signed_as_one() -> None:
    body, headers = Codec("app", b"secret").dump_all([encoded(ORDER)])
    assert Codec("app", b"secret").load_all(body, headers) == [ORDER]
    with pytest.raises(BadMessage, match="signed"):
        Codec("app", b"secret").load_all(body, {})


REPORT = JobReport(job=ORDER.job, attempt=1, finished_at=1.0, duration=2.0)
FAILED = {"kind": "raised", "message": "m"}
ENDED = JobEnded(
    job=ORDER.job,
    attempt=1,
    epoch="",
    run="r",
    worker="h:1",
    worker_id="ab",
    report=Report.of(REPORT),
)


def ended(**report: Any) -> bytes:
    """The end of a job as JSON, with something else in its report; a text stands for itself."""
    body, _ = Codec("app").dump(ENDED)
    fields = json.loads(body)
    fields["report"].update(report)
    return re.sub(rb'"literally ([^"]*)"', rb"\1", json.dumps(fields).encode())


@pytest.mark.parametrize(
    "report",
    [
        {"job": "JOB_other_" + UUID},
        {"job": None},
        {"attempt": 2},
        {"version": 2},
        {"more": 1},
        *({"duration": d} for d in ("1", None, -1.0, True, 1e300, "literally 1e999")),
        *({"duration": f"literally {d}"} for d in ("Infinity", "NaN", "1" + "0" * 400)),
        {"finished_at": -1e300},
        {"failure": ["x"]},
        {"failure": "boom"},
        {"failure": {**FAILED, "kind": ["x"]}},
        {"failure": {**FAILED, "kind": "no word"}},
        {"failure": {**FAILED, "message": {"a": 1}}},
        {"failure": {**FAILED, "message": 5}},
        {"failure": {**FAILED, "message": "\ud800 boom"}},
        {"failure": {**FAILED, "message": "m" * 20_001}},
        {"failure": {**FAILED, "type": {"a": 1}}},
        {"failure": {**FAILED, "traceback": [1, 2]}},
        {"failure": {"kind": "raised"}},
        {"peak_memory": "lots"},
        {"peak_memory": 10**30},
        {"source": {"a": 1}},
        {"source": "../x"},
        {"leaked": "x"},
        {"leaked": -1},
        {"final": [1]},
        {"final": 1},
    ],
    ids=str,
)
def test_a_report_with_anything_else_inside_is_refused(report: dict[str, Any]) -> None:
    with pytest.raises(BadMessage):
        Codec("app").load(ended(**report), {})


def test_every_report_of_ours_fits() -> None:
    failure = Failure(
        kind="raised", type="E" * 5000, message="m\ud800" * 100_000, traceback="t" * 1_000_000
    )
    found = read_report(REPORT._replace(failure=failure, final=True).dump())
    assert found.failure is not None
    assert found.failure.message.startswith("m\\ud800m")
    assert Report.of(found).as_job_report() == found
    assert Codec("app").load(ended(failure={**FAILED, "message": "nul \0"}), {})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b'{"version":1,"application":"app","kind":"call"',
        b'{"version":1,"application":"app","kind":["call"]}',
        b'{"version":1,"application":"app","kind":"call","kind":"mark"}',
        b'{"version":1' + b"0" * 10_000 + b',"application":"app","kind":"call"}',
        b'{"version":1,"application":"app","kind":' + b"[" * 100_000,
        b'{"version":{"a":1},"application":"app","kind":"call"}',
        b'{"version":1,"application":"\\ud800","kind":"call"}',
        b'{"version":1,"application":"app","kind":"mark","worker_id":"ab\\n"}',
        b'{"version":1,"application":"app","kind":"several","messages":{"a":1}}',
        b'{"version":1,"application":"app","kind":"several","messages":[{"kind":"several"}]}',
    ],
    ids=lambda body: body[:70].decode(errors="replace"),
)
def test_a_body_of_any_form_is_refused_and_no_more(body: bytes) -> None:
    for secret in (None, b"secret"):
        codec = Codec("app", secret)
        headers = {SIGNATURE: codec._sign(body)} if secret else {}
        with pytest.raises(BadMessage):
            codec.load_all(body, headers)


def test_what_was_too_large_to_be_read_is_refused_with_its_size() -> None:
    with pytest.raises(BadMessage, match=r"too large \(120000000 bytes\)"):
        Codec("app").load(b"", {TOO_LARGE: 120_000_000})


def test_with_a_secret_only_what_is_signed_with_it_is_read() -> None:
    body, headers = Codec("app", b"secret").dump(ORDER)
    assert Codec("app", b"secret").load(body, headers) == ORDER
    for wrong in ({}, {SIGNATURE: "0" * 64}, {SIGNATURE: 7}):
        with pytest.raises(BadMessage, match="sign"):
            Codec("app", b"secret").load(body, wrong)
    with pytest.raises(BadMessage, match="signature"):
        Codec("app", b"secret").load(body.replace(b'"attempt":1', b'"attempt":2'), headers)
    with pytest.raises(BadMessage, match="signature"):
        Codec("app", b"another").load(body, headers)


def test_a_withdrawn_job_and_an_order_of_a_former_coordinator_are_void() -> None:
    control = ControlLog()
    assert not control.is_void(ORDER)
    control.note(Takeover(submission=ORDER.submission, epoch=ORDER.epoch))
    assert not control.is_void(ORDER)
    assert control.is_void(changed_order(epoch="ee"))
    control.note(Revoked(submission=ORDER.submission, jobs=[ORDER.job]))
    assert control.is_void(ORDER)
    assert not control.is_void(changed_order(job=f"JOB_train_{UUID[:-1]}0"))
