"""Pictures of the job graph: ascii, Mermaid, DOT and SVG."""

from __future__ import annotations

import re
import time
import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taipy_exec.model.graph import JobGraph, TaskSpec, build_graph
from taipy_exec.model.status import Status
from taipy_exec.views.graph import FORMATS, render_graph
from taipy_exec.views.graph.names import columns, printable, shorten
from taipy_exec.views.graph.tree import tree_rows

SVG = "{http://www.w3.org/2000/svg}"
ODD_NAMES = [
    'say "hi"',
    "back\\slash\\",
    "<b>&amp;</b>",
    "end",
    "a]b)c}d|e",
    "two\nlines",
    "esc\x1b[31m",
    "numéro ünï",
    "1. list",
    "%% comment",
    "日本語の仕事",
    "x" * 300,
    "#35;",
    "--",
]


def task(id: str, inputs: str = "", outputs: str = "") -> TaskSpec:
    return TaskSpec(id=id, inputs=tuple(inputs.split()), outputs=tuple(outputs.split()))


def diamond() -> JobGraph:
    return build_graph(
        [
            task("clean", "raw", "cleaned"),
            task("left", "cleaned", "l"),
            task("right", "cleaned", "r"),
            task("join", "l r", "joined"),
        ]
    )


def wide(count: int) -> JobGraph:
    parts = [f"p{n}" for n in range(count)]
    return build_graph(
        [
            task("split", "orders", "chunks"),
            *(task(f"work_{p}", "chunks", p) for p in parts),
            task("merge", " ".join(parts), "plan"),
        ]
    )


def odd() -> JobGraph:
    return build_graph(
        [TaskSpec(id=name, inputs=(f"in {name}",), outputs=(f"out {name}",)) for name in ODD_NAMES]
    )


@st.composite
def graphs(draw: st.DrawFn) -> JobGraph:
    """Task n reads outputs of earlier tasks or inputs of the graph, and writes zero to two."""
    text = st.one_of(
        st.sampled_from(["", *ODD_NAMES]),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    )
    tasks = []
    nodes = [f"i{n}" for n in range(3)]
    for n in range(draw(st.integers(0, 14))):
        inputs = draw(st.lists(st.sampled_from(nodes), max_size=4))
        outputs = [f"{draw(text)}_{n}_{k}" for k in range(draw(st.integers(0, 2)))]
        tasks.append(TaskSpec(id=f"{draw(text)}#{n}", inputs=(*inputs,), outputs=(*outputs,)))
        nodes += outputs
    return build_graph(tasks)


def arrows(graph: JobGraph) -> set[tuple[str, str]]:
    reads = {(node, t.id) for t in graph.tasks for node in t.inputs}
    return reads | {(t.id, node) for t in graph.tasks for node in t.outputs}


def svg_arrows(root: ElementTree.Element) -> list[tuple[str, str]]:
    return [
        (path.attrib["data-from"], path.attrib["data-to"])
        for path in root.iter(f"{SVG}path")
        if "data-from" in path.attrib
    ]


# ---------------------------------------------------------------- all formats


@pytest.mark.parametrize("format", FORMATS)
def test_every_task_and_data_node_is_in_each_format(format: str) -> None:
    text = render_graph(diamond(), format, title="sales")
    for name in ("sales", "clean", "left", "right", "join", "raw", "cleaned", "joined"):
        assert re.search(rf"(?<![a-z]){name}(?![a-z])", text), name


@pytest.mark.parametrize("format", FORMATS)
def test_an_empty_graph_can_be_drawn(format: str) -> None:
    text = render_graph(build_graph([]), format, title="nothing")
    assert "nothing" in text
    if format in ("ascii", "svg"):
        assert "no tasks" in text


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("single", [task("only"), task("only", "x", "y")])
def test_a_single_task_can_be_drawn(format: str, single: TaskSpec) -> None:
    assert "only" in render_graph(build_graph([single]), format, title="one")


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_graph_gives_the_same_text(format: str) -> None:
    assert len({render_graph(wide(20), format, title="t") for _ in range(3)}) == 1


@pytest.mark.parametrize("format", FORMATS)
def test_control_characters_never_reach_the_output(format: str) -> None:
    text = render_graph(odd(), format, title="a\x1b]0;b\x07\nc", statuses={"end": "O\x1bDD"})
    assert [c for c in text if not c.isprintable() and c != "\n"] == []


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("status", [status.name for status in Status])
def test_a_status_is_shown(format: str, status: str) -> None:
    plain = render_graph(diamond(), format, title="t")
    text = render_graph(diamond(), format, title="t", statuses={"left": status})
    assert text != plain
    assert status.lower() in text
    assert status.lower() not in plain


@pytest.mark.parametrize("format", FORMATS)
def test_an_unknown_status_is_shown_as_a_question(format: str) -> None:
    text = render_graph(diamond(), format, title="t", statuses={"left": "LOST"})
    assert "?" in text.replace("<?xml", "")


def test_two_statuses_never_look_the_same() -> None:
    for format in FORMATS:
        shown = {
            render_graph(build_graph([task("a")]), format, title="t", statuses={"a": status.name})
            for status in Status
        }
        assert len(shown) == len(Status)


def test_an_unknown_format_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'png': one of ascii, mermaid, dot, svg"):
        render_graph(diamond(), "png", title="t")


@pytest.mark.parametrize("format", FORMATS)
def test_500_tasks_are_drawn_quickly(format: str) -> None:
    layered = [
        task(f"t{n}", " ".join(f"d{n - back}" for back in (10, 13) if n >= back), f"d{n}")
        for n in range(500)
    ]
    deep = [task(f"t{n}", f"d{n}", f"d{n + 1}") for n in range(500)]
    for graph in (build_graph(layered), build_graph(deep), wide(498)):
        start = time.process_time()
        render_graph(graph, format, title="big")
        assert time.process_time() - start < 2.0  # some 0.3 s on a laptop


# ---------------------------------------------------------------------- ascii


def test_a_join_stands_beside_its_branches_and_names_them() -> None:
    assert render_graph(diamond(), "ascii", title="sales").splitlines()[:5] == [
        "sales: 4 tasks in 3 levels",
        "0 └─ clean     raw → cleaned",
        "1    ├─ left   cleaned → l",
        "1    └─ right  cleaned → r",
        "2  ↓ join      l, r → joined  ◀ left, right",
    ]


def test_below_the_graph_its_signs_are_explained() -> None:
    text = render_graph(diamond(), "ascii", title="sales", width=200)
    assert text.splitlines()[5:] == [
        "",
        "number: the level; tasks of one level can run at the same time  inputs → outputs  "
        "◀ starts after these tasks  ↓ starts after all tasks above it in its branch",
    ]
    plain = render_graph(diamond(), "ascii", title="sales", width=200, unicode=False)
    assert "<- starts after these tasks  v starts after all" in plain


def test_only_signs_that_occur_are_explained() -> None:
    single = render_graph(build_graph([task("only", "x", "y")]), "ascii", title="t")
    assert single.splitlines() == ["t: 1 task in 1 level", "└─ only  x → y", "", "inputs → outputs"]
    assert render_graph(build_graph([task("only")]), "ascii", title="t").count("\n") == 1


def test_statuses_are_counted_under_the_title_and_marked_at_each_task() -> None:
    statuses = {"clean": "COMPLETED", "left": "FAILED", "join": "ABANDONED"}
    assert render_graph(diamond(), "ascii", title="s", statuses=statuses).splitlines()[:6] == [
        "s: 4 tasks in 3 levels",
        "✗ 1 failed  ✓ 1 completed  ⊖ 1 abandoned",
        "0 └─ ✓ clean     raw → cleaned",
        "1    ├─ ✗ left   cleaned → l",
        "1    └─   right  cleaned → r",
        "2  ↓ ⊖ join      l, r → joined  ◀ left, right",
    ]


def test_a_chain_is_not_indented_and_a_branch_within_a_branch_keeps_its_rails() -> None:
    graph = build_graph(
        [
            task("a", "", "a"),
            task("b", "a", "b"),
            task("b1", "b", "b1"),
            task("b2", "b", "b2"),
            task("bj", "b1 b2", "bj"),
            task("c", "a", "c"),
            task("z", "bj c"),
        ]
    )
    lines = render_graph(graph, "ascii", title="t", unicode=False, width=60).splitlines()
    assert [line[:13].rstrip() for line in lines[1:8]] == [
        "0 `- a",
        "1    |- b",
        "2    |  |- b1",
        "2    |  `- b2",
        "3    |v bj",
        "1    `- c",
        "4  v z",
    ]


def test_without_unicode_the_text_is_ascii() -> None:
    for graph in (odd(), diamond(), wide(30)):
        statuses = {t.id: "RUNNING" for t in graph.tasks}
        text = render_graph(graph, "ascii", title="t", statuses=statuses, unicode=False)
        assert text.isascii()


def test_long_names_are_shortened_in_the_middle() -> None:
    name = "first_" + "x" * 200 + "_last"
    text = render_graph(build_graph([task(name, "in", "out")]), "ascii", title="t", width=60)
    assert re.search(r"first_x+…x+_last", text)
    assert "in → out" in text


def test_a_tree_too_deep_for_the_terminal_becomes_a_list_by_level() -> None:
    tasks = [task("t0", "", "d0")]
    for n in range(1, 30):
        tasks += [task(f"side{n}", f"d{n - 1}"), task(f"t{n}", f"d{n - 1}", f"d{n}")]
    text = render_graph(build_graph(tasks), "ascii", title="t", width=80)
    assert "level 29" in text
    assert re.search(r"  t29 +d28 → d29  ◀ t28", text)


def test_wide_joins_wrap_and_lose_no_name() -> None:
    text = render_graph(wide(100), "ascii", title="t", width=60)
    join = text[text.index("◀") :]
    assert set(re.findall(r"work_p\d+", join)) == {f"work_p{n}" for n in range(100)}


@settings(max_examples=150, deadline=None)
@given(graphs(), st.integers(20, 120), st.booleans(), st.booleans())
def test_no_line_is_wider_than_asked(
    graph: JobGraph, width: int, unicode: bool, marked: bool
) -> None:
    statuses = {t.id: "FAILED" for t in graph.tasks} if marked else None
    text = render_graph(
        graph, "ascii", title="T" * 50, statuses=statuses, width=width, unicode=unicode
    )
    assert max(columns(line) for line in text.splitlines()) <= width
    assert unicode or text.isascii()


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_each_task_stands_once_below_all_its_predecessors(graph: JobGraph) -> None:
    seen: list[str] = []
    open_at: dict[int, str] = {}
    for row in tree_rows(graph):
        before = graph.predecessors[row.task.id]
        assert set(before) <= set(seen)
        if row.joins:
            assert row.joins == before
        elif row.then:
            assert before == (open_at[len(row.rails)],)
        else:
            assert before == ((open_at[len(row.rails) - 1],) if row.rails else ())
        open_at[len(row.rails)] = row.task.id
        seen.append(row.task.id)
    assert sorted(seen) == sorted(t.id for t in graph.tasks)


def test_shortening_counts_columns_not_letters() -> None:
    assert shorten("abcdef", 6) == "abcdef"
    assert shorten("abcdefgh", 6) == "abc…gh"
    assert columns(shorten("日本語の仕事", 7)) <= 7
    assert shorten("abcdef", 0) == ""


# -------------------------------------------------------------------- mermaid


def test_mermaid_draws_every_edge_from_data_to_task_to_data() -> None:
    text = render_graph(diamond(), "mermaid", title="sales")
    assert text.startswith('---\ntitle: "sales"\n---\nflowchart LR\n')
    assert set(re.findall(r"(\w+) --> (\w+)", text)) == {
        (f"data_{a}", f"task_{b}") if (a, b) in READS else (f"task_{a}", f"data_{b}")
        for a, b in arrows(diamond())
    }
    assert 'task_clean["clean"]:::task' in text
    assert 'data_raw(["raw"]):::data' in text


READS = {(node, t.id) for t in diamond().tasks for node in t.inputs}


def test_mermaid_labels_hold_no_sign_that_mermaid_or_markdown_reads() -> None:
    text = render_graph(odd(), "mermaid", title='"\n---')
    labels = re.findall(r'\["(.*)"\]:::|\(\["(.*)"\]\):::', text)
    assert len(labels) == 3 * len(ODD_NAMES)
    for label in (one or other for one, other in labels):
        assert re.fullmatch(r"(?:[\w .-]|#\d+;)+", label), label
        decoded = re.sub(r"#(\d+);", lambda found: chr(int(found[1])), label)
        assert any(decoded.endswith(printable(name)) for name in ODD_NAMES)
    assert text.splitlines()[1] == r'title: "\"\\n---"'


def test_mermaid_defines_the_classes_that_it_uses() -> None:
    text = render_graph(diamond(), "mermaid", title="t", statuses={"left": "FAILED"})
    used = set(re.findall(r":::(\w+)", text))
    assert used == {"data", "task", "failed"}
    assert set(re.findall(r"classDef (\w+) ", text)) == used
    assert 'task_left["✗ left"]:::failed' in text


# ------------------------------------------------------------------------ dot


def test_dot_draws_every_edge_with_tasks_as_boxes_and_data_as_ellipses() -> None:
    text = render_graph(diamond(), "dot", title="sales")
    assert set(re.findall(r"(\w+) -> (\w+);", text)) == {
        (f"data_{a}", f"task_{b}") if (a, b) in READS else (f"task_{a}", f"data_{b}")
        for a, b in arrows(diamond())
    }
    assert text.count("shape=box") == 4
    assert text.count("shape=ellipse") == 5


def test_dot_strings_are_quoted() -> None:
    text = render_graph(odd(), "dot", title="t")
    assert r'label="say \"hi\"", shape=box' in text
    assert r'label="back\\slash\\", shape=box' in text
    assert 'label="<b>&amp;amp;</b>", shape=box' in text
    assert r'label="two\\nlines", shape=box' in text
    for line in text.splitlines():
        assert len(re.findall(r'(?<!\\)(?:\\\\)*"', line)) % 2 == 0


# ------------------------------------------------------------------------ svg


@settings(max_examples=100, deadline=None)
@given(graphs(), st.booleans())
def test_svg_is_xml_with_every_task_and_edge_once(graph: JobGraph, marked: bool) -> None:
    statuses = {t.id: "RUNNING" for t in graph.tasks} if marked else None
    root = ElementTree.fromstring(render_graph(graph, "svg", title="<&>", statuses=statuses))
    assert root.findtext(f"{SVG}title") == "<&>"
    shown = [
        g.attrib["data-name"]
        for g in root.iter(f"{SVG}g")
        if "task" in g.attrib.get("class", "").split()
    ]
    assert sorted(shown) == sorted(printable(t.id) for t in graph.tasks)
    assert sorted(svg_arrows(root)) == sorted(
        (printable(a), printable(b)) for a, b in arrows(graph)
    )


@settings(max_examples=100, deadline=None)
@given(graphs())
def test_svg_boxes_lie_inside_the_picture_and_never_overlap(graph: JobGraph) -> None:
    root = ElementTree.fromstring(render_graph(graph, "svg", title="t"))
    _, _, width, height = (float(part) for part in root.attrib["viewBox"].split())
    boxes = []
    for g in root.iter(f"{SVG}g"):
        if "data-name" in g.attrib:
            rect = g.find(f"{SVG}rect")
            assert rect is not None
            boxes.append([float(rect.attrib[key]) for key in ("x", "y", "width", "height")])
    for n, (x, y, w, h) in enumerate(boxes):
        assert x >= -0.1 and y >= -0.1 and x + w <= width and y + h <= height
        for x2, y2, w2, h2 in boxes[:n]:
            apart = x + w <= x2 + 0.2 or x2 + w2 <= x + 0.2
            assert apart or y + h <= y2 + 0.2 or y2 + h2 <= y + 0.2


def test_svg_is_self_contained_and_accessible() -> None:
    text = render_graph(wide(8), "svg", title="sales", statuses={"merge": "BLOCKED"})
    root = ElementTree.fromstring(text)
    assert root.attrib["role"] == "img"
    assert root.findtext(f"{SVG}title") == "sales"
    assert root.findtext(f"{SVG}desc") == "10 tasks in 3 levels: 1 blocked"
    assert "prefers-color-scheme:dark" in text
    assert "href" not in text
    assert re.findall(r"https?://[^\"]*", text) == ["http://www.w3.org/2000/svg"]
    assert re.findall(r"url\(([^)]*)\)", text) == ["#jobs-arrow"]


def test_svg_shows_a_status_by_a_glyph_and_not_by_colour_only() -> None:
    root = ElementTree.fromstring(
        render_graph(diamond(), "svg", title="t", statuses={"left": "FAILED"})
    )
    found = [g for g in root.iter(f"{SVG}g") if g.attrib.get("class") == "task failed"]
    assert [g.attrib["data-name"] for g in found] == ["left"]
    assert found[0].find(f"{SVG}path[@class='sign']") is not None
    assert "left: FAILED" in (found[0].findtext(f"{SVG}title") or "")


def test_svg_runs_from_left_to_right_unless_that_is_too_wide() -> None:
    chain = [task(f"step_{n}", f"d{n}", f"d{n + 1}") for n in range(12)]
    for graph, sideways in ((diamond(), True), (build_graph(chain), False)):
        root = ElementTree.fromstring(render_graph(graph, "svg", title="t"))
        assert (float(root.attrib["width"]) > float(root.attrib["height"])) is sideways
