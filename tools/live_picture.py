"""docs/live.svg: a frame of the live table, from a real run of the example application.

python -m tools.live_picture docs/live.svg (`make pictures`)

The example runs in a copy, once to learn how long its tasks take and once on a terminal. The
picture shows the frame in which half of the jobs have completed.
"""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Sequence
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
TYPED = "taipy-exec submit configs/standalone.toml"
_COMMAND = [sys.executable, "-m", "taipy_exec", *TYPED.split()[1:]]
_COLUMNS, _ROWS = 92, 32
_NEW_FRAME = re.compile(r"(?:\r?\x1b\[2K|\x1b\[1A|\x1b\[\?25[lh])+")
_FONT = 'ui-monospace, SFMono-Regular, Menlo, "DejaVu Sans Mono", monospace'


def on_a_terminal(command: Sequence[str], folder: Path) -> str:
    """What a command writes to a terminal."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execve(command[0], list(command), {**os.environ, "TERM": "xterm-256color"})
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
    written = b""
    while True:
        try:
            part = os.read(terminal, 1 << 16)
        except OSError:
            break
        if not part:
            break
        written += part
    os.waitpid(pid, 0)
    return written.decode("utf-8")


def frame_in_the_middle(written: str) -> str:
    """The first frame in which half of the jobs have completed and one runs."""
    frames = [frame for frame in _NEW_FRAME.split(written) if "RUNNING" in frame]
    done = [frame.count("COMPLETED") for frame in frames]
    half = max(done) / 2
    return next(frame for frame, count in zip(frames, done, strict=True) if count >= half)


def svg(frame: str) -> str:
    """The picture; it loads no font from elsewhere."""
    console = Console(record=True, width=_COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text.assemble(("$ ", "bright_black"), TYPED))
    for line in frame.replace("\r", "").rstrip().split("\n"):
        console.print(Text.from_ansi(line), no_wrap=True)
    form = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    form = form.replace("Fira Code, monospace", _FONT)
    picture = console.export_svg(title="taipy-exec", code_format=form, unique_id="live")
    return "\n".join(line.rstrip() for line in picture.splitlines()) + "\n"


def main(file: str) -> int:
    """Write the picture."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(ROOT / "configs", folder / "configs")
        subprocess.run(_COMMAND, cwd=folder, check=True, capture_output=True)
        written = on_a_terminal([*_COMMAND, "--force"], folder)
    Path(file).write_text(svg(frame_in_the_middle(written)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
