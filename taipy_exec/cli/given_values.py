"""Values for data nodes that are typed on the command line."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taipy_exec.config.application import ScenarioConfig


def given_values(values: Sequence[str] | None, scenario: ScenarioConfig) -> dict[str, Any]:
    """Data node -> value, from `--set` or else the environment.

    Raises UsageError for what is not NODE=VALUE, NotFoundError for an unknown data node.
    """
    from taipy_exec.errors import NotFoundError, UsageError

    known = [node.id for node in scenario.data_nodes]
    found = {}
    for item in values or os.environ.get("TAIPY_EXEC_SET", "").splitlines():
        node, separator, text = item.partition("=")
        if not separator:
            raise UsageError(f"--set takes NODE=VALUE, not {item!r}")
        if node not in known:
            raise NotFoundError(
                f"scenario {scenario.id} has no data node {node!r}",
                f"its data nodes are {', '.join(known)}",
            )
        found[node] = parse_value(text)
    return found


def parse_value(text: str) -> Any:
    """A value typed on the command line: JSON, else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text
