"""The comparisons of `DataNode.filter`, with Taipy's names and values."""

from __future__ import annotations

import enum


class Operator(enum.Enum):
    """How a value is compared with the value of a condition."""

    EQUAL = 1
    NOT_EQUAL = 2
    LESS_THAN = 3
    LESS_OR_EQUAL = 4
    GREATER_THAN = 5
    GREATER_OR_EQUAL = 6


class JoinOperator(enum.Enum):
    """Whether all conditions must hold, or one of them."""

    AND = 1
    OR = 2
