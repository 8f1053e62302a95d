"""The records of data nodes: who wrote them and when, who edits them, what their files held."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from taipy_exec.model.job import SubmissionRecord
from taipy_exec.store import values
from taipy_exec.store.database import Database
from taipy_exec.store.rows import EDIT_COLUMNS, Content, Edit, Lock, insert_edits, to_edit


class DataRecords(Database):
    """The part of the store that is about data nodes."""

    # -- edits of data nodes --------------------------------------------------------------

    def add_edits(self, edits: Iterable[Edit], of: SubmissionRecord | None = None) -> None:
        """Record writes that no job made, and the properties of the submission `of`."""
        with self.transaction() as connection:
            insert_edits(connection, edits)
            if of is not None:
                connection.execute(
                    "UPDATE submissions SET properties = ? WHERE id = ?",
                    (values.json_text(dict(of.properties)), of.id),
                )

    def add_property(self, submission: str, name: str, value: object) -> None:
        """Add one property to those of a submission."""
        with self.transaction() as connection:
            rows = self.rows("SELECT properties FROM submissions WHERE id = ?", (submission,))
            for (properties,) in rows:
                changed = {**values.mapping(properties), name: value}
                connection.execute(
                    "UPDATE submissions SET properties = ? WHERE id = ?",
                    (values.json_text(changed), submission),
                )

    def last_edits(self, nodes: Sequence[str]) -> dict[str, Edit]:
        """The latest edit of each of these data nodes, without those that have no edit."""
        found = {}
        for start in range(0, len(nodes), 500):
            some = nodes[start : start + 500]
            marks = ", ".join("?" * len(some))
            for row in self.rows(
                f"SELECT {EDIT_COLUMNS} FROM edits WHERE number IN "
                f"(SELECT max(number) FROM edits WHERE node IN ({marks}) GROUP BY node)",
                some,
            ):
                found[row[0]] = to_edit(row)
        return found

    def edit_times(self) -> dict[str, float]:
        """Every data node that was ever written, with the time of its latest edit."""
        rows = self.rows("SELECT node, max(at) FROM edits GROUP BY node")
        return {values.text(node): values.time(at) for node, at in rows}

    def edits(self, node: str) -> list[Edit]:
        """Every edit of a data node, oldest first."""
        return [
            to_edit(row)
            for row in self.rows(
                f"SELECT {EDIT_COLUMNS} FROM edits WHERE node = ? ORDER BY number", (node,)
            )
        ]

    # -- locks of data nodes --------------------------------------------------------------

    def lock(self, wanted: Lock, now: float) -> Lock | None:
        """Lock a data node for an editor. If another editor holds it, return that lock instead."""
        with self.transaction() as connection:
            held = self.locks([wanted.node], now).get(wanted.node)
            if wanted.editor and _keeps_out(held, wanted.editor):
                return held
            connection.execute(
                "INSERT INTO locks (node, editor, expires_at) VALUES (?, ?, ?) ON CONFLICT (node) "
                "DO UPDATE SET editor = excluded.editor, expires_at = excluded.expires_at",
                wanted,
            )
        return None

    def unlock(self, node: str, editor: str | None, now: float) -> Lock | None:
        """Remove a lock. If an editor other than `editor` holds it, return that lock instead."""
        with self.transaction() as connection:
            held = self.locks([node], now).get(node)
            if editor and _keeps_out(held, editor):
                return held
            connection.execute("DELETE FROM locks WHERE node = ?", (node,))
        return None

    def locks(self, nodes: Sequence[str], now: float) -> dict[str, Lock]:
        """The locks that have not expired, by data node."""
        found = {}
        for start in range(0, len(nodes), 500):
            some = nodes[start : start + 500]
            marks = ", ".join("?" * len(some))
            for row in self.rows(
                f"SELECT node, editor, expires_at FROM locks WHERE node IN ({marks}) "
                "AND (expires_at IS NULL OR expires_at > ?)",
                [*some, now],
            ):
                node, editor, expires_at = row
                found[node] = Lock(node, values.maybe_text(editor), values.maybe_time(expires_at))
        return found

    def content(self, path: str) -> Content | None:
        """The recorded digest and stamp of a file, from the last time it was read."""
        rows = self.rows("SELECT path, stamp, digest FROM contents WHERE path = ?", (path,))
        return Content(*map(values.text, rows[0])) if rows else None


def _keeps_out(held: Lock | None, editor: str) -> bool:
    """Whether a lock belongs to another editor. A lock without an expiry keeps no editor out."""
    return held is not None and held.expires_at is not None and held.editor != editor
