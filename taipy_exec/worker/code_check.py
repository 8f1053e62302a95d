"""Whether this worker has the same code of a task as its submitter, and what to do if not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from taipy_exec.config.application import AppConfig
from taipy_exec.execution.own_code import NO_SOURCE, Code, OwnCode, read_listing
from taipy_exec.protocol.messages import Order

_MOST_NAMES = 5
_WHAT_TO_DO = 'deploy the same code to the workers, or set [JOB] check_code = "warn" there'


class CodeCheck:
    """Compares orders with the files on this machine.

    `renew` is called when the files have changed: processes that have imported the old ones must
    run no more jobs. So the compared code is the code that will run. `tell` gets differences that
    are no reason to refuse an order here.
    """

    def __init__(
        self,
        served: Sequence[AppConfig],
        worker: str,
        renew: Callable[[], None],
        tell: Callable[[str], None],
    ) -> None:
        self._worker = worker
        self._renew = renew
        self._tell = tell
        self._modes = {app.digest: app.job.check_code for app in served}
        self._own = {app.digest: OwnCode(app) for app in served}
        # Read before any process exists: what the processes import is not older.
        self._known = {digest: own.everything() for digest, own in self._own.items()}

    def refuses(self, order: Order) -> bool:
        """Whether this worker refuses the order if there is a difference."""
        return self._modes.get(order.digest) == "refuse"

    def difference(self, order: Order) -> str:
        """How the code here differs from the submitter's, in a sentence; empty if it does not.

        It is also empty if one side has nothing to compare.
        """
        own = self._own.get(order.digest)
        if own is None or not order.code:
            return ""
        if own.look():
            self._note(order.digest, own.everything())
        mine = own.of(order.task)
        if mine.digest in ("", order.code):
            return ""
        what = _what_differs(mine, read_listing(order.files), own.is_installed)
        if not what:
            return ""
        sentence = (
            f"worker {self._worker} has different code for task {order.task!r} ({mine.digest}) "
            f"than the submitter ({order.code}): {what}"
        )
        if self.refuses(order):
            return f"{sentence}; {_WHAT_TO_DO}"
        self._tell(sentence)
        return sentence

    def _note(self, digest: str, files: dict[str, str]) -> None:
        if files != self._known[digest]:
            self._known[digest] = files
            self._renew()


def _what_differs(
    mine: Code, theirs: Mapping[str, str], is_installed: Callable[[str], bool]
) -> str:
    """Which files differ, in words; empty if none does, as far as they can be compared."""
    ours = read_listing(mine.listing)
    if not (ours and theirs):
        return f"one or more of its {len(mine.files)} files differ"
    sources = {name for name in {**ours, **theirs} if not _has_no_source(name, ours, theirs)}
    other = [name for name in ours if name in theirs and theirs[name] != ours[name]]
    missing = [name for name in theirs if name not in ours and not is_installed(name)]
    extra = [name for name in ours if name not in theirs]
    parts = (
        (other, "differs", "differ"),
        (missing, "is missing on the worker", "are missing on the worker"),
        (extra, "is only on the worker", "are only on the worker"),
    )
    shown = [([name for name in names if name in sources], *verbs) for names, *verbs in parts]
    return ", ".join(
        f"{_names(names)} {one if len(names) == 1 else several}"
        for names, one, several in shown
        if names
    )


def _has_no_source(name: str, *listings: Mapping[str, str]) -> bool:
    return any(listing.get(name) == NO_SOURCE for listing in listings)


def _names(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    shown = names if more <= 1 else [*names[:_MOST_NAMES], f"{more} more"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
