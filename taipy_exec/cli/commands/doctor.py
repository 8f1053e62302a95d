"""`doctor`: checks for everything that the application's mode needs, and how to fix it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taipy_exec.cli import options
from taipy_exec.cli.call import ALL, Call, command
from taipy_exec.cli.options import help_text

if TYPE_CHECKING:
    from taipy_exec.cli.streams import Streams
    from taipy_exec.operations.doctor.diagnosis import Finding

HELP = help_text(
    "Check that this machine has everything the application's mode needs: packages, the state "
    "folder, a valid configuration, and in cluster mode the broker. Each problem comes with a fix.",
    "taipy-exec doctor",
    "taipy-exec doctor -a app --mode cluster",
    "taipy-exec doctor --application app --broker-url amqp://user@broker/ --json",
)


@command(*ALL)
def doctor(
    call: Call,
    application_path: options.ApplicationPathOption = ".",
    application: options.Application = None,
    mode: options.Mode = None,
    broker_url: options.BrokerUrl = None,
) -> int:
    from taipy_exec.cli import outcome
    from taipy_exec.errors import BrokerError
    from taipy_exec.operations.doctor.diagnosis import Level
    from taipy_exec.operations.doctor.examination import examine
    from taipy_exec.views.json_objects import dump

    streams = call.streams
    findings = examine(call.location, application, mode, broker_url)
    if streams.json:
        streams.data(dump({"checks": [finding.as_json() for finding in findings]}))
    else:
        _show(streams, findings)
    problems = [finding for finding in findings if finding.level is Level.PROBLEM]
    if not problems:
        return outcome.OK
    only_broker = all(finding.is_broker for finding in problems)
    return BrokerError.exit_code if only_broker else outcome.INVALID


def _show(streams: Streams, findings: list[Finding]) -> None:
    from rich.text import Text

    from taipy_exec.cli.render import line
    from taipy_exec.operations.doctor.diagnosis import Level

    styles = {Level.OK: "green", Level.WARNING: "yellow", Level.PROBLEM: "bold red"}
    for finding in findings:
        if streams.quiet and finding.level is Level.OK:
            continue
        level = Text(f"{finding.level:<8}", style=styles[finding.level])
        # Each stays one line, since it contains commands to copy.
        streams.show(level + line(f"{finding.name}: {finding.message}"), soft_wrap=True)
        if finding.fix:
            streams.show(line(f"         {finding.fix}", style="cyan"), soft_wrap=True)
