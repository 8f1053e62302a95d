"""Links between the pages lead to a file, and to a heading that is there."""

from __future__ import annotations

import re
from pathlib import Path

from tools.docs_site import without_links_outside
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


def test_every_page_is_in_the_contents_of_the_site() -> None:
    contents = re.findall(r": (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    docs = ROOT / "docs"
    assert sorted(contents) == sorted(str(p.relative_to(docs)) for p in docs.rglob("*.md"))


def test_the_site_has_no_link_to_a_file_outside_of_the_docs() -> None:
    text = (
        "[Files](../deploy/README.md#top), [LICENSE](../LICENSE), [modes](modes.md), [x](../no.md)"
    )
    assert without_links_outside(text, ROOT / "docs") == (
        "Files (`deploy/README.md`), `LICENSE`, [modes](modes.md), [x](../no.md)"
    )
