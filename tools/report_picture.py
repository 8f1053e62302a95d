"""docs/report.png: the page of `report` of 500 jobs, of which three failed.

python -m tools.report_picture docs/report.png (`make pictures`)
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from pathlib import Path

LAYERS = (
    "read",
    "clean",
    "join",
    "group",
    "fit",
    "check",
    "choose",
    "forecast",
    "compare",
    "write",
)
WIDTH = 50
FAILING = ("check_17", "choose_42", "forecast_31")
FUNCTIONS = """\
def work(*inputs):
    return 1


def refuse(*inputs):
    print("reading 12,480 rows")
    print("the column 'price' has 14 empty cells")
    raise ValueError("could not convert string to float: 'n/a'")
"""
_COMMAND = [sys.executable, "-m", "taipy_exec"]


def configuration() -> str:
    """Layers of jobs, each of which reads two results of the layer before."""
    chance = random.Random(3)
    parts = ['[JOB]\nmode = "standalone"\n']
    tasks: list[str] = []
    before: list[str] = []
    for layer in LAYERS:
        names = [f"{layer}_{number}" for number in range(WIDTH)]
        for name in names:
            inputs = [f"{other}_out" for other in chance.sample(before, 2)] if before else []
            function = "sales.refuse" if name in FAILING else "sales.work"
            parts.append(f"[DATA_NODE.{name}_out]\n")
            parts.append(
                f'[TASK.{name}]\nfunction = "{function}:function"\n'
                f'inputs = {inputs}\noutputs = ["{name}_out"]\n'
            )
        tasks += names
        before = names
    return "".join((*parts, f"[SCENARIO.sales]\ntasks = {tasks}\n"))


def main(file: str) -> int:
    """Write the picture, by the Chromium that the tests use."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "sales"
        folder.mkdir()
        (folder / "config.toml").write_text(configuration(), encoding="utf-8")
        (folder / "sales.py").write_text(FUNCTIONS, encoding="utf-8")
        subprocess.run([*_COMMAND, "submit"], cwd=folder, check=False, capture_output=True)
        page = folder / "report.html"
        report = [*_COMMAND, "report", "-o", str(page)]
        subprocess.run(report, cwd=folder, check=True, capture_output=True)
        shown = page.read_text(encoding="utf-8").replace(str(folder), "/opt/sales")
        page.write_text(shown, encoding="utf-8")
        chromium = ["chromium", "--headless", "--no-sandbox", "--hide-scrollbars"]
        size = ["--window-size=1280,1000", f"--screenshot={Path(file).resolve()}"]
        subprocess.run([*chromium, *size, page.as_uri()], check=True, capture_output=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
