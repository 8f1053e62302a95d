"""Applications as `taipy create` makes them, unchanged, at work while a browser shows a page."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from browser_support import Browser, Tab, showing
from command_support import FLOW, Result, wait_until
from taipy_support import TAIPY, Program, end_workers, ready_workers

Environment = Mapping[str, str | None]

# The template `default` has no jobs of its own. Two of these wait for the test, one for them.
FORK = """\
[DATA_NODE.one]
[DATA_NODE.two]
[DATA_NODE.both]

[TASK.left]
function = "flow.gated:function"
outputs = ["one:SECTION"]

[TASK.right]
function = "flow.gated:function"
outputs = ["two:SECTION"]

[TASK.join]
function = "flow.work:function"
inputs = ["one:SECTION", "two:SECTION"]
outputs = ["both:SECTION"]

[SCENARIO.fork]
tasks = ["left:SECTION", "right:SECTION", "join:SECTION"]
"""

# By Taipy's REST service, which serves the same port.
SUBMIT_FORK = """(async () => {
    const post = async path => (await fetch(`/api/v1/scenarios/${path}`, {method: "POST"})).json();
    const made = await post("?config_id=fork");
    return (await post(`submit/${made.scenario.id}/`)).message;
})()"""
STATUSES = """(async () => {
    const jobs = await (await fetch("/api/v1/jobs/")).json();
    return jobs.map(job => job.status).sort().join(" ");
})()"""


class Created(Program):
    """An application that `taipy create` made of a template, with these answers."""

    def __init__(self, place: Path, template: str, *answers: str) -> None:
        super().__init__(place)
        made = subprocess.run(
            [*TAIPY, "create", "--application", template],
            cwd=place,
            # It keeps the answers in the home folder.
            env=self.environment({"HOME": str(place)}),
            input="".join(f"{answer}\n" for answer in ("made", "main.py", *answers)),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert made.returncode == 0, made.stdout + made.stderr
        self.folder = place / "made"
        self.main = self.folder / "main.py"
        self._made = self._contents()

    def _contents(self) -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}

    def is_unchanged(self) -> bool:
        """Whether all that `taipy create` made is as it was."""
        return self._made.items() <= self._contents().items()

    def configure_fork(self) -> dict[str, str | None]:
        """Tell by the environment of jobs whose functions lie in a file beside the template's."""
        self.module("flow", FLOW)
        file = self.folder.parent / "fork.toml"
        file.write_text(FORK, encoding="utf-8")
        return {"TAIPY_CONFIG_PATH": str(file)}

    def two_workers(self, env: Environment) -> list[subprocess.Popen[str]]:
        """Two workers that are ready, by the command that Taipy's manual writes."""
        command = ("run-worker", "--application-path", str(self.folder))
        workers = [self.start(*command, command=TAIPY, env=env, cwd=Path("/")) for _ in range(2)]
        ready_workers(self, str(env["TAIPY_EXEC_BROKER_URL"]), 2)
        return workers


class Served:
    """A created application that `taipy-exec run` has started, with its pages."""

    def __init__(self, program: Created, mode: str, env: Environment) -> None:
        self.program = program
        self._env = env
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        options = ("--host", "127.0.0.1", "--port", str(port), "--no-run-browser")
        self.process = program.start("run", "--mode", mode, "main.py", *options, env=env)
        wait_until(self._answers, 60, "the pages")

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(self.program.end(self.process))
        return self.answers()

    def answers(self) -> bool:
        """Whether the pages are served."""
        try:
            with urllib.request.urlopen(self.url, timeout=10) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def interrupt(self) -> None:
        """Ctrl-C on its terminal: all its processes get it."""
        os.killpg(self.process.pid, signal.SIGINT)

    def end(self) -> Result:
        """Wait until it has ended."""
        result = self.program.end(self.process, 60)
        assert "Traceback" not in result.out + result.err, result
        return result

    def completed(self, number: int) -> list[Any]:
        """The jobs of all submissions, once there are so many and they are COMPLETED."""

        def jobs() -> list[Any]:
            found = self.program.run("status", "--json").json["submissions"]
            if len(found) < number or any(one["status"] != "COMPLETED" for one in found):
                return []
            return [job for one in found for job in self.program.status(one["id"]).json["jobs"]]

        found: list[Any] = wait_until(jobs, 60, f"{number} submissions to complete")
        return found

    def workers(self) -> list[Any]:
        """What the workers tell of themselves."""
        name = self.program.folder.name
        found: list[Any] = self.program.run(
            "workers", "--application", name, "--json", env=self._env
        ).json["workers"]
        return found


Create = Callable[..., Created]


@pytest.fixture
def create(tmp_path: Path) -> Iterator[Create]:
    """Makes an application of a template."""
    made: list[Created] = []

    def make(template: str, *answers: str) -> Created:
        made.append(Created(tmp_path / "an app", template, *answers))
        return made[-1]

    yield make
    for one in made:
        one.release()


# -- what a user does on the pages of the template `sdm` ------------------------------------------


def on_page(tab: Tab, url: str, act: Callable[..., None], *arguments: Any) -> None:
    """Load the page and do something there; and again, where that came to nothing.

    One thread of Taipy's GUI forgets what it keeps of the entities while another one reads it:
    a list is empty then, or the page says that something went wrong.
    """
    for left in (2, 1, 0):
        tab.go(url)
        try:
            act(tab, *arguments)
        except AssertionError:
            if not left:
                raise
        else:
            return


def button(label: str) -> str:
    return f"[...document.querySelectorAll('button')].find(e => e.innerText.trim() == '{label}')"


class Tree:
    """One of the two trees at the left."""

    def __init__(self, name: str) -> None:
        self._place = f".taipy_gui_core-{name}-selector"

    def line(self, label: str) -> str:
        lines = f"[...document.querySelectorAll('{self._place} .MuiTreeItem-content')]"
        return f"{lines}.find(e => e.innerText.trim() == '{label}')"

    def choose(self, tab: Tab, label: str, until: str) -> None:
        """Click on a line, and before on those above it that are closed."""
        closed = f"{self._place} [aria-expanded=false] > div > .MuiTreeItem-iconContainer"
        line = self.line(label)
        tab.click(f"{line} ?? document.querySelector('{closed}')", until=line)
        tab.click(line, until=until)


SCENARIOS, DATA = Tree("scenario"), Tree("data-node")


def open_scenario(tab: Tab, name: str) -> None:
    shown = f"document.querySelector('.taipy_gui_core-scenario')?.innerText.includes('{name}')"
    SCENARIOS.choose(tab, name, until=shown)


def choose_data(tab: Tab, file: Path) -> None:
    """Give the day a file: without one its scenarios cannot be submitted."""
    open_scenario(tab, "Default Scenario")
    DATA.choose(tab, "initial_dataset", until=showing("Select your CSV file"))
    tab.choose_file("input[type=file]", file)
    tab.shows("Uploaded Successfully")


def add_scenario(tab: Tab, name: str) -> None:
    """Make another scenario of the same day."""
    field = "document.querySelector('[role=dialog] input[name=name]')"
    tab.click(button("ADD SCENARIO"), until=field)
    tab.click(field, until=f"document.activeElement == {field}")
    tab.type(name)
    tab.click(button("CREATE"), until=f"!{field}")
    open_scenario(tab, name)


def submit(tab: Tab, name: str) -> None:
    """Submit a scenario. Taipy's page may send one click twice, under Taipy's dispatcher too."""
    open_scenario(tab, name)
    tab.click(button("SUBMIT"))
    tab.wait_for(f"{showing('In progress...')} || {showing('Submission completed!')}")


def see_it_completed(tab: Tab, name: str) -> None:
    """Submit a scenario, and look on until the page tells of its end by itself."""
    submit(tab, name)
    tab.shows("Submission completed!")
    tab.shows("COMPLETED")


def see_cleaned(tab: Tab) -> None:
    """Look at what the job has written."""
    open_scenario(tab, "Default Scenario")
    DATA.choose(tab, "cleaned_dataset", until=showing("NO VALUE"))


def people(folder: Path) -> Path:
    """A file with two gaps."""
    file = folder / "people.csv"
    file.write_text("name,town\nAda,London\nBo,\n,Oslo\n", encoding="utf-8")
    return file


def cleaned(program: Program) -> list[str]:
    """What each scenario has made of the file."""
    files = program.folder.glob("user_data/csvs/DATANODE_cleaned_dataset_*.csv")
    return [file.read_text(encoding="utf-8") for file in files]


CLEANED = "name,town\nAda,London\nBo,NO VALUE\nNO VALUE,Oslo\n"


# -- the template `sdm` ---------------------------------------------------------------------------


@pytest.mark.pages
def test_sdm_has_its_jobs_on_two_workers_while_its_page_is_open(
    create: Create, browser: Browser, broker_url: str, tmp_path: Path
) -> None:
    program = create("sdm", "People", "no", "no")
    env: Environment = {"TAIPY_EXEC_BROKER_URL": broker_url}
    served = Served(program, "cluster", env)
    workers = program.two_workers(env)
    page = f"{served.url}/scenario"
    with browser.visit() as tab:
        on_page(tab, page, choose_data, people(tmp_path))
        on_page(tab, page, add_scenario, "Second")
        for number in (1, 2, 3):
            on_page(tab, page, submit, "Default Scenario")
            on_page(tab, page, see_it_completed, "Second")
            jobs = served.completed(2 * number)
            if all(worker["done"] for worker in served.workers()):
                break
        on_page(tab, page, see_cleaned)
    told = served.workers()
    assert sum(worker["done"] for worker in told) == len(jobs) >= 2
    assert all(worker["done"] for worker in told), told
    assert cleaned(program) == [CLEANED, CLEANED]
    served.interrupt()
    assert served.end().code == 0
    for left in end_workers(program, workers):
        assert left.code == 0, left.err
        assert "stored in" in left.err
    program.nothing_runs()
    assert program.is_unchanged()


@pytest.mark.pages
def test_sdm_has_its_jobs_in_processes_while_its_page_is_open(
    create: Create, browser: Browser, tmp_path: Path
) -> None:
    program = create("sdm", "People", "no", "no")
    served = Served(program, "standalone", {})
    page = f"{served.url}/scenario"
    with browser.visit() as tab:
        on_page(tab, page, choose_data, people(tmp_path))
        on_page(tab, page, see_it_completed, "Default Scenario")
        served.completed(1)
        on_page(tab, page, see_cleaned)
    assert cleaned(program) == [CLEANED]
    served.interrupt()
    assert served.end().code == 0
    program.nothing_runs()
    assert program.is_unchanged()


def test_a_worker_of_sdm_before_the_program_is_told_to_wait_for_it(create: Create) -> None:
    # It configures in its `__main__` part.
    program = create("sdm", "People", "no", "no")
    result = program.run("run-worker", "--application-path", ".")
    assert result.code == 3
    assert "configures no task" in result.err
    assert "start the program first" in result.err
    assert not program.exists(".taipy")


# -- the template `default`, with scenario management and REST ------------------------------------


@pytest.mark.long
def test_default_has_its_jobs_on_two_workers_while_its_page_is_open(
    create: Create, browser: Browser, broker_url: str
) -> None:
    program = create("default", "Fork", "home results", "yes", "yes", "no")
    env = {"TAIPY_EXEC_BROKER_URL": broker_url, **program.configure_fork()}
    served = Served(program, "cluster", env)
    workers = program.two_workers(env)
    with browser.visit(f"{served.url}/home") as tab:
        tab.shows("Home")
        assert "was submitted" in tab.evaluate(SUBMIT_FORK)
        program.begun(2)
        wait_until(
            lambda: [len(worker["running"]) for worker in served.workers()] == [1, 1],
            20,
            "a job on each worker",
        )
        tab.click(button("RESULTS"), until=showing("Results"))
        assert tab.evaluate(STATUSES) == "Status.BLOCKED Status.RUNNING Status.RUNNING"
        program.open_gate()
        jobs = served.completed(1)
        tab.wait_for(f"{STATUSES}.then(found => found.replaceAll('Status.COMPLETED', '') == '  ')")
    assert sorted(job["task"] for job in jobs) == ["join", "left", "right"]
    assert sorted(worker["done"] for worker in served.workers()) == [1, 2]
    served.interrupt()
    assert served.end().code == 0
    assert [left.code for left in end_workers(program, workers)] == [0, 0]
    program.nothing_runs()
    assert program.is_unchanged()


@pytest.fixture
def at_work(create: Create, browser: Browser) -> Iterator[Served]:
    """The template `default` in standalone mode: two jobs run, one waits, a page is open."""
    program = create("default", "Fork", "home results", "yes", "yes", "no")
    served = Served(program, "standalone", program.configure_fork())
    with browser.visit(f"{served.url}/home") as tab:
        tab.shows("Home")
        assert "was submitted" in tab.evaluate(SUBMIT_FORK)
        program.begun(2)
        yield served
    program.nothing_runs()
    assert program.is_unchanged()


def statuses(program: Program) -> dict[str, str]:
    return program.status(program.only_submission()).statuses()


@pytest.mark.long
def test_control_c_ends_the_pages_and_lets_running_jobs_end(at_work: Served) -> None:
    at_work.interrupt()
    wait_until(lambda: not at_work.answers(), 20, "the end of the pages")
    assert at_work.process.poll() is None
    at_work.program.open_gate()
    assert at_work.end().code == 0
    assert statuses(at_work.program) == {
        "left": "COMPLETED",
        "right": "COMPLETED",
        "join": "CANCELED",
    }


@pytest.mark.long
def test_control_c_twice_stops_running_jobs_too(at_work: Served) -> None:
    at_work.interrupt()
    wait_until(lambda: not at_work.answers(), 20, "the end of the pages")
    at_work.interrupt()
    # The program's own, which may be at its very end when it is interrupted once more.
    assert at_work.end().code in (0, 130)
    assert set(statuses(at_work.program).values()) == {"CANCELED"}


@pytest.mark.long
def test_sigterm_ends_the_pages_and_the_jobs(at_work: Served) -> None:
    at_work.process.terminate()
    assert at_work.end().code == 143
    assert not at_work.answers()
    assert set(statuses(at_work.program).values()) == {"CANCELED"}
