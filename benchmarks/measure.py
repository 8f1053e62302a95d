"""One measurement in a separate process: `python -m benchmarks.measure '{"what": ...}'`.

It uses the current folder. The result is the last line on stdout, as JSON.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import baselines, ours
from benchmarks.workloads import build

LIMITS = {
    "plain_loop": baselines.plain_loop,
    "process_pool": baselines.process_pool,
    "array_by_hand": baselines.array_by_hand,
}


def main(spec: dict[str, Any]) -> dict[str, float]:
    """Run the measurement `spec`."""
    what = spec["what"]
    if what == "loops_for":
        return {"loops": baselines.loops_for(spec["seconds"])}
    if what == "seconds_of_one":
        return {"seconds": baselines.seconds_of_one(spec["loops"], spec["repeats"])}
    graph = build(spec["workload"], spec["arguments"])
    if what in LIMITS:
        with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
            return {"seconds": LIMITS[what](graph, Path(folder))}
    return ours.run(graph, what)


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
