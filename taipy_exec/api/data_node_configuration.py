"""The part of `Config` that configures data nodes with files, with Taipy's signatures."""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from taipy_exec.config.application import DataNodeConfig
from taipy_exec.config.typed_text import Scope


class DataNodeConfiguration(ABC):
    """`configure_*_data_node`: each returns the frozen configuration of that data node."""

    @abstractmethod
    def _set(self, section: str, id: str, keys: Mapping[str, Any], *, anew: bool = False) -> None:
        """Change an entry of the Python layer."""

    @abstractmethod
    def _data_node(self, id: str) -> DataNodeConfig:
        """The entry as it applies now."""

    def configure_data_node(
        self,
        id: str,
        storage_type: str | None = None,
        scope: Scope | None = None,
        validity_period: dt.timedelta | None = None,
        **properties: Any,
    ) -> DataNodeConfig:
        """A data node of any storage type."""
        self._set(
            "DATA_NODE",
            id,
            {
                "storage_type": storage_type,
                "scope": scope,
                "validity_period": validity_period,
                **properties,
            },
            anew=True,
        )
        return self._data_node(id)

    def _configured(self, storage_type: str, arguments: Mapping[str, Any]) -> DataNodeConfig:
        """A data node of this type from all arguments of a `configure_*_data_node`, by name."""
        given = {n: value for n, value in arguments.items() if n not in ("self", "properties")}
        return self.configure_data_node(
            storage_type=storage_type, **given, **arguments["properties"]
        )

    def configure_data_node_from(
        self, source_configuration: DataNodeConfig, id: str, **properties: Any
    ) -> DataNodeConfig:
        """A data node like another, with some properties changed."""
        scope = properties.pop("scope", source_configuration.scope)
        period = properties.pop("validity_period", source_configuration.validity_period)
        return self.configure_data_node(
            id,
            storage_type=source_configuration.storage_type,
            scope=scope,
            validity_period=period,
            **{**source_configuration.properties, **properties},
        )

    def configure_pickle_data_node(
        self,
        id: str,
        default_path: str | Path | None = None,
        default_data: Any = None,
        scope: Scope | None = None,
        validity_period: dt.timedelta | None = None,
        **properties: Any,
    ) -> DataNodeConfig:
        """Any Python object in a pickle file."""
        return self._configured("pickle", locals())

    def configure_csv_data_node(
        self,
        id: str,
        default_path: str | Path | None = None,
        encoding: str | None = None,
        has_header: bool | None = None,
        exposed_type: Any = None,
        scope: Scope | None = None,
        validity_period: dt.timedelta | None = None,
        **properties: Any,
    ) -> DataNodeConfig:
        """A table in a CSV file."""
        return self._configured("csv", locals())

    def configure_json_data_node(
        self,
        id: str,
        default_path: str | Path | None = None,
        encoding: str | None = None,
        encoder: type | None = None,
        decoder: type | None = None,
        scope: Scope | None = None,
        validity_period: dt.timedelta | None = None,
        **properties: Any,
    ) -> DataNodeConfig:
        """A JSON file."""
        return self._configured("json", locals())

    def configure_excel_data_node(
        self,
        id: str,
        default_path: str | Path | None = None,
        has_header: bool | None = None,
        sheet_name: str | list[str] | None = None,
        exposed_type: Any = None,
        scope: Scope | None = None,
        validity_period: dt.timedelta | None = None,
        **properties: Any,
    ) -> DataNodeConfig:
        """A table for each sheet of an Excel workbook."""
        return self._configured("excel", locals())

    def configure_parquet_data_node(
        self,
        id: str,
        default_path: str | Path | None = None,
        engine: str | None = None,
        compression: str | None = None,
        read_kwargs: dict[str, Any] | None = None,
        write_kwargs: dict[str, Any] | None = None,
        exposed_type: Any = None,
        scope: Scope | None = None,
        validity_period: dt.timedelta | None = None,
        **properties: Any,
    ) -> DataNodeConfig:
        """A table in a parquet file."""
        return self._configured("parquet", locals())

    def configure_in_memory_data_node(
        self,
        id: str,
        default_data: Any = None,
        scope: Scope | None = None,
        validity_period: dt.timedelta | None = None,
        **properties: Any,
    ) -> DataNodeConfig:
        """An object in this process, for development mode."""
        return self._configured("in_memory", locals())

    def __getattr__(self, name: str) -> Any:
        """`configure_<type>_data_node` for the storage types of plug-ins."""
        kind = name.removeprefix("configure_").removesuffix("_data_node")
        if name == f"configure_{kind}_data_node" and not kind.startswith("_"):

            def configure(id: str, **properties: Any) -> DataNodeConfig:
                return self.configure_data_node(id, kind, **properties)

            return configure
        raise AttributeError(f"Config has no attribute {name!r}")

    def set_default_data_node_configuration(
        self,
        storage_type: str,
        scope: Scope | None = None,
        validity_period: dt.timedelta | None = None,
        **properties: Any,
    ) -> DataNodeConfig:
        """Set the storage type and the properties that data nodes inherit."""
        return self.configure_data_node(
            "default", storage_type, scope, validity_period, **properties
        )
