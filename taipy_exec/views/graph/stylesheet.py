"""The look of the SVG: its stylesheet for both colour schemes, and its glyphs as strokes."""

from __future__ import annotations

from collections.abc import Iterable

from taipy_exec.views.palette import LOOKS, PLAIN, Tone, class_name

# Plain classes, not CSS variables: converters (rsvg, cairosvg, Inkscape) support no variables.
# cairosvg draws nothing if it finds `height:auto`, so that is in a rule that it ignores.
_SHAPES = """
@media screen{.jobs{max-width:100%;height:auto}}
.jobs text{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
.jobs .heading{font-size:14px;font-weight:600}
.jobs .size,.jobs .legend text,.jobs .data text{font-size:11px;font-weight:400}
.jobs .task text{font-size:13px;text-anchor:middle}
.jobs .data text{text-anchor:middle}
.jobs .task rect{stroke-width:1.5}
.jobs .edge{fill:none;stroke-width:1.3}
.jobs .reads{marker-end:url(#jobs-arrow)}
.jobs .sign{fill:none;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}
.jobs text.sign{stroke:none;font-size:13px;font-weight:700;text-anchor:middle}
"""
_LIGHT = {
    "ground": "#ffffff",
    "frame": "#d1d9e0",
    "text": "#1f2328",
    "faint": "#59636e",
    "edge": "#8c959f",
}
_DARK = {
    "ground": "#0d1117",
    "frame": "#30363d",
    "text": "#e6edf3",
    "faint": "#9198a1",
    "edge": "#6e7681",
}
GLYPH_PATHS = {
    "SUBMITTED": "M6 4.8a1.2 1.2 0 1 0 .01 0z",
    "BLOCKED": "M6 1.5a4.5 4.5 0 1 0 .01 0z",
    "PENDING": "M6 1.5a4.5 4.5 0 1 0 .01 0zM6 3.5V6l1.8 1.2",
    "RUNNING": "M3 1.5 10 6 3 10.5z",
    "CANCELED": "M6 1.5a4.5 4.5 0 1 0 .01 0zM2.8 9.2 9.2 2.8",
    "FAILED": "M2.5 2.5l7 7M9.5 2.5l-7 7",
    "COMPLETED": "M1.5 6.5 4.5 9.5 10.5 2.5",
    "SKIPPED": "M2 2.5 5.5 6 2 9.5M6.5 2.5 10 6 6.5 9.5",
    "ABANDONED": "M6 1.5a4.5 4.5 0 1 0 .01 0zM3.5 6h5",
}


def stylesheet(statuses: Iterable[str]) -> str:
    """CSS for drawings with these statuses, in light, and in dark for readers who prefer it."""
    used = sorted(statuses)
    dashed = [class_name(s) for s in used if s in LOOKS and LOOKS[s].dashed]
    dashes = "".join(f".jobs .{name} rect{{stroke-dasharray:4 3}}\n" for name in dashed)
    light, dark = (_colours(scheme, used, night) for scheme, night in ((_LIGHT, 0), (_DARK, 1)))
    return f"{_SHAPES}{dashes}{light}@media (prefers-color-scheme:dark){{\n{dark}}}\n"


def _colours(scheme: dict[str, str], statuses: Iterable[str], night: int) -> str:
    plain = PLAIN.dark if night else PLAIN.light
    rules = [
        f".jobs .ground{{fill:{scheme['ground']};stroke:{scheme['frame']}}}",
        f".jobs .heading{{fill:{scheme['text']}}}",
        f".jobs .size,.jobs .legend text,.jobs .data text{{fill:{scheme['faint']}}}",
        f".jobs .edge{{stroke:{scheme['edge']}}}",
        f".jobs .head{{fill:{scheme['edge']}}}",
        f".jobs .data rect{{fill:{scheme['ground']};stroke:{scheme['frame']}}}",
        *_tone(".task", plain),
    ]
    for status in statuses:
        if status in LOOKS:
            # With the element's name the rule takes precedence over the plain one, also over that
            # of another graph further down on the same page.
            rules += _tone(
                f"g.{class_name(status)}", LOOKS[status].dark if night else LOOKS[status].light
            )
    return "".join(f"{rule}\n" for rule in rules)


def _tone(group: str, tone: Tone) -> list[str]:
    return [
        f".jobs {group} rect{{fill:{tone.fill};stroke:{tone.stroke}}}",
        f".jobs {group} text{{fill:{tone.text}}}",
        f".jobs {group} path{{stroke:{tone.stroke}}}",
    ]
