"""The applications that `init` makes: name -> relative path -> text."""

from __future__ import annotations

from collections.abc import Mapping

from taipy_exec.cli.templates.parallel import PARALLEL
from taipy_exec.cli.templates.simple import SIMPLE

_IGNORED = """\
# Written by taipy-exec and Python: the state, the data of generated paths, caches.
.taipy-exec/
user_data/
__pycache__/
"""

TEMPLATES: Mapping[str, Mapping[str, str]] = {
    name: {**files, ".gitignore": _IGNORED + more}
    for name, files, more in (
        ("simple", SIMPLE, "report.json\n"),
        ("parallel", PARALLEL, "approved\nforecast.json\npublished.json\ndata/.east_was_tried\n"),
    )
}
