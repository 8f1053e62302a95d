"""Text of others cannot steer a terminal, a page or a file of XML: what is not seen is shown."""

from __future__ import annotations

import io
import json
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from taipy_exec import wiring
from taipy_exec.api.notebook import progress_text, table_html
from taipy_exec.cli.ci import group
from taipy_exec.cli.ci_system import CiSystem
from taipy_exec.cli.console import SafeConsole
from taipy_exec.cli.render import jobs_table, line
from taipy_exec.cli.workers_table import workers_table
from taipy_exec.model.graph import TaskSpec, build_graph
from taipy_exec.model.job import Failure, JobRecord, SubmissionRecord
from taipy_exec.model.status import Status
from taipy_exec.protocol.messages import Heartbeat
from taipy_exec.views.json_objects import dump
from taipy_exec.visible_text import (
    TerminalText,
    for_terminal,
    one_line,
    readable,
    uncoloured,
    visible,
    visible_json,
)

EVIL = "\x1b]0;OWNED\x07\x1b[8m\x9b31m\x1bP+q\x1b\\\x1b[2J\u202e\u2028\n12:00 t COMPLETED"
HARMFUL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ud800-\udfff]"
)
COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
# What sequences are made of, so that the generated texts are nearly sequences, or are some.
SEQUENCES = st.lists(
    st.one_of(
        st.sampled_from(
            ["\x1b", "[", "]", "8", ";", "0", "38", "5", ":", "m", "K", "2J", "?25l", "P", "\\",
             "\x07", "\x9b", "\x9d", "52;c;eA==", "\r", "\n", "\t", "x", "ö", "\u202e", "\ud800"]
        ),
        st.text(max_size=3),
    ),
    max_size=20,
).map("".join)  # fmt: skip


def shown_on(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def terminal() -> SafeConsole:
    return SafeConsole(file=io.StringIO(), force_terminal=True, width=400, markup=False)


def is_harmless(text: str) -> bool:
    return not HARMFUL.search(COLOUR.sub("", text))


# -- one function ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("größer 日本 👨\u200d👩 1\u202f000", "größer 日本 👨\u200d👩 1\u202f000"),
        ("a\tb\nc", "a\tb\nc"),
        ("a\r\x07\x1b[2J", "a\\r\\x07\\x1b[2J"),
        ("\x7f\x80\x9b31m", "\\x7f\\x80\\x9b31m"),
        ("user\u202etxt.exe\u2066", "user\\u202etxt.exe\\u2066"),
        ("\u200f\u061c\u2028\u2029", "\\u200f\\u061c\\u2028\\u2029"),
        ("\udcff\ufffe", "\\udcff\\ufffe"),
    ],
)
def test_what_is_not_seen_is_shown_and_all_else_stays(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert one_line(text) == shown.replace("\n", "\\n").replace("\t", "\\t")


@given(SEQUENCES)
def test_no_text_steers_a_terminal(text: str) -> None:
    assert not HARMFUL.search(visible(text))
    assert not HARMFUL.search(one_line(text)) and "\n" not in one_line(text)
    assert not HARMFUL.search(uncoloured(text))
    assert not HARMFUL.search(readable(text))
    assert is_harmless(for_terminal(text))
    visible(text).encode("utf-8")
    for_terminal(text).encode("utf-8")


@given(SEQUENCES, st.lists(st.integers(0, 60), max_size=6))
def test_pieces_of_what_is_printed_are_as_harmless_as_the_whole(text: str, cuts: list[int]) -> None:
    stream = TerminalText()
    ends = [0, *sorted(cuts), len(text)]
    shown = "".join(stream.add(text[a:b]) for a, b in pairwise(ends)) + stream.end()
    assert is_harmless(shown.replace("\r", ""))
    assert shown.startswith(TerminalText().add(text))


@given(st.dictionaries(SEQUENCES, SEQUENCES))
def test_json_keeps_its_meaning_and_holds_nothing_unseen(value: dict[str, str]) -> None:
    text = visible_json(json.dumps(value, ensure_ascii=False))
    assert json.loads(text) == value
    assert not HARMFUL.search(text)
    text.encode("utf-8")
    assert json.loads(dump({"value": value}))["value"] == value


# -- what jobs print ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("\x1b[1;31mred\x1b[0m", "\x1b[1;31mred\x1b[0m"),
        ("\x1b[38:5:8mgrey\x1b[m", "\x1b[38:5:8mgrey\x1b[m"),
        ("\x1b[32mleft on", "\x1b[32mleft on\x1b[0m"),
        ("\x1b[8mhidden\x1b[0m", "hidden\x1b[0m"),
        ("\x1b[1;08;31mx\x1b[m", "\x1b[1;31mx\x1b[m"),
        ("\x1b[38;5;8;8mx\x1b[m", "\x1b[38;5;8mx\x1b[m"),
        ("\x1b[38;2;8;8;8mx\x1b[m", "\x1b[38;2;8;8;8mx\x1b[m"),
        ("\x1b[2J\x1b[10;10H\x1b[?25l\x1b[6n\x1b[>cx", "x"),
        ("\x1b]52;c;eA==\x07", "\\x1b]52;c;eA==\\x07"),
        ("\x1b]0;title\x1b\\", "\\x1b]0;title\\x1b\\"),
        ("\x1b]8;;http://a/\x1b\\link\x1b]8;;\x07", "link"),
        ("\x1bP+q544e\x1b\\ \x1bc \x1b(0 \x1b7", "\\x1bP+q544e\\x1b\\ \\x1bc \\x1b(0 \\x1b7"),
        ("\x9b31m \x9d0;t\x9c", "\\x9b31m \\x9d0;t\\x9c"),
        ("\x1b\x1b[K[8mx", "\\x1b[8mx"),
        (" 10%\r 50%\r100%\ndone\r\n", "100%\ndone\n"),
        ("a\b\b\x07", "a\\x08\\x08\\x07"),
    ],
)  # fmt: skip
def test_a_terminal_gets_text_and_colours_of_what_a_job_printed(printed: str, shown: str) -> None:
    assert for_terminal(printed) == shown


def test_a_sequence_in_pieces_is_one_sequence() -> None:
    stream = TerminalText()
    pieces = ["\x1b", "[3", "1", "mred", "\x1b[", "2", "J\x1b]8;;http", "://a/\x1b", "\\link"]
    assert [stream.add(piece) for piece in pieces] == [
        "", "", "", "\x1b[31mred", "", "", "", "", "link",
    ]  # fmt: skip
    assert stream.end() == "\x1b[0m"
    assert stream.add("\x1b[0m 50%\r100%") == "\x1b[0m 50%\r100%"
    assert stream.end() == ""


def test_a_sequence_without_an_end_is_not_held_back_for_ever() -> None:
    stream = TerminalText()
    shown = stream.add("\x1b]8;;" + "x" * 10_000)
    assert shown.startswith("\\x1b]8;;xxx") and len(shown) > 10_000


# -- where it is shown ----------------------------------------------------------------------


def job(**given: object) -> JobRecord:
    fields: dict[str, object] = {
        "id": "JOB_t_1", "task": "t", "submission": "S", "position": 0, "status": Status.FAILED,
        **given,
    }  # fmt: skip
    return JobRecord(**fields)  # type: ignore[arg-type]


def test_no_cell_of_a_table_and_no_line_of_text_steers_the_terminal() -> None:
    failure = Failure(kind="raised", type="Bad" + EVIL, message="m" + EVIL)
    console = terminal()
    console.print(jobs_table([job(task="t" + EVIL), job(failure=failure)]))
    console.print(line("title " + EVIL, style="bold"), Text("text " + EVIL))
    shown = shown_on(console)
    assert is_harmless(shown)
    assert "\x1b[8m" not in shown
    assert shown.count("\\x1b]0;OWNED\\x07") == 4
    # Styled text keeps its line breaks: that is the last of the four.
    rows = [row for row in COLOUR.sub("", shown).splitlines() if row.startswith("12:00")]
    assert len(rows) == 1


def test_what_a_job_prints_above_a_live_table_keeps_its_colours() -> None:
    console = terminal()
    console.print("\x1b[31mred\x1b[0m \x1b]0;title\x07 10%\r\x1b[31m50%\x1b[0m")
    assert shown_on(console) == "\x1b[31m50%\x1b[0m\n"


def test_a_worker_that_lies_about_itself_is_shown_as_it_is() -> None:
    heartbeat = Heartbeat(
        worker="w" + EVIL, worker_id="abc", digest="0" + EVIL, state="ready" + EVIL, slots=1,
        running=[["JOB_t_x", "t" + EVIL, 1.5]], done=0, failed=0, uptime=1.0,
    )  # fmt: skip
    console = terminal()
    console.print(workers_table([heartbeat], ""))
    shown = COLOUR.sub("", shown_on(console))
    assert not HARMFUL.search(shown)
    assert len(shown.splitlines()) <= 4
    assert shown.count("OWNED") == 4


def test_notebooks_show_names_on_one_line() -> None:
    record = SubmissionRecord(id="S", scenario="s" + EVIL, instance="i", name="s", created_at=1.0)
    graph = build_graph([TaskSpec(id="t" + EVIL, inputs=("i" + EVIL,), outputs=())])
    assert not HARMFUL.search(progress_text(record)) and "\n" not in progress_text(record)
    assert not HARMFUL.search(table_html("s" + EVIL, record, [job(task="t" + EVIL)], graph, str))


def test_a_log_record_of_ours_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    wiring.log.warning("the broker says %s", EVIL)
    (record,) = caplog.records
    assert not HARMFUL.search(record.getMessage()) and "\n" not in record.getMessage()
    assert "the broker says \\x1b]0;OWNED" in record.getMessage()


def test_the_title_of_a_folded_part_in_ci_is_one_line() -> None:
    class Written:
        ci = CiSystem.GITLAB
        lines: list[str] = []

        def raw(self, text: str) -> None:
            self.lines.append(text)

    written = Written()
    with group(written, EVIL):  # type: ignore[arg-type]
        pass
    title = written.lines[0].rpartition("\x1b[0K")[2]
    assert title.endswith("\n") and not HARMFUL.search(title)
    assert title.count("\n") == 1
