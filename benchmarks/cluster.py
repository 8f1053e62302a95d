"""`python -m benchmarks.cluster`: cluster mode against raw pika, Celery and Dramatiq.

All use one private RabbitMQ. Celery and Dramatiq have their own environments in the system's
temporary folder, which stay there.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from operator import sub
from pathlib import Path
from typing import Any

from benchmarks.__main__ import _terminated
from benchmarks.lab import Lab, Measurement, interleave, middle, ratio, run_command, service
from benchmarks.limits import WORKERS
from benchmarks.report import (
    Row,
    disk,
    machine,
    print_table,
    print_verdict,
    rate_text,
    seconds_text,
    write_json,
)
from tools.private_broker import PrivateBroker

PEERS = {"Celery": "celery>=5.4,<6", "Dramatiq": "dramatiq[rabbitmq]>=2,<3"}
# In its first second a worker asks before it begins a job. The measurement starts after that.
_SETTLE_SECONDS = 1.5
_EXPLAINED = """\
taipy-exec: two run-worker processes with one slot each, from scenario.submit() to its return. No-op
  jobs have no data. With "one file each", each job writes its own data node.
Baseline "streamed": raw pika, durable quorum queues, persistent messages of 400 bytes, outstanding
  confirms, two consumer processes with prefetch 50 that answer each message before its ack.
Baseline "one-by-one": the same with one message at a time and one consumer. It is the time of a
  round trip.
Peers: two worker processes, each with one job at a time. "Safe" has the guarantees of taipy-exec:
  confirmed publishing, quorum queues, late acknowledgement. "As it comes" has default settings.
  Dramatiq has no results through RabbitMQ: its jobs append to a file and publish no reply, and
  there is no chain.
Runs are interleaved (A B, B A, ...), in new processes and folders. Times are medians."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """The sizes of the measurements."""

    rounds: int
    slow_rounds: int
    startup_rounds: int
    flat: int
    chain: int
    hops: int
    busy: int
    busy_seconds: float
    scale: tuple[int, int]


FULL = Sizes(
    rounds=5,
    slow_rounds=3,
    startup_rounds=7,
    flat=1000,
    chain=100,
    hops=200,
    busy=40,
    busy_seconds=0.25,
    scale=(1000, 10_000),
)
QUICK = Sizes(
    rounds=1,
    slow_rounds=1,
    startup_rounds=1,
    flat=100,
    chain=20,
    hops=20,
    busy=4,
    busy_seconds=0.1,
    scale=(100, 500),
)


class Site:
    """The common parts of all measurements: the lab, the broker and the Pythons of the peers."""

    def __init__(self, lab: Lab, url: str) -> None:
        self.lab = lab
        self._url = url
        self._pythons: dict[str, Path] = {}
        self._applications: dict[str, Path] = {}

    def ours(self, workload: str, arguments: Sequence[float]) -> dict[str, float]:
        """Measure taipy-exec with two workers and a coordinator."""
        folder = self._folder(workload, arguments)
        try:
            with ExitStack() as stack:
                for _ in range(WORKERS):
                    stack.enter_context(self._worker(folder))
                time.sleep(_SETTLE_SECONDS)
                return self._side("cluster_ours", folder, "submit", "{}")
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def start_of_worker(self, workload: str, arguments: Sequence[float]) -> dict[str, float]:
        """Measure the seconds until a worker is connected."""
        folder = self._folder(workload, arguments)
        try:
            with self._worker(folder) as seconds:
                return {"seconds": seconds}
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def limit(self, what: str, messages: int) -> dict[str, float]:
        """Measure raw pika."""
        spec = {"what": what, "url": self._url, "messages": messages}
        return self._side("cluster_limits", self.lab.folder, json.dumps(spec))

    def peer(
        self, name: str, workload: str, arguments: Sequence[float], *, safe: bool
    ) -> dict[str, float]:
        """Measure Celery or Dramatiq. `safe` gives it the guarantees of taipy-exec."""
        python = self._python(name)
        module = f"benchmarks.cluster_{name.lower()}"
        variables = {"BENCH_URL": self._url, "BENCH_SAFE": "1" if safe else ""}
        if workload == "busy":  # without this, a busy worker could hold jobs for an idle one
            variables |= {"BENCH_PREFETCH": "1", "dramatiq_queue_prefetch": "1"}
        spec = json.dumps({"workload": workload, "arguments": arguments})
        folder = Path(tempfile.mkdtemp(dir=self.lab.folder))
        try:
            with ExitStack() as stack:
                for command, ready, times in _peer_workers(name, python, module):
                    stack.enter_context(
                        service(command, folder, ready, times=times, variables=variables)
                    )
                printed = run_command([str(python), "-m", module, spec], folder, variables)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return _last_line(printed)

    def version(self, name: str) -> str:
        """The name and version of the peer."""
        program = f"import importlib.metadata as m; print(m.version({name.lower()!r}))"
        printed = run_command([str(self._python(name)), "-c", program], self.lab.folder)
        return f"{name} {printed.strip()}"

    def _worker(self, folder: Path) -> Any:
        command = [sys.executable, "-m", "taipy_exec", "run-worker", "-a", str(folder)]
        return service(command, folder, "connected")

    def _folder(self, workload: str, arguments: Sequence[float]) -> Path:
        """A new folder with the application of this workload."""
        key = json.dumps([workload, arguments])
        if key not in self._applications:
            written = Path(tempfile.mkdtemp(dir=self.lab.folder))
            spec = {"workload": workload, "arguments": arguments, "url": self._url}
            self._side("cluster_ours", written, "write", json.dumps(spec))
            self._applications[key] = written
        folder = Path(tempfile.mkdtemp(dir=self.lab.folder))
        shutil.copytree(self._applications[key], folder, dirs_exist_ok=True)
        return folder

    def _side(self, module: str, folder: Path, *arguments: str) -> dict[str, float]:
        command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
        return _last_line(run_command(command, folder))

    def _python(self, name: str) -> Path:
        if name not in self._pythons:
            self._pythons[name] = _installed(PEERS[name])
        return self._pythons[name]


def _last_line(printed: str) -> dict[str, float]:
    found: dict[str, float] = json.loads(printed.splitlines()[-1])
    return found


def _peer_workers(name: str, python: Path, module: str) -> Iterator[tuple[list[str], str, int]]:
    """The commands that start its workers, the text they write when ready, and how often."""
    if name == "Celery":
        for number in range(WORKERS):
            options = ["--concurrency", "1", "--hostname", f"bench{number}@localhost"]
            command = [str(python), "-m", "celery", "--app", module, "worker", *options]
            yield command, "bench: ready", 1
    else:
        options = ["--processes", str(WORKERS), "--threads", "1"]
        yield [str(python), "-m", "dramatiq", module, *options], "ready for action", WORKERS


def _installed(requirement: str) -> Path:
    """The Python of an environment with this package, made at the first use."""
    home = Path(tempfile.gettempdir()) / f"taipy-exec-bench-peers-{os.getuid()}"
    home.mkdir(mode=0o700, exist_ok=True)
    if home.stat().st_uid != os.getuid():
        raise RuntimeError(f"{home} belongs to another user: remove it")
    key = hashlib.sha256(f"{requirement} {sys.version}".encode()).hexdigest()[:12]
    folder = home / key
    python, finished = folder / "bin" / "python", folder / "finished"
    if not finished.exists():
        print(f"installing {requirement} ...", file=sys.stderr, flush=True)
        run_command([sys.executable, "-m", "venv", "--clear", str(folder)], home)
        pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        run_command([*pip, requirement], home)
        finished.touch()
    return python


# -- measurements -----------------------------------------------------------------------------


def flat(site: Site, sizes: Sizes) -> Iterator[Row]:
    """Independent jobs that do nothing, without and with a file for each: jobs/s."""
    jobs = sizes.flat
    ours, writing, streamed, *peers = interleave(
        sizes.rounds,
        [
            partial(site.ours, "empty", [jobs]),
            partial(site.ours, "flat", [jobs]),
            partial(site.limit, "streamed", jobs),
            *_peers(site, PEERS, "flat", [jobs]),
        ],
    )
    for name, theirs, target in (
        ("streamed baseline", streamed, 0.25),
        *_named(site, PEERS, peers, target=1.0),
    ):
        yield Row(
            name=f"flat {jobs:,} no-op, against {name}",
            ours=rate_text(jobs / middle(ours)),
            limit=rate_text(jobs / middle(theirs)),
            value=ratio(theirs, ours),
            target=target,
            at_least=True,
            samples=_samples(ours=ours, limit=theirs),
        )
    yield Row(
        name=f"flat {jobs:,}, one file each, against streamed baseline",
        ours=rate_text(jobs / middle(writing)),
        limit=rate_text(jobs / middle(streamed)),
        value=ratio(streamed, writing),
        at_least=True,
        samples=_samples(ours=writing, limit=streamed),
    )


def chain(site: Site, sizes: Sizes) -> Iterator[Row]:
    """Each job waits for the one before it: time per hop."""
    jobs, hops = sizes.chain, sizes.hops
    ours, one_by_one, *peers = interleave(
        sizes.rounds,
        [
            partial(site.ours, "chain", [jobs]),
            partial(site.limit, "one_by_one", hops),
            *_peers(site, ["Celery"], "chain", [jobs]),
        ],
    )
    for name, theirs, number, target in (
        ("one-by-one baseline", one_by_one, hops, 2.5),
        *((*peer[:2], jobs, peer[2]) for peer in _named(site, ["Celery"], peers, target=1.0)),
    ):
        yield Row(
            name=f"chain {jobs:,}, against {name}",
            ours=f"{seconds_text(middle(ours) / jobs)}/hop",
            limit=f"{seconds_text(middle(theirs) / number)}/hop",
            value=ratio(ours, theirs) * number / jobs,
            target=target,
            samples=_samples(ours=ours, limit=theirs),
        )


def busy(site: Site, sizes: Sizes) -> Iterator[Row]:
    """CPU-bound jobs against the ideal: all workers busy all the time, at their real speed.

    The speed is measured before and after each run, because the speed of the machine changes.
    """
    measure = site.lab.measure
    loops = int(measure(what="loops_for", seconds=sizes.busy_seconds)["loops"])
    speed = partial(measure, what="seconds_of_one", loops=loops, repeats=8)
    runs: dict[str, Measurement] = {
        "taipy-exec": partial(site.ours, "busy", [sizes.busy, loops]),
        **{
            f"{site.version(name)}, safe": partial(
                site.peer, name, "busy", [sizes.busy, loops], safe=True
            )
            for name in PEERS
        },
    }
    measurements: list[Measurement] = []
    for run in runs.values():
        measurements += [speed, run, speed]
    found = interleave(sizes.slow_rounds, measurements)
    for number, name in enumerate(runs):
        before, theirs, after = found[3 * number : 3 * number + 3]
        ideal = [
            {"seconds": (one["seconds"] + other["seconds"]) / 2 * sizes.busy / WORKERS}
            for one, other in zip(before, after, strict=True)
        ]
        yield Row(
            name=f"{sizes.busy} jobs of {sizes.busy_seconds:g} s on {WORKERS} workers, {name}",
            ours=seconds_text(middle(theirs)),
            limit=f"{seconds_text(middle(ideal))} ideal",
            value=ratio(ideal, theirs),
            target=0.95 if number == 0 else None,
            at_least=True,
            samples=_samples(ours=theirs, limit=ideal),
        )


def scale(site: Site, sizes: Sizes) -> Iterator[Row]:
    """Whether a job costs the same in a large submission, and the coordinator's memory."""
    few, many = sizes.scale
    small, large = interleave(
        sizes.slow_rounds,
        [partial(site.ours, "flat", [few]), partial(site.ours, "flat", [many])],
    )
    yield Row(
        name=f"flat {many:,} against {few:,}",
        ours=f"{seconds_text(middle(large) / many)}/job",
        limit=f"{seconds_text(middle(small) / few)}/job",
        value=ratio(large, small) * few / many,
        target=1.3,
        samples=_samples(ours=large, limit=small),
    )
    memory = middle(large, "memory") / 1e6
    yield Row(
        name=f"coordinator's peak memory at {many:,} jobs",
        ours=f"{memory:.0f} MB",
        limit=f"{middle(small, 'memory') / 1e6:.0f} MB at {few:,}",
        value=memory,
        unit="MB",
        target=300,
        samples={"ours": [result["memory"] for result in large]},
    )


def startup(site: Site, sizes: Sizes) -> Iterator[Row]:
    """A worker's start until it is connected, without the import of the application."""
    imports, ready = interleave(
        sizes.startup_rounds,
        [
            partial(site.lab.wall_time, [sys.executable, "-c", "import benchmarks.workloads"]),
            partial(site.start_of_worker, "flat", [10]),
        ],
    )
    yield Row(
        name="run-worker until it is connected, beyond the application's import",
        ours=seconds_text(middle(ready)),
        limit=seconds_text(middle(imports)),
        value=ratio(ready, imports, sub),
        unit="s more",
        target=1.0,
        samples=_samples(ours=ready, limit=imports),
    )


Case = Callable[[Site, Sizes], Iterator[Row]]
CASES: Mapping[str, Case] = {
    "flat": flat,
    "chain": chain,
    "busy": busy,
    "scale": scale,
    "startup": startup,
}


def _peers(
    site: Site, names: Sequence[str] | Mapping[str, str], workload: str, arguments: list[float]
) -> list[Measurement]:
    return [
        partial(site.peer, name, workload, arguments, safe=safe)
        for name in names
        for safe in (True, False)
    ]


def _named(
    site: Site,
    names: Sequence[str] | Mapping[str, str],
    results: list[list[dict[str, float]]],
    target: float,
) -> Iterator[tuple[str, list[dict[str, float]], float | None]]:
    """The results of `_peers`, each with a name, and a target if it has our guarantees."""
    found = iter(results)
    for name in names:
        version = site.version(name)
        yield f"{version}, safe", next(found), target
        yield f"{version}, as it comes", next(found), None


def _samples(**results: list[dict[str, float]]) -> dict[str, list[float]]:
    return {name: [result["seconds"] for result in found] for name, found in results.items()}


# -- the command --------------------------------------------------------------------------------


def main() -> int:
    """Start the broker, measure, print the table."""
    arguments = _arguments()
    sizes = QUICK if arguments.quick else FULL
    missing = PrivateBroker.missing()
    if missing:
        print(missing, file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, _terminated)
    begin = time.monotonic()
    with Lab(arguments.folder) as lab, PrivateBroker(lab.folder / "broker") as broker:
        print(f"{machine()}; data in {lab.folder} ({disk(lab.folder)})")
        print(f"{_EXPLAINED}\n")
        site = Site(lab, broker.url())
        rows: list[Row] = []
        for name in arguments.only or list(CASES):
            print(f"measuring {name} ...", file=sys.stderr, flush=True)
            rows += CASES[name](site, sizes)
        print_table(rows, judged=not arguments.quick)
        if not arguments.quick:
            print_verdict(rows)
        if arguments.json:
            write_json(arguments.json, rows, quick=arguments.quick, data=str(disk(lab.folder)))
    print(f"{time.monotonic() - begin:.0f} s")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cluster", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small smoke run without verdicts")
    parser.add_argument(
        "--only", action="append", choices=list(CASES), metavar="NAME", help=", ".join(CASES)
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all runs to FILE")
    parser.add_argument(
        "--folder", type=Path, metavar="DIR", help="make the temporary folder in this one"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
