"""Removes old submissions, instances and jobs, and gives their room back to the disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from taipy_exec.store.instance_records import InstanceRecords, remove_orphans

_WORTH_BYTES = 1 << 20
_WORTH_SHARE = 0.25

# The ids of the submissions and of the scenario instances to remove.
Going = tuple[Sequence[str], Sequence[str]]


class Removals(InstanceRecords):
    """The part of the store that removes."""

    def remove(self, choose: Callable[[], Going], contents: Iterable[str], now: float) -> Going:
        """Remove what `choose`, called within the transaction, returns; return the same.

        Removing a submission also removes its jobs and requests, and the edits of these jobs
        except the latest edit of each data node. Removing an instance also removes its tags and
        properties, and with the last instance of a cycle the cycle. `contents` are paths whose
        digests are removed. Expired locks of data nodes are removed too.
        """
        with self.transaction() as connection:
            submissions, instances = choose()
            connection.executemany(
                "DELETE FROM submissions WHERE id = ?", [(id,) for id in submissions]
            )
            connection.executemany(
                "DELETE FROM instances WHERE id = ?", [(id,) for id in instances]
            )
            connection.execute(
                "DELETE FROM edits WHERE job IS NOT NULL AND job NOT IN (SELECT id FROM jobs) "
                "AND number NOT IN (SELECT max(number) FROM edits GROUP BY node)"
            )
            connection.executemany(
                "DELETE FROM contents WHERE path = ?", [(path,) for path in contents]
            )
            connection.execute("DELETE FROM locks WHERE expires_at <= ?", (now,))
            remove_orphans(connection)
        return submissions, instances

    def forget_nodes(self, remove: Callable[[], Iterable[str]]) -> None:
        """Forget all records of the data nodes that `remove` has removed.

        `remove` is called within the transaction: no process can create or submit an instance
        meanwhile.
        """
        with self.transaction() as connection:
            nodes = [(node,) for node in remove()]
            for table, column in (
                ("edits", "node"),
                ("locks", "node"),
                ("properties", "entity"),
                ("global_nodes", "id"),
            ):
                connection.executemany(f"DELETE FROM {table} WHERE {column} = ?", nodes)

    def remove_jobs(self, choose: Callable[[], Sequence[str]]) -> Sequence[str]:
        """Remove the jobs that `choose`, called within the transaction, returns; return them."""
        with self.transaction() as connection:
            jobs = choose()
            connection.executemany("DELETE FROM jobs WHERE id = ?", [(id,) for id in jobs])
        return jobs

    def lost_contents(self) -> list[str]:
        """The paths whose digest is stored although the file no longer exists."""
        paths = self.rows("SELECT path FROM contents")
        return [path for (path,) in paths if not Path(path).exists()]

    def size(self) -> int:
        """The size of the database on the disk, in bytes."""
        files = (self.path, self.path.with_name(f"{self.path.name}-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def wastes_room(self) -> bool:
        """Whether so much of the file is unused that `compact` is worth its time."""
        free, pages, size = (
            int(self.rows(f"PRAGMA {name}")[0][0])
            for name in ("freelist_count", "page_count", "page_size")
        )
        return free * size >= _WORTH_BYTES and free >= pages * _WORTH_SHARE

    def compact(self) -> None:
        """Give unused room back to the disk. No process can write meanwhile."""
        self.rows("VACUUM")
        self.rows("PRAGMA wal_checkpoint(TRUNCATE)")
