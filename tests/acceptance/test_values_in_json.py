"""What a job returns into json data nodes: what its log says, and what fails it."""

from __future__ import annotations

import pytest
from command_support import Application

CONFIG = """
[JOB]
mode = "{mode}"

[DATA_NODE.given]
storage_type = "json"
[DATA_NODE.kinds]
storage_type = "json"
[DATA_NODE.labels]
storage_type = "json"

[TASK.give]
function = "kinds.give:function"
outputs = ["given"]
[TASK.look]
function = "kinds.look:function"
inputs = ["given"]
outputs = ["kinds"]
[TASK.tag]
function = "kinds.tag:function"
outputs = ["labels"]

[SCENARIO.s]
tasks = ["give", "look", "tag"]
"""
KINDS = """
import dataclasses
import datetime as dt
import enum


class Perm(enum.Flag):
    R = 1
    W = 2


@dataclasses.dataclass
class Found:
    day: dt.date
    perm: Perm = dataclasses.field(init=False)


def give():
    found = Found(dt.date(2024, 2, 29))
    found.perm = Perm.R | Perm.W
    return {"found": found, "pairs": [(1, 2), (3, 4)]}


def look(given):
    found = given["found"]
    return [repr(found.day), found.perm is Perm.R | Perm.W, given["pairs"]]


def tag():
    return {"labels": {"a", "b"}}
"""


@pytest.mark.one_variant
@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_the_log_tells_what_comes_back_otherwise_and_the_job_fails_if_it_would_not(
    app: Application, mode: str
) -> None:
    app.module("kinds", KINDS)
    app.config(CONFIG.format(mode=mode))
    result = app.run("submit", "--keep-going", "--json")
    assert result.statuses() == {"give": "COMPLETED", "look": "COMPLETED", "tag": "FAILED"}
    shown = app.run("data", "show", ".", "kinds", "--json").json["value"]
    assert shown == ["datetime.date(2024, 2, 29)", True, [[1, 2], [3, 4]]]
    logs = app.run("logs", app.only_submission(), "--json").json["logs"]
    assert {one["task"]: one["log"] for one in logs}["give"] == (
        "WARNING taipy_exec: data node 'given': value['pairs'][0] is a tuple, which comes back as "
        "a list. Convert it, or use a pickle data node to get it back as it is.\n"
    )
    error = result.job("tag")["error"]
    assert error["message"].startswith("writing data node 'labels' to ")
    assert error["message"].endswith(
        "value['labels'] is a set, which JSON cannot hold: convert it to a list, or use a pickle "
        "data node"
    )
