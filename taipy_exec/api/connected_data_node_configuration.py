"""The part of `Config` that configures data nodes without files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

from taipy_exec.api.data_node_configuration import DataNodeConfiguration
from taipy_exec.config.application import DataNodeConfig
from taipy_exec.config.typed_text import Scope


class ConnectedDataNodeConfiguration(DataNodeConfiguration):
    """`configure_*_data_node` of databases, object stores and functions, with Taipy's signatures.

    Nothing is connected here.
    """

    def configure_generic_data_node(
        self,
        id: str,
        read_fct: Callable[..., Any] | None = None,
        write_fct: Callable[..., Any] | None = None,
        read_fct_args: list[Any] | None = None,
        write_fct_args: list[Any] | None = None,
        scope: Scope | None = None,
        validity_period: dt.timedelta | None = None,
        **properties: Any,
    ) -> DataNodeConfig:
        """A value that the user's own functions read and write."""
        return self._configured("generic", locals())

    def configure_sql_table_data_node(
        self,
        id: str,
        db_name: str,
        db_engine: str,
        table_name: str,
        db_username: str | None = None,
        db_password: str | None = None,
        db_host: str | None = None,
        db_port: int | None = None,
        db_driver: str | None = None,
        sqlite_folder_path: str | Path | None = None,
        sqlite_file_extension: str | None = None,
        db_extra_args: dict[str, Any] | None = None,
        exposed_type: Any = None,
        scope: Scope | None = None,
        validity_period: dt.timedelta | None = None,
        **properties: Any,
    ) -> DataNodeConfig:
        """A table of a database."""
        return self._configured("sql_table", locals())

    def configure_sql_data_node(
        self,
        id: str,
        db_name: str,
        db_engine: str,
        read_query: str,
        write_query_builder: Callable[..., Any],
        append_query_builder: Callable[..., Any] | None = None,
        db_username: str | None = None,
        db_password: str | None = None,
        db_host: str | None = None,
        db_port: int | None = None,
        db_driver: str | None = None,
        sqlite_folder_path: str | Path | None = None,
        sqlite_file_extension: str | None = None,
        db_extra_args: dict[str, Any] | None = None,
        exposed_type: Any = None,
        scope: Scope | None = None,
        validity_period: dt.timedelta | None = None,
        **properties: Any,
    ) -> DataNodeConfig:
        """The result of a query; a function makes the queries that write."""
        return self._configured("sql", locals())

    def configure_mongo_collection_data_node(
        self,
        id: str,
        db_name: str,
        collection_name: str,
        custom_document: Any = None,
        db_username: str | None = None,
        db_password: str | None = None,
        db_host: str | None = None,
        db_port: int | None = None,
        db_driver: str | None = None,
        db_extra_args: dict[str, Any] | None = None,
        scope: Scope | None = None,
        validity_period: dt.timedelta | None = None,
        **properties: Any,
    ) -> DataNodeConfig:
        """The documents of a collection of MongoDB."""
        return self._configured("mongo_collection", locals())

    def configure_s3_object_data_node(
        self,
        id: str,
        aws_access_key: str,
        aws_secret_access_key: str,
        aws_s3_bucket_name: str,
        aws_s3_object_key: str,
        aws_region: str | None = None,
        aws_s3_object_parameters: dict[str, Any] | None = None,
        scope: Scope | None = None,
        validity_period: dt.timedelta | None = None,
        **properties: Any,
    ) -> DataNodeConfig:
        """An object in a bucket of S3."""
        return self._configured("s3_object", locals())
