"""Links between the pages lead to a file, and to a heading that is there."""

from __future__ import annotations

import re
from pathlib import Path

from tools.plain_english import PAGES, ROOT, prose_of_page

LINK = re.compile(r"\]\(([^)\s]+)\)")


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower().replace("`", "")).replace(" ", "-")
        for heading in headings
    }


def test_every_link_of_a_page_leads_somewhere() -> None:
    broken = []
    for page in sorted(path for pattern in PAGES for path in ROOT.glob(pattern)):
        text = page.read_text(encoding="utf-8")
        code = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)
        for link in LINK.findall(code):
            name, _, anchor = link.partition("#")
            if "://" in name:
                continue
            target = (page.parent / name).resolve() if name else page
            if not target.exists() or (anchor and anchor not in anchors(target)):
                broken.append(f"{page.relative_to(ROOT)}: {link}")
    assert broken == []


def test_a_linked_address_is_no_prose() -> None:
    assert "anchor" not in prose_of_page("[text](page.md#anchor)")
