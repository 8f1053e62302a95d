"""Log records where nobody has set up logging, and how that makes way for whoever does."""

from __future__ import annotations

import subprocess
import sys

import pytest

START = """
import logging, sys
from taipy_exec.execution.default_logging import DefaultLogging
from taipy_exec.execution.module_settings import LogSettings

noted = []
default = DefaultLogging(lambda line: noted.append(line.decode()))
default.install()
before = LogSettings()
log = logging.getLogger("mine")
"""


def printed(text: str) -> list[str]:
    """What the script prints to stdout and stderr."""
    done = subprocess.run(
        [sys.executable, "-c", START + text],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_info_is_noted_and_what_is_worse_is_shown() -> None:
    script = "log.debug('d'); log.info('i'); log.warning('w'); print(noted)"
    assert printed(script) == ["WARNING mine: w", r"['INFO mine: i\n']"]


@pytest.mark.parametrize(
    ("set_up", "shown"),
    [
        ("logging.basicConfig(format='%(message)s')", ["w"]),
        ("logging.basicConfig(format='%(message)s', level=logging.INFO)", ["i", "w"]),
        ("logging.getLogger().addHandler(logging.StreamHandler())", ["w"]),
        (
            "logging.getLogger().setLevel(logging.INFO)\n"
            "logging.getLogger().addHandler(logging.StreamHandler())",
            ["i", "w"],
        ),
        (
            "import logging.config\nlogging.config.dictConfig({'version': 1, "
            "'disable_existing_loggers': False, 'handlers': "
            "{'h': {'class': 'logging.StreamHandler'}}, 'root': {'handlers': ['h']}})",
            ["w"],
        ),
    ],
)
def test_whoever_sets_up_logging_gets_what_a_script_gets(set_up: str, shown: list[str]) -> None:
    assert printed(f"{set_up}\nlog.info('i'); log.warning('w'); print(noted)") == [*shown, "[]"]


def test_it_is_back_for_the_next_job() -> None:
    script = (
        "logging.basicConfig(format='%(message)s'); log.info('i')\n"
        "before.restore(); default.install(); log.info('again'); print(noted)"
    )
    assert printed(script) == [r"['INFO mine: again\n']"]


def test_handlers_that_were_there_stay_in_charge() -> None:
    script = (
        "default.uninstall()\nlogging.basicConfig(format='%(message)s')\n"
        "default.install()\nlog.info('i'); log.warning('w'); print(noted)"
    )
    assert printed(script) == ["w", "[]"]


def test_nothing_is_left_of_it() -> None:
    script = (
        "default.uninstall()\nroot = logging.getLogger()\n"
        "print(root.level, 'addHandler' in vars(root), type(logging.lastResort).__name__)"
    )
    assert printed(script) == ["30 False _StderrHandler"]
