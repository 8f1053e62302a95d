"""The measurement of Taipy. It runs in its own environment, in the current folder.

`python -m benchmarks.taipy_side MODE JOBS WORKLOAD WHOSE` prints the seconds as the last line.
WHOSE is the dispatcher: `taipy`, or `taipy-exec`, which replaces it in the same program.
"""

from __future__ import annotations

import sys
import time

from benchmarks.baselines import WORKERS
from benchmarks.ours import configure
from benchmarks.workloads import chain, flat

_WORKLOADS = {"flat": flat, "chain": chain}


def main(mode: str, jobs: int, workload: str, whose: str) -> float:
    """Seconds from `scenario.submit()` to the end of its last job, as recorded by Taipy."""
    if whose == "taipy-exec":
        import taipy_exec.taipy_plugin

        taipy_exec.taipy_plugin.enable()
    import taipy.core as tp
    from taipy.common.config import Config

    Config.configure_job_executions(mode=mode, max_nb_of_workers=WORKERS)
    scenario_config = configure(Config, "measured", _WORKLOADS[workload](jobs))
    warming_config = configure(Config, "warming", flat(2 * WORKERS))
    orchestrator = tp.Orchestrator()
    orchestrator.run()
    tp.create_scenario(warming_config).submit(wait=True, timeout=60)
    scenario = tp.create_scenario(scenario_config)
    begin = time.time()
    submission = scenario.submit(wait=True, timeout=600)
    ends = [job.finished_at for job in submission.jobs]
    if not all(job.is_completed() for job in submission.jobs):
        raise RuntimeError("not all jobs completed")
    seconds = max(end.timestamp() for end in ends) - begin
    orchestrator.stop()
    return seconds


if __name__ == "__main__":
    print(main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:]))
