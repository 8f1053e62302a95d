"""The template `parallel`: a CSV file, four fits at the same time, retries, a task that fails."""

from __future__ import annotations

_CONFIG = """\
# Sales of four regions: clean the table, fit each region in parallel, compare, publish.
# Run it with: taipy-exec submit

[JOB]
mode = "standalone"
max_nb_of_workers = "4:int"

[DATA_NODE.sales]
storage_type = "csv"
default_path = "data/sales.csv"
exposed_type = "tasks.Sale:class"

[DATA_NODE.months_ahead]
default_data = "3:int"

[DATA_NODE.cleaned]

[DATA_NODE.north]

[DATA_NODE.south]

[DATA_NODE.east]

[DATA_NODE.west]

[DATA_NODE.forecast]
storage_type = "json"
default_path = "forecast.json"

[DATA_NODE.published]
storage_type = "json"
default_path = "published.json"

[TASK.clean]
function = "tasks.clean:function"
inputs = ["sales:SECTION"]
outputs = ["cleaned:SECTION"]
skippable = "True:bool"

[TASK.fit_north]
function = "tasks.fit_north:function"
inputs = ["cleaned:SECTION", "months_ahead:SECTION"]
outputs = ["north:SECTION"]
skippable = "True:bool"

[TASK.fit_south]
function = "tasks.fit_south:function"
inputs = ["cleaned:SECTION", "months_ahead:SECTION"]
outputs = ["south:SECTION"]
skippable = "True:bool"

# The first attempt of this task fails: taipy-exec tries it again by itself.
[TASK.fit_east]
function = "tasks.fit_east:function"
inputs = ["cleaned:SECTION", "months_ahead:SECTION"]
outputs = ["east:SECTION"]
skippable = "True:bool"
retries = 2
retry_delay = 0.5
retry_on = ["ConnectionError"]

[TASK.fit_west]
function = "tasks.fit_west:function"
inputs = ["cleaned:SECTION", "months_ahead:SECTION"]
outputs = ["west:SECTION"]
skippable = "True:bool"

[TASK.compare]
function = "tasks.compare:function"
inputs = ["north:SECTION", "south:SECTION", "east:SECTION", "west:SECTION"]
outputs = ["forecast:SECTION"]
skippable = "True:bool"

# This task fails until there is a file named approved: see README.md.
[TASK.publish]
function = "tasks.publish:function"
inputs = ["forecast:SECTION"]
outputs = ["published:SECTION"]
skippable = "True:bool"

[SCENARIO.monthly]
tasks = [
  "clean:SECTION", "fit_north:SECTION", "fit_south:SECTION", "fit_east:SECTION", "fit_west:SECTION",
  "compare:SECTION", "publish:SECTION",
]
"""

_TASKS = '''\
"""The functions that config.toml names. A function gets its inputs and returns its outputs."""

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path


@dataclass
class Sale:
    """A row of data/sales.csv; the values of a CSV file are texts."""

    month: str
    region: str
    amount: str


def clean(sales):
    """Region -> its amounts, month by month; rows without an amount are left out."""
    found = {}
    for sale in sorted(sales, key=lambda sale: sale.month):
        if sale.amount:
            found.setdefault(sale.region, []).append(float(sale.amount))
    print(f"{len(sales)} rows, {len(found)} regions")
    return found


def fit(cleaned, months_ahead, *, region):
    """A straight line through the amounts of one region, and where it leads."""
    amounts = cleaned[region]
    time.sleep(1)  # so that there is something to see in the table
    count = len(amounts)
    mean_x, mean_y = (count - 1) / 2, sum(amounts) / count
    slope = sum((x - mean_x) * (y - mean_y) for x, y in enumerate(amounts))
    slope /= sum((x - mean_x) ** 2 for x in range(count))
    print(f"{region}: {slope:+.1f} a month")
    return round(mean_y + slope * (count - 1 + months_ahead - mean_x), 1)


fit_north = partial(fit, region="north")
fit_south = partial(fit, region="south")
fit_west = partial(fit, region="west")


def fit_east(cleaned, months_ahead):
    """As the others, but its first attempt fails, as with a server that is busy."""
    tried = Path("data/.east_was_tried")
    if not tried.exists():
        tried.touch()
        raise ConnectionError("the server is busy")
    return fit(cleaned, months_ahead, region="east")


def compare(north, south, east, west):
    forecast = {"north": north, "south": south, "east": east, "west": west}
    return dict(sorted(forecast.items(), key=lambda item: -item[1]))


def publish(forecast):
    if not Path("approved").exists():
        raise PermissionError("the forecast is not approved: make a file named approved")
    return {"best": next(iter(forecast)), **forecast}
'''

_REGIONS = {
    "north": (120, 128, 131, 140, 144, 151),
    "south": (210, 205, 199, 201, 190, 186),
    "east": (80, 95, 88, 102, 110, 119),
    "west": (150, 149, 155, 152, 158, 157),
}
_SALES = "month,region,amount\n" + "".join(
    f"2026-{month:02d},{region},{amounts[month - 1]}\n"
    for month in range(1, 7)
    for region, amounts in _REGIONS.items()
)

_README = """\
# Sales of four regions

`config.toml` describes the data nodes and tasks, `tasks.py` has the functions, and
`data/sales.csv` has the data.

    taipy-exec graph     # draws the tasks
    taipy-exec submit    # four fits run at the same time; the last task fails

Two things go wrong, on purpose:

- The first attempt of `fit_east` raises ConnectionError. `retries = 2` in `config.toml` starts it
  again.
- `publish` fails because the forecast is not approved. Read why, fix it, and run only the
  remaining task:

      taipy-exec logs publish
      touch approved
      taipy-exec retry

Then:

    taipy-exec data show published
    taipy-exec submit                         # everything is up to date and skipped
    taipy-exec submit --set months_ahead=12   # only the tasks after this input run
    taipy-exec report                         # writes the run as a web page
"""

PARALLEL = {
    "config.toml": _CONFIG,
    "tasks.py": _TASKS,
    "data/sales.csv": _SALES,
    "README.md": _README,
}
