"""`queue`: the depth of the jobs queue, and its dead letters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from taipy_exec.cli import options
from taipy_exec.cli.options import help_text, option, summary

if TYPE_CHECKING:
    from taipy_exec.broker.inspection import DeadLetter
    from taipy_exec.cli.streams import Streams

HELP = help_text(
    "Show how many jobs of an application wait in RabbitMQ, how many run, and how many messages "
    "are dead: no worker could run them. `queue dead` shows those.",
    "taipy-exec queue",
    "taipy-exec queue -a app --json",
    "taipy-exec queue dead list",
    "taipy-exec queue dead requeue --all",
)
DEAD_HELP = help_text(
    "Show the dead letters of an application, put them back into the queue, or remove them.",
    "taipy-exec queue dead list",
    "taipy-exec queue dead show 1",
    "taipy-exec queue dead requeue 1 2",
    "taipy-exec queue dead purge --yes",
)
_LIST_HELP = help_text(
    "List the dead letters with their reasons, oldest first. They stay where they are.",
    "taipy-exec queue dead list",
    "taipy-exec queue dead list -a app --json",
)
_SHOW_HELP = help_text(
    "Show all of one dead letter: its reason, headers and text. It stays where it is.",
    "taipy-exec queue dead show 1",
)
_REQUEUE_HELP = help_text(
    "Put dead letters back into the jobs queue, by their numbers in `list` or all of them. A copy "
    "is in the queue before the letter is removed here.",
    "taipy-exec queue dead requeue 1 2",
    "taipy-exec queue dead requeue --all",
)
_PURGE_HELP = help_text(
    "Remove all dead letters. The command asks first, unless --yes is given.",
    "taipy-exec queue dead purge",
    "taipy-exec queue dead purge --yes",
)

app = typer.Typer(rich_markup_mode=None)
dead = typer.Typer(rich_markup_mode=None, no_args_is_help=True)

_Number = Annotated[
    int, typer.Argument(metavar="N", min=1, max=options.MOST, help="Its number in `list`.")
]


@app.callback(invoke_without_command=True)
def queue(
    context: typer.Context,
    application_path: options.ApplicationPathOption = ".",
    application: options.Application = None,
    broker_url: options.BrokerUrl = None,
    root: options.Root = None,
    json_output: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    color: options.Color = None,
) -> int:
    from taipy_exec.cli.cluster import look, place_of, queue_line
    from taipy_exec.cli.location import Location
    from taipy_exec.cli.shapes import dump
    from taipy_exec.cli.streams import Streams

    if context.invoked_subcommand is not None:
        _refuse_options(context)
        return 0
    streams = Streams(color=color, quiet=quiet, verbose=verbose, json=json_output)
    location = Location(streams, application_path, None, root)
    place = place_of(location, application, broker_url)
    found = look(place.cluster).queue
    assert found is not None
    if json_output:
        streams.data(dump({"queue": found}))
        return 0
    streams.line(queue_line(found))
    where = location.where_of_application
    if found["dead"]:
        dead = f"taipy-exec queue dead list{where}"
        streams.note(f"hint: {dead} shows why they are dead", style="cyan")
    elif found["ready"] and not found["workers"]:
        streams.note(f"hint: taipy-exec run-worker{where} starts a worker", style="cyan")
    return 0


def _refuse_options(context: typer.Context) -> None:
    """Raises UsageError for an option before `dead`, which would be lost."""
    from taipy_exec.errors import UsageError

    for name in context.params:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise UsageError(
                "options of `queue dead` come after it", "taipy-exec queue dead list -a app"
            )


@dead.command("list", help=_LIST_HELP, short_help=summary(_LIST_HELP))
def list_letters(
    application_path: options.ApplicationPathOption = ".",
    application: options.Application = None,
    broker_url: options.BrokerUrl = None,
    root: options.Root = None,
    json_output: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    color: options.Color = None,
) -> int:
    from taipy_exec.broker.inspection import Inspection
    from taipy_exec.cli.cluster import place_of
    from taipy_exec.cli.location import Location
    from taipy_exec.cli.shapes import dump
    from taipy_exec.cli.streams import Streams

    streams = Streams(color=color, quiet=quiet, verbose=verbose, json=json_output)
    location = Location(streams, application_path, None, root)
    cluster = place_of(location, application, broker_url).cluster
    with Inspection(cluster) as inspection:
        letters = inspection.borrow_dead()
    found = [_fields(n, letter, cluster.application) for n, letter in enumerate(letters, 1)]
    if json_output:
        streams.data(dump({"dead": found}))
    else:
        _show_list(streams, found)
    return 0


@dead.command("show", help=_SHOW_HELP, short_help=summary(_SHOW_HELP))
def show(
    number: _Number,
    application_path: options.ApplicationPathOption = ".",
    application: options.Application = None,
    broker_url: options.BrokerUrl = None,
    root: options.Root = None,
    json_output: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    color: options.Color = None,
) -> int:
    from taipy_exec.broker.inspection import Inspection
    from taipy_exec.cli.cluster import place_of, plain
    from taipy_exec.cli.location import Location
    from taipy_exec.cli.shapes import dump
    from taipy_exec.cli.streams import Streams

    streams = Streams(color=color, quiet=quiet, verbose=verbose, json=json_output)
    location = Location(streams, application_path, None, root)
    cluster = place_of(location, application, broker_url).cluster
    with Inspection(cluster) as inspection:
        letters = inspection.borrow_dead()
    (letter,) = _chosen(letters, [number])
    found = _fields(number, letter, cluster.application)
    found["headers"] = {str(k)[:200]: str(v)[:1000] for k, v in letter.headers.items()}
    found["body"] = letter.body.decode("utf-8", "backslashreplace")
    if json_output:
        streams.data(dump({"dead": found}))
        return 0
    headers = found.pop("headers")
    body = found.pop("body")
    for key, value in {**found, **headers}.items():
        if value is not None:
            streams.line(f"{key}: {plain(value, 1000)}")
    streams.line("")
    streams.line(plain(body, 100_000))
    return 0


@dead.command("requeue", help=_REQUEUE_HELP, short_help=summary(_REQUEUE_HELP))
def requeue(
    numbers: Annotated[
        list[int] | None,
        typer.Argument(metavar="[N...]", min=1, max=options.MOST, help="Numbers in `list`."),
    ] = None,
    all_of_them: Annotated[bool, option("--all", help="All dead letters.")] = False,
    application_path: options.ApplicationPathOption = ".",
    application: options.Application = None,
    broker_url: options.BrokerUrl = None,
    root: options.Root = None,
    json_output: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    color: options.Color = None,
) -> int:
    from taipy_exec.broker.inspection import Inspection
    from taipy_exec.cli.cluster import place_of
    from taipy_exec.cli.location import Location
    from taipy_exec.cli.shapes import dump
    from taipy_exec.cli.streams import Streams
    from taipy_exec.errors import UsageError

    if bool(numbers) == all_of_them:
        raise UsageError("give the numbers of dead letters or --all", "queue dead list shows them")
    streams = Streams(color=color, quiet=quiet, verbose=verbose, json=json_output)
    location = Location(streams, application_path, None, root)
    cluster = place_of(location, application, broker_url).cluster
    with Inspection(cluster) as inspection:
        letters = inspection.borrow_dead()
        chosen = letters if all_of_them else _chosen(letters, numbers or [])
        for letter in chosen:
            inspection.requeue(letter)
    if json_output:
        streams.data(dump({"requeued": len(chosen)}))
    else:
        streams.data(f"{len(chosen)} put back into the queue")
    return 0


@dead.command("purge", help=_PURGE_HELP, short_help=summary(_PURGE_HELP))
def purge(
    yes: Annotated[bool, option("--yes", "-y", help="Do not ask.")] = False,
    application_path: options.ApplicationPathOption = ".",
    application: options.Application = None,
    broker_url: options.BrokerUrl = None,
    root: options.Root = None,
    json_output: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    color: options.Color = None,
) -> int:
    from taipy_exec.broker.inspection import Inspection
    from taipy_exec.broker.names import Names
    from taipy_exec.cli.cluster import place_of
    from taipy_exec.cli.confirmation import confirm_removal
    from taipy_exec.cli.location import Location
    from taipy_exec.cli.shapes import dump
    from taipy_exec.cli.streams import Streams

    streams = Streams(color=color, quiet=quiet, verbose=verbose, json=json_output)
    location = Location(streams, application_path, None, root)
    cluster = place_of(location, application, broker_url).cluster
    if not yes:
        with Inspection(cluster) as inspection:
            waiting = inspection.waiting(Names(cluster.application).dead)
        number = waiting.ready if waiting else 0
        letters = "1 dead letter" if number == 1 else f"{number} dead letters"
        confirm_removal(streams, f"{letters} of application {cluster.application}")
    # A new connection: a broker closes one that is silent while the user thinks.
    with Inspection(cluster) as inspection:
        removed = inspection.purge_dead()
    if json_output:
        streams.data(dump({"purged": removed}))
    else:
        streams.data(f"{removed} removed")
    return 0


def _chosen(letters: list[DeadLetter], numbers: list[int]) -> list[DeadLetter]:
    """The letters with these numbers. Raises NotFoundError for one that is not there."""
    from taipy_exec.errors import NotFoundError

    for number in numbers:
        if number > len(letters):
            raise NotFoundError(
                f"there is no dead letter {number}, but {len(letters)} of them",
                "taipy-exec queue dead list shows them",
            )
    return [letters[number - 1] for number in sorted(set(numbers))]


def _fields(number: int, letter: DeadLetter, application: str) -> dict[str, Any]:
    """One dead letter as JSON. Job and task are None if it is not a message of taipy-exec."""
    from taipy_exec.cli.shapes import when
    from taipy_exec.execution.messages import BadMessage, Codec, Order

    order = None
    try:
        message = Codec(application).load(letter.body, letter.headers)
        order = message if isinstance(message, Order) else None
    except BadMessage:
        pass
    return {
        "number": number,
        "reason": str(letter.reason)[:1000],
        "at": when(letter.at),
        "worker": str(letter.worker)[:200] if letter.worker else None,
        "job": order.job if order else None,
        "task": order.task if order else None,
        "attempt": order.attempt if order else None,
        "submission": order.submission if order else None,
        "size": len(letter.body),
    }


def _show_list(streams: Streams, found: list[dict[str, Any]]) -> None:
    from taipy_exec.cli.render import new_table, short_id

    if not found:
        streams.data("no dead letters")
        return
    table = new_table()
    for title in ("N", "Time", "Task", "Job", "Worker", "Reason"):
        table.add_column(
            title,
            overflow="fold",
            no_wrap=title == "N",
            justify="right" if title == "N" else "left",
        )
    for letter in found:
        table.add_row(
            str(letter["number"]),
            (letter["at"] or "").partition(".")[0].replace("T", " "),
            letter["task"] or "",
            short_id(letter["job"]) if letter["job"] else "",
            letter["worker"] or "",
            letter["reason"],
        )
    streams.show(table)


app.add_typer(dead, name="dead", help=DEAD_HELP, short_help=summary(DEAD_HELP))
