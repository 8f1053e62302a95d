"""`make release-check`: install the built wheel in a fresh environment, and use it there.

The tests run in a folder without the package `taipy_exec`, so they find the installed one only.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from taipy_exec.version import __version__

ROOT = Path(__file__).parents[1]
WHEEL = ROOT / "dist" / f"taipy_exec-{__version__}-py3-none-any.whl"
TEST_PACKAGES = ("pytest>=8", "pytest-xdist>=3.6", "pytest-timeout>=2.3")
TESTS = [f"tests/acceptance/test_{name}.py" for name in ("exit_codes", "golden_output", "init")]


def run(folder: Path, *command: str | Path) -> None:
    """Run a command in a folder, without this environment's Python path."""
    print("$", *command, flush=True)
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    subprocess.run(command, cwd=folder, env=environment, check=True)


def check(folder: Path) -> None:
    """Install, use, test and uninstall the wheel."""
    run(folder, sys.executable, "-m", "venv", "env")
    programs = folder / "env" / "bin"
    pip = (programs / "pip", "--quiet", "--disable-pip-version-check")
    run(folder, *pip, "install", f"taipy-exec[csv] @ {WHEEL.as_uri()}", *TEST_PACKAGES)
    run(folder, *pip, "check")
    run(folder, programs / "taipy-exec", "--version")
    run(folder, programs / "taipy-exec", "init", "demo")
    run(folder, programs / "taipy-exec", "submit", "demo")

    checkout = folder / "checkout"
    for part in ("tests", "tools"):
        shutil.copytree(ROOT / part, checkout / part)
    shutil.copy(ROOT / "pyproject.toml", checkout)
    run(checkout, programs / "python", "-m", "pytest", "-n", "2", "-m", "not long", *TESTS)

    run(folder, *pip, "uninstall", "--yes", "taipy-exec")
    left = [str(path) for path in (folder / "env").rglob("taipy*")]
    if left:
        raise SystemExit(f"`pip uninstall taipy-exec` leaves: {', '.join(left)}")


def main() -> None:
    """Check the wheel of this version in dist/; CalledProcessError names what failed."""
    with tempfile.TemporaryDirectory() as folder:
        check(Path(folder))
    print(f"{WHEEL.relative_to(ROOT)} works")


if __name__ == "__main__":
    main()
