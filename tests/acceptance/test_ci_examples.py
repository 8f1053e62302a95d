"""Every example of docs/ci.md is read as its system reads it, and its steps are run."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from command_support import Application
from runner_support import commands_in

PAGE = Path(__file__).parents[2] / "docs" / "ci.md"
BIN = Path(sys.executable).parent


@dataclass(frozen=True, kw_only=True)
class Example:
    """A fenced block; its first comment names the file that it would stand in."""

    language: str
    name: str
    text: str


def examples() -> dict[str, Example]:
    found = {}
    for language, text in re.findall(r"^```(\w*)\n(.*?)^```$", PAGE.read_text(), re.M | re.S):
        name = re.search(r"^(?:#|//) (\S+)$", text, re.MULTILINE)
        assert name, f"no file is named in {text[:60]!r}"
        found[name[1]] = Example(language=language, name=name[1], text=text)
    return found


EXAMPLES = examples()


class Place:
    """A checkout with the example application in `app`, and a shell in it."""

    def __init__(self, app: Application, env: Mapping[str, str] | None = None) -> None:
        self.folder = app.folder / "a checkout"
        self.folder.mkdir()
        path = f"{BIN}:/usr/bin:/bin"
        self.env = {**app.environment(), "PATH": path, "LANG": "C.UTF-8", **(env or {})}
        self.run("taipy-exec init app -q")

    def break_it(self) -> None:
        """From now on a function of the application fails."""
        with (self.folder / "app" / "tasks.py").open("a") as file:
            file.write("\n\ndef add(numbers):\n    raise ValueError('no such luck')\n")

    def run(self, script: str, shell: str = "bash -eo pipefail -c") -> int:
        """Run lines of shell as a step, without installing anything; the exit code."""
        lines = [line for line in script.splitlines() if not re.search(r"\bpip install\b", line)]
        done = subprocess.run(
            [*shell.split(), "\n".join(lines)],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        self.out, self.err = done.stdout, done.stderr
        return done.returncode

    def write(self, name: str) -> Path:
        """Put an example where it belongs."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(EXAMPLES[name].text)
        return path

    def results(self) -> dict[str, int]:
        """What the JUnit report counts."""
        root = ElementTree.parse(self.folder / "results.xml").getroot()
        return {name: int(root.attrib[name]) for name in ("tests", "failures", "skipped")}


GOOD = {"tests": 3, "failures": 0, "skipped": 0}
BAD = {"tests": 3, "failures": 1, "skipped": 1}
BOTH = pytest.mark.parametrize("broken", [False, True], ids=["good", "broken"])


def run_steps(place: Place, steps: list[tuple[str, bool]]) -> int:
    """Steps as a CI system runs them: after a failed one, only those that always run."""
    code = 0
    for script, always in steps:
        if code == 0 or always:
            ended = place.run(script)
            code = code or ended
    return code


@pytest.mark.one_variant
@BOTH
def test_github_actions(app: Application, tmp_path: Path, broken: bool) -> None:
    workflow = yaml.safe_load(EXAMPLES[".github/workflows/pipeline.yml"].text)
    steps = workflow["jobs"]["pipeline"]["steps"]
    cached = next(s for s in steps if s.get("uses", "").startswith("actions/cache@"))
    place = Place(
        app, {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    )
    if broken:
        place.break_it()
    shell = [(step["run"], "always()" in step.get("if", "")) for step in steps if "run" in step]
    assert run_steps(place, shell) == (1 if broken else 0), place.err
    assert place.results() == (BAD if broken else GOOD)
    assert (place.folder / "report.html").exists()
    assert ("FAILED" if broken else "COMPLETED") in (tmp_path / "summary.md").read_text()
    for path in cached["with"]["path"].split():
        assert (place.folder / path).exists()
    submit = next(script for script, _ in shell if "submit" in script)
    assert place.run(submit) == (1 if broken else 0)
    assert ("error" in commands_in(place.err)) is broken
    # With what the cache holds, nothing is done twice.
    assert (place.folder / "result.json").read_text().count('"SKIPPED"') == (1 if broken else 3)


@pytest.mark.one_variant
@BOTH
def test_gitlab_ci(app: Application, broken: bool) -> None:
    job = yaml.safe_load(EXAMPLES[".gitlab-ci.yml"].text)["pipeline"]
    place = Place(app, {"GITLAB_CI": "true"})
    if broken:
        place.break_it()
    assert place.run("\n".join(job["script"])) == (1 if broken else 0)
    assert ("section_start" in place.err) is broken
    assert place.run("\n".join(job["after_script"])) == 0, place.err
    assert place.results() == (BAD if broken else GOOD)
    assert job["artifacts"]["reports"]["junit"] == "results.xml"
    for path in (*job["cache"]["paths"], *job["artifacts"]["paths"]):
        assert (place.folder / path).exists()


@pytest.mark.one_variant
@BOTH
def test_azure_pipelines(app: Application, broken: bool) -> None:
    steps = yaml.safe_load(EXAMPLES["azure-pipelines.yml"].text)["steps"]
    place = Place(app)
    if broken:
        place.break_it()
    shell = [(s["script"], s.get("condition") == "always()") for s in steps if "script" in s]
    assert run_steps(place, shell) == (1 if broken else 0), place.err
    assert place.results() == (BAD if broken else GOOD)


@pytest.mark.one_variant
@BOTH
def test_jenkins(app: Application, broken: bool) -> None:
    text = EXAMPLES["Jenkinsfile"].text
    place = Place(app)
    if broken:
        place.break_it()
    place.write("id_of.py")
    main, _, post = text.partition("  post {")
    stages = [(line, False) for line in re.findall(r"^ +sh '(.*)'$", main, re.MULTILINE)]
    after = [(line, True) for line in re.findall(r"^ +sh '(.*)'$", post, re.MULTILINE)]
    assert len(stages) == 2
    assert len(after) == 1
    assert text.count("{") == text.count("}")
    assert run_steps(place, stages + after) == (1 if broken else 0), place.err
    assert place.results() == (BAD if broken else GOOD)


@pytest.mark.one_variant
@BOTH
@pytest.mark.parametrize("name", ["nightly.sh", "background.sh"])
def test_shell_scripts(app: Application, name: str, broken: bool) -> None:
    place = Place(app)
    if broken:
        place.break_it()
    place.write(name)
    code = place.run(f"sh {name}")
    assert code == (1 if broken else 0), place.err
    if name == "nightly.sh":
        assert ("failed, twice" in place.err) is broken
        assert ("done" in place.out) is not broken
        assert place.err.count("retrying 2 of 3 jobs") == broken
    app.nothing_runs()


@pytest.mark.one_variant
@BOTH
def test_python(app: Application, broken: bool) -> None:
    place = Place(app)
    if broken:
        place.break_it()
    place.write("run.py")
    assert place.run("python run.py") == (1 if broken else 0), place.err
    assert ("ValueError: no such luck" in place.out) is broken
    (place.folder / "app" / "config.toml").write_text("[TASK\n")
    assert place.run("python run.py") == 3
    assert "not valid TOML" in place.out


@pytest.mark.one_variant
@BOTH
def test_a_makefile(app: Application, broken: bool) -> None:
    place = Place(app)
    if broken:
        place.break_it()
    place.write("Makefile")
    assert place.run("make plan") == 0
    assert place.run("make pipeline") == (2 if broken else 0)
    assert ("Error 1" in place.err) is broken
    assert place.run("make report") == 0, place.err
    assert (place.folder / "report.html").exists()


@pytest.mark.one_variant
@BOTH
@pytest.mark.skipif(
    shutil.which("flock") is None and "CI" not in os.environ, reason="flock is not installed"
)
def test_cron(app: Application, broken: bool) -> None:
    place = Place(app)
    if broken:
        place.break_it()
    text = EXAMPLES["crontab"].text.replace("/srv/pipeline", shlex.quote(str(place.folder)))
    entries = re.findall(r"^(?:[\d*/,-]+ ){5}(.*)$", text, re.MULTILINE)
    assert len(entries) == 2
    code = place.run(entries[0], "sh -c")
    assert code == (1 if broken else 0)
    assert " FAILED: " in place.out if broken else place.out == ""
    assert place.err == ("error: task add failed: ValueError: no such luck\n" if broken else "")
    assert place.run(entries[1], "sh -c") == 0, place.err
    assert place.out == ""
    assert place.err == ""


@pytest.mark.one_variant
@BOTH
def test_a_systemd_timer(app: Application, broken: bool) -> None:
    place = Place(app)
    if broken:
        place.break_it()
    units = {}
    for name in ("pipeline.service", "pipeline.timer"):
        units[name] = configparser.ConfigParser(strict=True, interpolation=None)
        units[name].optionxform = str  # type: ignore[assignment,method-assign]
        units[name].read_string(EXAMPLES[name].text)
    service = units["pipeline.service"]["Service"]
    assert service["WorkingDirectory"] == "/srv/pipeline"
    command = service["ExecStart"].replace("/srv/pipeline/.venv/bin/", "")
    assert place.run(f"exec {command}") == (1 if broken else 0), place.err
    verify_units(place.folder)


def verify_units(folder: Path) -> None:
    """Where systemd is installed, it reads the units itself; the command is not there to run."""
    tool = shutil.which("systemd-analyze")
    if tool is None:
        return
    units = [folder / "pipeline.service", folder / "pipeline.timer"]
    for unit in units:
        text = EXAMPLES[unit.name].text
        unit.write_text(re.sub(r"^ExecStart=.*", "ExecStart=/bin/true", text, flags=re.MULTILINE))
    done = subprocess.run(
        [tool, "verify", *map(str, units)], capture_output=True, text=True, check=False
    )
    assert "pipeline." not in done.stderr, done.stderr


def test_no_example_is_left_out() -> None:
    run: Callable[[str], bool] = Path(__file__).read_text().__contains__
    assert len(EXAMPLES) == PAGE.read_text().count("\n```") / 2
    for name in EXAMPLES:
        assert run(f'"{name}"') or run(f"/{name}"), f"{name} is run by no test"
    assert textwrap.dedent(EXAMPLES["Makefile"].text) == EXAMPLES["Makefile"].text
