"""The parts of the page that show values: results, inputs, and values between jobs."""

from __future__ import annotations

from taipy_exec.views.report.content import Report
from taipy_exec.views.report.lineage import Lineage
from taipy_exec.views.report.markup import block, moment, plural, text
from taipy_exec.views.report.preview import Preview
from taipy_exec.views.report.values import NEVER

MOST_RESULTS = 60
MOST_INPUTS = 60
MOST_BETWEEN = 60
# A longer text is in a part that can be opened.
_SHORT = 90
# A larger value has a card as wide as the page.
_SHORT_CARD = 400
_NARROW_TABLE = 5


def results(report: Report) -> str:
    """A section with a card for each data node that the submission wrote and no job reads."""
    nodes = [node for node in report.lineage if node.is_result]
    found = [each for each in _shown(report, nodes) if each[1].note != NEVER]
    if not found:
        return ""
    cards = "\n".join(_card(report, *each) for each in found[:MOST_RESULTS])
    more = _more(len(found) - MOST_RESULTS, "result")
    return (
        '<section id="results" aria-labelledby="results-head"><h2 id="results-head">Results</h2>\n'
        f'<p class="hint">Data that this run wrote and that none of its jobs reads.</p>\n'
        f'<div class="cards">{cards}</div>{more}\n</section>'
    )


def inputs(report: Report) -> str:
    """A section with the values of the inputs."""
    found = _shown(report, [node for node in report.lineage if node.is_input])
    if not found:
        return ""
    rows = "\n".join(_row(report, *each) for each in found[:MOST_INPUTS])
    more = _more(len(found) - MOST_INPUTS, "input")
    return (
        '<section id="inputs" aria-labelledby="inputs-head"><h2 id="inputs-head">Inputs</h2>\n'
        '<p class="hint">Data and parameters that no job of this run writes, as they are now.</p>\n'
        '<div class="scroll" tabindex="0" role="region" aria-label="Inputs"><table class="inputs">'
        '<caption class="unseen">Inputs and their values</caption><tbody>\n'
        f"{rows}\n</tbody></table></div>{more}\n</section>"
    )


def between(report: Report) -> str:
    """A closed part for each value that one job wrote and another one read."""
    nodes = [node for node in report.lineage if not node.is_input and not node.is_result]
    found = [each for each in _shown(report, nodes) if each[1].kind != "none"]
    if not found:
        return ""
    parts = "\n".join(_closed(report, *each) for each in found[:MOST_BETWEEN])
    return f"<h3>Values between jobs</h3>\n{parts}{_more(len(found) - MOST_BETWEEN, 'value')}"


def _shown(report: Report, nodes: list[Lineage]) -> list[tuple[Lineage, Preview]]:
    return [(node, report.previews[node.node]) for node in nodes if node.node in report.previews]


def _more(count: int, thing: str) -> str:
    return f"<p>{plural(count, f'more {thing}')}: see Data.</p>" if count > 0 else ""


def _card(report: Report, node: Lineage, preview: Preview) -> str:
    wide = (
        " wide" if len(preview.columns) > _NARROW_TABLE or len(preview.text) > _SHORT_CARD else ""
    )
    return (
        f'<article class="card{wide}"><h3>{text(node.node)}</h3>'
        f'<p class="facts">{_origin(report, node)}</p>{value(node.node, preview)}</article>'
    )


def _origin(report: Report, node: Lineage) -> str:
    """The writer; if it was not this submission, the value is from an earlier one."""
    number = None if node.written_by is None else report.numbers.get(node.written_by)
    if number is not None:
        task = report.stories[number].job.task
        row = f'<a href="#job-{number}">{text(task)}</a>' if report.has_row(number) else text(task)
        told = f"by {row}"
    elif node.written_by is not None:
        by = report.record.shorten(node.written_by)
        told = f"from an earlier run ({text(by)})"
    else:
        told = text(node.storage_type)
    if node.changed_since is not None:
        return f"{told} · <strong>written again since, shown as it is now</strong>"
    return f"{told} · {moment(node.written_at)}" if node.written_at else told


def _row(report: Report, node: Lineage, preview: Preview) -> str:
    is_short = preview.kind == "text" and len(preview.text) <= _SHORT and "\n" not in preview.text
    if is_short or preview.kind == "none":
        shown = value(node.node, preview)
    else:
        shown = _opened(preview, value(node.node, preview))
    return f'<tr><th scope="row">{text(node.node)}</th><td>{shown}</td></tr>'


def _opened(preview: Preview, inner: str) -> str:
    head = preview.text.partition("\n")[0][:_SHORT]
    if preview.kind == "text" and head != preview.text:
        head += "..."
    return f"<details><summary>{text(head)}</summary>{inner}</details>"


def _closed(report: Report, node: Lineage, preview: Preview) -> str:
    head = preview.text.partition("\n")[0][:_SHORT]
    return (
        f'<details class="between"><summary><strong>{text(node.node)}</strong> '
        f'<small>{text(head)}</small></summary><p class="facts">{_origin(report, node)}</p>'
        f"{value(node.node, preview)}</details>"
    )


def value(name: str, preview: Preview) -> str:
    """The preview of a value as HTML. All its text comes from elsewhere and is escaped."""
    match preview.kind:
        case "image":
            return (
                f'<figure><img src="{text(preview.image)}" alt="{text(name)}">'
                f"<figcaption>{text(preview.text)}</figcaption></figure>"
            )
        case "table":
            return _table(name, preview)
        case "none":
            return f'<p class="empty">{text(preview.note)}</p>'
    if "\n" in preview.text or len(preview.text) > 4 * _SHORT:
        return block("value", preview.text, f"Value of {name}")
    return f'<p class="value">{text(preview.text) or "<small>an empty text</small>"}</p>'


def _table(name: str, preview: Preview) -> str:
    heads = "".join(f'<th scope="col">{text(column)}</th>' for column in preview.columns)
    rows = "\n".join(
        f"<tr>{''.join(f'<td>{text(cell)}</td>' for cell in row)}</tr>" for row in preview.rows
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="Table {text(name)}">'
        f'<table class="value"><thead><tr>{heads}</tr></thead><tbody>\n{rows}\n</tbody></table>'
        f'</div><p class="facts">{text(preview.text)}</p>'
    )
