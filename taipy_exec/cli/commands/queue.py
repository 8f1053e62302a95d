"""`queue`: the depth of the jobs queue, and its dead letters."""

from __future__ import annotations

from typing import Annotated

import typer

from taipy_exec.cli import options
from taipy_exec.cli.call import ON_A_BROKER, Call, command
from taipy_exec.cli.options import help_text, option, summary

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
@command(*ON_A_BROKER)
def queue(
    call: Call,
    context: typer.Context,
) -> int:
    from taipy_exec.cli.workers_table import queue_line
    from taipy_exec.operations.cluster import look
    from taipy_exec.views.json_objects import dump

    if context.invoked_subcommand is not None:
        _refuse_options(context)
        return 0
    streams = call.streams
    place = call.place
    found = look(place.cluster).queue
    assert found is not None
    if streams.json:
        streams.data(dump({"queue": found}))
        return 0
    streams.line(queue_line(found))
    where = call.location.where_of_application
    if found["dead"]:
        dead = f"taipy-exec queue dead list{where}"
        streams.hint(f"{dead} shows why they are dead")
    elif found["ready"] and not found["workers"]:
        streams.hint(f"taipy-exec run-worker{where} starts a worker")
    return 0


def _refuse_options(context: typer.Context) -> None:
    """Raises UsageError for an option before `dead`, which would be lost."""
    from taipy_exec.errors import UsageError

    for name in context.params:
        if options.is_given(context, name):
            raise UsageError(
                "options of `queue dead` come after it", "taipy-exec queue dead list -a app"
            )


@dead.command("list", help=_LIST_HELP, short_help=summary(_LIST_HELP))
@command(*ON_A_BROKER)
def list_letters(
    call: Call,
) -> int:
    from taipy_exec.cli.workers_table import dead_letters_table
    from taipy_exec.operations.dead_letters import dead_letters
    from taipy_exec.views.dead_letter import dead_letter_fields
    from taipy_exec.views.json_objects import dump

    streams = call.streams
    cluster = call.place.cluster
    letters = dead_letters(cluster)
    found = [
        dead_letter_fields(number, letter, cluster.application)
        for number, letter in enumerate(letters, 1)
    ]
    if streams.json:
        streams.data(dump({"dead": found}))
    elif found:
        streams.show(dead_letters_table(found))
    else:
        streams.data("no dead letters")
    return 0


@dead.command("show", help=_SHOW_HELP, short_help=summary(_SHOW_HELP))
@command(*ON_A_BROKER)
def show(
    call: Call,
    number: _Number,
) -> int:
    from taipy_exec.operations.cluster import plain
    from taipy_exec.operations.dead_letters import chosen_letters, dead_letters
    from taipy_exec.views.dead_letter import dead_letter_fields
    from taipy_exec.views.json_objects import dump

    streams = call.streams
    cluster = call.place.cluster
    (letter,) = chosen_letters(dead_letters(cluster), [number])
    found = dead_letter_fields(number, letter, cluster.application)
    found["headers"] = {str(k)[:200]: str(v)[:1000] for k, v in letter.headers.items()}
    found["body"] = letter.body.decode("utf-8", "backslashreplace")
    if streams.json:
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
@command(*ON_A_BROKER)
def requeue(
    call: Call,
    numbers: Annotated[
        list[int] | None,
        typer.Argument(metavar="[N...]", min=1, max=options.MOST, help="Numbers in `list`."),
    ] = None,
    all_of_them: Annotated[bool, option("--all", help="All dead letters.")] = False,
) -> int:
    from taipy_exec.errors import UsageError
    from taipy_exec.operations.dead_letters import requeue as requeue_letters
    from taipy_exec.views.json_objects import dump

    if bool(numbers) == all_of_them:
        raise UsageError("give the numbers of dead letters or --all", "queue dead list shows them")
    streams = call.streams
    cluster = call.place.cluster
    number = requeue_letters(cluster, None if all_of_them else numbers)
    if streams.json:
        streams.data(dump({"requeued": number}))
    else:
        streams.data(f"{number} put back into the queue")
    return 0


@dead.command("purge", help=_PURGE_HELP, short_help=summary(_PURGE_HELP))
@command(*ON_A_BROKER)
def purge(
    call: Call,
    yes: Annotated[bool, option("--yes", "-y", help="Do not ask.")] = False,
) -> int:
    from taipy_exec.cli.confirmation import confirm_removal
    from taipy_exec.operations.dead_letters import count_dead_letters
    from taipy_exec.operations.dead_letters import purge as purge_letters
    from taipy_exec.views.json_objects import dump
    from taipy_exec.views.words import several

    streams = call.streams
    cluster = call.place.cluster
    if not yes:
        number = count_dead_letters(cluster)
        letters = several(number, "dead letter")
        confirm_removal(streams, f"{letters} of application {cluster.application}")
    removed = purge_letters(cluster)
    if streams.json:
        streams.data(dump({"purged": removed}))
    else:
        streams.data(f"{removed} removed")
    return 0


app.add_typer(dead, name="dead", help=DEAD_HELP, short_help=summary(DEAD_HELP))
