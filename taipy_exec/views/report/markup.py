"""Small pieces of HTML. All text is escaped."""

from __future__ import annotations

import datetime as dt
from html import escape

from taipy_exec.views.palette import class_name, glyph
from taipy_exec.visible_text import one_line, uncoloured


def text(value: object) -> str:
    """A value as text between tags or in a quoted attribute, on one line."""
    return escape(one_line(str(value)), quote=True)


def badge(status: str) -> str:
    """A status with its sign: never colour alone."""
    return (
        f'<span class="badge {class_name(status)}"><span aria-hidden="true">{glyph(status)}</span> '
        f"{text(status)}</span>"
    )


def moment(seconds: float | None, *, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """A local time for people, and the same for programs."""
    if seconds is None:
        return ""
    at = dt.datetime.fromtimestamp(seconds).astimezone()
    full = f"{at.strftime('%Y-%m-%d %H:%M:%S.%f')[:-3]} {text(at.strftime('%Z'))}"
    return (
        f'<time datetime="{at.isoformat(timespec="milliseconds")}" title="{full}">'
        f"{at.strftime(form)}</time>"
    )


def zone(seconds: float) -> str:
    """The name of the time zone that `moment` shows times in."""
    return text(dt.datetime.fromtimestamp(seconds).astimezone().strftime("%Z"))


def plural(count: int, thing: str) -> str:
    """`1 job`, `2 jobs`."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def size(count: int) -> str:
    """`812 bytes`, `12 kB`, `3.4 MB`."""
    if count < 1_000:
        return plural(count, "byte")
    if count < 1_000_000:
        return f"{count / 1_000:.0f} kB"
    return f"{count / 1_000_000:.1f} MB"


def command(words: str) -> str:
    """A command to select with one click."""
    return f'<code class="command">{text(words)}</code>'


def block(kind: str, content: str, label: str) -> str:
    """Preformatted text that can be scrolled, also with the keyboard."""
    return (
        f'<pre class="{kind}" tabindex="0" role="region" aria-label="{text(label)}">'
        f"{escape(uncoloured(content.rstrip()))}\n</pre>"
    )
