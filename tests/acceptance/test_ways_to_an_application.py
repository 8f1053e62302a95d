"""An application in the layout of public Taipy applications, named in every way, in every mode."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from command_support import Application, Result, wait_until

CONFIG = """\
[DATA_NODE.sales]
storage_type = "json"
default_path = "data/sales.json"
[DATA_NODE.total]
[TASK.add]
function = "algos.algos.add:function"
inputs = ["sales:SECTION"]
outputs = ["total:SECTION"]
[SCENARIO.sales_total]
tasks = ["add:SECTION"]
"""
# It imports Taipy, as theirs do; here that is not installed, and not needed.
MAIN = """\
import taipy as tp
from taipy import Config
Config.load("config/config.toml")
if __name__ == "__main__":
    tp.Orchestrator().run()
"""
# Working folder below the one that holds `src`, and what is typed there.
WAYS = [
    ("src", "config/config.toml"),
    ("/", "{src}/config/config.toml"),
    (".", "src/config/config.toml"),
    ("src/config", "config.toml"),
    ("src", "."),
]


class Layout:
    """The application, run from where its user is."""

    def __init__(self, folder: Path) -> None:
        self.app = Application(folder)
        self.src = folder / "my src"
        for name, text in {
            "main.py": MAIN,
            "config/config.toml": CONFIG,
            "algos/algos.py": "def add(sales):\n    return sum(sales)\n",
            "data/sales.json": "[1, 2, 3]",
        }.items():
            path = self.src / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def run(self, way: tuple[str, str], *arguments: str, **more: Any) -> Result:
        """Run a command in the way's folder; `APP` stands for what is typed there."""
        return self.app.run(*self._typed(way, arguments), cwd=self._cwd(way), **more)

    def start(self, way: tuple[str, str], *arguments: str, **more: Any) -> Any:
        return self.app.start(*self._typed(way, arguments), cwd=self._cwd(way), **more)

    def _cwd(self, way: tuple[str, str]) -> Path:
        return self.app.folder / way[0].replace("src", "my src")

    def _typed(self, way: tuple[str, str], arguments: tuple[str, ...]) -> list[str]:
        app = way[1].replace("{src}", "SRC").replace("src", "my src").replace("SRC", str(self.src))
        return [app if argument == "APP" else argument for argument in arguments]

    def made(self) -> set[str]:
        """The folders of data and state, wherever they are."""
        return {
            str(path.relative_to(self.app.folder))
            for name in (".taipy-exec", "user_data")
            for path in self.app.folder.rglob(name)
        }


@pytest.fixture
def layout(tmp_path: Path) -> Any:
    found = Layout(tmp_path / "app")
    yield found
    found.app.release()


@pytest.mark.long
@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_every_way_gives_the_same_data_and_state(layout: Layout, mode: str) -> None:
    for number, way in enumerate(WAYS, 1):
        result = layout.run(way, "submit", "APP", "--mode", mode, "--json")
        assert result.code == 0, result.err
        assert result.err.count(f"root: {layout.src}, which has the module algos.algos") == 1
        shown = layout.run(way, "data", "show", "APP", "total", "--json")
        assert shown.json["value"] == 6
        assert shown.json["path"].startswith("user_data/pickles/")
        listed = layout.run(way, "status", "-a", "APP", "--json").json["submissions"]
        assert len(listed) == number
        id = result.json["submission"]["id"]
        assert layout.run(way, "wait", id, "-a", "APP", "--json").json == result.json
        assert layout.run(way, "check", "APP").code == 0
    assert layout.made() == {"my src/.taipy-exec", "my src/user_data"}


@pytest.mark.long
def test_workers_find_it_in_every_way_and_run_its_jobs(layout: Layout, broker_url: str) -> None:
    env = {"TAIPY_EXEC_BROKER_URL": broker_url}
    for way in WAYS:
        worker = layout.start(
            way, "run-worker", "--application-path", "APP", "--max-jobs", "1", env=env
        )
        result = layout.run(WAYS[0], "submit", "APP", "--mode", "cluster", "--json", env=env)
        assert result.code == 0, result.err
        assert layout.app.end(worker, 60).code == 0
        assert layout.run(way, "workers", "-a", "APP", env=env).code == 0
    assert layout.run(WAYS[1], "data", "show", "APP", "total").out.strip() == "6"
    assert layout.made() == {"my src/.taipy-exec", "my src/user_data"}


def test_a_detached_submission_ends_in_the_same_root(layout: Layout) -> None:
    id = layout.run(WAYS[2], "submit", "APP", "--mode", "standalone", "--detach").out.strip()
    assert layout.run(WAYS[0], "wait", id, "-a", "APP").code == 0
    assert layout.made() == {"my src/.taipy-exec", "my src/user_data"}


def test_a_root_that_is_given_is_used_and_named_in_hints(layout: Layout) -> None:
    shutil.move(layout.src / "config", layout.app.folder / "elsewhere")
    way = (".", "elsewhere/config.toml")
    missing = layout.run(way, "submit", "APP")
    assert missing.code == 3
    for word in ("algos", str(layout.app.folder / "elsewhere"), "--root"):
        assert word in missing.err
    result = layout.run(way, "submit", "APP", "--root", "my src", "--detach")
    assert result.code == 0
    assert f"root: {layout.src}, as given" in result.err
    hint = result.err.partition("hint: taipy-exec ")[2].strip()
    assert "--root 'my src'" in hint
    assert layout.app.shell(f"$T {hint}").code == 0
    env = {"TAIPY_EXEC_ROOT": str(layout.src)}
    assert layout.run(("/", "{src}/../elsewhere/config.toml"), "plan", "APP", env=env).code == 0
    assert layout.made() == {"my src/.taipy-exec", "my src/user_data"}


def test_a_root_that_is_no_folder_is_wrong_use(layout: Layout) -> None:
    result = layout.run(WAYS[0], "submit", "APP", "--root", "nowhere", "--json")
    assert (result.code, result.json["error"]["kind"]) == (2, "usage")
    assert "nowhere" in result.err


def test_a_missing_module_is_told_with_the_folders_that_were_looked_in(layout: Layout) -> None:
    (layout.src / "algos" / "algos.py").rename(layout.src / "algos" / "other.py")
    result = layout.run(WAYS[0], "submit", "APP")
    assert result.code == 3
    for word in ("algos", str(layout.src / "config"), f"{layout.src} ", "installed packages"):
        assert word in result.err


def test_a_module_in_two_folders_is_warned_of(layout: Layout) -> None:
    shutil.copytree(layout.src / "algos", layout.src / "config" / "algos")
    beside = layout.src / "config"
    result = layout.run(WAYS[0], "check", "APP")
    assert f"the module algos.algos is in {beside} and in {layout.src}" in result.err
    assert "root:" not in result.err
    given = layout.run(WAYS[0], "submit", "APP", "--root", ".")
    assert (given.code, "is in" in given.err) == (0, False)


def test_several_files_that_could_be_meant_are_told(layout: Layout) -> None:
    (layout.src / "config" / "second.toml").write_text(CONFIG)
    result = layout.run(WAYS[4], "submit", "APP")
    assert result.code == 3
    assert "config/config.toml, config/second.toml" in result.err
    assert layout.run(WAYS[4], "submit", "config/second.toml").code == 0


def test_the_state_of_an_older_version_is_found_with_a_note(layout: Layout) -> None:
    assert layout.run(WAYS[0], "submit", "APP").code == 0
    older = layout.src / "config" / ".taipy-exec"
    (layout.src / ".taipy-exec").rename(older)
    for way in WAYS:
        result = layout.run(way, "status", "-a", "APP", "--json")
        assert len(result.json["submissions"]) == 1
        assert f"note: the state of an older version is used: {older}" in result.err
    assert layout.run(WAYS[2], "submit", "APP").code == 0
    move = result.err.partition("to the root: ")[2].splitlines()[0]
    assert layout.app.shell(move).code == 0
    found = layout.run(WAYS[0], "status", "-a", "APP", "--json")
    assert len(found.json["submissions"]) == 2
    assert "older version" not in found.err


def test_a_killed_submission_is_carried_on_from_another_folder(layout: Layout) -> None:
    (layout.src / "algos" / "algos.py").write_text(
        "import os, time\n\n\ndef add(sales):\n    open('begun', 'w').close()\n"
        "    while not os.path.exists('gate'):\n        time.sleep(0.01)\n    return sum(sales)\n"
    )
    submit = layout.start(WAYS[3], "submit", "APP", "--mode", "standalone")
    wait_until((layout.src / "begun").exists, 30, "the job to begin")
    submit.kill()
    submit.wait(10)
    (layout.src / "gate").touch()
    resumed = layout.run(WAYS[2], "resume", "-a", "APP", "--json")
    assert resumed.json["submission"]["status"] == "COMPLETED"


PROGRAM = """\
import sys
from pathlib import Path

import taipy_exec as tp
from taipy_exec import Config

Config.load(Path(__file__).parent / "config" / "config.toml")
Config.configure_job_executions(mode=sys.argv[1])
if __name__ == "__main__":
    tp.Orchestrator().run()
    scenario = tp.create_scenario(Config.scenarios["sales_total"], name=sys.argv[2])
    scenario.submit(wait=True)
    print(scenario.total.read())
"""


@pytest.mark.one_variant
@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_a_program_that_loads_the_file_shares_its_root_with_the_command_line(
    layout: Layout, mode: str
) -> None:
    (layout.src / "main.py").write_text(PROGRAM)
    for number, folder in enumerate((layout.src, layout.app.folder, Path("/")), 1):
        process = layout.app.start(
            mode, f"name{number}", command=[sys.executable, str(layout.src / "main.py")], cwd=folder
        )
        result = layout.app.end(process)
        assert (result.code, result.out.strip()) == (0, "6"), result.err
    listed = layout.run(WAYS[0], "status", "-a", "APP", "--json").json["submissions"]
    assert [s["name"] for s in listed] == ["name3", "name2", "name1"]
    shown = layout.run(WAYS[2], "data", "show", "APP", "total", "--name", "name2")
    assert shown.out.strip() == "6"
    assert layout.made() == {"my src/.taipy-exec", "my src/user_data"}
