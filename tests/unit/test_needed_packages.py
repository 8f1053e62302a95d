"""What `doctor` says of the packages that data nodes need."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from email.message import Message
from typing import Any

import pytest

from taipy_exec.config.application import AppConfig, DataNodeConfig
from taipy_exec.operations.doctor import diagnosis


@pytest.mark.parametrize(
    ("kind", "properties", "needed"),
    [
        ("pickle", {}, set()),
        ("csv", {}, {"pandas", "numpy"}),
        ("csv", {"exposed_type": dict}, set()),
        ("csv", {"exposed_type": "polars"}, {"polars"}),
        ("parquet", {}, {"pandas", "pyarrow"}),
        ("parquet", {"exposed_type": dict}, {"pandas", "pyarrow"}),
        ("parquet", {"exposed_type": "pyarrow"}, {"pyarrow"}),
        ("parquet", {"engine": "fastparquet"}, {"pandas", "fastparquet"}),
        ("excel", {"exposed_type": [dict]}, {"pandas", "openpyxl"}),
        ("excel", {"exposed_type": "polars"}, {"pandas", "openpyxl", "polars"}),
    ],
)
def test_a_data_node_needs_the_packages_of_its_type_and_of_its_tables(
    kind: str, properties: dict[str, Any], needed: set[str]
) -> None:
    node = DataNodeConfig(id="n", storage_type=kind, properties=properties)
    assert diagnosis._needs(node) == needed


def test_what_is_missing_is_told_with_the_extras_that_bring_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    there = importlib.util.find_spec
    extras = Message()
    for name in ("excel", "polars"):
        extras["Provides-Extra"] = name
    monkeypatch.setattr(importlib.metadata, "metadata", lambda name: extras)
    gone = ("polars", "openpyxl")
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in gone else there(name)
    )
    node = DataNodeConfig(id="n", storage_type="excel", properties={"exposed_type": "polars"})
    app = AppConfig(root=tmp_path, state_dir=tmp_path, data_nodes={"n": node})
    (finding,) = diagnosis._storage_packages(app)
    assert (
        finding.message == "openpyxl polars not installed, but needed for data nodes of type excel"
    )
    assert finding.fix == "pip install 'taipy-exec[excel,polars]'"
