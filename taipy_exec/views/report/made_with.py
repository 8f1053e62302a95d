"""The part of the page about the code, the versions and the machine of a submission."""

from __future__ import annotations

from taipy_exec.model.provenance import Provenance
from taipy_exec.views.report.content import Report
from taipy_exec.views.report.markup import command, plural, text


def made_with(report: Report) -> str:
    """A closed part with code, versions and machine; empty if nothing is known."""
    made = Provenance.of(report.record.properties)
    if made is None:
        return ""
    facts = [
        ("Command", command(made.command) if made.command else ""),
        ("Code", _code(made)),
        ("By", text("@".join(filter(None, (made.user, made.host))))),
        ("Python", text(" on ".join(filter(None, (made.python, made.platform))))),
        ("taipy-exec", text(made.taipy_exec)),
        ("Packages", _packages(made)),
    ]
    shown = "".join(f"<div><dt>{name}</dt><dd>{fact}</dd></div>" for name, fact in facts if fact)
    return (
        f'<details class="made"><summary>Made with {_summary(made)}</summary>'
        f"<dl>{shown}</dl></details>"
    )


def _summary(made: Provenance) -> str:
    parts = []
    if made.commit:
        parts.append(f"commit {made.commit[:9]}{' and changes' if made.changes else ''}")
    if made.python:
        parts.append(f"Python {made.python}")
    if made.user:
        parts.append(f"by {made.user}")
    return text(", ".join(parts) or made.command)


def _code(made: Provenance) -> str:
    if not made.commit:
        return ""
    branch = f" on {text(made.branch)}" if made.branch else ""
    if made.changes is None:
        state = "whether files were changed is not known"
    elif not made.changes:
        state = "no file was changed"
    else:
        names = ", ".join(map(text, made.changed))
        left = made.changes - len(made.changed)
        more = f" and {left:,} more" if left > 0 else ""
        state = f"{plural(made.changes, 'changed file')}: {names}{more}"
    return f"<code>{text(made.commit)}</code>{branch}; {state}"


def _packages(made: Provenance) -> str:
    return ", ".join(f"{text(name)} {text(version)}" for name, version in made.packages.items())
