"""The table "what a job may do" of docs/modes.md, from the functions that the tests run.

python -m tools.table_of_ordinary_python docs/modes.md
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "conformance"))

from ordinary_python_cases import GROUPS, cases, title_of

BEGIN = "<!-- what a job may do: make man -->\n"
END = "<!-- end -->\n"
_WHERE = {"development": "development", "notebook": "development in a notebook"}


def table() -> str:
    """The two tables: behaviour as in plain Python, and differences."""
    known = cases()
    lines = ["| kind | tested in every mode |", "|---|---|"]
    for group in GROUPS:
        titles = "; ".join(case.title for case in known if case.group == group)
        lines.append(f"| {title_of(group)} | {titles} |")
    lines += ["", "| not as in plain Python | where | what comes |", "|---|---|---|"]
    lines += [
        f"| {case.title} | {_WHERE[where]} | {what} |"
        for case in known
        for where, what in case.differences.items()
    ]
    return "\n".join(lines) + "\n"


def filled(text: str) -> str:
    """A page with the current table."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(filled(page.read_text("utf-8")), "utf-8")
