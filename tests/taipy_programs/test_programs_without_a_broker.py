"""Cluster programs while RabbitMQ is away: what is submitted then runs when it is back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from command_support import wait_until
from taipy_support import Program, end_workers

from tools.private_broker import PrivateBroker

PROGRAM = """\
import json
import logging
import time

import taipy as tp
from taipy import Config
from flow import note, wait_for


def work(x):
    return x + 1


Config.configure_core(mode="experiment", version_number="1.0")
Config.configure_job_executions(mode="cluster", broker_connect_timeout=1.0)
a = Config.configure_data_node("a", default_data=1)
b = Config.configure_data_node("b")
chain = Config.configure_scenario("chain", [Config.configure_task("work", work, a, b)])

if __name__ == "__main__":
    orchestrator = tp.Orchestrator()
    orchestrator.run()
    logging.getLogger("Taipy").addHandler(logging.FileHandler("told"))
    note("ready")
    wait_for("gate")
    submissions = [tp.create_scenario(chain).submit() for _ in range(2)]
    note("submitted")
    end = time.monotonic() + 60
    while not all(one.is_finished() for one in submissions) and time.monotonic() < end:
        time.sleep(0.1)
    with open("record.json", "w") as file:
        json.dump([one.submission_status.name for one in submissions], file)
"""


@pytest.mark.long
def test_what_is_submitted_while_the_broker_is_away_runs_when_it_is_back(
    program: Program, own_broker: Callable[..., PrivateBroker]
) -> None:
    broker = own_broker()
    program.write(PROGRAM)
    started = program.start("run", "main.py", env={"TAIPY_EXEC_BROKER_URL": broker.url()})
    worker = program.worker(broker.url())
    wait_until(lambda: "ready" in program.ledger(), 60, "the program")
    broker.stop()
    program.open_gate()
    wait_until(lambda: "submitted" in program.ledger(), 60, "the submissions")
    # Longer than the program waits for the broker in one go.
    wait_until(
        lambda: "cannot be queued yet" in log_of(program), 30, "the first try to be given up"
    )
    broker.start()
    result = program.end(started, 90)
    assert result.code == 0, result.err
    assert program.read() == ["COMPLETED", "COMPLETED"]
    end_workers(program, [worker])


def log_of(program: Program) -> str:
    return (program.folder / "told").read_text() if program.exists("told") else ""
