"""A hook of MkDocs for the site of the docs: see mkdocs.yml.

Pages link to files of the repository outside of docs/, which are not in the site. There such a link
becomes its text and the path of the file. `tests/unit/test_docs_links.py` checks all links.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
_LINK = re.compile(r"\[([^\]]+)\]\((\.\./[^)#\s]+)(?:#[^)\s]*)?\)")


def on_page_markdown(markdown: str, *, page: Any, **_: object) -> str:
    """MkDocs calls this for each page."""
    return without_links_outside(markdown, (ROOT / "docs" / page.file.src_uri).parent)


def without_links_outside(markdown: str, folder: Path) -> str:
    """A page of `folder` without links to files outside of docs/."""

    def replaced(link: re.Match[str]) -> str:
        target = (folder / link[2]).resolve()
        if target.is_relative_to(ROOT / "docs") or not target.exists():
            return link[0]  # MkDocs checks it.
        path = str(target.relative_to(ROOT))
        return f"`{path}`" if link[1] == path else f"{link[1]} (`{path}`)"

    return _LINK.sub(replaced, markdown)
