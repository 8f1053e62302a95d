"""The errors of taipy-exec itself: one sentence for the user, a hint, and an exit code.

A failure of the user's code is not such an error; it is a value, `model.job.Failure`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from taipy_exec.config.problem import Problem


class TaipyExecError(Exception):
    """Base of all errors of taipy-exec.

    `message` says what happened to what; `hint` says what to do now.
    """

    exit_code: ClassVar[int] = 70
    kind: ClassVar[str] = "internal"

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}: {self.hint}" if self.hint else self.message


class UsageError(TaipyExecError):
    """The command line or an argument of the API is wrong."""

    exit_code = 2
    kind = "usage"


class ConfigurationError(TaipyExecError):
    """The configuration, the graph or the application is invalid.

    `problems` holds each problem if there are several.
    """

    exit_code = 3
    kind = "configuration"

    def __init__(
        self, message: str, hint: str | None = None, *, problems: Sequence[Problem] = ()
    ) -> None:
        super().__init__(message, hint)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        errors = [str(one) for one in self.problems if one.level == "ERROR"]
        if len(errors) < 2:
            return super().__str__()
        return "\n  ".join([super().__str__(), *errors[1:]])


class CycleError(ConfigurationError):
    """The tasks depend on each other in a circle; `path` names them in order."""

    kind = "cycle"

    def __init__(self, path: Sequence[str]) -> None:
        super().__init__(
            f"the tasks form a cycle: {' -> '.join(path)}",
            "remove one of these data nodes from the inputs or outputs of its task",
        )
        self.path = tuple(path)


class ConfigurationUpdateBlocked(ConfigurationError):
    """The configuration is in use; it can be changed after `orchestrator.stop()`."""

    kind = "configuration_blocked"


class SubmissionFailed(TaipyExecError):
    """A job of the submission failed, or the submission was canceled; see `raise_for_status`."""

    exit_code = 1
    kind = "submission_failed"


class ComparatorFailed(TaipyExecError):
    """A comparator, a function of the application, raised an exception."""

    exit_code = 1
    kind = "comparator_failed"


class TimedOutError(TaipyExecError):
    """The given time was up before anything could run."""

    exit_code = 5
    kind = "timed_out"


class BrokerError(TaipyExecError):
    """The broker is unreachable, refuses, or takes no messages."""

    exit_code = 6
    kind = "broker"


class StoreError(TaipyExecError):
    """The state store cannot be used: locked, damaged, too new, or not writable."""

    exit_code = 7
    kind = "store"


class NotFoundError(TaipyExecError):
    """There is no such submission, job, scenario, task or data node."""

    exit_code = 8
    kind = "not_found"


class BusyError(TaipyExecError):
    """The scenario instance is being run by another live process."""

    exit_code = 7
    kind = "busy"


class DataError(TaipyExecError):
    """A data node cannot be read or written."""

    exit_code = 3
    kind = "data"


class DataNodeIsBeingEdited(DataError):
    """Another editor has locked the data node, and the lock has not expired."""

    kind = "data_node_locked"


class NoData(DataError):
    """The data node was never written."""


# Names that programs of Taipy catch. The message says what is special about each.


class ModelNotFound(NotFoundError):
    """There is no entity with this id, or the text is not an entity's id."""


class NonExistingScenario(NotFoundError):
    """The scenario was deleted."""


class NonExistingScenarioConfig(NotFoundError):
    """The scenario's configuration no longer exists."""


class NonExistingSequence(NotFoundError):
    """The scenario has no sequence of this name."""


class NonExistingComparator(NotFoundError):
    """The scenario's configuration has no comparator for this data node."""


class SequenceTaskDoesNotExistInScenario(NotFoundError):
    """A task for a sequence is not a task of the scenario."""


class SequenceAlreadyExists(UsageError):
    """The scenario has another sequence of this name."""


class InvalidSequence(UsageError):
    """The tasks of a sequence are not connected, or the sequence cannot have this name."""


class DataNodeConfigIsNotGlobal(UsageError):
    """Only a data node of scope GLOBAL can be created without a scenario."""


class DoesNotBelongToACycle(UsageError):
    """The scenario has no frequency, so it has no cycle and cannot be a primary scenario."""


class DeletingPrimaryScenario(UsageError):
    """The scenario is the primary scenario of its cycle, and the cycle has other scenarios."""


class UnauthorizedTagError(UsageError):
    """The scenario's property `authorized_tags` does not contain this tag."""


class InsufficientScenarioToCompare(UsageError):
    """A comparison needs at least two scenarios."""


class DifferentScenarioConfigs(UsageError):
    """The scenarios to compare have different configurations."""


class JobNotDeletedException(UsageError):
    """The job, or another job of its submission, has not ended."""


class SubmissionNotDeletedException(UsageError):
    """A process is running the submission."""


class OrchestratorServiceIsAlreadyRunning(UsageError):
    """The orchestrator is already running."""


class ImpossibleTransition(TaipyExecError):
    """A job's status does not allow the requested step. This is a bug; the message has details."""

    kind = "impossible_transition"
