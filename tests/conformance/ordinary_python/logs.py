"""Logging."""

import logging
import logging.config
import sys
from pathlib import Path

_module_logger = logging.getLogger("ordinary.module")


def _logger_with_a_handler():
    log = logging.getLogger("ordinary.handler")
    if not log.handlers:
        log.addHandler(logging.StreamHandler(sys.stdout))
        log.setLevel(logging.DEBUG)
        log.propagate = False
    return log


def handler_in_one_job():
    """a handler that keeps stdout: the line of the first job"""
    _logger_with_a_handler().info("line of the first job")


def handler_in_another_job():
    """a handler that keeps stdout: the line of the second job"""
    _logger_with_a_handler().info("line of the second job")


def basic_config_of_a_file():
    """`logging.basicConfig` with a file"""
    file = Path("basic_config.log")
    file.unlink(missing_ok=True)
    logging.basicConfig(filename=file, level=logging.DEBUG, format="%(levelname)s %(message)s")
    logging.debug("a detail")
    logging.info("started")
    return file.read_text().splitlines()


def basic_config_without_a_level():
    """`logging.basicConfig` without a level leaves out what is below WARNING"""
    file = Path("without_a_level.log")
    file.unlink(missing_ok=True)
    logging.basicConfig(filename=file, format="%(message)s")
    logging.info("not shown")
    logging.warning("shown")
    return file.read_text().splitlines()


def basic_config_of_stdout():
    """`logging.basicConfig` with stdout"""
    logging.basicConfig(stream=sys.stdout, level=logging.DEBUG, format="%(message)s")
    logging.debug("a detail on stdout")


def basic_config_twice():
    """a second `logging.basicConfig` does nothing"""
    logging.basicConfig(level=logging.ERROR)
    logging.basicConfig(level=logging.DEBUG)
    return logging.getLogger().level


def basic_config_with_force():
    """`logging.basicConfig(force=True)`"""
    logging.basicConfig(level=logging.ERROR, force=True)
    return logging.getLogger().level, len(logging.getLogger().handlers)


def dict_config():
    """`logging.config.dictConfig`"""
    logging.config.dictConfig(
        {
            "version": 1,
            "formatters": {"f": {"format": "%(name)s %(message)s"}},
            "handlers": {
                "h": {
                    "class": "logging.StreamHandler",
                    "stream": "ext://sys.stdout",
                    "formatter": "f",
                }
            },
            "loggers": {"ordinary.dict": {"handlers": ["h"], "level": "DEBUG", "propagate": False}},
        }
    )
    logging.getLogger("ordinary.dict").debug("by dictConfig")


def level_of_one_job():
    """a level that one job sets"""
    logging.getLogger("ordinary.level").setLevel(logging.DEBUG)
    return logging.getLogger("ordinary.level").getEffectiveLevel()


def level_of_the_next_job():
    """a level that another job has set"""
    return logging.getLogger("ordinary.level").level


def disable():
    """`logging.disable`"""
    logging.disable(logging.CRITICAL)
    return logging.getLogger().isEnabledFor(logging.ERROR)


def errors_are_enabled():
    """after another job's `logging.disable`"""
    return logging.getLogger().isEnabledFor(logging.ERROR)


def root_has_no_handler():
    """`logging.getLogger().handlers` before anything was set up"""
    return logging.getLogger().handlers


def capture_warnings():
    """`logging.captureWarnings`"""
    import warnings

    seen = []

    class Keep(logging.Handler):
        def emit(self, record):
            seen.append(record.getMessage().strip().splitlines()[0].split(": ", 1)[1])

    log = logging.getLogger("py.warnings")
    log.addHandler(Keep())
    log.propagate = False
    logging.captureWarnings(True)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("kept", stacklevel=1)
    logging.captureWarnings(False)
    return seen
