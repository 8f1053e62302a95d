"""An order for a process of this machine, with what goes beside it."""

from __future__ import annotations

import pytest

from taipy_exec.execution.order import JobOrder, from_beside, with_beside

ORDER = JobOrder(
    job="JOB_a",
    task="a\0b",
    attempt=2,
    submission="SUBMISSION_s",
    instance="SCENARIO_s",
    entity="t",
    element="0a1b2c3d4e5f6789",
)


@pytest.mark.parametrize("beside", [b"", b"\0", b"\0\0", b"a\0b", b"{}"])
def test_what_goes_beside_an_order_comes_out_as_it_was(beside: bytes) -> None:
    assert from_beside(with_beside(ORDER, beside)) == (ORDER, beside)


def test_an_order_alone_is_the_order() -> None:
    assert with_beside(ORDER, b"") == ORDER.dump()


def test_what_is_no_order_is_refused() -> None:
    with pytest.raises(ValueError):
        from_beside(b"[]\0what is beside it")
