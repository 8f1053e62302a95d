"""Whether Taipy is installed, in a version that taipy-exec was tested with."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version

from taipy_exec.errors import ConfigurationError

TESTED = ((4, 1), (4, 2))
WANTED = "taipy>=4.1,<4.2"
INSTALL = "pip install 'taipy-exec[taipy]'"


def taipy_version() -> str | None:
    """The version of Taipy that is installed, None without it."""
    for name in ("taipy-core", "taipy"):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return None


def warning_of(found: str) -> str | None:
    """A warning about a version outside of the tested range, None within it."""
    numbers = tuple(int(number) for number in re.findall(r"\d+", found)[:2])
    least, beyond = TESTED
    if least <= numbers < beyond:
        return None
    age = "older" if numbers < least else "newer"
    return (
        f"Taipy {found} is {age} than what taipy-exec was tested with ({WANTED}); "
        f"if jobs do not run: pip install '{WANTED}'"
    )


def require_taipy() -> str | None:
    """A warning about the version, if there is one.

    Raises ConfigurationError if Taipy is missing, or lacks something that taipy-exec uses.
    """
    found = taipy_version()
    if found is None:
        raise ConfigurationError("Taipy is not installed in this environment", INSTALL)
    try:
        import taipy_exec.taipy_plugin.internals  # noqa: F401
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(
            f"Taipy {found} cannot be used: {error}", f"pip install '{WANTED}'"
        ) from error
    return warning_of(found)
