"""`python -m benchmarks`: measure and print the table. `--help` shows the options."""

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
taipy-exec: the time from scenario.submit() to its end. A small submission warms the slots first.
Baseline of development: a plain loop with the same pickle reads, the same atomic writes (new file,
  renamed) and one SQLite transaction (WAL, synchronous=NORMAL) per job.
Baseline of standalone: ProcessPoolExecutor(2), spawned and warmed up, with the same reads and
  writes and one future per job.
Baseline of schedule: the work divided by the slots, or the longest path. It is in virtual time, so
  there is no noise.
Baseline of data: the same value with the plain library call (pickle, pandas), written in place.
Runs are interleaved (A B, B A, ...), each in a new process and folder. Times are medians. A value
  is the median of the values of the rounds."""


def main() -> int:
    """Run the measurements of the command line."""
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
    parser.add_argument("--quick", action="store_true", help="a small smoke run without verdicts")
    parser.add_argument(
        "--only", action="append", choices=list(CASES), metavar="NAME", help=", ".join(CASES)
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all runs to FILE")
    parser.add_argument(
        "--folder", type=Path, metavar="DIR", help="make the temporary folder in this one"
    )
    return parser.parse_args()


def _measure(lab: Lab, sizes: Sizes, names: list[str]) -> list[Row]:
    rows: list[Row] = []
    for name in names:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        rows += CASES[name](lab, sizes)
    return rows


def _terminated(number: int, frame: FrameType | None) -> None:
    """Exit by an exception, so that everything is cleaned up."""
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
