"""The owners of data nodes, worked out once: a hash for each name and each owner takes time."""

from __future__ import annotations

from collections.abc import Iterable

from taipy_exec.data.node import owners_of


class OwnerMemory:
    """The results of `owners_of`, which is called several times and within transactions."""

    def __init__(self) -> None:
        self._owner: dict[str, str] = {}
        self._nodes: set[str] = set()
        self._owners: set[str] = set()

    def of(self, nodes: Iterable[str], owners: set[str]) -> dict[str, str]:
        """Which of `owners` these data nodes belong to; those without an owner are left out."""
        nodes = set(nodes)
        ownerless = self._nodes - self._owner.keys()
        self._owner |= owners_of(ownerless, owners - self._owners)
        self._owners |= owners
        self._owner |= owners_of(nodes - self._nodes, self._owners)
        self._nodes |= nodes
        known = ((node, self._owner.get(node)) for node in nodes)
        return {node: owner for node, owner in known if owner in owners}
