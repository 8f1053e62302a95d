"""docs/statuses.md has a row for every reason."""

from __future__ import annotations

import re
from pathlib import Path

from taipy_exec.model.status import Reason

PAGE = Path(__file__).parents[2] / "docs" / "statuses.md"
# Between a worker and its coordinator only: the job runs again, or waits.
INTERNAL = {Reason.OUTDATED, Reason.PAUSED}


def test_every_reason_is_on_the_page() -> None:
    table = PAGE.read_text().partition("## Reasons")[2].partition("\n## ")[0]
    rows = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    assert rows == {str(reason) for reason in Reason} - {str(reason) for reason in INTERNAL}
