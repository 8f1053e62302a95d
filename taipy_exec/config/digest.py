"""One short text for a configuration, equal as long as it describes the same graph and data."""

from __future__ import annotations

import hashlib
import json
import pickle
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from taipy_exec.config.application import DataNodeConfig, TaskConfig
from taipy_exec.config.layers import Sections
from taipy_exec.config.reference import ClassRef, FunctionRef
from taipy_exec.config.secrets import is_secret
from taipy_exec.config.typed_text import render
from taipy_exec.config.vocabulary import MAIN_NAMES, SHOWN_PROPERTIES

_SECTIONS = ("CORE", "DATA_NODE", "TASK", "SCENARIO")


def digest(sections: Sections, main_file: Path | None = None) -> str:
    """The digest of all settings that affect jobs and data, but not mode, workers and secrets.

    It is the same in every process, also for a script that is once run and once imported: a
    function or class of the main script counts only by its name.
    """
    mains = set(MAIN_NAMES)
    started = main_file or getattr(sys.modules.get(MAIN_NAMES[0]), "__file__", None)
    if started:
        mains.add(Path(started).stem)

    def anywhere(path: str) -> str:
        module, _, name = path.replace(":", ".").partition(".")
        path = f"{module}.{name}"
        return f"main.{name}" if module in mains else path

    def plain(value: Any) -> Any:
        if type(value) is str:
            return repr(value)
        if isinstance(value, Mapping):
            return {str(key): plain(item) for key, item in value.items() if not is_secret(key)}
        if isinstance(value, list | tuple | set | frozenset):
            items = [plain(item) for item in value]
            return items if isinstance(value, list | tuple) else sorted(items, key=repr)
        if isinstance(value, DataNodeConfig | TaskConfig):
            return value.id
        if isinstance(value, type):
            value = ClassRef(f"{value.__module__}.{value.__qualname__}")
        if isinstance(value, ClassRef):
            return f"{anywhere(value.path)}:class"
        if isinstance(value, FunctionRef) or callable(value):
            path = (value if isinstance(value, FunctionRef) else FunctionRef.of(value)).path
            return anywhere(path)
        return _text(value)

    parts = {section: plain(sections.get(section, {})) for section in _SECTIONS}
    for node in parts["DATA_NODE"].values():
        for key in SHOWN_PROPERTIES:
            if node.get(key) in ("True", "False"):
                del node[key]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _text(value: Any) -> str:
    """A value as text, without the memory address that the text of an object may contain."""
    if value is None or isinstance(value, str | int | float | bool):
        return repr(value)
    text = str(render(value))
    if " at 0x" not in text and "..." not in text:
        return text
    try:
        return hashlib.sha256(pickle.dumps(value, protocol=5)).hexdigest()
    except Exception:
        return type(value).__qualname__
