"""A coordinator that lives through the whole soak: `python steady.py SECONDS`.

It submits the same scenario again and again, from Python, and appends what became of each to
steady.jsonl: nobody reads what it prints, and a full pipe would stop it.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import taipy_exec as tp
from taipy_exec import Config


def main() -> None:
    Config.load("config.toml")
    end = time.monotonic() + float(sys.argv[1])
    orchestrator = tp.Orchestrator()
    orchestrator.run()
    scenario = tp.create_scenario(Config.scenarios["s"], name="steady")
    while time.monotonic() < end:
        submission = scenario.submit(wait=True, timeout=120)
        statuses = sorted({job.status.name for job in submission.jobs})
        with Path("steady.jsonl").open("a") as told:
            told.write(json.dumps({"id": submission.id, "statuses": statuses}) + "\n")
        # So short that jobs run all the while, so long that there is room for others.
        time.sleep(0.2)
        while Path("hold").exists():
            time.sleep(0.05)
    orchestrator.stop()


if __name__ == "__main__":
    main()
