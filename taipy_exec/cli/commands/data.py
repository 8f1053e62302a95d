"""`data list|show|write`: the data nodes of a scenario instance."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taipy_exec.cli import completion, options
from taipy_exec.cli.call import ALL, Call, command
from taipy_exec.cli.help_page import HouseCommand
from taipy_exec.cli.options import help_text, summary

if TYPE_CHECKING:
    from datetime import datetime

    from taipy_exec.operations.data import InstanceData

HELP = help_text(
    "Show and write the data nodes of a scenario instance: which have a value, when and by which "
    "job it was written, and the value itself.",
    "taipy-exec data list",
    "taipy-exec data show forecast",
    "taipy-exec data show config.toml forecast --json",
    "taipy-exec data write config.toml threshold 0.5",
)
app = typer.Typer(rich_markup_mode=None)


class _AppFirst(HouseCommand):
    """A command whose first argument, the application, may be missing."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """If one argument is missing, the application is that of the current folder."""
        try:
            return super().parse_args(ctx, list(args))
        except typer.BadParameter as error:
            if getattr(error.param, "param_type_name", "") != "argument":
                raise
            return super().parse_args(ctx, [".", *args])


NodeArgument = Annotated[
    str,
    typer.Argument(
        metavar="NODE",
        help="The id of the data node's configuration.",
        autocompletion=completion.data_nodes,
    ),
]
AppArgument = Annotated[
    str, typer.Argument(metavar="APP", help="The application: a file or its folder.")
]
LeadingApp = Annotated[
    str,
    typer.Argument(
        metavar="APP",
        help="The application: a file or its folder (default: the current folder).",
        show_default=False,
        autocompletion=completion.data_nodes,
    ),
]


@contextmanager
def _naming(app: str, node: str) -> Iterator[None]:
    """Raises UsageError if an application is given as the data node: an argument is missing.

    Without APP the first argument is read as the data node.
    """
    from taipy_exec.errors import ConfigurationError, NotFoundError, UsageError

    may_be_app = app == "." and Path(node).exists()
    try:
        yield
    except (ConfigurationError, NotFoundError):
        if not may_be_app:
            raise
        raise UsageError(
            f"{node} is a file or folder and not a data node: an argument is missing",
            f"taipy-exec data list {quote(node)} lists its data nodes",
        ) from None


_LIST = help_text(
    "List the data nodes.", "taipy-exec data list", "taipy-exec data list config.toml --json"
)


@app.command("list", help=_LIST, short_help=summary(_LIST))
@command(*ALL)
def list_nodes(
    call: Call,
    app: AppArgument = ".",
    scenario: options.Scenario = None,
    name: options.Name = None,
    creation_date: options.CreationDate = None,
) -> int:
    from taipy_exec.cli.data_table import DataTable, data_fields, data_row
    from taipy_exec.views.json_objects import dump

    streams = call.streams
    data = _opened(call, scenario, name, creation_date)
    editors = data.editors()
    if streams.json:
        nodes = [
            {
                **data_fields(data, node),
                "owner": data.owner(node),
                "edited_by": editors.get(node.config.id),
            }
            for node in data.nodes.values()
        ]
        streams.data(dump({"nodes": nodes}))
        return 0
    rows = [data_row(data, node, editors) for node in data.nodes.values()]
    streams.show(DataTable(rows, unicode=streams.unicode))
    return 0


_SHOW = help_text(
    "Print the value of NODE.",
    "taipy-exec data show forecast",
    "taipy-exec data show config.toml forecast --json",
)


@app.command("show", cls=_AppFirst, help=_SHOW, short_help=summary(_SHOW))
@command(*ALL)
def show(
    call: Call,
    app: LeadingApp = ".",
    *,
    node: NodeArgument,
    scenario: options.Scenario = None,
    name: options.Name = None,
    creation_date: options.CreationDate = None,
) -> int:
    from taipy_exec.cli.data_table import data_fields
    from taipy_exec.views.json_objects import dump
    from taipy_exec.views.value_json import as_json, as_text

    streams = call.streams
    with _naming(app, node):
        data = _opened(call, scenario, name, creation_date)
        found = data.node(node)
    written, value = found.changed_at() is not None, data.value(found)
    if streams.json:
        streams.data(dump({**data_fields(data, found), "value": as_json(value)}))
    elif written:
        streams.value(as_text(value))
    elif found.config.storage_type == "in_memory":
        streams.note(f"data node {node!r} has a value only in the process that runs the jobs")
    else:
        streams.note(f"data node {node!r} was never written ({data.place(found)})")
    return 0


_WRITE = help_text(
    "Write VALUE (JSON or text) into NODE.",
    "taipy-exec data write days 30",
    "taipy-exec data write config.toml days 30",
)


@app.command("write", cls=_AppFirst, help=_WRITE, short_help=summary(_WRITE))
@command(*ALL)
def write(
    call: Call,
    app: LeadingApp = ".",
    *,
    node: NodeArgument,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="JSON or text.")],
    scenario: options.Scenario = None,
    name: options.Name = None,
    creation_date: options.CreationDate = None,
) -> int:
    from taipy_exec.cli.data_table import data_fields
    from taipy_exec.operations.given_values import parse_value
    from taipy_exec.views.json_objects import dump

    streams = call.streams
    with _naming(app, node):
        data = _opened(call, scenario, name, creation_date, create=True)
        found = data.node(node)
    data.write(found, parse_value(value), named=app)
    if streams.json:
        streams.data(dump(data_fields(data, found)))
    else:
        streams.note(f"wrote {node} ({data.place(found)})")
    return 0


def _opened(
    call: Call,
    scenario: str | None,
    name: str | None,
    created: datetime | None,
    *,
    create: bool = False,
) -> InstanceData:
    from taipy_exec.operations.data import instance_data

    return instance_data(
        call.location, call.streams, scenario=scenario, name=name, created=created, create=create
    )
