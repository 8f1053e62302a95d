"""The template `simple`: three tasks, two of which can run at the same time."""

from __future__ import annotations

_CONFIG = """\
# A Taipy configuration: data nodes, tasks between them, a scenario.
# Run it with: taipy-exec submit

[JOB]
mode = "standalone"
max_nb_of_workers = "2:int"

[DATA_NODE.numbers]
default_data = ["3:int", "1:int", "2:int"]

[DATA_NODE.ordered]

[DATA_NODE.total]

[DATA_NODE.report]
storage_type = "json"
default_path = "report.json"

[TASK.order]
function = "tasks.order:function"
inputs = ["numbers:SECTION"]
outputs = ["ordered:SECTION"]
skippable = "True:bool"

[TASK.add]
function = "tasks.add:function"
inputs = ["numbers:SECTION"]
outputs = ["total:SECTION"]
skippable = "True:bool"

[TASK.write]
function = "tasks.write:function"
inputs = ["ordered:SECTION", "total:SECTION"]
outputs = ["report:SECTION"]
skippable = "True:bool"

[SCENARIO.demo]
tasks = ["order:SECTION", "add:SECTION", "write:SECTION"]
"""

_TASKS = '''\
"""The functions that config.toml names. A function gets its inputs and returns its outputs."""


def order(numbers):
    return sorted(numbers)


def add(numbers):
    return sum(numbers)


def write(ordered, total):
    print(f"{len(ordered)} numbers, {total} in all")
    return {"smallest": ordered[0], "largest": ordered[-1], "total": total}
'''

_README = """\
# A small application

`config.toml` describes data nodes, the tasks between them, and a scenario. `tasks.py` has the
functions.

    taipy-exec check              # finds mistakes without running anything
    taipy-exec graph              # draws the tasks
    taipy-exec submit             # runs them; a second time, what is up to date is skipped
    taipy-exec data show report   # prints the result
    taipy-exec data write numbers '[5, 4, 9]'
    taipy-exec report             # writes the run as a web page

To see tasks fail and run again: `taipy-exec init --template parallel DIR`.
"""

SIMPLE = {"config.toml": _CONFIG, "tasks.py": _TASKS, "README.md": _README}
