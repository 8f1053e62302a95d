"""Opening a page in headless Chromium: what is in it then, how it looks, what it complains of."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

PROGRAM = Path("/usr/bin/chromium")
_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
)
_COMPLAINT = re.compile(r"CONSOLE[:(]\S* (.*)")


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page after its scripts ran: its elements as HTML, and what stood on the console."""

    dom: str
    complaints: list[str]


class Browser:
    """Starts one process for each page, and leaves none."""

    def __init__(self, profile: Path) -> None:
        self._profile = profile

    @staticmethod
    def missing() -> str | None:
        """What is missing on this machine, in words."""
        return None if PROGRAM.exists() else f"there is no {PROGRAM}: apt-get install chromium"

    def open(self, page: Path, fragment: str = "") -> Page:
        """Load a file and run its scripts."""
        out, err = self._run("--dump-dom", f"{page.as_uri()}{fragment}")
        return Page(dom=out, complaints=_COMPLAINT.findall(err))

    def screenshot(self, page: Path, *, width: int = 1280, dark: bool = False) -> bytes:
        """A PNG of the first screen, in the light or the dark scheme."""
        picture = self._profile.parent / "screenshot.png"
        scheme = ["--blink-settings=preferredColorScheme=0"] if dark else []
        self._run(f"--screenshot={picture}", f"--window-size={width},900", *scheme, page.as_uri())
        return picture.read_bytes()

    def _run(self, *arguments: str) -> tuple[str, str]:
        process = subprocess.Popen(
            [str(PROGRAM), *_OPTIONS, f"--user-data-dir={self._profile}", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            out, err = process.communicate(timeout=90)
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait(10)
        return out.decode("utf-8", "replace"), err.decode("utf-8", "replace")
