"""Values for data nodes that are typed on the command line."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taipy_exec.config.application import ScenarioConfig
    from taipy_exec.data.node import DataNodeRef
    from taipy_exec.engine.plan import SubmissionPlan
    from taipy_exec.operations.listener import Listener
    from taipy_exec.store.store import Store

# So many changed inputs are shown, each with so many characters of its value.
_SHOWN = 10
_LONGEST = 60
# The value of a larger file is not read for this, in bytes.
_LARGE = 10_000


def given_values(values: Sequence[str] | None, scenario: ScenarioConfig) -> dict[str, Any]:
    """Data node -> value, from `--set`; without that option, from the environment.

    Raises UsageError for text that is not NODE=VALUE, NotFoundError for an unknown data node.
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


def note_changed_inputs(listener: Listener, store: Store, plan: SubmissionPlan) -> None:
    """Show the inputs to which `--set` or `data write` gave another value than the file."""
    from taipy_exec.engine.given import changed_defaults
    from taipy_exec.views.words import shortened

    changed = changed_defaults(store, plan)
    if not changed:
        return
    for node, edit in changed[:_SHOWN]:
        how = edit.comment or (f"by {edit.job or edit.editor}" if edit.job or edit.editor else "")
        since = datetime.fromtimestamp(edit.at)
        listener.note(
            f"input {node.config.id} = {shortened(_value_of(node), _LONGEST)} ({how}, "
            f"{since:%Y-%m-%d %H:%M:%S}), not the default_data of the configuration"
        )
    if len(changed) > _SHOWN:
        listener.note(f"and {len(changed) - _SHOWN} more inputs")
    listener.hint("submit --new starts with the configuration's values")


def _value_of(node: DataNodeRef) -> str:
    """The value as JSON, unless it is large, secret, or cannot be read."""
    from taipy_exec.config.secrets import MASK, says_secret
    from taipy_exec.errors import TaipyExecError
    from taipy_exec.views.value_json import as_json

    if says_secret(node.config.id):
        return MASK
    try:
        if node.path is None or node.path.stat().st_size > _LARGE:
            return "..."
        return json.dumps(as_json(node.read()), ensure_ascii=False)
    except (OSError, TaipyExecError):
        return "..."


def parse_value(text: str) -> Any:
    """A value typed on the command line: JSON if it can be read as such, or the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text
