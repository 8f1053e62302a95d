"""Programs that are interrupted when they are at their end already."""

from __future__ import annotations

from taipy_support import Program

# The second Ctrl-C comes while the traceback of its error is written: no line of the program runs.
AT_ITS_END = """\
import os
import signal
import sys
import time

import flow
import taipy as tp
from taipy import Config


class Interrupting:
    def write(self, text):
        sys.stderr = sys.__stderr__
        os.kill(os.getpid(), signal.SIGINT)

    def flush(self):
        pass


Config.configure_job_executions(mode="standalone", max_nb_of_workers=2)
task = Config.configure_task("gated", flow.gated, None, Config.configure_data_node("o"))
cfg = Config.configure_scenario("s", [task])

if __name__ == "__main__":
    tp.Orchestrator().run()
    tp.create_scenario(cfg).submit()
    flow.wait_for("ledger")
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)
    except KeyboardInterrupt:
        sys.stderr = Interrupting()
    raise RuntimeError("over")
"""


def test_control_c_between_the_end_of_the_program_and_of_its_jobs_stops_them(
    program: Program,
) -> None:
    program.write(AT_ITS_END)
    result = program.end(program.start("run", "main.py"), 30)
    assert result.code == 130, result
    assert program.status(program.only_submission()).statuses() == {"gated": "CANCELED"}
    program.nothing_runs()
