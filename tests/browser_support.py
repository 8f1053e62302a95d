"""Opening a page in headless Chromium: what is in it then, how it looks, what it complains of."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import re
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    # A page may name what lies elsewhere: it is not to be looked for.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
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

    @contextmanager
    def visit(self, url: str = "about:blank", *, width: int = 1280) -> Iterator[Tab]:
        """A page that stays open, and can be worked with."""
        # Chromium reads orders from descriptor 3 and answers on 4, instead of a port.
        theirs, orders = map(_above, os.pipe())
        answers, back = map(_above, os.pipe())
        script = f'exec "$@" 3<&{theirs} 4>&{back}'
        place = [f"--user-data-dir={self._profile}", f"--window-size={width},900"]
        options = [*_OPTIONS, *place, "--remote-debugging-pipe"]
        process = subprocess.Popen(
            ["bash", "-c", script, "bash", str(PROGRAM), *options, "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=(theirs, back),
        )
        os.close(theirs), os.close(back)
        try:
            tab = Tab(orders, answers)
            tab.go(url)
            yield tab
        finally:
            os.close(orders), os.close(answers)
            _kill_group(process)

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
            _kill_group(process)
        return out.decode("utf-8", "replace"), err.decode("utf-8", "replace")


class Tab:
    """An open page, by Chromium's DevTools protocol: https://chromedevtools.github.io/."""

    def __init__(self, orders: int, answers: int) -> None:
        self.complaints: list[str] = []
        self._orders, self._answers = orders, answers
        self._unread = b""
        self._session = ""
        self._count = 0
        pages = self._do("Target.getTargets")["targetInfos"]
        page = next(found["targetId"] for found in pages if found["type"] == "page")
        self._session = self._do("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        self._do("Runtime.enable")
        self._do("Log.enable")

    def go(self, url: str) -> None:
        """Load another page."""
        found = self._do("Page.navigate", url=url)
        assert "errorText" not in found, f"{url}: {found['errorText']}"
        self.wait_for("document.readyState === 'complete'")

    def evaluate(self, script: str) -> Any:
        """The value of a JavaScript expression, or of its promise."""
        found = self._do(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in found:
            raise AssertionError(f"{script}: {json.dumps(found['exceptionDetails'])}")
        return found["result"].get("value")

    def text(self) -> str:
        """All that can be read on the page."""
        return str(self.evaluate("document.body?.innerText ?? ''"))

    def wait_for(self, script: str, seconds: float = 20) -> None:
        """Wait until a JavaScript expression is true."""
        end = time.monotonic() + seconds
        while not self.evaluate(f"!!({script})"):
            assert time.monotonic() < end, (
                f"waited {seconds} s in vain for {script}; the page says: {self.text()}; "
                f"the console: {self.complaints}"
            )
            time.sleep(0.05)

    def shows(self, text: str, seconds: float = 20) -> None:
        """Wait until this can be read on the page."""
        self.wait_for(showing(text), seconds)

    def click(self, element: str, until: str = "true", seconds: float = 20) -> None:
        """Click on an element when it is there, and again where that did not lead to `until`.

        Both are JavaScript expressions. A page that is being drawn may lose a click.
        """
        # By the element and not by its place, which changes while a page is drawn.
        script = f"""(found => {{
            if (!found || found.disabled || !found.getBoundingClientRect().width) return false;
            found.focus();
            found.click();
            return true;
        }})({element})"""
        end = time.monotonic() + seconds
        while True:
            self.wait_for(script, end - time.monotonic())
            try:
                self.wait_for(until, min(3, end - time.monotonic()))
                return
            except AssertionError:
                if time.monotonic() > end:
                    raise

    def type(self, text: str) -> None:
        """Type into the field that was clicked."""
        self._do("Input.insertText", text=text)

    def choose_file(self, selector: str, file: Path) -> None:
        """Give a file to an <input type="file">, as the user does in the dialog."""
        root = self._do("DOM.getDocument")["root"]["nodeId"]
        node = self._do("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self._do("DOM.setFileInputFiles", nodeId=node, files=[str(file)])

    def screenshot(self) -> bytes:
        """A PNG of what is to be seen now."""
        return base64.b64decode(self._do("Page.captureScreenshot", format="png")["data"])

    # -- the protocol: orders, answers and events are JSON objects, each with a NUL behind ------

    def _do(self, method: str, **params: Any) -> Any:
        self._count += 1
        order = {"id": self._count, "method": method, "params": params}
        if self._session:
            order["sessionId"] = self._session
        os.write(self._orders, json.dumps(order).encode() + b"\0")
        end = time.monotonic() + 60
        while True:
            found = self._next(end)
            if found.get("id") == self._count:
                assert "error" not in found, f"{method}: {found['error']}"
                return found["result"]
            self._note(found)

    def _next(self, end: float) -> Any:
        while b"\0" not in self._unread:
            left = max(end - time.monotonic(), 0)
            ready, _, _ = select.select([self._answers], [], [], left)
            assert ready, "the browser does not answer"
            part = os.read(self._answers, 1 << 20)
            assert part, "the browser has ended"
            self._unread += part
        text, _, self._unread = self._unread.partition(b"\0")
        return json.loads(text)

    def _note(self, event: Any) -> None:
        params = event.get("params", {})
        if event.get("method") == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description", "exception"))
        elif event.get("method") == "Log.entryAdded" and params["entry"]["level"] == "error":
            entry = params["entry"]
            self.complaints.append(f"{entry['text']} {entry.get('url', '')}")


def showing(text: str) -> str:
    """A JavaScript expression: whether this can be read on the page."""
    return f"document.body?.innerText.includes({json.dumps(text)})"


def _above(descriptor: int) -> int:
    """The same one with a number that is neither 3 nor 4."""
    found = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(descriptor)
    return found


def _kill_group(process: subprocess.Popen[Any]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait(10)
