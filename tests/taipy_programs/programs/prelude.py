"""What small programs share: see `test_differences.py`."""

import json
import os
import time
from pathlib import Path

import taipy as tp
from taipy import Config


def node(id, **options):
    return Config.configure_data_node(id, **options)


def task(id, function, inputs=None, outputs=None, **options):
    return Config.configure_task(id, function, inputs, outputs, **options)


def started(mode="standalone", workers=2, **options):
    Config.configure_job_executions(mode=mode, max_nb_of_workers=workers, **options)
    orchestrator = tp.Orchestrator()
    orchestrator.run()
    return orchestrator


# How long to wait for what may never happen: under Taipy's dispatcher it often does not.
PATIENCE = float(os.environ.get("PATIENCE", "40"))


def until(condition, seconds=PATIENCE):
    """Whether the condition comes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def statuses(submission):
    return {job.task.config_id: job.status.name for job in submission.jobs}


def tell(**found):
    """Write down what was seen, and end whatever still runs or hangs."""
    Path("record.json").write_text(json.dumps(found))
    os._exit(0)


def note(word):
    """One write, so that lines of several processes do not mix."""
    file = os.open("ledger", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, f"{word}\n".encode())
    os.close(file)


def noted(word):
    path = Path("ledger")
    return path.exists() and word in path.read_text().split()
