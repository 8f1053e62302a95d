"""The address of a webhook: its check, and the part that may be shown."""

from __future__ import annotations

from urllib.parse import urlsplit


def wrong_address(url: str) -> str | None:
    """The problem of the address, in words without any part of it; None if it is right."""
    if "ENV[" in url:
        return "ENV[...] is only a part of it: put the whole address into the variable"
    if not url.isascii() or not url.isprintable() or " " in url:
        return "must have no spaces, and only ASCII characters: percent-encode the others"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "its host or port is wrong"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "must be an address such as https://HOST/PATH"
    return None


def shown_address(url: str) -> str:
    """Scheme and host: everything else may be a secret."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}/***"
