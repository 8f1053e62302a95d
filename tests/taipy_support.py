"""Programs of Taipy in folders of their own, run by Taipy itself and by taipy-exec."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from command_support import Application, Result, wait_until

Both = Callable[..., tuple[Any, Any]]

PROGRAMS = Path(__file__).parent / "taipy_programs" / "programs"
ENABLE = "import taipy_exec.taipy_plugin\n\ntaipy_exec.taipy_plugin.enable()\n"
TAIPY = [str(Path(sys.executable).with_name("taipy"))]


class Program(Application):
    """A folder with a Taipy program as its main.py."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.main = folder / "main.py"

    def take(self, name: str) -> None:
        """Have one of the programs beside this file."""
        shutil.copy(PROGRAMS / f"{name}.py", self.main)

    def write(self, text: str) -> None:
        """Have a program of this text."""
        self.main.write_text(text, encoding="utf-8")

    def enable(self) -> None:
        """Have the program itself call `enable`, as its first line."""
        self.write(ENABLE + self.main.read_text(encoding="utf-8"))

    def python(
        self, *arguments: str, timeout: float = 280, env: Mapping[str, str] | None = None
    ) -> Result:
        """Start the program with Python alone.

        It writes to files: children that Taipy leaves behind would hold a pipe open.
        """
        streams = [self.folder.with_name(f"{self.folder.name}.{name}") for name in ("out", "err")]
        with streams[0].open("wb") as out, streams[1].open("wb") as err:
            done = subprocess.run(
                [sys.executable, "main.py", *arguments],
                cwd=self.folder,
                env=self.environment(env),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                timeout=timeout,
                check=False,
            )
        out_text, err_text = (path.read_text("utf-8", "backslashreplace") for path in streams)
        return Result(code=done.returncode, out=out_text, err=out_text + err_text)

    def go(self, *arguments: str, timeout: float = 280, **options: Any) -> Result:
        """Start the program with `taipy-exec run`."""
        return self.run("run", *arguments, timeout=timeout, **options)

    def worker(self, url: str, *arguments: str) -> subprocess.Popen[str]:
        """A worker by the command that Taipy's manual writes."""
        return self.start(
            "run-worker",
            "--application-path",
            str(self.folder),
            *arguments,
            command=TAIPY,
            env={"TAIPY_EXEC_BROKER_URL": url},
            cwd=Path("/"),
        )

    def read(self, name: str = "record.json") -> Any:
        """What the program has written."""
        return json.loads((self.folder / name).read_text(encoding="utf-8"))

    def clean(self) -> None:
        """As if it had never run."""
        for name in (".taipy", "user_data", ".taipy-exec"):
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def release(self) -> None:
        """Close what a failed test left."""
        super().release()
        self.kill_everything()


def end_workers(program: Program, workers: Sequence[subprocess.Popen[str]]) -> list[Result]:
    """Tell workers to leave, and what they left."""
    for worker in workers:
        worker.terminate()
    return [program.end(worker, 60) for worker in workers]


def ready_workers(program: Program, url: str, number: int) -> None:
    """Wait until so many workers of the application answer."""

    def answer() -> bool:
        found = program.run(
            "workers",
            "--application",
            program.folder.name,
            "--json",
            env={"TAIPY_EXEC_BROKER_URL": url},
        )
        return found.code == 0 and len(found.json["workers"]) == number

    wait_until(answer, 60, f"{number} workers")
