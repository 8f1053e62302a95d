"""P8: no command shows or stores what stands under the name of a secret."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from command_support import Application, Result, graph_toml

from tools.ports import free_ports

# Each is the value of one property, so that a leak tells which.
SECRETS = {
    "MONGO": "mongo-p@ss/w0rd",
    "MONGO_KEY": "mongo-k3y-file-w0rd",
    "S3_ID": "AKIAS3CR3TS3CR3T",
    "S3_SECRET": "s3-s3cr3t/k3y+",
    "SQL": "sql-p@ss/w0rd",
}
COMMANDS = (
    ("check",),
    ("check", "--json"),
    ("check", "-v"),
    ("plan",),
    ("plan", "--json"),
    *(("graph", "--format", name) for name in ("ascii", "mermaid", "dot", "svg")),
    ("graph", "--json"),
    ("submit", "--keep-going"),
    ("submit", "--json", "-v"),
    ("submit", "--dry-run", "--json"),
    ("submit", "--events", "-"),
    ("data", "list", "."),
    ("data", "list", ".", "--json"),
    *(
        ("data", "show", ".", node, *json)
        for node in ("documents", "object", "own", "table")
        for json in ((), ("--json",))
    ),
    ("data", "write", ".", "documents", '[{"a": 1}]'),
    ("data", "write", ".", "object", '"text"', "--json"),
    ("status",),
    ("status", "--json"),
    ("doctor",),
)
STEPS = """\
import os

def read():
    return [1]

def make():
    return [{"a": 1}]

def show(*values):
    print("shown")
    return b"bytes"
"""


def config(mode: str, port: int, secret: dict[str, str]) -> str:
    return f"""
[JOB]
mode = "{mode}"

[DATA_NODE.documents]
storage_type = "mongo_collection"
db_name = "d"
collection_name = "c"
db_host = "127.0.0.1"
db_port = {port}
db_username = "user"
db_password = "{secret["MONGO"]}"
[DATA_NODE.documents.db_extra_args]
serverSelectionTimeoutMS = 100
tlsCertificateKeyFilePassword = "{secret["MONGO_KEY"]}"

[DATA_NODE.object]
storage_type = "s3_object"
aws_access_key = "{secret["S3_ID"]}"
aws_secret_access_key = "{secret["S3_SECRET"]}"
aws_region = "us-east-1"
aws_endpoint_url = "http://127.0.0.1:{port}"
aws_s3_bucket_name = "bucket"
aws_s3_object_key = "key"

[DATA_NODE.own]
storage_type = "generic"
read_fct = "steps.read:function"

[DATA_NODE.table]
storage_type = "sql_table"
db_engine = "postgresql"
db_name = "d"
table_name = "t"
db_host = "127.0.0.1"
db_port = {port}
db_username = "user"
db_password = "{secret["SQL"]}"

[DATA_NODE.result]

[TASK.fill]
function = "steps.make:function"
outputs = ["documents"]
[TASK.store]
function = "steps.show:function"
inputs = ["own"]
outputs = ["object"]
[TASK.fetch]
function = "steps.show:function"
inputs = ["table"]
outputs = ["result"]
[SCENARIO.s]
tasks = ["fill", "store", "fetch"]
"""


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port on which nobody listens."""
    yield from free_ports(1)


def leaks(result: Result) -> list[str]:
    """The secrets that a command has shown, in clear or encoded for a URL."""
    shown = result.out + result.err
    return [name for name, value in SECRETS.items() if value in shown or value[6:] in shown]


def stored(folder: Path) -> list[str]:
    """The secrets in any file that we write."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            found += [f"{n} in {path}" for n, value in SECRETS.items() if value.encode() in content]
    return found


@pytest.mark.one_variant
@pytest.mark.parametrize(
    ("mode", "literal"),
    [("development", True), ("standalone", False)],
    ids=["in the file", "from the environment"],
)
def test_no_command_shows_or_stores_a_secret(
    app: Application, closed_port: int, mode: str, literal: bool
) -> None:
    app.module("steps", STEPS)
    names = {name: f"ENV[{name}]" for name in SECRETS}
    app.config(config(mode, closed_port, SECRETS if literal else names))
    for command in COMMANDS:
        result = app.run(*command, env=None if literal else dict(SECRETS))
        assert leaks(result) == [], (command, result.out, result.err)
        assert result.code != 70, (command, result.err)
        if command[0] == "check":
            warned = result.out + result.err
            assert ("ENV[NAME]" in warned) == literal
        if command == ("submit", "--json", "-v"):
            errors = {job["task"]: job["error"] for job in result.json["jobs"]}
            assert "no answer from mongodb://127.0.0.1:" in errors["fill"]["message"]
            assert "start the server, or correct db_host" in errors["fill"]["message"]
            assert "start the server, or correct aws_endp" in errors["store"]["message"]
    submission = app.run("status", "--json").json["submissions"][0]["id"]
    reports = [
        ("report", submission, "-o", "-", "--format", name)
        for name in ("html", "json", "junit", "chrome-trace")
    ]
    told = (("status", submission, "--json"), ("logs", submission), ("wait", submission))
    for command in (*told, *reports):
        assert leaks(app.run(*command)) == []
    assert stored(app.folder / ".taipy-exec") == []
    assert app.exists(".taipy-exec/state.db")


def test_a_wrong_value_of_a_secret_is_told_without_it(app: Application, closed_port: int) -> None:
    app.module("steps", STEPS)
    wrong = {name: f"{value}:int" for name, value in SECRETS.items()}
    app.config(config("standalone", closed_port, wrong))
    for command in (("check",), ("check", "--json"), ("submit",), ("submit", "--json")):
        result = app.run(*command)
        assert result.code == 3
        assert leaks(result) == [], (command, result.out, result.err)
    variables = {name: f"ENV[{name}]:int" for name in SECRETS}
    app.config(config("standalone", closed_port, variables))
    for command in (("check",), ("check", "--json"), ("submit", "--json")):
        result = app.run(*command, env=dict(SECRETS))
        assert result.code == 3
        assert leaks(result) == [], (command, result.out, result.err)
    app.config(config("standalone", closed_port, SECRETS).replace('rd"', "rd"))
    assert leaks(app.run("check")) == []


def test_inputs_whose_names_say_secret_are_not_shown(app: Application) -> None:
    app.module(
        "jobs", "def fit(api_token, limit):\n    return {'api_key': 'k3y', 'limit': limit}\n"
    )
    tasks = {"fit": ("jobs.fit", ["api_token", "limit"], ["fitted"])}
    app.config(graph_toml(tasks, data={"api_token": "t0ken-default", "limit": 1}))
    token, swept = "t0ken-given", "api_token=t0ken-a,t0ken-b"
    results = [
        app.run("submit", ".", "--set", f"api_token={token}"),
        app.run("submit", ".", f"--set=api_token={token}", "--json"),
        app.run("submit", "--sweep", f"{swept},"),
        app.run("submit", ".", "--sweep", swept, "--dry-run"),
        app.run("submit", ".", "--sweep", swept, "--dry-run", "--json"),
        app.run("submit", ".", "--sweep", swept),
        app.run("submit", ".", f"--sweep={swept}", "--json"),
        app.run("instances"),
        app.run("instances", "--json"),
        app.run("compare"),
        app.run("compare", "--json"),
        app.run("compare", "--csv"),
        app.run("compare", ".", "--node", "api_token"),
        app.run("compare", ".", "--node", "fitted"),
        app.run("status"),
        app.run("status", "@1", "--json"),
        app.run("report", "@1", "-o", "report.html"),
    ]
    assert [one.code for one in results] == [0, 0, 2, *[0] * (len(results) - 3)]
    page = Path(app.folder, "report.html").read_text()
    for text in (page, *(one.out + one.err for one in results)):
        assert "t0ken" not in text
    assert "input api_token = *** (" in results[0].err
    assert "***" in results[9].out
    assert "k3y" not in results[13].out
