"""`data list|show|write`: the data nodes of a scenario instance."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taipy_exec.cli import completion, options
from taipy_exec.cli.help_page import HouseCommand
from taipy_exec.cli.options import help_text, summary

if TYPE_CHECKING:
    from datetime import datetime

    from taipy_exec.cli.location import Location
    from taipy_exec.cli.streams import Streams
    from taipy_exec.config.application import AppConfig
    from taipy_exec.data.node import DataNodeRef
    from taipy_exec.store.rows import Edit, Instance
    from taipy_exec.store.store import Store

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


@dataclass(slots=True)
class _Opened:
    """An instance's data nodes. Its id is empty if nothing was ever submitted."""

    config: AppConfig
    store: Store | None
    instance: Instance
    nodes: dict[str, DataNodeRef]
    edits: dict[str, Edit]


def _open(
    streams: Streams,
    location: Location,
    scenario: str | None,
    name: str | None,
    created: datetime | None,
    *,
    create: bool,
) -> _Opened:
    from taipy_exec.cli.application import cycle_day, load_application
    from taipy_exec.engine.instances import (
        find_instance,
        imagined_instance,
        instance_nodes,
        named_instance,
    )
    from taipy_exec.store.store import Store

    config = load_application(location, imports=False)
    chosen = config.scenario(scenario)
    created = cycle_day(streams, chosen, created)
    wanted = name or chosen.id
    store = None
    if create or Store.exists(config.state_dir):
        store = Store(config.state_dir, create=create)
    instance = find_instance(store, chosen, wanted, created) if store else None
    if instance is None and store is not None:
        if create:
            instance = named_instance(store, config, chosen, wanted, created=created)
        elif created is None:
            instance = store.find_instance(chosen.id, wanted)
    if instance is None:
        if name is not None:
            from taipy_exec.errors import NotFoundError

            raise NotFoundError(
                f"scenario {chosen.id} has no instance named {name!r}",
                "submit it first, or remove --name",
            )
        instance = imagined_instance(chosen, wanted, created)
    nodes = instance_nodes(config, chosen, instance)
    edits = store.last_edits([node.id for node in nodes.values()]) if store else {}
    return _Opened(config, store, instance, nodes, edits)


def _node(opened: _Opened, wanted: str) -> DataNodeRef:
    from taipy_exec.config.problem import nearest
    from taipy_exec.errors import NotFoundError

    if wanted not in opened.nodes:
        raise NotFoundError(
            f"there is no data node {wanted!r}{nearest(wanted, opened.nodes)}",
            f"the data nodes are {', '.join(opened.nodes)}" if opened.nodes else None,
        )
    return opened.nodes[wanted]


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


def _written(opened: _Opened, node: DataNodeRef) -> tuple[float | None, str | None]:
    """The time and the writer: a job's id, an editor, or None for a file from elsewhere."""
    changed = node.changed_at()
    edit = opened.edits.get(node.id)
    if changed is None or (not changed and edit is None):
        return None, None
    if edit is None or changed > edit.at + 0.001:
        return changed, None
    return edit.at, edit.job or edit.editor


_LIST = help_text(
    "List the data nodes.", "taipy-exec data list", "taipy-exec data list config.toml --json"
)


@app.command("list", help=_LIST, short_help=summary(_LIST))
def list_nodes(
    app: AppArgument = ".",
    scenario: options.Scenario = None,
    name: options.Name = None,
    creation_date: options.CreationDate = None,
    json_output: options.Json = False,
    root: options.Root = None,
    state_dir: options.StateDir = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    color: options.Color = None,
) -> int:
    from taipy_exec.cli.data_table import DataTable
    from taipy_exec.cli.location import Location
    from taipy_exec.cli.shapes import dump
    from taipy_exec.cli.streams import Streams

    streams = Streams(color=color, quiet=quiet, verbose=verbose, json=json_output)
    location = Location(streams, app, state_dir, root)
    opened = _open(streams, location, scenario, name, creation_date, create=False)
    editors = _editors(opened)
    if json_output:
        nodes = [
            {
                **_fields(opened, node),
                "owner": _owner(opened, node),
                "edited_by": editors.get(node.config.id),
            }
            for node in opened.nodes.values()
        ]
        streams.data(dump({"nodes": nodes}))
        return 0
    rows = [_row(opened, node, editors) for node in opened.nodes.values()]
    streams.show(DataTable(rows, unicode=streams.unicode))
    return 0


def _row(opened: _Opened, node: DataNodeRef, editors: dict[str, str]) -> dict[str, str]:
    """The cells of a data node in the list, by column."""
    from taipy_exec.cli.render import clock

    at, by = _written(opened, node)
    return {
        "Data node": node.config.id,
        "Type": node.config.storage_type,
        "Scope": _scope(opened, node),
        "Written": clock(at) or ("never" if node.changed_at() is None else "not known"),
        "By": _by(opened, by, editors.get(node.config.id)),
        "Place": _shown_place(opened, node),
    }


_SHOW = help_text(
    "Print the value of NODE.",
    "taipy-exec data show forecast",
    "taipy-exec data show config.toml forecast --json",
)


@app.command("show", cls=_AppFirst, help=_SHOW, short_help=summary(_SHOW))
def show(
    app: LeadingApp = ".",
    *,
    node: NodeArgument,
    scenario: options.Scenario = None,
    name: options.Name = None,
    creation_date: options.CreationDate = None,
    json_output: options.Json = False,
    root: options.Root = None,
    state_dir: options.StateDir = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    color: options.Color = None,
) -> int:
    from taipy_exec.cli.location import Location
    from taipy_exec.cli.shapes import dump
    from taipy_exec.cli.streams import Streams
    from taipy_exec.cli.values import as_json, as_text
    from taipy_exec.engine.instances import read_node

    streams = Streams(color=color, quiet=quiet, verbose=verbose, json=json_output)
    location = Location(streams, app, state_dir, root)
    with _naming(app, node):
        opened = _open(streams, location, scenario, name, creation_date, create=False)
        found = _node(opened, node)
    written = found.changed_at() is not None
    value = read_node(found) if written else None
    if json_output:
        streams.data(dump({**_fields(opened, found), "value": as_json(value)}))
    elif written:
        streams.value(as_text(value))
    elif found.config.storage_type == "in_memory":
        streams.note(f"data node {node!r} has a value only in the process that runs the jobs")
    else:
        streams.note(f"data node {node!r} was never written ({_shown_place(opened, found)})")
    return 0


_WRITE = help_text(
    "Write VALUE (JSON or text) into NODE.",
    "taipy-exec data write days 30",
    "taipy-exec data write config.toml days 30",
)


@app.command("write", cls=_AppFirst, help=_WRITE, short_help=summary(_WRITE))
def write(
    app: LeadingApp = ".",
    *,
    node: NodeArgument,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="JSON or text.")],
    scenario: options.Scenario = None,
    name: options.Name = None,
    creation_date: options.CreationDate = None,
    json_output: options.Json = False,
    root: options.Root = None,
    state_dir: options.StateDir = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    color: options.Color = None,
) -> int:
    from taipy_exec.cli.given_values import parse_value
    from taipy_exec.cli.location import Location
    from taipy_exec.cli.shapes import dump
    from taipy_exec.cli.streams import Streams
    from taipy_exec.engine.instances import write_node
    from taipy_exec.errors import UsageError
    from taipy_exec.store.rows import Edit

    streams = Streams(color=color, quiet=quiet, verbose=verbose, json=json_output)
    location = Location(streams, app, state_dir, root)
    with _naming(app, node):
        opened = _open(streams, location, scenario, name, creation_date, create=True)
        found = _node(opened, node)
    assert opened.store is not None
    if found.config.storage_type == "in_memory":
        raise UsageError(
            f"data node {node!r} is kept in memory: its value would be lost with this command",
            f"taipy-exec submit {quote(app)} --set {node}=VALUE writes it for the jobs",
        )
    write_node(found, parse_value(value))
    edit = Edit(node=found.id, at=time.time(), editor="taipy-exec", comment="data write")
    opened.store.add_edits([edit])
    opened.edits[found.id] = edit
    if json_output:
        streams.data(dump(_fields(opened, found)))
    else:
        streams.note(f"wrote {node} ({_shown_place(opened, found)})")
    return 0


def _fields(opened: _Opened, node: DataNodeRef) -> dict[str, Any]:
    from taipy_exec.cli.shapes import when

    at, by = _written(opened, node)
    return {
        "node": node.config.id,
        "storage_type": node.config.storage_type,
        "scope": node.config.scope.name,
        "path": _shown_place(opened, node) if node.path else None,
        "written_at": when(at),
        "written_by": by,
    }


def _editors(opened: _Opened) -> dict[str, str]:
    """Data node -> what is changing it now: a job of this instance, or an editor with a lock."""
    from taipy_exec.config.mapped import whole_name
    from taipy_exec.model.status import Status

    if opened.store is None:
        return {}
    ids = {node.id: name for name, node in opened.nodes.items()}
    locks = opened.store.locks(list(ids), time.time())
    found = {ids[id]: lock.editor or "somebody" for id, lock in locks.items()}
    for record in opened.store.unfinished_submissions():
        if record.instance == opened.instance.id:
            for job in opened.store.jobs(record.id):
                if job.status is Status.RUNNING:
                    outputs = opened.config.tasks[whole_name(job.task)].output_ids
                    found.update(dict.fromkeys(outputs, job.id))
    return found


def _by(opened: _Opened, by: str | None, editor: str | None) -> str:
    """The last writer and the current one, as the list shows them."""
    short = opened.store.short_id if opened.store else str
    shown = [short(who) if who.startswith("JOB_") else who for who in (by or "", editor or "")]
    return f"{shown[0]} (now {shown[1]})".lstrip() if editor else shown[0]


def _owner(opened: _Opened, node: DataNodeRef) -> str | None:
    """The owner of the data node: one scenario instance, a cycle, or None (shared by all)."""
    scope, instance = node.config.scope.name, opened.instance
    return {"SCENARIO": instance.id, "CYCLE": instance.cycle}.get(scope) or None


def _scope(opened: _Opened, node: DataNodeRef) -> str:
    """The scope, with the name of the instance or the cycle that is meant."""
    if node.config.scope.name == "CYCLE" and opened.instance.cycle:
        return opened.instance.cycle.replace("_", " ")
    name = f" {opened.instance.name}" if node.config.scope.name == "SCENARIO" else ""
    return f"{node.config.scope.name}{name}"


def _shown_place(opened: _Opened, node: DataNodeRef) -> str:
    if node.path is None:
        return node.place
    try:
        return str(node.path.relative_to(opened.config.root))
    except ValueError:
        return str(node.path)
