"""The reasons why an action is impossible: results of `is_deletable` and similar functions."""

from __future__ import annotations


class Reason:
    """One reason, as a sentence without its full stop."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def __str__(self) -> str:
        return self._reason

    __repr__ = __str__

    def __hash__(self) -> int:
        return hash(self._reason)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reason) and self._reason == other._reason


class DataNodeEditInProgress(Reason):
    """The data node is locked, or a job is about to write it."""

    def __init__(self, datanode_id: str) -> None:
        super().__init__(f"DataNode {datanode_id} is being edited")


class DataNodeIsNotWritten(Reason):
    """The data node has no value."""

    def __init__(self, datanode_id: str) -> None:
        super().__init__(f"DataNode {datanode_id} is not written")


class EntityIsNotSubmittableEntity(Reason):
    """The entity is no scenario, sequence or task."""

    def __init__(self, entity_id: str) -> None:
        super().__init__(f"Entity {entity_id} is not a submittable entity")


class WrongConfigType(Reason):
    """The object is no configuration of this type."""

    def __init__(self, config_id: str, config_type: str) -> None:
        super().__init__(f'Object "{config_id}" must be a valid {config_type}')


class NotGlobalScope(Reason):
    """The data node has another scope than GLOBAL."""

    def __init__(self, config_id: str) -> None:
        super().__init__(f'Data node config "{config_id}" does not have GLOBAL scope')


class EntityDoesNotExist(Reason):
    """Nothing with this id is stored."""

    def __init__(self, entity_id: str) -> None:
        super().__init__(f"Entity {entity_id} does not exist in the repository")


class JobIsNotFinished(Reason):
    """The job, or another one of its submission, has not ended."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"The job {job_id} is not finished yet")


class SubmissionIsNotFinished(Reason):
    """A job of the submission has not ended."""

    def __init__(self, submission_id: str) -> None:
        super().__init__(f"The submission {submission_id} is not finished yet")


class ScenarioIsThePrimaryScenario(Reason):
    """The scenario is the primary one of its cycle."""

    def __init__(self, scenario_id: str, cycle_id: str) -> None:
        super().__init__(f"The scenario {scenario_id} is the primary scenario of cycle {cycle_id}")


class ScenarioDoesNotBelongToACycle(Reason):
    """The scenario has no frequency."""

    def __init__(self, scenario_id: str) -> None:
        super().__init__(f"The scenario {scenario_id} does not belong to any cycle")


class ReasonCollection:
    """True if an action is possible. If not, `reasons` shows why."""

    def __init__(self) -> None:
        self._reasons: dict[str, dict[Reason, None]] = {}

    def add(self, entity_id: str, reason: Reason) -> ReasonCollection:
        """This collection, with one more reason."""
        self._reasons.setdefault(entity_id, {})[reason] = None
        return self

    def __bool__(self) -> bool:
        return not self._reasons

    @property
    def reasons(self) -> str:
        """All reasons in one text; empty if there are none."""
        found = [str(reason) for reasons in self._reasons.values() for reason in reasons]
        return f"{'; '.join(found)}." if found else ""

    def __repr__(self) -> str:
        return f"<ReasonCollection {self.reasons or 'True'}>"
