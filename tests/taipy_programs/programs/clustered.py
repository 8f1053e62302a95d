"""A program for workers: what it computes, it writes into record.json."""

import json
import os
import time
from pathlib import Path

import taipy as tp
from prelude import node, note, statuses, task, until
from taipy import Config


def spread(number):
    return [number + i for i in range(4)]


def first(numbers):
    return work(numbers, 0)


def second(numbers):
    return work(numbers, 1)


def third(numbers):
    return work(numbers, 2)


def fourth(numbers):
    return work(numbers, 3)


def work(numbers, at):
    print("working at", at)
    note(f"begin_{os.getpid()}")
    if Path("hold").exists():
        until(lambda: not Path("hold").exists(), 60)
    time.sleep(0.3)
    return numbers[at] * 10


def total(*numbers):
    return sum(numbers)


number, numbers = node("number", default_data=1), node("numbers")
parts = [node(f"part{i}") for i in range(4)]
result = Config.configure_json_data_node("result", default_path="result.json")
tasks = [
    task("spread", spread, number, numbers),
    *(task(f.__name__, f, numbers, parts[i]) for i, f in enumerate((first, second, third, fourth))),
    task("total", total, parts, result),
]
scenario_cfg = Config.configure_scenario("sums", tasks, sequences={"begin": tasks[:1]})
Config.configure_job_executions(mode="cluster")

if __name__ == "__main__":
    seen = []

    def on_change(job):
        seen.append([job.task.config_id, job.status.name])

    tp.Orchestrator().run()
    scenario = tp.create_scenario(scenario_cfg)
    submission = scenario.submit(callbacks=[on_change], wait=True, timeout=90)
    values = {id: node.read() for id, node in scenario.data_nodes.items()}
    Path("record.json").write_text(
        json.dumps(
            {
                "submission": [submission.id, submission.submission_status.name],
                "values": values,
                "all": statuses(submission),
                "seen": seen,
                "edits": [edit["job_id"] for edit in scenario.result.edits],
            }
        )
    )
