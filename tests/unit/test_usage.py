"""What a job is said to have used is what it used, and not what others before it did."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time

import pytest

from taipy_exec.execution.load import Load
from taipy_exec.execution.usage import Meter

MIB = 2**20
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="no /proc")


def fill(size: int) -> None:
    assert bytearray(b"x" * 1024) * (size // 1024)


def test_processor_time_is_that_of_the_work_and_not_of_waiting() -> None:
    meter = Meter()
    time.sleep(0.05)
    idle = meter.usage().cpu_seconds
    end = time.process_time() + 0.1
    while time.process_time() < end:
        pass
    assert meter.usage().cpu_seconds >= idle + 0.09


def test_processor_time_of_a_child_process_counts() -> None:
    meter = Meter()
    loop = "import time\nwhile time.process_time() < 0.2: pass"
    subprocess.run([sys.executable, "-c", loop], check=True)
    assert meter.usage().cpu_seconds >= 0.19


@needs_linux
def test_the_peak_of_memory_is_that_of_this_job_and_not_of_one_before() -> None:
    first = Meter()
    fill(200 * MIB)
    large = first.usage().peak_memory
    small = Meter().usage().peak_memory
    assert large is not None
    assert small is not None
    assert large - small > 150 * MIB


@needs_linux
def test_the_memory_of_a_larger_child_process_is_the_peak() -> None:
    # A child's peak counts from the peak of all children so far: this one is larger than any.
    meter = Meter()
    before = meter.usage().peak_memory or 0
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    size = max(before, children) + 300 * MIB
    subprocess.run([sys.executable, "-c", f"x = bytearray(b'x') * {size}"], check=True)
    assert (meter.usage().peak_memory or 0) >= size


BUSY = "while True: pass"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}])"


@needs_linux
@pytest.mark.parametrize(("code", "is_busy"), [(BUSY, True), (PARENT, True), ("input()", False)])
def test_the_load_of_a_process_counts_its_child_processes(code: str, is_busy: bool) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, start_new_session=True
    )
    assert process.stdin is not None
    try:
        time.sleep(0.3)
        began = time.monotonic()
        load = Load(process.pid, began)
        assert load.look(began + 0.5) is None
        time.sleep(1.0)
        found = load.look(time.monotonic())
        assert found is not None
        assert (found > 0.2) is is_busy
        assert load.look(time.monotonic()) == found
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdin.close()
    assert load.look(time.monotonic() + 1) is None
