"""Scenario instances and their cycles: the records of them, and what programs change in them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence

from taipy_exec.errors import NotFoundError
from taipy_exec.model.job import PROGRAM
from taipy_exec.store.data_records import DataRecords
from taipy_exec.store.rows import (
    INSTANCE_COLUMNS,
    CycleRow,
    Instance,
    to_cycle,
    to_instance,
)
from taipy_exec.store.values import json_text

# A property's value as JSON text; None if a program removed the property of the configuration.
StoredValue = str | None
Sequences = Mapping[str, Sequence[str]]


class InstanceRecords(DataRecords):
    """The part of the store that is about scenario instances and cycles."""

    # -- scenario instances ---------------------------------------------------------------

    def add_instance(self, instance: Instance, *, unless_named: bool = False) -> Instance:
        """Store a new instance; from now on its name finds this instance.

        The first instance of a cycle is the primary one. With `unless_named`, an instance that
        already has this name and cycle stays, and is returned.
        """
        with self.transaction() as connection:
            if unless_named:
                there = self.find_instance(instance.scenario, instance.name, instance.cycle)
                if there is not None:
                    return there
            is_primary = bool(instance.cycle) and not self._instances(
                "WHERE cycle = ? LIMIT 1", (instance.cycle,)
            )
            connection.execute(
                "INSERT INTO instances "
                "(id, scenario, name, created_at, cycle, properties, is_primary) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    instance.id,
                    instance.scenario,
                    instance.name,
                    instance.created_at,
                    instance.cycle,
                    json_text(dict(instance.properties)),
                    is_primary,
                ),
            )
            if instance.cycle:
                connection.execute(
                    "INSERT INTO cycles (id, created_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
                    (instance.cycle, instance.created_at),
                )
        return self.instance(instance.id)

    def find_instance(self, scenario: str, name: str, cycle: str | None = None) -> Instance | None:
        """The latest instance of `scenario` with this name, of this cycle or of any cycle."""
        found = self._instances(
            "WHERE scenario = ? AND name = ? AND cycle = coalesce(?, cycle) "
            "ORDER BY created_at DESC, rowid DESC LIMIT 1",
            (scenario, name, cycle),
        )
        return found[0] if found else None

    def instance(self, id: str) -> Instance:
        """The instance with this id. Raises NotFoundError."""
        found = self._instances("WHERE id = ?", (id,))
        if not found:
            raise NotFoundError(f"there is no scenario instance {id}")
        return found[0]

    def instances(self, scenario: str | None = None) -> list[Instance]:
        """All instances, oldest first."""
        where, values = ("WHERE scenario = ?", (scenario,)) if scenario else ("", ())
        return self._instances(f"{where} ORDER BY created_at, rowid", values)

    def instances_of_cycle(self, cycle: str) -> list[Instance]:
        """The instances of one cycle, oldest first."""
        return self._instances("WHERE cycle = ? ORDER BY created_at, rowid", (cycle,))

    def _instances(self, where: str, values: Sequence[object]) -> list[Instance]:
        rows = self.rows(f"SELECT {INSTANCE_COLUMNS} FROM instances {where}", values)
        if len(rows) == 1:
            tags = self.rows("SELECT instance, tag FROM tags WHERE instance = ?", (rows[0][0],))
        else:
            tags = self.rows("SELECT instance, tag FROM tags") if rows else []
        found: dict[str, list[str]] = {}
        for id, tag in tags:
            found.setdefault(id, []).append(tag)
        return [to_instance(row, found.get(row[0], ())) for row in rows]

    def instances_of_programs(self) -> set[str]:
        """The ids of instances that represent scenarios of a program of another framework."""
        rows = self.rows(
            "SELECT DISTINCT instance FROM submissions WHERE properties LIKE ?",
            (f'%"{PROGRAM}":%',),
        )
        return {row[0] for row in rows}

    def rename_instance(self, id: str, name: str | None) -> None:
        """Give an instance another name; None for its id."""
        with self.transaction() as connection:
            connection.execute("UPDATE instances SET name = ? WHERE id = ?", (name or id, id))

    def change_sequences(self, id: str, change: Callable[[Sequences | None], Sequences]) -> None:
        """Replace an instance's sequences by what `change` makes of them (see `Instance`).

        `change` is called within the transaction. If it raises, nothing is stored. Raises
        NotFoundError.
        """
        with self.transaction() as connection:
            made = dict(change(self.instance(id).sequences))
            connection.execute(
                "UPDATE instances SET sequences = ? WHERE id = ?", (json.dumps(made), id)
            )

    # -- the primary one of a cycle, and tags ----------------------------------------------

    def set_primary(self, id: str, *, is_primary: bool = True) -> None:
        """Make an instance the primary one of its cycle in place of another, or not primary.

        Raises NotFoundError.
        """
        with self.transaction() as connection:
            instance = self.instance(id)
            if is_primary:
                connection.execute(
                    "UPDATE instances SET is_primary = 0 WHERE cycle = ? AND is_primary = 1",
                    (instance.cycle,),
                )
            connection.execute("UPDATE instances SET is_primary = ? WHERE id = ?", (is_primary, id))

    def change_tags(self, id: str, change: Callable[[frozenset[str]], Iterable[str]]) -> None:
        """Replace an instance's tags by what `change` makes of them. Raises NotFoundError.

        `change` is called within the transaction. If it raises, nothing is stored.
        """
        with self.transaction() as connection:
            tags = sorted(set(change(self.instance(id).tags)))
            connection.execute("DELETE FROM tags WHERE instance = ?", (id,))
            connection.executemany("INSERT INTO tags VALUES (?, ?)", [(id, tag) for tag in tags])

    # -- cycles ---------------------------------------------------------------------------

    def cycles(self) -> list[CycleRow]:
        """Every cycle that has instances, in order of the time of its first use."""
        rows = self.rows("SELECT id, name, created_at FROM cycles ORDER BY created_at, id")
        return [to_cycle(row) for row in rows]

    def cycle(self, id: str) -> CycleRow | None:
        """The cycle with this id, if it has instances."""
        rows = self.rows("SELECT id, name, created_at FROM cycles WHERE id = ?", (id,))
        return to_cycle(rows[0]) if rows else None

    def rename_cycle(self, id: str, name: str | None) -> None:
        """Give a cycle another name; None for the name of its period."""
        with self.transaction() as connection:
            connection.execute("UPDATE cycles SET name = ? WHERE id = ?", (name, id))

    # -- properties of any entity ----------------------------------------------------------

    def properties(self, entity: str) -> dict[str, StoredValue]:
        """The properties of an entity that a program has changed."""
        return dict(self.rows("SELECT name, value FROM properties WHERE entity = ?", (entity,)))

    def change_properties(
        self,
        entity: str,
        owner: str,
        changes: Mapping[str, StoredValue],
        forget: Iterable[str] = (),
    ) -> None:
        """Store properties of an entity that is removed with `owner`, and forget others."""
        with self.transaction() as connection:
            connection.executemany(
                "INSERT INTO properties (entity, name, value, owner) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (entity, name) DO UPDATE SET value = excluded.value",
                [(entity, name, value, owner) for name, value in changes.items()],
            )
            connection.executemany(
                "DELETE FROM properties WHERE entity = ? AND name = ?",
                [(entity, name) for name in forget],
            )

    def forget_properties(self, entity: str) -> None:
        """Forget every change that a program made to the properties of an entity."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM properties WHERE entity = ?", (entity,))

    # -- data nodes that were made without an instance --------------------------------------

    def add_global_node(self, id: str, at: float) -> None:
        """Remember that a program created a data node of scope GLOBAL without a scenario."""
        with self.transaction() as connection:
            connection.execute(
                "INSERT INTO global_nodes VALUES (?, ?) ON CONFLICT DO NOTHING", (id, at)
            )

    def global_nodes(self) -> list[str]:
        """The data nodes that programs created without a scenario, oldest first."""
        return [row[0] for row in self.rows("SELECT id FROM global_nodes ORDER BY created_at, id")]


def remove_orphans(connection: sqlite3.Connection) -> None:
    """Remove what belongs to instances, cycles and submissions that no longer exist.

    If the primary instance of a cycle is gone, its oldest instance becomes the primary one. Runs
    within the caller's transaction.
    """
    connection.execute("DELETE FROM cycles WHERE id NOT IN (SELECT cycle FROM instances)")
    connection.execute(
        "DELETE FROM properties WHERE owner <> '' "
        "AND owner NOT IN (SELECT id FROM instances) AND owner NOT IN (SELECT id FROM cycles)"
    )
    connection.execute(
        "DELETE FROM properties WHERE substr(entity, 1, 11) = 'SUBMISSION_' "
        "AND entity NOT IN (SELECT id FROM submissions)"
    )
    connection.execute(
        "UPDATE instances SET is_primary = 1 WHERE id IN ("
        "  SELECT id FROM ("
        "    SELECT id, row_number() OVER (PARTITION BY cycle ORDER BY created_at, id) AS place"
        "    FROM instances WHERE cycle <> ''"
        "    AND cycle NOT IN (SELECT cycle FROM instances WHERE is_primary = 1)"
        "  ) AS ordered WHERE place = 1)"
    )
