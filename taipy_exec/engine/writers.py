"""Find the unfinished job of another process that will write a data node."""

from __future__ import annotations

from taipy_exec.config.application import AppConfig
from taipy_exec.engine.instances import instance_nodes
from taipy_exec.errors import NotFoundError
from taipy_exec.store.store import Store


def writer_elsewhere(store: Store, app: AppConfig, key: str, identity: str) -> str | None:
    """The id of an unfinished job that will write the place `key`, see `DataNodeRef.key`.

    Only jobs of the configuration `app` and of live processes other than `identity` count.
    """
    for record in store.unfinished_submissions(without=identity):
        scenario = app.real_scenarios.get(record.scenario)
        if scenario is None:
            continue
        if not store.is_alive(record.coordinator):
            continue
        try:
            nodes = instance_nodes(app, scenario, store.instance(record.instance))
        except NotFoundError:
            continue  # it was removed in the meantime
        outputs = {task.id: task.output_ids for task in scenario.tasks}
        for job in store.jobs(record.id):
            names = () if job.status.is_final else outputs.get(job.task, ())
            if any(nodes[name].key == key for name in names):
                return job.id
    return None
