"""The scripts with which shells complete, as Typer writes them, with what is missing there."""

from __future__ import annotations

import importlib
from typing import Any

SHELLS = ("bash", "zsh", "fish", "powershell", "pwsh")
_VARIABLE = "_TAIPY_EXEC_COMPLETE"
_DEFINES = "compdef %(complete_func)s %(prog_name)s"
# zsh loads the file at the first Tab, as the body of a function that has to complete at once.
_COMPLETES_TOO = """\
if [[ "${funcstack[1]}" == "_%(prog_name)s" ]]; then
  %(complete_func)s "$@"
else
  compdef %(complete_func)s %(prog_name)s
fi"""


def complete_at_the_first_tab() -> None:
    """Have the script for zsh, printed or installed from now on, complete at the first Tab too."""
    scripts = _typer()._completion_scripts
    if _COMPLETES_TOO not in scripts["zsh"]:
        scripts["zsh"] = scripts["zsh"].replace(_DEFINES, _COMPLETES_TOO)


def script_for(shell: str) -> str:
    """The script for one of `SHELLS`, whichever shell this command runs in."""
    complete_at_the_first_tab()
    return str(
        _typer().get_completion_script(prog_name="taipy-exec", complete_var=_VARIABLE, shell=shell)
    )


def _typer() -> Any:
    # Where Typer keeps the scripts; it has no public name for them.
    return importlib.import_module("typer._completion_shared")
