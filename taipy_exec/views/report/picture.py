"""Pictures that data nodes contain or name, as addresses that a page shows without a file."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# A larger picture is named, not shown. In bytes.
LARGEST = 2_000_000
_LONGEST_PATH = 1_000
_SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg")
_SVG = "image/svg+xml"
# How files of each kind begin.
_KINDS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_WIDEST = 1_600
_WIDEST_INCHES = 16


@dataclass(frozen=True, slots=True)
class Picture:
    """`address` is empty if the picture is too large; `told` describes it."""

    address: str
    told: str


def picture_of(value: Any) -> Picture | None:
    """The picture that a value is: its bytes, or an object that draws itself. None for others."""
    if isinstance(value, bytes | bytearray | memoryview):
        data = bytes(value) if len(value) <= LARGEST else bytes(value[:2_000])
        return _picture(data, len(value), "")
    if isinstance(value, str):
        is_svg = value.lstrip()[:5].lower() in ("<svg ", "<svg>")
        return _picture(value.encode("utf-8", "replace"), len(value), "") if is_svg else None
    data = _drawn(value)
    return _picture(data, len(data), type(value).__name__) if data else None


def file_of(value: Any, root: Path) -> Picture | None:
    """The picture in the file that a value names; None if it names none."""
    if not isinstance(value, str | Path) or len(str(value)) > _LONGEST_PATH:
        return None
    name = str(value)
    if not name.lower().endswith(_SUFFIXES) or "\n" in name or "\0" in name:
        return None
    path = root / name
    try:
        size = path.stat().st_size
        if not path.is_file():
            return None
        with path.open("rb") as file:
            data = file.read(LARGEST)
    except OSError:
        return Picture("", f"{name} (there is no such file)")
    return _picture(data, size, name) or Picture("", name)


def _picture(data: bytes, size: int, name: str) -> Picture | None:
    kind = _kind(data)
    if kind is None:
        return None
    told = f"{name}, " if name else ""
    told += f"{kind.rpartition('/')[2].removesuffix('+xml').upper()}, {size / 1000:,.0f} kB"
    if size > LARGEST:
        return Picture("", f"{told}: too large to be shown here")
    return Picture(f"data:{kind};base64,{base64.b64encode(data).decode()}", told)


def _kind(data: bytes) -> str | None:
    for start, kind in _KINDS:
        if data.startswith(start):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    head = data[:2_000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith(b"<svg") or (head.startswith((b"<?xml", b"<!doctype")) and b"<svg" in head):
        return _SVG
    return None


def _drawn(value: Any) -> bytes:
    """The picture of an object that can draw itself, such as a figure of matplotlib or PIL.

    Libraries are recognized by their names and not imported: the value's class is loaded already.
    """
    names = {(kind.__module__.partition(".")[0], kind.__name__) for kind in type(value).__mro__}
    if ("matplotlib", "Figure") in names:
        return _of_figure(value)
    if ("matplotlib", "Axes") in names:
        # Plots of pandas and seaborn return their axes.
        figure = value.get_figure()
        return _of_figure(figure) if hasattr(figure, "savefig") else b""
    if ("PIL", "Image") in names:
        return _of_image(value)
    for name in ("_repr_png_", "_repr_jpeg_", "_repr_svg_"):
        draw = None if isinstance(value, type) else getattr(value, name, None)
        drawn = draw() if callable(draw) else None
        if isinstance(drawn, str):
            drawn = drawn.encode("utf-8", "replace")
        if isinstance(drawn, bytes) and drawn:
            return drawn
    return b""


def _of_figure(figure: Any) -> bytes:
    file = io.BytesIO()
    width = max(figure.get_size_inches())
    dots = 100 * min(1.0, _WIDEST_INCHES / width)
    figure.savefig(file, format="png", dpi=dots, bbox_inches="tight")
    return file.getvalue()


def _of_image(image: Any) -> bytes:
    file = io.BytesIO()
    if max(image.size) > _WIDEST:
        image = image.copy()
        image.thumbnail((_WIDEST, _WIDEST))
    if image.mode not in ("1", "L", "LA", "P", "RGB", "RGBA"):
        image = image.convert("RGB")
    image.save(file, format="PNG")
    return file.getvalue()
