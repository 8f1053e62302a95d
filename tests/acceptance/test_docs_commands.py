"""The commands of every page are run as a reader types them, and print what the page shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from docs_support import ALIVE, STATES, Block, Case, Command, Place, blocks, missing_tool

CLUSTER = r"^taipy-exec (run-worker|workers|queue)|--mode cluster"
# A command that matches one of these is not run here, for this reason.
NOT_RUN = {
    r"^python3 -m pip install|^python3 -m venv": "installs into the environment of the tests",
    r"--watch": "runs until Ctrl-C; test_other_terminals.py ends it with the submission",
    r"taipy run-worker|taipy-exec run |--from-taipy": "needs Taipy: tests/taipy_programs run these",
    CLUSTER: "needs a broker: test_docs_cluster_commands.py",
    r"TAIPY_EXEC_BROKER_URL=": "names a broker of the reader's",
    r"^rabbitmqctl": "changes the rights of a broker that runs as a service",
    r"^curl ": "asks a process that runs: test_metrics.py does",
    r"^git |taipy-tests|tools.taipy_tests": "downloads Taipy's repository",
    r"TEST_MONGO_URL": "needs servers of the reader's",
    r"^openssl|^docker|^kubectl|^cp deploy|^systemctl": "needs containers, Kubernetes or systemd",
    r"resume -a sales|resume SWEEP_": "test_sweep.py resumes a sweep that was killed",
    r"retry -a sales|retry SWEEP_": "test_sweep_retry.py retries a sweep",
    r"^make (run|run-cluster|test)$": "the gate runs the first and the last: .ci/run",
    r"app/greeting.txt": "needs the plug-in to be installed",
}
SWEEP = "--sweep window=7,14,28 --sweep model=mean,median"
# By page and first command: how a block is run, if not simply on an application that ran once.
CASES = {
    "CONTRIBUTING.md: make help": Case(state="new"),
    "README.md: python3 -m pip install '.[csv]'": Case(state="new"),
    "README.md: taipy-exec submit config.toml --mode standalone": Case(state="ten lines"),
    "README.md: taipy-exec check src/config/config.toml": Case(state="src"),
    "README.md: taipy-exec status": Case(state="failed"),
    "docs/cli.md: taipy-exec submit app": Case(state="new"),
    "docs/cli.md: id=$(taipy-exec submit app --detach -q)": Case(state="new"),
    "docs/cli.md: taipy-exec submit app (2)": Case(state="broken", code=1),
    "docs/cli.md: taipy-exec plan demo": Case(state="demo"),
    "docs/cli.md: taipy-exec check bad": Case(state="bad", code=3),
    "docs/cli.md: taipy-exec graph demo": Case(state="demo"),
    "docs/cli.md: taipy-exec attach SUBMISSION_1b2c3d4e": Case(state="let go"),
    "docs/cli.md: taipy-exec cancel SUBMISSION_1b2c3d4e": Case(state="running", each=True),
    "docs/cli.md: taipy-exec pause SUBMISSION_1b2c3d4e": Case(state="running"),
    "docs/cli.md: taipy-exec resume": Case(state="interrupted", each=True),
    "docs/cli.md: taipy-exec retry": Case(state="failed", each=True),
    "docs/cli.md: taipy-exec init demo && taipy-exec submit demo": Case(state="new"),
    "docs/files.md: cd app/src && taipy-exec submit config/config.toml": Case(state="app/src"),
    "docs/files.md: taipy-exec status": Case(state="damaged", code=7),
    "docs/cli.md: taipy-exec instances sales": Case(state="swept"),
    f"docs/sweeps.md: taipy-exec submit sales {SWEEP}": Case(state="sales"),
    "docs/sweeps.md: taipy-exec data show sales scores --name window=7,model=mean": Case(
        state="swept"
    ),
    "docs/sweeps.md: taipy-exec instances sales": Case(state="swept"),
    "docs/sweeps.md: taipy-exec compare sales": Case(state="swept"),
    "docs/modes.md: taipy-exec status": Case(state="interrupted"),
    "docs/operations.md: export OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318": Case(
        state="new"
    ),
}
BLOCKS = list(blocks())


def reason(command: Command) -> str | None:
    """Why a command is not run, or None."""
    return next((why for what, why in NOT_RUN.items() if re.search(what, command.text)), None)


RUN = [block for block in BLOCKS if any(reason(command) is None for command in block.commands)]


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Place]:
    """A place in each state, made once: most blocks begin with a copy."""
    made: dict[str, Place] = {}

    def of(state: str) -> Place:
        if state not in made:
            made[state] = Place(tmp_path_factory.mktemp("docs") / state.replace("/", "-"))
            STATES[state](made[state])
        return made[state]

    return of


@pytest.fixture
def places(tmp_path: Path, templates: Callable[[str], Place]) -> Iterator[Callable[[str], Place]]:
    """Makes places, and ends the processes in them."""
    made: list[Place] = []

    def make(state: str) -> Place:
        made.append(Place(tmp_path / f"place {len(made)}"))
        if state in ALIVE:
            STATES[state](made[-1])
            return made[-1]
        return made[-1].like(templates(state))

    yield make
    for place in made:
        place.app.kill_everything()


def params() -> Iterator[Any]:
    """The blocks; those with the most runs of the command are for `make test-all`."""
    for block in RUN:
        several = CASES.get(block.name, Case()).each or len(block.commands) > 3
        yield pytest.param(block, id=block.name, marks=[pytest.mark.long] if several else [])


@pytest.mark.parametrize("block", list(params()))
def test_the_commands_do_what_the_page_says(block: Block, places: Callable[[str], Place]) -> None:
    case = CASES.get(block.name, Case())
    place = None if case.each else places(case.state)
    before = ""
    for command in block.commands:
        if reason(command) or missing_tool(command.text):
            continue
        here = place or places(case.state)
        printed = here.type(before + command.text, code=case.code)
        if re.match(r"\w+=|export ", command.text):
            before += f"{command.text}\n"
        assert here.missing(command.output, printed) == [], printed


def test_every_case_and_every_reason_is_about_a_command_of_a_page() -> None:
    names = [block.name for block in BLOCKS]
    commands = [command.text for block in BLOCKS for command in block.commands]
    assert len(names) == len(set(names))
    assert set(CASES) <= set(names)
    assert {case.state for case in CASES.values()} <= set(STATES)
    for what in NOT_RUN:
        assert any(re.search(what, command) for command in commands), what
