"""A Taipy program as an application of the command line: imported, but not run."""

from __future__ import annotations

import logging
from pathlib import Path

from taipy_exec.config.application_path import ApplicationPath, state_folder
from taipy_exec.config.compile import Compiled
from taipy_exec.config.layers import Layer
from taipy_exec.errors import ConfigurationError
from taipy_exec.taipy_plugin.versions import INSTALL, require_taipy, taipy_version

log = logging.getLogger("taipy_exec")

# The folder of the stored configuration, if the import of the program made none.
_stored_in: list[Path] = []


def import_program(main: Path) -> None:
    """Import the program without its `__main__` part; nothing in it is run.

    Raises ConfigurationError if Taipy is missing, if the file raises, or if its import
    configures no task.
    """
    _import(main)
    # Imported here: it needs Taipy.
    from taipy_exec.taipy_plugin.configuration import require_tasks

    require_tasks(main)


def _import(main: Path) -> None:
    if taipy_version() is None:
        raise ConfigurationError(
            f"{main} imports taipy, which is not installed in this environment", INSTALL
        )
    warning = require_taipy()
    if warning is not None:
        log.warning(warning)
    from taipy_exec.taipy_plugin import host, internals

    internals.allow_cluster()
    host.prepare()
    host.import_program(main)


def _find_tasks(main: Path) -> None:
    """Take the configuration of the program's last run if its import configures no task."""
    from taipy_exec.taipy_plugin import internals
    from taipy_exec.taipy_plugin.configuration import has_tasks, require_tasks

    if has_tasks():
        return
    try:
        if internals.take_stored_configuration():
            _stored_in.append(internals.stored_versions())
    except Exception as error:
        # It imports the modules of the tasks' functions, which may raise anything.
        raise ConfigurationError(
            f"importing {main} configures no task, and its stored configuration cannot be read: "
            f"{type(error).__name__}: {error}",
            "define the functions of tasks at the top level of a module; if the program has "
            "changed, start it once more before its workers",
        ) from error
    require_tasks(
        main,
        "; or start the program first: then its configuration is read from "
        f"{internals.stored_versions()}",
    )


def read_program(
    found: ApplicationPath, *, state_dir: Path | None = None, overrides: Layer | None = None
) -> Compiled:
    """The configuration of the program, or the one that it stored at its last start.

    Raises ConfigurationError as `import_program` does, if nothing is stored either.
    """
    assert found.main is not None
    _import(found.main)
    _find_tasks(found.main)
    from taipy_exec.taipy_plugin.configuration import compile_program

    return compile_program(
        found.main,
        root=found.root,
        state_dir=state_folder(found.root, state_dir),
        overrides=overrides,
    )


def import_warning(main: Path) -> str | None:
    """A warning about an import that did not give the whole program, or None."""
    from taipy_exec.taipy_plugin import internals

    if _stored_in:
        return (
            f"importing {main.name} configures no task: this worker has the configuration that the "
            f"program stored in {_stored_in[0]} at its last start; after a change, start the "
            "program first and then restart the workers"
        )
    refused = internals.refused_at()
    if refused is None:
        return None
    return (
        f"the import of {main.name} ends where {refused}; this worker does not know the code below "
        'that line: put such calls below `if __name__ == "__main__":`'
    )
