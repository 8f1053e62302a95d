"""A program that writes down all that a user of Taipy can see of its jobs, into record.json."""

import json
import time
from pathlib import Path

import taipy as tp
from taipy import Config, Scope
from taipy.core.notification import CoreEventConsumerBase, EventEntityType, Notifier

record = []


def double(number):
    return number * 2


def increase(number):
    return number + 1


def add(one, other):
    return one + other


def both(number):
    return number, -number


def refuse(number):
    raise ValueError(f"not {number}")


def on_change(job):
    record.append(["callback", job.task.config_id, job.status.name])


def on_scenario(word, scenario, job):
    record.append(["subscriber", word, scenario.config_id, job.task.config_id, job.status.name])


def node(id, **options):
    return Config.configure_data_node(id, **options)


start = node("start", default_data=5)
nodes = {
    id: node(id) for id in ("first", "second", "third", "left", "right", "sum", "never", "nor")
}
shared = node("shared", scope=Scope.GLOBAL, default_data=1)
chain = [
    Config.configure_task("one", double, start, nodes["first"], skippable=True),
    Config.configure_task("two", increase, nodes["first"], nodes["second"], skippable=True),
    Config.configure_task("three", add, [nodes["second"], shared], nodes["third"]),
]
chained = Config.configure_scenario(
    "chained", chain, sequences={"beginning": chain[:2], "end": chain[2:]}
)
diamond = [
    Config.configure_task("fan", both, start, [nodes["left"], nodes["right"]]),
    Config.configure_task("to_left", double, nodes["left"], nodes["first"]),
    Config.configure_task("to_right", increase, nodes["right"], nodes["second"]),
    Config.configure_task("join", add, [nodes["first"], nodes["second"]], nodes["sum"]),
]
meeting = Config.configure_scenario("meeting", diamond)
failing = Config.configure_scenario(
    "failing",
    [
        chain[0],
        Config.configure_task("bad", refuse, nodes["first"], nodes["never"]),
        Config.configure_task("after", double, nodes["never"], nodes["nor"]),
    ],
)


class Listener(CoreEventConsumerBase):
    def process_event(self, event):
        kind = event.entity_type.name
        if event.attribute_name == "is_submittable":
            return
        if event.entity_type in (EventEntityType.JOB, EventEntityType.SUBMISSION):
            value = getattr(event.attribute_value, "name", str(event.attribute_value))
            task = event.metadata.get("task_config_id")
            record.append(["event", kind, task, event.operation.name, event.attribute_name, value])
        elif event.entity_type is EventEntityType.DATA_NODE and event.attribute_name in (
            "edit_in_progress",
            "last_edit_date",
            "editor_id",
            "editor_expiration_date",
        ):
            config = event.metadata.get("config_id")
            record.append(["event", kind, config, event.operation.name, event.attribute_name])


def submit(what, entity, **options):
    submission = entity.submit(callbacks=[on_change], wait=True, timeout=60, **options)
    # What is announced last may still be under way in another thread.
    end = time.monotonic() + 10
    while not submission.is_finished() and time.monotonic() < end:
        time.sleep(0.05)
    # The listener has to come to the end of what was told so far.
    while not events.empty() and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.3)
    jobs = {
        job.task.config_id: [job.status.name, list(job._status_change_records), len(job.stacktrace)]
        for job in submission.jobs
    }
    record.append(["submission", what, submission.submission_status.name, jobs])


def values(scenario):
    found = {id: node.read() for id, node in scenario.data_nodes.items()}
    record.append(["values", scenario.config_id, dict(sorted(found.items()))])


if __name__ == "__main__":
    Config.configure_job_executions(mode="standalone", max_nb_of_workers=1)
    orchestrator = tp.Orchestrator()
    orchestrator.run()
    registration, events = Notifier.register()
    listener = Listener(registration, events)
    listener.start()
    first = tp.create_scenario(chained)
    first.subscribe(on_scenario, ["hello"])
    submit("chained", first)
    values(first)
    submit("chained again, two are skipped", first)
    submit("forced", first, force=True)
    first.start.write(8)
    submit("a sequence", first.sequences["beginning"])
    submit("another sequence", first.sequences["end"])
    submit("one task", first.tasks["three"])
    values(first)
    second = tp.create_scenario(meeting)
    submit("meeting", second)
    values(second)
    third = tp.create_scenario(failing)
    submit("failing", third)
    values(third)
    time.sleep(0.5)
    listener.stop()
    orchestrator.stop()
    Path("record.json").write_text(json.dumps(record, indent=1))
