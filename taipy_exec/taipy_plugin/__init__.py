"""Taipy programs, unchanged, on our runners: `enable()`, as their first line.

Nothing of Taipy is imported before `enable` is called.
"""

from __future__ import annotations

from pathlib import Path


def enable(*, state_dir: str | Path | None = None) -> None:
    """Have the jobs of this Taipy program run by taipy-exec in standalone and cluster mode.

    To be called before `Orchestrator().run()`; a second call changes nothing. `state_dir` is where
    `taipy-exec status` looks, by default `.taipy-exec` beside the program. A version of Taipy that
    was not tested is warned of. Raises ConfigurationError where Taipy is missing or lacks what is
    needed of it.
    """
    from taipy_exec.config.main_module import in_slot, is_importing
    from taipy_exec.taipy_plugin.versions import require_taipy

    warning = require_taipy()
    if in_slot() or is_importing():
        # A job's process, or a worker's: it runs what others submit.
        return
    from taipy_exec.taipy_plugin import internals
    from taipy_exec.taipy_plugin.service import Service

    if internals.is_taken_over():
        return
    if warning is not None:
        internals.log.warning(warning)
    Service.install(None if state_dir is None else Path(state_dir))
