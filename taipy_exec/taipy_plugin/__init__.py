"""Runs unchanged Taipy programs on taipy-exec's runners: `enable()` as their first line.

Nothing of Taipy is imported before `enable` is called.
"""

from __future__ import annotations

from pathlib import Path


def enable(*, state_dir: str | Path | None = None) -> None:
    """Let taipy-exec run the jobs of this Taipy program in standalone and cluster mode.

    Call it before `Orchestrator().run()`; a second call changes nothing. `state_dir` is the folder
    that `taipy-exec status` reads, by default `.taipy-exec` next to the program. An untested
    version of Taipy gives a warning. Raises ConfigurationError if Taipy is missing or lacks a part
    that is needed.
    """
    from taipy_exec.config.main_module import in_slot, is_importing
    from taipy_exec.taipy_plugin.versions import require_taipy

    warning = require_taipy()
    if in_slot() or is_importing():
        # A process of a job or a worker: it only runs jobs that other processes submit.
        return
    from taipy_exec.taipy_plugin import internals
    from taipy_exec.taipy_plugin.service import Service

    if internals.is_taken_over():
        return
    if warning is not None:
        internals.log.warning(warning)
    Service.install(None if state_dir is None else Path(state_dir))
