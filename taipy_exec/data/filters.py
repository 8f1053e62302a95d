"""`DataNode.filter` and `DataNode[...]` for all kinds of values with rows.

A value may be a table of pandas, polars or pyarrow, an array, a list of dicts or objects, or a dict
of these (the sheets of an excel file). No library is imported here: a value of a library shows that
it is already imported.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import reduce
from typing import Any

from taipy_exec.config.problem import a
from taipy_exec.data.extras import extra
from taipy_exec.data.operators import JoinOperator, Operator
from taipy_exec.errors import UsageError

Condition = tuple[Any, Any, Operator]

_COMPARE: Mapping[Operator, Callable[[Any, Any], Any]] = {
    Operator.EQUAL: operator.eq,
    Operator.NOT_EQUAL: operator.ne,
    Operator.LESS_THAN: operator.lt,
    Operator.LESS_OR_EQUAL: operator.le,
    Operator.GREATER_THAN: operator.gt,
    Operator.GREATER_OR_EQUAL: operator.ge,
}
_ARROW = {
    Operator.EQUAL: "equal",
    Operator.NOT_EQUAL: "not_equal",
    Operator.LESS_THAN: "less",
    Operator.LESS_OR_EQUAL: "less_equal",
    Operator.GREATER_THAN: "greater",
    Operator.GREATER_OR_EQUAL: "greater_equal",
}
_JOIN: Mapping[JoinOperator, Callable[[Any, Any], Any]] = {
    JoinOperator.AND: operator.and_,
    JoinOperator.OR: operator.or_,
}


def conditions_of(given: Any) -> list[Condition]:
    """One condition or several, as a list of (key, value, Operator).

    Raises UsageError if one has another form.
    """
    given = list(given or ())
    found = [tuple(one) for one in given] if _are_several(given) else [tuple(given)] * bool(given)
    for one in found:
        if len(one) != 3 or not isinstance(one[2], Operator):
            raise UsageError(
                f"a condition is (key, value, Operator), not {one!r}",
                'as in data_node.filter([("age", 18, Operator.GREATER_OR_EQUAL)])',
            )
    return found


def _are_several(given: list[Any]) -> bool:
    return bool(given) and isinstance(given[0], list | tuple)


def filtered(value: Any, conditions: Sequence[Condition], join: JoinOperator) -> Any:
    """The rows of `value` for which all conditions hold, or one of them (`join`), in their order.

    Raises NotImplementedError if `value` has no rows, as Taipy does.
    """
    if join not in _JOIN:
        raise NotImplementedError(f"join operator {join!r}")
    if not conditions:
        return value
    if isinstance(value, Mapping):
        return {key: filtered(item, conditions, join) for key, item in value.items()}
    if isinstance(value, list):
        fits = all if join is JoinOperator.AND else any
        return [row for row in value if fits(_holds(row, condition) for condition in conditions)]
    kind = _kind(value)
    if kind == "pyarrow":
        return value.filter(_arrow_mask(value, conditions, join))
    if kind is None:
        raise NotImplementedError(f"{a(type(value).__name__)} has no rows to filter")
    column = _array_column if kind == "numpy" else operator.getitem
    masks = [_COMPARE[how](column(value, key), wanted) for key, wanted, how in conditions]
    mask = reduce(_JOIN[join], masks)
    if kind == "polars":
        return value.filter(mask)
    if kind == "pandas" and len(conditions) > 1:
        return value[mask].reset_index(drop=True)  # as Taipy, which merges tables
    return value[mask]


def _kind(value: Any) -> str | None:
    """The library of a table or array. None for any other value."""
    cls = type(value)
    names = {(c.__module__.partition(".")[0], c.__name__) for c in cls.__mro__}
    for library, name in (
        ("pandas", "DataFrame"),
        ("numpy", "ndarray"),
        ("polars", "DataFrame"),
        ("pyarrow", "Table"),
    ):
        if (library, name) in names:
            return library
    return None


def _array_column(array: Any, key: Any) -> Any:
    return array[:, int(key)]


def _arrow_mask(table: Any, conditions: Sequence[Condition], join: JoinOperator) -> Any:
    compute = extra("pyarrow.compute", "parquet", "pyarrow tables")
    masks = [getattr(compute, _ARROW[how])(table[key], wanted) for key, wanted, how in conditions]
    return reduce(compute.and_ if join is JoinOperator.AND else compute.or_, masks)


def _holds(row: Any, condition: Condition) -> bool:
    """Whether a condition holds for a dict or an object. No value is less or greater than None."""
    key, wanted, how = condition
    found = field(row, key)
    if how not in (Operator.EQUAL, Operator.NOT_EQUAL) and (found is None or wanted is None):
        return False
    return bool(_COMPARE[how](found, wanted))


def field(row: Any, key: Any) -> Any:
    """The value under `key` in a dict, or the attribute of an object. None if there is none."""
    if isinstance(row, Mapping):
        return row.get(key)
    return getattr(row, key, None)


def item(value: Any, key: Any) -> Any:
    """`data_node[key]`: rows by number, slice or mask; columns by name."""
    if isinstance(value, Mapping):
        return value.get(key)
    if isinstance(key, int | slice) or not hasattr(value, "__iter__"):
        return value[key]
    if _kind(value) is not None or _is_series(value):
        get = getattr(value, "get", None)
        return get(key) if get and isinstance(key, Hashable) else value[key]
    if isinstance(key, str) or not isinstance(key, Iterable):
        return [field(row, key) for row in value]
    if _kind(key) == "pandas":
        return _cells(value, key)
    keys = list(key)
    if keys and all(isinstance(one, bool) or type(one).__name__ == "bool_" for one in keys):
        return [row for row, wanted in zip(value, keys, strict=True) if wanted]
    return [{one: field(row, one) for one in keys if _has(row, one)} for row in value]


def _is_series(value: Any) -> bool:
    return any(
        c.__name__ == "Series" and c.__module__.startswith("pandas") for c in type(value).__mro__
    )


def _cells(rows: Iterable[Any], mask: Any) -> list[dict[Any, Any]]:
    """The rows as dicts. A cell is None if the mask is false there."""
    wanted = mask.to_dict("records")
    return [
        {key: field(row, key) if shown else None for key, shown in flags.items()}
        for row, flags in zip(rows, wanted, strict=False)
    ]


def _has(row: Any, key: Any) -> bool:
    return key in row if isinstance(row, Mapping) else hasattr(row, key)
