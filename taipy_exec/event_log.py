"""The log: one record for each decision that crosses a process, quiet unless it is switched on.

Records go to the loggers `taipy_exec.AREA` of Python's `logging`, so a program that has set up
logging gets them too. docs/operations.md lists the events; their names are stable.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import Enum, StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from taipy_exec.errors import UsageError
from taipy_exec.visible_text import one_line, visible_json

if TYPE_CHECKING:
    from taipy_exec.config.application import AppConfig

FORMATS = ("text", "json")
# These fields come first, if the subject of the record has them.
_SUBJECT = ("submission", "job", "attempt", "task", "run", "worker")
_PLAIN = re.compile(r'[^\s"=]+')
_HOST = os.uname().nodename
_ROOT = logging.getLogger("taipy_exec")


class EventLog:
    """The log of one area, such as `worker`. Costs a look at a level while it is off."""

    # Removes the secrets of the configuration that this process works with.
    _redact: ClassVar[Callable[[str], str]] = staticmethod(lambda text: _redaction(None)(text))

    def __init__(self, area: str) -> None:
        self._logger = logging.getLogger(f"{_ROOT.name}.{area}")

    @property
    def is_on(self) -> bool:
        """Whether records of ordinary events are wanted: for loops that only make records."""
        return self._logger.isEnabledFor(logging.DEBUG)

    def debug(self, event: str, subject: object = None, /, **fields: Any) -> None:
        """Log what happens to every job. Submission, job and so on are taken from `subject`."""
        if self._logger.isEnabledFor(logging.DEBUG):
            self._log(logging.DEBUG, event, subject, fields)

    def info(self, event: str, subject: object = None, /, **fields: Any) -> None:
        """Log what does not happen to every job."""
        if self._logger.isEnabledFor(logging.INFO):
            self._log(logging.INFO, event, subject, fields)

    def _log(self, level: int, event: str, subject: object, given: Mapping[str, Any]) -> None:
        known = {name: getattr(subject, name, None) for name in _SUBJECT}
        fields = {
            name: _value(value)
            for name, value in {**known, **given}.items()
            if value is not None and value != ""
        }
        text = " ".join([event, *(f"{name}={_quoted(v)}" for name, v in fields.items())])
        record = self._logger.makeRecord(
            self._logger.name,
            level,
            "",
            0,
            "%s",
            (text,),
            None,
            extra={"event": event, "fields": fields},
        )
        self._logger.handle(record)

    @classmethod
    def keep_secret(cls, app: AppConfig) -> None:
        """Mask the secrets of this configuration from now on."""
        made = cache(lambda: _redaction(app))
        cls._redact = staticmethod(lambda text: made()(text))


def _redaction(app: AppConfig | None) -> Callable[[str], str]:
    # Imported here: most commands log nothing.
    from taipy_exec.config.redaction import redaction

    return redaction(app)


def _value(value: Any) -> Any:
    if isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, Enum) and not isinstance(value, StrEnum):
        value = value.name
    return one_line(EventLog._redact(str(value)))


def _quoted(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else value
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


# -- where the records go -----------------------------------------------------------------------


class Choice(NamedTuple):
    """The format and the place of the log, by the options of a command or the environment."""

    format: str = "text"
    file: Path | None = None
    on_stderr: bool = False

    @classmethod
    def of(
        cls,
        environ: Mapping[str, str],
        *,
        file: Path | None = None,
        on_stderr: bool = False,
    ) -> Choice:
        """The choice; an option wins over the environment. Raises UsageError."""
        given = environ.get("TAIPY_EXEC_LOG", "")
        format, _, name = given.partition(":")
        if given and format not in FORMATS:
            raise UsageError(
                f"TAIPY_EXEC_LOG takes text, json, text:FILE or json:FILE, not {given!r}",
                "for example TAIPY_EXEC_LOG=json:run.log",
            )
        if file is None and name:
            file = Path(name)
        is_asked = on_stderr or (bool(given) and file is None)
        # Commands and programs change their folder later.
        return cls(format or "text", file and file.absolute(), is_asked)


def start(choice: Choice, write: Callable[[str], object] | None = None) -> None:
    """Send the log where it was chosen. `write` gets a line for stderr.

    Raises UsageError if the file cannot be written. A log that is on already stays as it is.
    """
    if choice == Choice(choice.format) or any(isinstance(h, _Output) for h in _ROOT.handlers):
        return
    outputs: list[logging.Handler] = []
    if choice.file is not None:
        outputs.append(_Output(choice.format, _appending(choice.file)))
    if choice.on_stderr:
        outputs.append(_Output(choice.format, write or _to_stderr))
        # Other records of taipy-exec are warnings, which stderr gets as text anyway.
        outputs[-1].addFilter(lambda record: hasattr(record, "event"))
    for handler in (_AsBefore(_ROOT.getEffectiveLevel()), *outputs):
        _ROOT.addHandler(handler)
    _ROOT.propagate = False
    _ROOT.setLevel(logging.DEBUG)


def start_by_environment() -> None:
    """Start the log as the environment says, for a program. Raises UsageError."""
    file = os.environ.get("TAIPY_EXEC_LOG_FILE")
    start(Choice.of(os.environ, file=Path(file) if file else None))


class _AsBefore(logging.Handler):
    """Passes on the records that a program would get without this log."""

    def emit(self, record: logging.LogRecord) -> None:
        logging.getLogger().callHandlers(record)


class _Output(logging.Handler):
    """Writes lines of text or JSON. An error of writing does not stop the process."""

    def __init__(self, format: str, write: Callable[[str], object]) -> None:
        super().__init__()
        self.setFormatter(_Json() if format == "json" else _Text())
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._write(self.format(record) + "\n")
        except OSError:
            pass

    def handleError(self, record: logging.LogRecord) -> None:
        """Nothing: the log must not print into the output of a command."""


class _Text(logging.Formatter):
    """`TIME LEVEL AREA EVENT key=value ... process=HOST:PID`."""

    def format(self, record: logging.LogRecord) -> str:
        text = record.getMessage() if hasattr(record, "event") else f"message text={_told(record)}"
        place = f"process={_HOST}:{record.process}"
        return f"{_time(record)} {record.levelname} {_area(record)} {text} {place}"


class _Json(logging.Formatter):
    """One JSON object: time, level, area, event, process, and the fields of the event."""

    def format(self, record: logging.LogRecord) -> str:
        fields = getattr(record, "fields", None)
        line = {
            "time": _time(record),
            "level": record.levelname,
            "area": _area(record),
            "event": getattr(record, "event", "message"),
            "process": f"{_HOST}:{record.process}",
            **(fields if fields is not None else {"text": _safe(record)}),
        }
        return visible_json(json.dumps(line, ensure_ascii=False))


def _safe(record: logging.LogRecord) -> str:
    return one_line(EventLog._redact(record.getMessage()))


def _told(record: logging.LogRecord) -> str:
    return _quoted(_safe(record))


def _time(record: logging.LogRecord) -> str:
    at = datetime.fromtimestamp(record.created, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _area(record: logging.LogRecord) -> str:
    return record.name.removeprefix(f"{_ROOT.name}.") if record.name != _ROOT.name else "other"


def _to_stderr(line: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(line)
        sys.stderr.flush()


def _appending(path: Path) -> Callable[[str], object]:
    """A function that appends a line at once, so that processes can share the file."""
    # Never waits: neither for the reader of a named pipe nor for room in it.
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        file = os.open(path, flags, 0o600)
    except OSError as error:
        raise UsageError(
            f"the log file {path} cannot be written: {error.strerror}",
            "choose another with --log-file, or make its folder",
        ) from None
    return lambda line: os.write(file, line.encode("utf-8", "backslashreplace"))
