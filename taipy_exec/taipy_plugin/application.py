"""A Taipy program as an application of the command line: imported, and not run."""

from __future__ import annotations

from pathlib import Path

from taipy_exec.config.application_path import ApplicationPath, state_folder
from taipy_exec.config.compile import Compiled
from taipy_exec.config.layers import Layer
from taipy_exec.errors import ConfigurationError
from taipy_exec.taipy_plugin.versions import INSTALL, require_taipy, taipy_version


def import_program(main: Path) -> None:
    """Import the program without its `__main__` part and without running anything of it.

    Raises ConfigurationError where Taipy is missing, where the file raises, and where it
    configures no task when it is imported.
    """
    if taipy_version() is None:
        raise ConfigurationError(
            f"{main} imports taipy, which is not installed in this environment", INSTALL
        )
    require_taipy()
    from taipy_exec.taipy_plugin import host, internals
    from taipy_exec.taipy_plugin.configuration import require_tasks

    internals.allow_cluster()
    host.prepare()
    host.import_program(main)
    require_tasks(main)


def read_program(
    found: ApplicationPath, *, state_dir: Path | None = None, overrides: Layer | None = None
) -> Compiled:
    """The configuration of the program. Raises ConfigurationError as `import_program` does."""
    assert found.main is not None
    import_program(found.main)
    from taipy_exec.taipy_plugin.configuration import compile_program

    return compile_program(
        found.main,
        root=found.root,
        state_dir=state_folder(found.root, state_dir),
        overrides=overrides,
    )


def import_warning(main: Path) -> str | None:
    """What to tell of an import that ended early, because the program would have run."""
    from taipy_exec.taipy_plugin import internals

    refused = internals.refused_at()
    if refused is None:
        return None
    return (
        f"the import of {main.name} ends where {refused}; what stands below is not known to this "
        'worker: put such calls below `if __name__ == "__main__":`'
    )
