"""Bars of tqdm and pictures of matplotlib and Pillow, with these libraries themselves."""

from __future__ import annotations

import re
from typing import Any

from command_support import Application, Terminal, wait_until

OWN = """
import taipy_exec as tp
def own():
    tp.progress(0.4, "epoch 4")
    gated()
    return 1
"""
BAR = """
def bar():
    from tqdm import tqdm
    for step in tqdm(range(4), desc="fit", mininterval=0):
        if step == 2:
            gated()
    return 1
"""
AFTER = """
def after(value):
    from tqdm import tqdm
    list(tqdm([1, 2]))
    note(f"after {os.getpid()}")
    return value
"""
DRAWN = """
def draw():
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    from PIL import Image
    figure, _ = pyplot.subplots()
    _, axes = pyplot.subplots()
    axes.plot([1, 3, 2])
    image = Image.new("RGB", (64, 32), "red")
    return figure, axes, image, image.convert("P"), image.convert("CMYK")
"""


def reason(app: Application) -> str:
    """What `status` of the only submission says of its running job."""
    found = re.search(r"RUNNING +\S+ +(\S.*)$", app.run("status", "@1").out, re.M)
    return found[1].strip() if found else ""


def test_status_shows_the_progress_of_a_running_job(app: Application) -> None:
    app.module("jobs", OWN)
    app.graph({"own": ("jobs.own", [], ["a"])})
    submitter = app.start("submit", "--json")
    app.begun()
    assert wait_until(lambda: reason(app), 20) == "40% epoch 4"
    app.open_gate()
    assert app.end(submitter).code == 0
    assert "epoch 4" not in app.run("status", "@1").out


def test_a_bar_of_tqdm_is_shown_and_its_process_takes_the_next_job(app: Application) -> None:
    app.module("jobs", BAR + AFTER)
    app.graph({"bar": ("jobs.bar", [], ["a"]), "after": ("jobs.after", ["a"], ["b"])}, workers=1)
    terminal = Terminal(app, "submit", columns=120)
    terminal.screen_with(r"bar +\S+ RUNNING.*fit: +50%")
    assert wait_until(lambda: reason(app), 20).startswith("fit:  50%")
    app.open_gate()
    assert terminal.finish() == 0
    _, ended, after = app.ledger()
    assert ended.removeprefix("end ") == after.removeprefix("after ")
    assert "takes no other job" not in app.run("logs", "bar").out


def test_figures_axes_and_images_are_pictures_in_the_report(app: Application) -> None:
    app.module("jobs", DRAWN)
    names = ["figure", "axes", "image", "palette", "print"]
    app.graph({"draw": ("jobs.draw", [], names)})
    assert app.run("submit", timeout=120).code == 0
    assert app.run("report", "-o", "report.html").code == 0
    page = (app.folder / "report.html").read_text("utf-8")
    cards = re.findall(r'<article class="card">.*?</article>', page, re.DOTALL)
    shown: dict[Any, Any] = {}
    for card in cards:
        name = re.search(r"<h3>(\w+)</h3>", card)
        picture = re.search(r'<img src="data:image/png;base64,\w[^"]+" alt="(\w+)">', card)
        shown[name and name[1]] = picture and picture[1]
    assert shown == {name: name for name in names}
