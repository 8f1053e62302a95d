"""The log: what a record says, in text and JSON; where it goes; that it is documented."""

from __future__ import annotations

import ast
import json
import logging
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from taipy_exec import event_log
from taipy_exec.config.application import AppConfig
from taipy_exec.config.compile import compile_layers
from taipy_exec.config.layers import layer_from_toml
from taipy_exec.config.toml_file import read_toml
from taipy_exec.errors import UsageError
from taipy_exec.event_log import Choice, EventLog
from taipy_exec.protocol.order import JobOrder

ROOT = Path(__file__).parents[2]
ORDER = JobOrder(job="JOB_a_1", task="a", attempt=2, submission="SUBMISSION_1", instance="i")
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
journal = EventLog("worker")
Lines = Callable[..., list[str]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Starts the log in a format; its lines so far."""
    logger = logging.getLogger("taipy_exec")
    written: list[str] = []

    def begin(format: str, file: Path | None = None) -> list[str]:
        event_log.start(Choice(format, file, on_stderr=True), written.append)
        return written

    before = logger.level, logger.propagate, list(logger.handlers), EventLog._redact
    yield begin
    logger.setLevel(before[0])
    logger.propagate, logger.handlers[:] = before[1], before[2]
    EventLog._redact = staticmethod(before[3])


def test_a_line_of_text_has_time_level_area_event_fields_and_process(lines: Lines) -> None:
    written = lines("text")
    journal.info("order-refused", ORDER, worker="host:7", detail="other code", silent=1.23456)
    fields = "submission=SUBMISSION_1 job=JOB_a_1 attempt=2 task=a worker=host:7"
    assert re.fullmatch(
        rf'{TIME} INFO worker order-refused {fields} detail="other code" silent=1.235'
        r" process=\S+:\d+\n",
        written[0],
    )


def test_a_line_of_json_has_the_same(lines: Lines) -> None:
    written = lines("json")
    journal.debug("order-received", ORDER, redelivered=False, why=None, detail="")
    line = json.loads(written[0])
    assert re.fullmatch(TIME, line.pop("time"))
    assert re.fullmatch(r"\S+:\d+", line.pop("process"))
    assert line == {
        "level": "DEBUG",
        "area": "worker",
        "event": "order-received",
        "submission": "SUBMISSION_1",
        "job": "JOB_a_1",
        "attempt": 2,
        "task": "a",
        "redelivered": False,
    }


@pytest.mark.parametrize("format", event_log.FORMATS)
def test_a_value_can_neither_end_the_line_nor_control_a_terminal(lines: Lines, format: str) -> None:
    written = lines(format)
    journal.info("run-lost", how='a\nb \x1b[2J "c" \u202e é', task="x y=z")
    assert written[0].count("\n") == 1
    assert "\x1b" not in written[0]
    assert "\u202e" not in written[0]
    assert "é" in written[0]
    if format == "json":
        assert json.loads(written[0])["how"] == 'a\\nb \\x1b[2J "c" \\u202e é'
    else:
        assert 'task="x y=z"' in written[0]


@pytest.mark.parametrize("format", event_log.FORMATS)
def test_no_secret_is_logged(lines: Lines, format: str, tmp_path: Path) -> None:
    written = lines(format)
    journal.info("disconnected", reason="amqp://user:hunter2pass@broker/ is gone")
    EventLog.keep_secret(application(tmp_path, 'db_password = "s3cr3tw0rd"'))
    journal.info("retry-planned", failure="ValueError: s3cr3tw0rd, http://u:hunter2pass@h/")
    logging.getLogger("taipy_exec.data").warning("lost s3cr3tw0rd\n")
    assert "hunter2pass" not in "".join(written)
    assert "s3cr3tw0rd" not in "".join(written)
    assert "***" in written[0]
    assert "***" in written[1]


def application(folder: Path, properties: str) -> AppConfig:
    file = folder / "config.toml"
    file.write_text(f'[DATA_NODE.a]\nstorage_type = "sql"\n{properties}\n')
    layers = [layer_from_toml(read_toml(file))]
    return compile_layers(layers, root=folder, state_dir=folder / "state").config


def test_a_program_gets_the_records_by_its_own_logging(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "taipy_exec"):
        journal.debug("order-received", ORDER)
        journal.info("run-lost", ORDER, how="it died")
    (record,) = caplog.records
    assert record.name == "taipy_exec.worker"
    assert record.getMessage().endswith('task=a how="it died"')
    assert (record.event, record.fields["attempt"]) == ("run-lost", 2)  # type: ignore[attr-defined]


def test_nothing_is_printed_by_default(capfd: pytest.CaptureFixture[str]) -> None:
    event_log.start(Choice())
    journal.info("run-lost", ORDER)
    assert capfd.readouterr() == ("", "")
    assert not journal.is_on


def test_a_file_gets_warnings_too_and_stderr_as_before(
    lines: Lines, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "run.log"
    path.write_text("earlier\n")
    written = lines("text", path)
    journal.info("run-lost")
    logging.getLogger("taipy_exec").warning("no connection to %s", "RabbitMQ")
    first, second, third = path.read_text().splitlines()
    assert first == "earlier"
    assert "INFO worker run-lost" in second
    assert 'WARNING other message text="no connection to RabbitMQ"' in third
    assert [line.split()[3] for line in written] == ["run-lost"]
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_a_new_log_file_is_for_its_owner_only(lines: Lines, tmp_path: Path) -> None:
    lines("json", tmp_path / "run.log")
    assert stat.S_IMODE((tmp_path / "run.log").stat().st_mode) == 0o600


def test_a_log_that_is_on_stays_as_it_is(lines: Lines) -> None:
    written = lines("text")
    event_log.start(Choice("json", on_stderr=True))
    journal.info("run-lost")
    assert len(written) == 1
    assert "INFO worker run-lost" in written[0]


@pytest.mark.parametrize("name", ["missing/run.log", "."])
def test_a_log_file_that_cannot_be_written_is_wrong_use(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"the log file .* cannot be written: "):
        event_log.start(Choice(file=tmp_path / name))


@pytest.mark.parametrize(
    ("given", "format", "file", "on_stderr"),
    [
        ("", "text", None, False),
        ("json", "json", None, True),
        ("text:a:b.log", "text", "a:b.log", False),
        ("json:run.log", "json", "run.log", False),
    ],
)
def test_the_environment_chooses(
    given: str, format: str, file: str | None, on_stderr: bool
) -> None:
    chosen = Choice.of({"TAIPY_EXEC_LOG": given})
    assert chosen == Choice(format, Path(file).absolute() if file else None, on_stderr)


def test_an_option_wins_over_the_environment() -> None:
    chosen = Choice.of({"TAIPY_EXEC_LOG": "json:b"}, file=Path("/a"), on_stderr=True)
    assert chosen == Choice("json", Path("/a"), True)


def test_an_unknown_format_is_wrong_use() -> None:
    with pytest.raises(UsageError, match="takes text, json, text:FILE or json:FILE, not 'xml'"):
        Choice.of({"TAIPY_EXEC_LOG": "xml"})


def test_a_subject_without_fields_adds_none(lines: Lines) -> None:
    written = lines("json")
    journal.info("run-lost", SimpleNamespace(task=None))
    assert set(json.loads(written[0])) == {"time", "level", "area", "event", "process"}


# -- the documentation --------------------------------------------------------------------------


def events_of_the_code() -> set[tuple[str, str, str]]:
    """Area, event and level of each call of a log."""
    found = set()
    for path in (ROOT / "taipy_exec").rglob("*.py"):
        text = path.read_text()
        area = re.search(r'^journal = EventLog\("(\w+)"\)$', text, re.MULTILINE)
        if area is None:
            assert "journal." not in text, path
            continue
        for node in ast.walk(ast.parse(text)):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if isinstance(node.func.value, ast.Name) and node.func.value.id == "journal":
                name = node.args[0]
                assert isinstance(name, ast.Constant), (path, node.lineno)
                found.add((area[1], name.value, node.func.attr))
    return found


def test_the_table_of_events_is_that_of_the_code() -> None:
    page = (ROOT / "docs/operations.md").read_text()
    table = re.findall(r"^\| (\w+) \| `([a-z-]+)` \| (debug|info) \|", page, re.MULTILINE)
    assert len(table) == len(set(table))
    assert sorted(table) == sorted(events_of_the_code())
