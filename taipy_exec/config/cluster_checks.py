"""Warnings about secrets in files, and about data that other hosts cannot see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from taipy_exec.config.application import AppConfig, DataNodeConfig
from taipy_exec.config.broker_address import BrokerAddress, parse_addresses
from taipy_exec.config.compile import Compiled
from taipy_exec.config.problem import Level, Problem
from taipy_exec.config.secrets import is_secret
from taipy_exec.config.typed_text import EnvTemplate
from taipy_exec.config.vocabulary import STORAGE_PROPERTIES
from taipy_exec.errors import ConfigurationError

_LOCAL_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/run")
# A part of warnings about data that workers on other machines do not see.
ONLY_HERE = "which only this host sees"
_NAMES_SHOWN = 3


def cluster_problems(compiled: Compiled) -> Iterator[Problem]:
    """Warnings about secrets in a file and, in cluster mode, about local data."""
    yield from _literal_passwords(compiled)
    yield from _literal_secrets(compiled)
    if compiled.config.job.mode == "cluster":
        yield from _local_data(compiled)


def _literal_passwords(compiled: Compiled) -> Iterator[Problem]:
    merged = compiled.merged
    if merged.origin.get(("JOB", "", "broker_url")) is None:
        return
    given = merged.sections["JOB"][""]["broker_url"]
    secret = [address for address in _literal_addresses(given) if address.has_secret]
    if secret:
        yield merged.problem(
            "JOB",
            "",
            "broker_url",
            "the file holds the broker's password; use ENV[NAME] for the whole address, "
            "TAIPY_EXEC_BROKER_URL or broker_password_file",
            level=Level.WARNING,
            value=", ".join(address.redacted for address in secret),
        )


def _literal_secrets(compiled: Compiled) -> Iterator[Problem]:
    merged = compiled.merged
    for id, keys in merged.sections.get("DATA_NODE", {}).items():
        for key, value in keys.items():
            if merged.origin.get(("DATA_NODE", id, key)) is None:
                continue
            for name in _literal_names(key, value):
                yield merged.problem(
                    "DATA_NODE",
                    id,
                    key,
                    f"the file holds {name} in plain text, and every reader of the file can see "
                    f'it; write {name} = "ENV[NAME]" and set that variable',
                    level=Level.WARNING,
                    value=value,
                )


def _literal_names(key: str, value: Any) -> Iterator[str]:
    """The names of secrets in plain text, in a property and the tables in it."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _literal_names(name, item)
    elif is_secret(key) and value not in (None, "") and not isinstance(value, EnvTemplate):
        yield key


def _literal_addresses(given: Any) -> Iterator[BrokerAddress]:
    for text in given if isinstance(given, list | tuple) else [given]:
        if isinstance(text, str):
            try:
                yield from parse_addresses(text)
            except ConfigurationError:
                pass  # reported by the compilation


def _local_data(compiled: Compiled) -> Iterator[Problem]:
    config = compiled.config
    generated = []
    for node in config.data_nodes.values():
        if node.id == "default" or not _has_file(node):
            continue
        if node.path is None:
            generated.append(node.id)
        elif _is_local(config, node.path):
            yield compiled.merged.problem(
                "DATA_NODE",
                node.id,
                "path" if node.properties.get("path") else "default_path",
                f"the data node {node.id!r} is in {config.place_of(node.path)}, {ONLY_HERE}; use "
                "a folder that all workers share",
                level=Level.WARNING,
                value=node.path,
            )
    if generated and _is_local(config, config.core.storage_folder):
        names = ", ".join(generated[:_NAMES_SHOWN])
        more = len(generated) - _NAMES_SHOWN
        yield compiled.merged.problem(
            "CORE",
            "",
            "storage_folder",
            f"generated files ({names}{f' and {more} more' if more > 0 else ''}) are in "
            f"{config.storage_folder}, {ONLY_HERE}; use a folder that all workers share",
            level=Level.WARNING,
            value=config.core.storage_folder,
        )


def _has_file(node: DataNodeConfig) -> bool:
    return "default_path" in STORAGE_PROPERTIES.get(node.storage_type, {"default_path": None})


def _is_local(config: AppConfig, path: str) -> bool:
    """Whether a path of the application is on storage that each host has for itself."""
    found = config.place_of(path).resolve()
    return any(found.is_relative_to(Path(folder).resolve()) for folder in _LOCAL_FOLDERS)
