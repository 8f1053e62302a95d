"""How long a report takes: what the silence of workers is measured against."""

from __future__ import annotations

from taipy_exec.runners.report_time import ReportTime


def test_it_is_measured_every_two_seconds() -> None:
    time = ReportTime()
    assert time.is_due(0.0)
    time.sent(2, 10.0)
    assert not time.is_due(20.0)
    time.confirmed(10.2)
    assert not time.is_due(20.0)
    time.confirmed(10.5)
    assert time.now(11.0) == 0.5
    assert not time.is_due(12.4)
    assert time.is_due(12.5)


def test_while_nothing_is_confirmed_it_grows() -> None:
    time = ReportTime()
    time.sent(1, 10.0)
    assert time.now(17.0) == 7.0
    time.confirmed(18.0)
    # What waited for as long comes now, and gets the time for it.
    assert time.now(19.0) == 8.0
    time.sent(1, 20.0)
    time.confirmed(20.1)
    assert round(time.now(21.0), 6) == 0.1


def test_what_a_broken_connection_lost_is_not_waited_for() -> None:
    time = ReportTime()
    time.sent(1, 10.0)
    time.broken_off()
    assert time.now(100.0) == 0.0
    assert time.is_due(100.0)
    time.confirmed(100.0)
    assert time.is_due(100.0)


def test_where_nothing_was_sent_nothing_is_waited_for() -> None:
    time = ReportTime()
    time.sent(0, 10.0)
    assert time.is_due(10.0)
