"""The level of a coordinator: which additions to the workers' messages it understands.

A message with an unknown field or of an unknown kind is refused. So a worker sends an addition only
to a coordinator that has announced its level: by the digit after the token in its epoch. Former
versions announce nothing, and read an epoch as a whole.
"""

from __future__ import annotations

_TOKEN_DIGITS = 32

# From this level on a coordinator reads `Report.cpu_seconds` and `JobProcess`.
USAGE_AND_PROCESS = 1
OURS = USAGE_AND_PROCESS


def announcing(token: str) -> str:
    """The epoch of a coordinator of this version with this token."""
    return f"{token}{OURS:x}"


def level_in(epoch: str) -> int:
    """The level that an epoch announces: 0 for a coordinator of a former version."""
    return int(epoch[_TOKEN_DIGITS : _TOKEN_DIGITS + 1] or "0", 16)
