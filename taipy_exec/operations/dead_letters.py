"""Dead letters: messages that no worker could run, in a queue of their own."""

from __future__ import annotations

from collections.abc import Sequence

from taipy_exec.broker.inspection import DeadLetter, Inspection
from taipy_exec.broker.names import Names
from taipy_exec.config.cluster import ClusterConfig
from taipy_exec.errors import NotFoundError


def dead_letters(cluster: ClusterConfig) -> list[DeadLetter]:
    """All of them, oldest first; they stay where they are. Raises BrokerError."""
    with Inspection(cluster) as inspection:
        return inspection.borrow_dead()


def count_dead_letters(cluster: ClusterConfig) -> int:
    """How many there are. Raises BrokerError."""
    with Inspection(cluster) as inspection:
        waiting = inspection.waiting(Names(cluster.application).dead)
    return waiting.ready if waiting else 0


def requeue(cluster: ClusterConfig, numbers: Sequence[int] | None) -> int:
    """Put these (None: all) back into the queue; how many. They are numbered from 1, by age.

    Raises NotFoundError for a number that does not exist, and BrokerError.
    """
    with Inspection(cluster) as inspection:
        letters = inspection.borrow_dead()
        wanted = letters if numbers is None else chosen_letters(letters, numbers)
        for letter in wanted:
            inspection.requeue(letter)
    return len(wanted)


def purge(cluster: ClusterConfig) -> int:
    """Remove all of them; how many. Raises BrokerError."""
    with Inspection(cluster) as inspection:
        return inspection.purge_dead()


def chosen_letters(letters: Sequence[DeadLetter], numbers: Sequence[int]) -> list[DeadLetter]:
    """The letters with these numbers. Raises NotFoundError for one that is not there."""
    for number in numbers:
        if number > len(letters):
            raise NotFoundError(
                f"there is no dead letter {number}, but {len(letters)} of them",
                "taipy-exec queue dead list shows them",
            )
    return [letters[number - 1] for number in sorted(set(numbers))]
