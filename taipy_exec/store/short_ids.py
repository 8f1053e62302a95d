"""Short ids: as much of an id as distinguishes it from the others of this state."""

from __future__ import annotations

from taipy_exec.errors import StoreError
from taipy_exec.model.job import SWEEP, short_id
from taipy_exec.store.database import Database
from taipy_exec.store.sql import begins, prefix_range

_TABLES = {"SUBMISSION": "submissions", "JOB": "jobs"}
_SWEEP = "SWEEP"


def neighbours(table: str, id: str) -> str:
    """Two columns, in SQL: the ids of `table` before and after `id`.

    If another id of the table begins as `id` does, one of these two does.
    """
    return (
        f"(SELECT max(id) FROM {table} WHERE id < {id}), "
        f"(SELECT min(id) FROM {table} WHERE id > {id})"
    )


class ShortIds(Database):
    """The part of the store that is about ids as people read and type them."""

    def short_id(self, id: str) -> str:
        """The short form of the id of a submission, a job or a sweep, also of a closed store.

        It is longer than usual where another id of this state begins the same. The store is asked
        each time, by its index: other processes add ids. If it cannot be read, the form is the
        usual one.
        """
        was_closed = self.is_closed
        if was_closed and not self.path.exists():
            return short_id(id)
        try:
            return short_id(id, *self._others(id))
        except StoreError:
            return short_id(id)
        finally:
            if was_closed:
                self.close()

    def _others(self, id: str) -> tuple[str | None, ...]:
        """Ids of which at least one begins as `id` does if any other id does."""
        kind = id.partition("_")[0]
        if kind == _SWEEP:
            return self._other_sweeps(id)
        if kind not in _TABLES:
            return ()
        table = _TABLES[kind]
        (row,) = self.rows(f"SELECT {neighbours(table, '?')}", (id, id))
        return row

    def _other_sweeps(self, id: str) -> tuple[str, ...]:
        group = self.json_field("properties", SWEEP, "group")
        begin = short_id(id)
        rows = self.rows(
            f"SELECT DISTINCT {group} FROM submissions "
            f"WHERE properties LIKE ? AND {begins(group)} AND {group} <> ?",
            (f'%"{begin}%', *prefix_range(begin), id),
        )
        return tuple(row[0] for row in rows)
