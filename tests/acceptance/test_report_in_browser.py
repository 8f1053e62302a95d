"""The page of `report` in a browser: it runs no script but its own, and that one works."""

from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path

import pytest
from browser_support import Browser
from command_support import Application

JOBS = """\
import os

def hostile():
    print("<script>document.title = 'owned'</script>")
    print("</pre></details><img src=x onerror=\\"document.title = 'owned'\\">")
    os.write(1, b"\\xff\\xfe\\x00 \\x1b[31mred\\x1b[0m & more\\n")
    raise ValueError("</script><svg onload=\\"document.title = 'owned'\\">")
"""
# Without the policy, which would keep this script out too, clicks are made as by a reader.
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')


@pytest.fixture
def page(app: Application) -> Path:
    """The report of a submission in which a hostile job fails."""
    app.module("jobs", JOBS)
    app.graph(
        {
            "first": ("flow.work", [], ["a"]),
            "hostile": ("jobs.hostile", [], ["b"]),
            "after": ("flow.work", ["b"], ["c"]),
        }
    )
    submission = app.run("submit", "--name", "<b>may</b>", "--json").json["submission"]["id"]
    assert app.run("report", submission, "-o", "page.html").code == 0
    return app.folder / "page.html"


def acted(browser: Browser, page: Path, script: str, fragment: str = "") -> str:
    """The elements of the page after `script` ran in it."""
    text = POLICY.sub("", page.read_text(encoding="utf-8"))
    copy = page.with_name("acted.html")
    copy.write_text(text.replace("</body>", f"<script>{script}</script></body>"), encoding="utf-8")
    found = browser.open(copy, fragment)
    assert found.complaints == []
    return found.dom


def order(dom: str) -> list[str]:
    """The tasks of the table as they stand, without the hidden ones."""
    rows = re.findall(r"<tr id=\"job-\d+\"([^>]*)>.*?<th [^>]*>(.*?)</th>", dom)
    return [re.sub("<[^>]*>", "", name) for attributes, name in rows if "hidden" not in attributes]


def test_the_page_runs_its_own_script_and_nothing_of_the_users(
    browser: Browser, page: Path
) -> None:
    found = browser.open(page)
    assert found.complaints == []
    assert '<html lang="en" class="script">' in found.dom
    assert "<title>✗ s FAILED</title>" in found.dom
    assert not re.search(r"<img|<svg [^>]*onload|<b>may", found.dom)
    assert "&lt;script&gt;document.title" in found.dom
    assert found.dom.count("<script>") == 1


def test_the_policy_keeps_out_a_script_that_got_in(browser: Browser, page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    page.write_text(
        text.replace("<main", "<script>document.title = 'owned'</script><main"), encoding="utf-8"
    )
    found = browser.open(page)
    assert "<title>✗ s FAILED</title>" in found.dom
    assert any("Content Security Policy" in complaint for complaint in found.complaints)


@pytest.mark.long
def test_the_table_sorts_by_a_column_both_ways(browser: Browser, page: Path) -> None:
    click = "document.querySelectorAll('thead button')[1].click();"
    dom = acted(browser, page, click)
    assert order(dom) == ["after", "first", "hostile"]
    assert re.findall(r'<th [^>]*aria-sort="(\w+)"', dom) == ["ascending"]
    dom = acted(browser, page, click * 2)
    assert order(dom) == ["hostile", "first", "after"]
    assert re.findall(r'<th [^>]*aria-sort="(\w+)"', dom) == ["descending"]
    ran = "document.querySelectorAll('thead button')[5].click();"
    assert order(acted(browser, page, ran * 2))[-1] == "after", "what never ran stands last"


def test_the_table_is_filtered_by_text_and_status(browser: Browser, page: Path) -> None:
    typed = (
        "const find = document.getElementById('find');"
        "find.value = 'UPstream'; find.dispatchEvent(new Event('input'));"
    )
    dom = acted(browser, page, typed)
    assert order(dom) == ["after"]
    assert "1 of 3 shown" in dom
    pressed = "document.querySelector('.filter.failed').click();"
    dom = acted(browser, page, pressed)
    assert order(dom) == ["hostile"]
    assert re.search(r'class="filter failed"[^>]*aria-pressed="true"', dom)
    assert len(order(acted(browser, page, pressed * 2))) == 3


@pytest.mark.long
def test_a_link_to_a_log_opens_it_and_the_buttons_open_and_close_all(
    browser: Browser, page: Path
) -> None:
    opened = re.compile(r'<details class="job" open="">')
    assert not opened.search(acted(browser, page, ""))
    assert opened.search(acted(browser, page, "", "#log-1"))
    assert opened.search(acted(browser, page, "document.getElementById('open').click();"))
    both = "['open', 'close'].forEach((id) => document.getElementById(id).click());"
    assert not opened.search(acted(browser, page, both))


@pytest.mark.one_variant
@pytest.mark.parametrize(
    ("fragment", "block"), [("#jobs", "start"), ("#logs", "start"), ("#job-1", "center")]
)
def test_a_link_to_a_section_shows_its_beginning(
    browser: Browser, page: Path, fragment: str, block: str
) -> None:
    noted = (
        "Element.prototype.scrollIntoView ="
        "function (how) { document.body.dataset.block = this.id + ' ' + how.block; };"
        f"location.hash = '{fragment}'; dispatchEvent(new Event('hashchange'));"
    )
    assert f'data-block="{fragment[1:]} {block}"' in acted(browser, page, noted)


def lit(dom: str) -> list[str]:
    """The tasks and data nodes of the graph that are highlighted."""
    parts = re.findall(r'<g class="([^"]*)" data-name="(\w+)"', dom)
    return sorted(name for classes, name in parts if "lit" in classes.split())


CLICK = (
    "const click = (name) => document.querySelector(`.picture [data-name=${name}]`)"
    ".dispatchEvent(new MouseEvent('click', {bubbles: true}));"
)


def test_a_click_on_the_graph_shows_what_is_before_a_task_and_what_comes_after_it(
    browser: Browser, page: Path
) -> None:
    dom = acted(browser, page, f"{CLICK} click('b');")
    assert lit(dom) == ["after", "b", "c", "hostile"]
    assert "b: 1 before it, 1 after it" in dom
    dom = acted(browser, page, f"{CLICK} click('first');")
    assert lit(dom) == ["a", "first"]
    assert re.search(r'first: 0 before it, 0 after it · <a href="#job-\d+">Row in', dom)
    again = acted(browser, page, f"{CLICK} click('first'); click('first');")
    assert lit(again) == []


def test_a_failure_leads_to_its_node_in_the_graph(browser: Browser, page: Path) -> None:
    follow = "document.querySelector('a[data-node=hostile]').click();"
    dom = acted(browser, page, f"{follow} document.body.dataset.at = location.hash;")
    assert 'data-at="#graph"' in dom
    assert lit(dom) == ["after", "b", "c", "hostile"]
    assert re.search(r'<g class="task failed lit chosen" data-name="hostile"', dom)


@pytest.mark.long
def test_the_mouse_over_a_node_highlights_until_it_leaves(browser: Browser, page: Path) -> None:
    over = "document.querySelector('.picture [data-name=a]').dispatchEvent("
    moved = f"{over}new MouseEvent('mouseover', {{bubbles: true}}));"
    assert lit(acted(browser, page, moved)) == ["a", "first"]
    left = f"{moved}{over}new MouseEvent('mouseout', {{bubbles: true}}));"
    assert lit(acted(browser, page, left)) == []


def test_the_graph_leads_to_the_table_and_can_be_shown_in_full(
    browser: Browser, page: Path
) -> None:
    leads = (
        f"{CLICK} click('after');"
        "document.querySelector('#traced a').click();"
        "document.body.dataset.at = location.hash;"
        "document.getElementById('fit').click();"
    )
    dom = acted(browser, page, leads)
    assert 'data-at="#job-2"' in dom
    assert re.search(r'<div class="picture[^"]* full"', dom)
    assert 'id="fit" aria-pressed="false"' in dom


@pytest.mark.long
def test_the_page_is_drawn_light_dark_and_narrow_enough(browser: Browser, page: Path) -> None:
    light, dark = browser.screenshot(page), browser.screenshot(page, dark=True)
    assert brightness(light) > 200
    assert brightness(dark) < 60
    wide = "document.body.dataset.wide = document.documentElement.scrollWidth > innerWidth;"
    framed = page.with_name("framed.html")
    framed.write_text(
        '<iframe src="acted.html" width="360" height="800"></iframe>'
        "<script>addEventListener('message', (m) => document.body.dataset.wide = m.data)</script>",
        encoding="utf-8",
    )
    acted(browser, page, f"{wide} parent.postMessage(document.body.dataset.wide, '*');")
    assert 'data-wide="false"' in browser.open(framed).dom


def brightness(png: bytes) -> int:
    """The first byte of the picture's top left pixel, which the first row stores as it is."""
    at, data = 8, b""
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        if kind == b"IDAT":
            data += png[at + 8 : at + 8 + length]
        at += length + 12
    return zlib.decompress(data)[1]
