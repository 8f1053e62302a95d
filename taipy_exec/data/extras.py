"""Libraries that only some data nodes need. They are imported at their first use."""

from __future__ import annotations

import importlib
from typing import Any

from taipy_exec.errors import ConfigurationError


def extra(module: str, name: str, user: str) -> Any:
    """The module. Raises ConfigurationError with the extra to install."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"{user} need {module.partition('.')[0]}", f"pip install 'taipy-exec[{name}]'"
        ) from error
    except ImportError as error:
        raise ConfigurationError(
            f"{user} need {module.partition('.')[0]}, which is installed but cannot be imported: "
            f"{error}"
        ) from None
