"""Parts of SQL that every database of a state understands."""

from __future__ import annotations

# The last character that a text can have.
_LAST = "\U0010ffff"


def begins(column: str) -> str:
    """A condition: the text begins with a prefix. Its two values are a `prefix_range`.

    It uses an index of the column, and no character of the prefix is special.
    """
    return f"({column} >= ? AND {column} < ?)"


def prefix_range(prefix: str) -> tuple[str, str]:
    """The least text that begins with `prefix`, and one that is greater than all of these."""
    return prefix, f"{prefix}{_LAST}"
