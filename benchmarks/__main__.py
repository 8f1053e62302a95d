"""`python -m benchmarks`: measure and print the table; `--help` tells the options."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from benchmarks.cases import CASES, FULL, QUICK, Sizes
from benchmarks.lab import Lab
from benchmarks.report import Row, disk, machine, print_table, print_verdict, write_json

_EXPLAINED = """\
Limit of development: a plain loop with the same pickle reads, whole writes (beside, renamed) and
  one SQLite transaction (WAL, synchronous=NORMAL) a job.
Limit of standalone: ProcessPoolExecutor(2), spawned and warmed up, the same reads and writes, one
  future a job. Ours: from scenario.submit() to its end, slots warmed by a small submission.
Limit of schedule: the shared work, or the longest path; virtual time, so no noise.
Limit of data: the same value with the plain library call (pickle, pandas), written in place.
Interleaved runs (A B, B A, ...), each in a fresh process and folder. Times are medians; a value is
  the median of the values of the rounds."""


def main() -> int:
    """Run what the command line asks for."""
    arguments = _arguments()
    sizes = QUICK if arguments.quick else FULL
    signal.signal(signal.SIGTERM, _terminated)
    begin = time.monotonic()
    with Lab(arguments.folder) as lab:
        print(f"{machine()}; data in {lab.folder} ({disk(lab.folder)})")
        print(f"{_EXPLAINED}\n")
        rows = _measure(lab, sizes, arguments.only or list(CASES))
        print_table(rows, judged=not arguments.quick)
        if not arguments.quick:
            print_verdict(rows)
        if arguments.json:
            write_json(arguments.json, rows, quick=arguments.quick, data=str(disk(lab.folder)))
    print(f"{time.monotonic() - begin:.0f} s")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small smoke run, not judged")
    parser.add_argument(
        "--only", action="append", choices=list(CASES), metavar="NAME", help=", ".join(CASES)
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all runs there too")
    parser.add_argument(
        "--folder", type=Path, metavar="DIR", help="make the temporary folder in here"
    )
    return parser.parse_args()


def _measure(lab: Lab, sizes: Sizes, names: list[str]) -> list[Row]:
    rows: list[Row] = []
    for name in names:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        rows += CASES[name](lab, sizes)
    return rows


def _terminated(number: int, frame: FrameType | None) -> None:
    """Leave as by an error, so that everything is cleaned up."""
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
