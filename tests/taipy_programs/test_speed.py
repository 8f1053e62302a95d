"""The same program under both dispatchers, in one run; `make bench-taipy` measures it in full."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest
from taipy_support import PROGRAMS, Program

LEAST = 3
JOBS = 16


@pytest.mark.long
@pytest.mark.parametrize("shape", ["flat", "chain"])
def test_jobs_run_three_times_as_fast(make_program: Callable[[str], Program], shape: str) -> None:
    rates = {}
    for name in ("theirs", "ours"):
        program = make_program(name)
        program.write(f"""
from prelude import *

def work(number):
    return number + 1

N = {JOBS}
flat = {shape == "flat"}
nodes = [node(f"n{{i}}", **({{"default_data": 0}} if flat or i == 0 else {{}})) for i in range(N)]
outs = [node(f"o{{i}}") for i in range(N)] if flat else [*nodes[1:], node("last")]
cfg = Config.configure_scenario("s", [task(f"t{{i}}", work, nodes[i], outs[i]) for i in range(N)])

if __name__ == "__main__":
    started()
    scenario = tp.create_scenario(cfg)
    scenario.submit(wait=True)
    begin = time.monotonic()
    submission = scenario.submit(wait=True)
    seconds = time.monotonic() - begin
    tell(seconds=seconds, all=statuses(submission))
""")
        shutil.copy(PROGRAMS / "prelude.py", program.folder)
        if name == "ours":
            program.enable()
        program.python()
        record = program.read()
        assert set(record["all"].values()) == {"COMPLETED"}
        rates[name] = JOBS / record["seconds"]
    print(f"{shape}: {rates['ours']:.1f} jobs/s against {rates['theirs']:.1f}")
    assert rates["ours"] >= LEAST * rates["theirs"]
