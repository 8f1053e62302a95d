"""The commands of the documentation, and the applications that they are run on."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from command_support import Application, wait_until

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "CONTRIBUTING.md", "deploy/README.md", "docs/**/*.md")
BIN = Path(sys.executable).parent
_BLOCK = re.compile(r"^(?P<indent> *)```(?P<language>\w+)\n(?P<text>.*?)^ *```$", re.M | re.S)
_SHELL = ("console", "bash", "sh", "shell")


@dataclass(frozen=True, kw_only=True)
class Command:
    """What is typed, and the lines that the page shows below it."""

    text: str
    output: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced block of commands.

    `name` is its page and its first command; a second block with the same one has ` (2)` after it.
    """

    name: str
    commands: tuple[Command, ...]


@dataclass(frozen=True, kw_only=True)
class Case:
    """How a block is run: the state of the application before, and the exit code of its commands.

    `each`: every command gets its own place, because they exclude each other.
    """

    state: str = "done"
    each: bool = False
    code: int = 0


def fenced(page: str, *languages: str) -> Iterator[str]:
    """The blocks of a page in these languages."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for match in _BLOCK.finditer(text):
        if match["language"] in languages:
            lines = (line.removeprefix(match["indent"]) for line in match["text"].splitlines())
            yield "\n".join(lines) + "\n"


def blocks() -> Iterator[Block]:
    """Every block of commands, except docs/ci.md: test_ci_examples.py runs that page."""
    seen: Counter[str] = Counter()
    for path in sorted(path for pattern in PAGES for path in ROOT.glob(pattern)):
        page = str(path.relative_to(ROOT))
        if page == "docs/ci.md":
            continue
        for text in fenced(page, *_SHELL):
            commands = tuple(_commands(text))
            name = f"{page}: {commands[0].text}"
            seen[name] += 1
            if seen[name] > 1:
                name += f" ({seen[name]})"
            yield Block(name=name, commands=commands)


def _commands(text: str) -> Iterator[Command]:
    typed: str | None = None
    output: list[str] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            if typed is not None:
                yield Command(text=typed, output=tuple(output))
            typed, output = re.sub(r"\s+#\s.*", "", line[2:]), []
        elif typed is not None and typed.endswith("\\"):
            typed += "\n" + line
        else:
            assert typed is not None, f"output without a command: {line!r}"
            output.append(line)
    assert typed is not None, f"no command in {text!r}"
    yield Command(text=typed, output=tuple(output))


# -- the application ----------------------------------------------------------------------------

CONFIG = """\
[JOB]
mode = "standalone"
max_nb_of_workers = 2
[DATA_NODE.raw]
default_data = [1, 2, 3]
[DATA_NODE.threshold]
default_data = 0.5
[DATA_NODE.days]
default_data = 30
[DATA_NODE.rows]
[DATA_NODE.model]
[DATA_NODE.forecast]
storage_type = "json"
[TASK.clean]
function = "tasks.clean:function"
inputs = ["raw:SECTION"]
outputs = ["rows:SECTION"]
[TASK.train]
function = "tasks.train:function"
inputs = ["rows:SECTION", "threshold:SECTION"]
outputs = ["model:SECTION"]
[TASK.predict]
function = "tasks.predict:function"
inputs = ["model:SECTION", "days:SECTION"]
outputs = ["forecast:SECTION"]
[SCENARIO.sales]
tasks = ["clean:SECTION", "train:SECTION", "predict:SECTION"]
"""
TASKS = """\
import time
from pathlib import Path


def clean(raw):
    return list(raw)


def train(rows, threshold):
    end = time.monotonic() + 60
    while Path("hold").exists() and time.monotonic() < end:
        time.sleep(0.01)
    if Path("broken").exists():
        print("0 rows read", flush=True)
        raise ValueError("no rows")
    return len(rows)


def predict(model, days):
    return [model] * int(days)
"""
TAIPY_LAYOUT = """\
[DATA_NODE.sales]
storage_type = "csv"
default_path = "data/sales.csv"
[DATA_NODE.rows]
[TASK.clean]
function = "algos.algos.clean:function"
inputs = ["sales:SECTION"]
outputs = ["rows:SECTION"]
[SCENARIO.s]
tasks = ["clean:SECTION"]
"""


BAD = """\
[DATA_NODE.raw]
storage_type = "json"
default_path = "data/sale.csv"
[DATA_NODE.model]


[TASK.fit]
# see steps.py
function = "steps.fit:function"
inputs = ["raw"]
outputs = ["model"]
[SCENARIO.sales]
tasks = ["fit"]
"""


class Place:
    """A folder with an application `app`, in which a reader types commands."""

    def __init__(self, folder: Path, env: Mapping[str, str] | None = None) -> None:
        self.app = Application(folder)
        self.folder = folder
        self.submission = self.job = self.sweep = ""
        self.port = str(free_port())
        self.env = {"PATH": f"{BIN}:/usr/bin:/bin", "COLUMNS": "200", **(env or {})}

    def like(self, other: Place) -> Place:
        """This place, with the files of another one in which nothing runs."""
        shutil.copytree(other.folder, self.folder, dirs_exist_ok=True)
        self.submission, self.job, self.sweep = other.submission, other.job, other.sweep
        return self

    def file(self, name: str, text: str) -> None:
        """Write a file below the place."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def flag(self, name: str, value: bool) -> None:
        """Have `train` hold, or fail, or not."""
        path = self.folder / "app" / name
        path.touch() if value else path.unlink(missing_ok=True)

    def type(self, text: str, *, code: int | None = 0) -> str:
        """Run lines of shell, with ids of the place in the place of the page's; what they print."""
        done = subprocess.run(
            # As on a terminal, the shell lives while the command runs: one of them looks for it.
            ["bash", "-c", f"{self.real(text)}\nexit $?"],
            cwd=self.where(text),
            env=self.app.environment({**self.env, "HOME": str(self.folder)}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        )
        assert code in (None, done.returncode), (
            f"{text}: exit code {done.returncode}\n{done.stdout}"
        )
        return done.stdout

    def where(self, text: str) -> Path:
        """The folder that holds `app` if the command names that or another one, else `app`."""
        if text.startswith("make "):
            return ROOT
        named = re.search(r"(?<![\w./-])(app|demo|bad|src|/srv/app)\b", text)
        named = named or re.match(r"taipy-exec (submit|instances|compare|data show) sales\b", text)
        return self.folder if named else self.folder / "app"

    def real(self, text: str) -> str:
        """A command of a page with the ids, the folder and the port of this place."""
        text = re.sub(r"\b9100\b", self.port, text)
        text = re.sub(r"\bSUBMISSION_1b2c3d4e\b", self.submission, text)
        text = re.sub(r"\bJOB_train_5f6a7b8c\b", self.job, text)
        text = re.sub(r"\bSWEEP_fa6d1132\b", self.sweep, text)
        return text.replace("/srv/app", str(self.folder / "app"))

    def remember(self) -> None:
        """Take the ids of the latest submission and of its job `train`."""
        listed = self.app.run("status", "--json", cwd=self.folder / "app").json
        self.submission = listed["submissions"][0]["id"]
        jobs = self.app.run("status", self.submission, "--json", cwd=self.folder / "app").json
        self.job = next((j["id"] for j in jobs["jobs"] if j["task"] == "train"), "")
        self.status = {job["task"]: job["status"] for job in jobs["jobs"]}

    def missing(self, shown: Iterable[str], printed: str) -> list[str]:
        """The lines that a page shows and that were not printed; `...` stands for any text."""
        found = self._comparable(printed)
        return [
            line
            for line in self._comparable("\n".join(shown))
            if not re.search(re.escape(line).replace(r"\.\.\.", ".*"), "\n".join(found))
        ]

    def _comparable(self, text: str) -> list[str]:
        """Output without the parts that differ in each run: ids, numbers, folders, spaces."""
        text = text.replace(f"{self.folder}/", "").replace("/srv/", "")
        text = re.sub(r"\b(SUBMISSION|JOB|SWEEP)_\w+(-\w+)*(-?\.\.\.)?", r"\1", text)
        text = re.sub(r"\breport-\w+\.", "report-ID.", text)
        text = re.sub(r"\d+m\d+s|\d[\d:.]*( ?(ms|s|kB|MB))?\b", "N", text)
        text = re.sub(r"[\w.-]+:N\b", "HOST:N", text)
        text = re.sub(r"\bN (job|worker)s?\b", r"N \1", text)
        return [" ".join(line.split()) for line in text.splitlines() if line.strip(" ─")]


def free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])


def _new(place: Place) -> None:
    place.file("app/config.toml", CONFIG)
    place.file("app/tasks.py", TASKS)


def _done(place: Place) -> None:
    _new(place)
    place.type("taipy-exec submit app -q")
    place.remember()


def _broken(place: Place) -> None:
    _new(place)
    place.flag("broken", True)


def _failed(place: Place) -> None:
    _broken(place)
    place.type("taipy-exec submit app -q", code=1)
    place.flag("broken", False)
    place.remember()


def _running(place: Place) -> None:
    _new(place)
    place.flag("hold", True)
    place.type("taipy-exec submit app -q --detach")

    def trains() -> bool:
        place.remember()
        return place.status.get("train") == "RUNNING"

    wait_until(trains, 60, "a running job")


def _let_go(place: Place) -> None:
    _running(place)
    place.flag("hold", False)


def _interrupted(place: Place) -> None:
    _running(place)
    place.app.kill_everything()
    place.flag("hold", False)


def _demo(place: Place) -> None:
    _new(place)
    place.type("taipy-exec init demo -q && taipy-exec submit demo -q")
    place.type("taipy-exec data write demo numbers '[5, 4]' -q")


def _bad(place: Place) -> None:
    _new(place)
    place.file("bad/config.toml", BAD)
    place.file("bad/steps.py", "def fit(table, depth):\n    return table\n")


def _damaged(place: Place) -> None:
    _done(place)
    place.file("app/.taipy-exec/state.db", "no database" * 1000)


def _sales(place: Place) -> None:
    """The files that docs/sweeps.md shows, with data."""
    (place.folder / "app").mkdir(exist_ok=True)
    place.file("sales/config.toml", next(fenced("docs/sweeps.md", "toml")))
    place.file("sales/steps.py", next(fenced("docs/sweeps.md", "python")))
    amounts = "\n".join(str(40 + n * 7 % 23) for n in range(60))
    place.file("sales/orders.csv", f"amount\n{amounts}\n")


def _swept(place: Place) -> None:
    _sales(place)
    place.type("taipy-exec submit sales --sweep window=7,14,28 --sweep model=mean,median -q")
    found = place.app.run("instances", "sales", "--json", cwd=place.folder).json["instances"]
    place.sweep = found[0]["group"]


def _layout(folder: str) -> Callable[[Place], None]:
    """The usual layout of a Taipy application."""

    def make(place: Place) -> None:
        (place.folder / "app").mkdir(exist_ok=True)
        place.file(f"{folder}/main.py", "import taipy\n")
        place.file(f"{folder}/config/config.toml", TAIPY_LAYOUT)
        place.file(f"{folder}/algos/algos.py", "def clean(sales):\n    return len(sales)\n")
        place.file(f"{folder}/data/sales.csv", "item,qty\ntea,3\n")

    return make


def _ten_lines(place: Place) -> None:
    """The files that the README shows."""
    place.file("app/config.toml", next(fenced("README.md", "toml")))
    place.file("app/work.py", next(fenced("README.md", "python")))


# In those of `ALIVE` a process runs, so a copy of such a place is another state.
STATES: dict[str, Callable[[Place], None]] = {
    "new": _new,
    "done": _done,
    "broken": _broken,
    "failed": _failed,
    "interrupted": _interrupted,
    "demo": _demo,
    "bad": _bad,
    "damaged": _damaged,
    "src": _layout("src"),
    "app/src": _layout("app/src"),
    "ten lines": _ten_lines,
    "running": _running,
    "let go": _let_go,
    "sales": _sales,
    "swept": _swept,
}
ALIVE = ("running", "let go")


def missing_tool(text: str) -> bool:
    """Whether a command pipes into a program that is not installed here."""
    tools = [tool for tool in ("dot", "jq") if f"| {tool} " in text]
    return any(shutil.which(tool) is None for tool in tools)
