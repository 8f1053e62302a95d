"""The checks of `doctor` for the installation and the configuration."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from taipy_exec.cli.location import Location
from taipy_exec.config.application import AppConfig, DataNodeConfig
from taipy_exec.config.problem import Level as ProblemLevel
from taipy_exec.data.packages import DRIVERS, install_command, is_installed
from taipy_exec.errors import ConfigurationError
from taipy_exec.version import __version__

_LEAST_PYTHON = (3, 11)
# Storage type -> the packages that it imports, as long as its tables are those of pandas.
_NEEDS = {
    "csv": ("pandas", "numpy"),
    "excel": ("pandas", "openpyxl"),
    "parquet": ("pandas", "pyarrow"),
    "sql_table": ("pandas", "sqlalchemy"),
    "sql": ("pandas", "sqlalchemy"),
    "mongo_collection": ("pymongo",),
    "s3_object": ("boto3",),
}
_TABLE_PACKAGES = ("pandas", "numpy")
_OTHER_TABLES = ("polars", "pyarrow")
_ALWAYS = ("typer", "rich", "multiprocess", "cloudpickle", "pika")


class Level(StrEnum):
    """The result of a check. A warning does not stop a job."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of `doctor`; `fix` says what to do, or is a remark.

    `is_broker`: the broker cannot be reached or refuses.
    """

    name: str
    message: str
    level: Level = Level.OK
    fix: str | None = None
    is_broker: bool = False

    def as_json(self) -> dict[str, Any]:
        """One entry of `checks`."""
        return {
            "name": self.name,
            "level": self.level.value,
            "message": self.message,
            "fix": self.fix,
        }


def check_installation() -> list[Finding]:
    """The versions of Python and of taipy-exec, and the required packages."""
    version = platform.python_version()
    if sys.version_info[:2] >= _LEAST_PYTHON:
        findings = [Finding(name="Python", message=version)]
    else:
        least = ".".join(map(str, _LEAST_PYTHON))
        findings = [
            Finding(
                name="Python",
                message=f"{version} is too old",
                level=Level.PROBLEM,
                fix=f"install Python {least} or newer",
            )
        ]
    findings.append(Finding(name="taipy-exec", message=__version__))
    missing = [package for package in _ALWAYS if not is_installed(package)]
    if missing:
        names = " ".join(missing)
        return [*findings, _missing(names, "", f"pip install {names}")]
    return [*findings, Finding(name="packages", message="all required packages are installed")]


def read(location: Location, mode: str | None) -> tuple[AppConfig | None, list[Finding]]:
    """The configuration, as far as it can be read, and the findings about it and its packages."""
    from taipy_exec.cli.application import read_application
    from taipy_exec.wiring import check_compiled, early_problems

    try:
        compiled = read_application(location, mode=mode)
        problems = check_compiled(compiled)
        tasks = [task for task in compiled.config.tasks.values() if task.id != "default"]
        early = early_problems(compiled, tasks, problems)
        # Packages have lines of their own below, with their versions.
        early = [problem for problem in early if problem.field != "storage_type"]
        problems = [*problems, *early]
    except ConfigurationError as error:
        wrong = Finding(
            name="configuration", message=error.message, level=Level.PROBLEM, fix=error.hint
        )
        return None, [wrong]
    config = compiled.config
    findings = [
        Finding(name="configuration", message=str(problem), level=level)
        for problem in problems
        if (level := _LEVELS.get(problem.level)) is not None
    ]
    if not any(finding.level is Level.PROBLEM for finding in findings):
        source = config.source or config.main_file or config.root
        findings.append(
            Finding(name="configuration", message=f"{source} is valid, mode {config.job.mode}")
        )
    if config.program is not None:
        return config, [*findings, _version_of_taipy()]
    return config, [*findings, *_storage_packages(config)]


def _version_of_taipy() -> Finding:
    """The installed Taipy and its version; it contains what its data nodes need."""
    from taipy_exec.taipy_plugin.versions import WANTED, taipy_version, warning_of

    found = taipy_version() or "?"
    warning = warning_of(found)
    if warning is None:
        return Finding(name="taipy", message=f"Taipy {found}, whose program this is")
    fix = f"pip install '{WANTED}'"
    return Finding(name="taipy", message=warning, level=Level.WARNING, fix=fix)


_LEVELS = {ProblemLevel.ERROR: Level.PROBLEM, ProblemLevel.WARNING: Level.WARNING}


def _storage_packages(config: AppConfig) -> list[Finding]:
    """One line for each storage type in use that needs packages."""
    wanted: dict[str, set[str]] = {}
    for name, node in config.data_nodes.items():
        if name != "default":
            wanted.setdefault(node.storage_type, set()).update(_needs(node))
    findings = []
    for kind, packages in sorted(wanted.items()):
        missing = sorted(p for p in packages if not is_installed(p))
        if missing:
            fix = install_command(kind, missing)
            findings.append(_missing(" ".join(missing), f" for data nodes of type {kind}", fix))
        elif packages:
            findings.append(_installed(kind, sorted(packages)))
    return findings


def _installed(kind: str, packages: Sequence[str]) -> Finding:
    """The packages with their versions, and which of them are older than the tested ones."""
    name = f"storage type {kind}"
    least = _least_versions()
    told, old = [], []
    for package in packages:
        version = _version(package)
        told.append(f"{package} {version}".rstrip())
        wanted = least.get(_distribution(package))
        if wanted and version and _numbers(version) < _numbers(wanted):
            old.append(f"{_distribution(package)}>={wanted}")
    if not old:
        return Finding(name=name, message=f"{', '.join(told)} installed")
    return Finding(
        name=name,
        message=f"{', '.join(told)} installed, which is too old",
        level=Level.WARNING,
        fix=f"pip install --upgrade {' '.join(map(shlex.quote, old))}",
    )


# Module -> the distribution that contains it, if that has another name.
_DISTRIBUTIONS = {"psycopg2": "psycopg2-binary"}
_REQUIREMENT = re.compile(r"([\w.-]+)\s*>=\s*([\d.]+)")


def _distribution(module: str) -> str:
    return _DISTRIBUTIONS.get(module, module)


def _version(module: str) -> str:
    """The version of a package; empty if it is installed without its metadata."""
    for name in (_distribution(module), module):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return ""


def _least_versions() -> dict[str, str]:
    """Distribution -> the least version that the extras of taipy-exec ask for."""
    try:
        lines = importlib.metadata.requires("taipy-exec") or []
    except importlib.metadata.PackageNotFoundError:
        return {}
    found = [_REQUIREMENT.match(line) for line in lines]
    return {match[1]: match[2] for match in found if match}


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.partition("+")[0])[:3])


def _needs(node: DataNodeConfig) -> set[str]:
    exposed = node.properties.get("exposed_type", "pandas")
    packages = set(_NEEDS.get(node.storage_type, ()))
    driver = DRIVERS.get(str(node.properties.get("db_engine")))
    if driver and "sqlalchemy" in packages:
        packages.add(driver)
    if node.storage_type == "parquet" and node.properties.get("engine") == "fastparquet":
        packages = {"pandas", "fastparquet"}
    if exposed in _OTHER_TABLES:
        # That library itself reads csv and parquet; pandas reads the others.
        alone = node.storage_type in ("csv", "parquet")
        return {exposed} if alone else {*packages, exposed}
    if node.storage_type not in ("excel", "parquet") and exposed not in _TABLE_PACKAGES:
        packages -= set(_TABLE_PACKAGES)
    return packages


def _missing(names: str, purpose: str, fix: str) -> Finding:
    return Finding(
        name="packages",
        message=f"{names} not installed, but needed{purpose}",
        level=Level.PROBLEM,
        fix=fix,
    )
