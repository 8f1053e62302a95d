"""The measurements, their baselines and their targets."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from operator import sub
from pathlib import Path
from statistics import median

from benchmarks.lab import Lab, Measurement, interleave, middle, ratio, run_command
from benchmarks.limits import WORKERS
from benchmarks.report import Row, rate_text, seconds_text
from benchmarks.schedule import SLOTS
from benchmarks.schedule import measure as makespans

MODES = ("development", "standalone")
_LIMIT_OF = {"development": "plain_loop", "standalone": "process_pool"}
_IMPORTS = "import typer, rich.table"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """The sizes of the measurements."""

    rounds: int
    slow_rounds: int
    startup_rounds: int
    flat: int
    chain: int
    fan: int
    layered: tuple[int, int, int]
    scale: tuple[int, int]
    array: tuple[int, float]
    busy: int
    busy_seconds: float
    status: int
    schedule: int
    data: Mapping[str, int]


FULL = Sizes(
    rounds=7,
    slow_rounds=5,
    startup_rounds=15,
    flat=1000,
    chain=200,
    fan=200,
    layered=(10, 50, 3),
    scale=(500, 5000),
    array=(20, 50.0),
    busy=40,
    busy_seconds=0.25,
    status=1000,
    schedule=100,
    data={
        "array_pickle": 50,
        "frame_pickle": 200,
        "frame_parquet": 200,
        "rows_csv": 1_000_000,
        "rows_sql_table": 1_000_000,
    },
)
QUICK = Sizes(
    rounds=1,
    slow_rounds=1,
    startup_rounds=3,
    flat=100,
    chain=30,
    fan=30,
    layered=(4, 10, 3),
    scale=(50, 200),
    array=(4, 5.0),
    busy=4,
    busy_seconds=0.1,
    status=50,
    schedule=10,
    data={
        "array_pickle": 5,
        "frame_pickle": 5,
        "frame_parquet": 5,
        "rows_csv": 10_000,
        "rows_sql_table": 10_000,
    },
)


def graphs(lab: Lab, sizes: Sizes, workload: str, arguments: tuple[float, ...]) -> Iterator[Row]:
    """One workload in both modes, each with its baseline."""
    jobs = _jobs_of(workload, arguments)
    targets = {
        # (mode, workload) -> (the compared figure, its target)
        ("development", "flat"): ("time", 2.5),
        ("development", "chain"): ("time", 2.5),
        ("development", "layered"): ("time", 2.5),
        ("development", "fan"): ("time", None),
        ("standalone", "flat"): ("rate", 0.4),
        ("standalone", "layered"): ("rate", 0.4),
        ("standalone", "fan"): ("rate", None),
        ("standalone", "chain"): ("time", 3.0),
    }
    for mode in MODES:
        limit = _LIMIT_OF[mode]
        ours, theirs = interleave(
            sizes.rounds,
            [
                _measuring(lab, mode, workload, arguments),
                _measuring(lab, limit, workload, arguments),
            ],
        )
        each, least = middle(ours) / jobs, middle(theirs) / jobs
        compared, target = targets[mode, workload]
        by_rate = compared == "rate"
        yield Row(
            name=f"{workload} {_size_text(arguments)}, {mode}",
            ours=rate_text(1 / each) if by_rate else f"{seconds_text(each)}/job",
            limit=rate_text(1 / least) if by_rate else f"{seconds_text(least)}/job",
            value=ratio(theirs, ours) if by_rate else ratio(ours, theirs),
            target=target,
            at_least=by_rate,
            samples=_samples(ours=ours, limit=theirs),
        )


def scale(lab: Lab, sizes: Sizes) -> Iterator[Row]:
    """Whether a job costs the same in a large submission, and the coordinator's memory."""
    few, many = sizes.scale
    for mode in MODES:
        small, large = interleave(
            sizes.slow_rounds,
            [_measuring(lab, mode, "flat", (few,)), _measuring(lab, mode, "flat", (many,))],
        )
        each, least = middle(large) / many, middle(small) / few
        yield Row(
            name=f"flat {many:,} against {few}, {mode}",
            ours=f"{seconds_text(each)}/job",
            limit=f"{seconds_text(least)}/job",
            value=ratio(large, small) * few / many,
            target=1.3,
            samples=_samples(ours=large, limit=small),
        )
        memory = middle(large, "memory") / 1e6
        yield Row(
            name=f"coordinator's peak memory at {many:,} jobs, {mode}",
            ours=f"{memory:.0f} MB",
            limit=f"{middle(small, 'memory') / 1e6:.0f} MB at {few}",
            value=memory,
            unit="MB",
            target=200,
            samples={"ours": [result["memory"] for result in large]},
        )


def array(lab: Lab, sizes: Sizes) -> Iterator[Row]:
    """A large array in a chain, against files that are written and mapped by hand."""
    jobs, megabytes = sizes.array
    hand, *both = interleave(
        sizes.slow_rounds,
        [_measuring(lab, what, "array_chain", sizes.array) for what in ("array_by_hand", *MODES)],
    )
    for mode, ours in zip(MODES, both, strict=True):
        yield Row(
            name=f"chain of {jobs} with a {megabytes:g} MB array, {mode}",
            ours=f"{seconds_text(middle(ours) / jobs)}/hop",
            limit=f"{seconds_text(middle(hand) / jobs)}/hop",
            value=ratio(ours, hand),
            target=2.0,
            samples=_samples(ours=ours, limit=hand),
        )


def data(lab: Lab, sizes: Sizes) -> Iterator[Row]:
    """One write and one read of a data node, against the plain library call."""
    for kind, size in sizes.data.items():
        unit = "rows" if kind.startswith("rows") else "MB"
        ours, plain = interleave(
            sizes.slow_rounds,
            [partial(_moving, lab, kind, side, size) for side in ("ours", "plain")],
        )
        yield Row(
            name=f"{kind.replace('_', ' in ', 1)}, {size:,} {unit}",
            ours=f"{seconds_text(middle(ours))}, {middle(ours, 'memory') / 1e6:.0f} MB more",
            limit=f"{seconds_text(middle(plain))}, {middle(plain, 'memory') / 1e6:.0f} MB more",
            value=ratio(ours, plain),
            target=1.15,
            samples=_samples(ours=ours, limit=plain),
        )


def _moving(lab: Lab, kind: str, side: str, size: int) -> dict[str, float]:
    spec = json.dumps({"kind": kind, "side": side, "size": size})
    folder = Path(tempfile.mkdtemp(dir=lab.folder))
    try:
        printed = run_command([sys.executable, "-m", "benchmarks.data", spec], folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    found: dict[str, float] = json.loads(printed.splitlines()[-1])
    return found


def busy(lab: Lab, sizes: Sizes) -> Iterator[Row]:
    """CPU-bound jobs against the ideal: all workers busy all the time, at their real speed.

    The speed is measured before and after each run, because the speed of the machine changes.
    """
    loops = int(lab.measure(what="loops_for", seconds=sizes.busy_seconds)["loops"])
    speed = partial(lab.measure, what="seconds_of_one", loops=loops, repeats=8)
    before, ours, between, pool, after = interleave(
        sizes.slow_rounds,
        [
            speed,
            _measuring(lab, "standalone", "busy", (sizes.busy, loops)),
            speed,
            _measuring(lab, "process_pool", "busy", (sizes.busy, loops)),
            speed,
        ],
    )
    what = f"{sizes.busy} jobs of {sizes.busy_seconds:g} s on {WORKERS} workers"
    for name, results, around, target in (
        ("standalone", ours, (before, between), 0.95),
        ("ProcessPoolExecutor", pool, (between, after), None),
    ):
        ideal = [
            {"seconds": (one["seconds"] + other["seconds"]) / 2 * sizes.busy / WORKERS}
            for one, other in zip(*around, strict=True)
        ]
        yield Row(
            name=f"{what}, {name}",
            ours=seconds_text(middle(results)),
            limit=f"{seconds_text(middle(ideal))} ideal",
            value=ratio(ideal, results),
            target=target,
            at_least=True,
            samples=_samples(ours=results, limit=ideal),
        )


def startup(lab: Lab, sizes: Sizes) -> Iterator[Row]:
    """The start of the command line, against the imports for a table on a terminal."""
    command = Path(sys.executable).parent / "taipy-exec"
    ours = [str(command)] if command.exists() else [sys.executable, "-m", "taipy_exec"]
    folder = lab.folder / "status"
    folder.mkdir()
    _finish_jobs(folder, sizes.status)
    imports, help_, status = interleave(
        sizes.startup_rounds,
        [
            partial(lab.wall_time, [sys.executable, "-c", _IMPORTS]),
            partial(lab.wall_time, [*ours, "--help"]),
            partial(lab.wall_time, [*ours, "status"], folder),
        ],
    )
    least = middle(imports)
    yield Row(
        name="taipy-exec --help",
        ours=seconds_text(middle(help_)),
        limit=seconds_text(least),
        value=ratio(help_, imports),
        target=1.8,
        samples=_samples(ours=help_, limit=imports),
    )
    yield Row(
        name=f"taipy-exec status with {sizes.status:,} finished jobs",
        ours=seconds_text(middle(status)),
        limit=seconds_text(least),
        value=ratio(status, imports, sub),
        unit="s more",
        target=0.15,
        samples=_samples(ours=status, limit=imports),
    )


def schedule(lab: Lab, sizes: Sizes) -> Iterator[Row]:
    """The gain of the critical path order, against the best possible gain of any order."""
    found = makespans(sizes.schedule)
    gains = [each.gain for each in found]
    name = f"{sizes.schedule} layered graphs on {SLOTS} slots, critical path"
    yield Row(
        name=f"{name}, median",
        ours=f"{median(gains):.1%} less",
        limit=f"{median(each.possible for each in found):.1%} less",
        value=100 * median(gains),
        unit="% less than fifo",
        target=10,
        at_least=True,
        samples={"gain": gains, "possible": [each.possible for each in found]},
    )
    yield Row(
        name=f"{name}, worst",
        ours=f"{min(gains):.1%} less",
        limit=f"{min(each.possible for each in found):.1%} less",
        value=100 * min(gains),
        unit="% less than fifo",
        target=-5,
        at_least=True,
    )


def _finish_jobs(folder: Path, jobs: int) -> None:
    """Make a folder with the state of a submission with this many finished jobs."""
    program = (
        f"from benchmarks import ours, workloads; ours.run(workloads.flat({jobs}), 'development')"
    )
    run_command([sys.executable, "-c", program], folder)


def _measuring(lab: Lab, what: str, workload: str, arguments: tuple[float, ...]) -> Measurement:
    return partial(lab.measure, what=what, workload=workload, arguments=arguments)


def _jobs_of(workload: str, arguments: tuple[float, ...]) -> int:
    number = int(arguments[0])
    if workload == "layered":
        return number * int(arguments[1])
    return number + 2 if workload == "fan" else number


def _size_text(arguments: tuple[float, ...]) -> str:
    return " x ".join(f"{number:,}" for number in arguments[:2])


def _samples(**results: list[dict[str, float]]) -> dict[str, list[float]]:
    return {name: [result["seconds"] for result in found] for name, found in results.items()}


Case = Callable[[Lab, Sizes], Iterator[Row]]

CASES: Mapping[str, Case] = {
    "flat": lambda lab, sizes: graphs(lab, sizes, "flat", (sizes.flat,)),
    "chain": lambda lab, sizes: graphs(lab, sizes, "chain", (sizes.chain,)),
    "fan": lambda lab, sizes: graphs(lab, sizes, "fan", (sizes.fan,)),
    "layered": lambda lab, sizes: graphs(lab, sizes, "layered", sizes.layered),
    "scale": scale,
    "array": array,
    "data": data,
    "busy": busy,
    "startup": startup,
    "schedule": schedule,
}
