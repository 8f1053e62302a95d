"""`python -m benchmarks.taipy`: the flat workload in Taipy and in taipy-exec, and the same Taipy
program with Taipy's own dispatcher and with taipy-exec's.

Taipy has its own environment in a temporary folder. `--python` uses an existing environment.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
from functools import partial
from pathlib import Path
from tempfile import mkdtemp

from benchmarks.__main__ import _terminated
from benchmarks.lab import REPOSITORY, Lab, interleave, middle, ratio, run_command
from benchmarks.report import Row, disk, machine, print_table, print_verdict, rate_text, write_json

TAIPY = "taipy-core==4.1.1"
_JOBS = {"development": 100, "standalone": 60}
_TARGETS = {"development": 60, "standalone": 300}
_PROGRAM_JOBS = {"flat": 60, "chain": 30}
_PROGRAM_TARGET = 3


def main() -> int:
    """Install Taipy, measure both programs, print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.taipy", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small smoke run without verdicts")
    parser.add_argument("--python", type=Path, help="the Python of an environment with Taipy")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all runs to FILE")
    parser.add_argument(
        "--folder", type=Path, metavar="DIR", help="make the temporary folder in this one"
    )
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, _terminated)
    with Lab(arguments.folder) as lab:
        print(f"{machine()}; data in {lab.folder} ({disk(lab.folder)})")
        print(f"flat workload; jobs/s of taipy-exec against {TAIPY}, from submit to the last end\n")
        python = arguments.python or _install(lab)
        rows = [_compare(lab, python.absolute(), mode, arguments.quick) for mode in _JOBS]
        rows += [
            _compare_dispatchers(lab, python.absolute(), workload, arguments.quick)
            for workload in _PROGRAM_JOBS
        ]
        print_table(rows, judged=not arguments.quick)
        if not arguments.quick:
            print_verdict(rows)
        if arguments.json:
            write_json(arguments.json, rows, quick=arguments.quick, taipy=TAIPY)
    return 0


def _install(lab: Lab) -> Path:
    print(f"installing {TAIPY} ...", file=sys.stderr, flush=True)
    folder = lab.folder / "taipy"
    run_command([sys.executable, "-m", "venv", str(folder)], lab.folder)
    python = folder / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    run_command([*install, TAIPY, str(REPOSITORY)], lab.folder)
    return python


def _compare(lab: Lab, python: Path, mode: str, quick: bool) -> Row:
    print(f"measuring {mode} ...", file=sys.stderr, flush=True)
    jobs, our_jobs = (10, 100) if quick else (_JOBS[mode], 1000)
    theirs, ours = interleave(
        1 if quick else 3,
        [
            partial(_taipy, lab, python, mode, jobs),
            partial(lab.measure, what=mode, workload="flat", arguments=[our_jobs]),
        ],
    )
    rate, their_rate = our_jobs / middle(ours), jobs / middle(theirs)
    return Row(
        name=f"flat, {mode}: {our_jobs:,} jobs against {jobs} in Taipy",
        ours=rate_text(rate),
        baseline=rate_text(their_rate),
        value=ratio(theirs, ours) * our_jobs / jobs,
        target=_TARGETS[mode],
        at_least=True,
        samples={
            "ours": [our_jobs / result["seconds"] for result in ours],
            "baseline": [jobs / result["seconds"] for result in theirs],
        },
    )


def _compare_dispatchers(lab: Lab, python: Path, workload: str, quick: bool) -> Row:
    """One program in standalone mode. The rest of its time is spent in Taipy's entity store."""
    print(f"measuring a Taipy program, {workload} ...", file=sys.stderr, flush=True)
    jobs = 10 if quick else _PROGRAM_JOBS[workload]
    theirs, ours = interleave(
        1 if quick else 3,
        [
            partial(_taipy, lab, python, "standalone", jobs, workload, whose)
            for whose in ("taipy", "taipy-exec")
        ],
    )
    return Row(
        name=f"a Taipy program, {workload} of {jobs} jobs: taipy-exec's dispatcher against Taipy's",
        ours=rate_text(jobs / middle(ours)),
        baseline=rate_text(jobs / middle(theirs)),
        value=ratio(theirs, ours),
        target=_PROGRAM_TARGET,
        at_least=True,
        samples={
            "ours": [jobs / result["seconds"] for result in ours],
            "baseline": [jobs / result["seconds"] for result in theirs],
        },
    )


def _taipy(
    lab: Lab, python: Path, mode: str, jobs: int, workload: str = "flat", whose: str = "taipy"
) -> dict[str, float]:
    folder = Path(mkdtemp(dir=lab.folder))
    command = [str(python), "-m", "benchmarks.taipy_side", mode, str(jobs), workload, whose]
    try:
        printed = run_command(command, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return {"seconds": float(printed.splitlines()[-1])}


if __name__ == "__main__":
    sys.exit(main())
