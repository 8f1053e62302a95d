"""The measurement of taipy-exec in cluster mode. Its application is in the current folder.

`python -m benchmarks.cluster_ours write '{...}'` writes the application, `submit` runs it.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from benchmarks.ours import configure, peak_memory, story, warming
from benchmarks.workloads import build

CONFIG_FILE = "config.toml"
# One name for all applications, so that the broker has few queues. One runs at a time.
_APPLICATION = "bench"


def write(spec: dict[str, Any]) -> dict[str, float]:
    """Write the configuration for coordinator and workers: `workload`, `arguments`, `url`."""
    from taipy_exec import Config

    Config.configure_job_executions(
        mode="cluster", application=_APPLICATION, broker_url=spec["url"]
    )
    configure(Config, "measured", build(spec["workload"], spec["arguments"]))
    configure(Config, "warming", warming())
    Config.export(CONFIG_FILE)
    return {}


def submit(spec: dict[str, Any]) -> dict[str, float]:
    """Submit and wait. `seconds` are from `submit` to its return, `memory` is in bytes.

    A small submission warms the slots of the workers first.
    """
    import taipy_exec as tp
    from taipy_exec import Config

    Config.load(CONFIG_FILE)
    orchestrator = tp.Orchestrator()
    orchestrator.run()
    try:
        warmed = tp.create_scenario(Config.scenarios["warming"]).submit(wait=True)
        scenario = tp.create_scenario(Config.scenarios["measured"])
        begin = time.perf_counter()
        submission = scenario.submit(wait=True)
        seconds = time.perf_counter() - begin
        memory = peak_memory()
        bad = [job for job in (*warmed.jobs, *submission.jobs) if not job.is_completed()]
        if bad:
            raise RuntimeError(story(bad))
    finally:
        orchestrator.stop()
    return {"seconds": seconds, "memory": memory}


if __name__ == "__main__":
    action = {"write": write, "submit": submit}[sys.argv[1]]
    print(json.dumps(action(json.loads(sys.argv[2]))))
