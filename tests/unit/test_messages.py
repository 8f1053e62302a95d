"""What goes over the broker: read to the letter, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from taipy_exec.execution.messages import (
    SIGNATURE,
    BadMessage,
    Codec,
    Holding,
    JobEnded,
    Order,
    TakenOver,
    Withdrawn,
    as_text,
)
from taipy_exec.execution.order import JobReport
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
    order = ORDER._replace(code="0123456789abcdef", files="ab12cd34 a/b.py\n-------- c_\u00e9.py")
    body, _ = Codec("app").dump(order)
    assert Codec("app").load(body, {}) == order


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\x80\x04pickle", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not a JSON object"),
        (changed(version=2), "version 2"),
        (changed(application="other"), "another application"),
        (changed(kind="shell"), "unknown kind"),
        (changed(function="os.system"), "unknown or missing fields: function"),
        (changed(task="../../etc/passwd"), "field task"),
        (changed(task="evaluate"), "not one of its task"),
        (changed(instance="../SCENARIO_x"), "field instance"),
        (changed(cycle="/tmp"), "field cycle"),
        (changed(job=""), "field job"),
        (changed(attempt="1"), "field attempt is not int"),
        (changed(attempt=True), "field attempt is not int"),
        (changed(attempt=0), "less than 1"),
        (changed(code="short"), "field code"),
        (changed(code=None), "field code is not str"),
        (changed(files="ab12cd34 ../steps.py"), "field files"),
        (changed(files="ab12cd34 /steps.py"), "field files"),
        (changed(files="ab12cd34 steps.py\n"), "field files"),
        (changed(files="ab12cd34 \x1b[2J"), "field files"),
        (changed(files={"steps.py": "ab12cd34"}), "field files is not str"),
    ],
)
def test_what_is_not_an_order_is_refused_with_the_reason(body: bytes, reason: str) -> None:
    with pytest.raises(BadMessage, match=reason):
        Codec("app").load(body, {})


@pytest.mark.parametrize("jobs", [[1], ["abc"], [["a", 1]], [[["x"], 1, "r"]], [["a", "1", "r"]]])
def test_a_list_of_held_jobs_is_checked_to_the_last_entry(jobs: list[Any]) -> None:
    body, _ = Codec("app").dump(Holding(worker="h:1", worker_id="ab", jobs=jobs))
    with pytest.raises(BadMessage, match="field jobs"):
        Codec("app").load(body, {})


@pytest.mark.parametrize(
    "part", [1, {}, {"kind": "several", "messages": []}, {"kind": "begun"}, {"kind": None}]
)
def test_of_several_messages_none_counts_if_one_is_bad(part: Any) -> None:
    good = json.loads(as_text(TakenOver(submission=ORDER.submission, epoch="ab")))
    body, _ = Codec("app").dump_all([json.dumps(good), json.dumps(part)])
    with pytest.raises(BadMessage):
        Codec("app").load_all(body, {})
    body, _ = Codec("app").dump_all([json.dumps(good)])
    assert len(Codec("app").load_all(body, {})) == 1
    with pytest.raises(BadMessage, match="unknown kind"):
        Codec("app").load(body, {})


def test_several_messages_are_signed_as_one() -> None:
    body, headers = Codec("app", b"secret").dump_all([as_text(ORDER)])
    assert Codec("app", b"secret").load_all(body, headers) == [ORDER]
    with pytest.raises(BadMessage, match="signed"):
        Codec("app", b"secret").load_all(body, {})


@pytest.mark.parametrize("duration", ["1", None, -1.0, True])
def test_a_report_without_a_duration_is_none(duration: Any) -> None:
    report = JobReport(job=ORDER.job, attempt=1, finished_at=1.0, duration=2.0).as_json()
    ended = JobEnded(
        job=ORDER.job,
        attempt=1,
        epoch="",
        run="r",
        worker="h:1",
        worker_id="ab",
        report={**report, "duration": duration},
    )
    with pytest.raises(ValueError, match="duration"):
        ended.as_report()


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
    control.note(TakenOver(submission=ORDER.submission, epoch=ORDER.epoch))
    assert not control.is_void(ORDER)
    assert control.is_void(ORDER._replace(epoch="ee"))
    control.note(Withdrawn(submission=ORDER.submission, jobs=[ORDER.job]))
    assert control.is_void(ORDER)
    assert not control.is_void(ORDER._replace(job=f"JOB_train_{UUID[:-1]}0"))
