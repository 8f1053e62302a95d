"""Programs that reach behind `Config` and `tp.create_scenario`: under ours as under Taipy's."""

from __future__ import annotations

import pytest
from taipy_support import Both

# Data nodes of a program, and tasks that it makes of them itself.
BY_HAND = """
    import functools
    from taipy import Scope
    from taipy.core import Scenario, Task
    from taipy.core._orchestrator._orchestrator import _Orchestrator

    def double(number):
        return 2 * number

    def multiply(factor, number):
        return factor * number

    def data_nodes(*ids):
        return [tp.create_global_data_node(config) for config in ids]

    one = node("one", default_data=1, scope=Scope.GLOBAL)
    two = node("two", scope=Scope.GLOBAL)
    six = node("six", scope=Scope.GLOBAL)
"""


@pytest.mark.long
def test_a_stored_task_that_is_not_configured_runs(both: Both) -> None:
    theirs, ours = both(
        BY_HAND
        + """
    if __name__ == "__main__":
        started()
        first, second, _ = data_nodes(one, two, six)
        task = Task("by_hand", {}, double, [first], [second])
        scenario = Scenario("made", {task}, {})
        tp.set(task)
        tp.set(scenario)
        submission = scenario.submit()
        until(submission.is_finished, 60)
        tell(all=statuses(submission), value=second.read(), why=submission.jobs[0].stacktrace)
    """
    )
    assert theirs == ours == {"all": {"by_hand": "COMPLETED"}, "value": 2, "why": []}


@pytest.mark.long
def test_tasks_that_are_not_stored_run_with_a_function_that_has_no_name(both: Both) -> None:
    theirs, ours = both(
        BY_HAND
        + """
    if __name__ == "__main__":
        started()
        first, second, third = data_nodes(one, two, six)
        by_two = Task("by_two", {}, functools.partial(multiply, 2), [first], [second])
        by_three = Task("by_three", {}, functools.partial(multiply, 3), [second], [third])
        follower = _Orchestrator.submit_task(by_three)
        blocked = follower._jobs[0].status.name
        single = _Orchestrator.submit_task(by_two)
        until(lambda: follower.is_finished() and single.is_finished(), 60)
        whole = _Orchestrator.submit(Scenario("made", {by_two, by_three}, {}), force=True)
        until(whole.is_finished, 60)
        ends = [submission.submission_status.name for submission in (single, follower, whole)]
        tell(blocked=blocked, ends=ends, value=third.read())
    """
    )
    assert theirs == ours == {"blocked": "BLOCKED", "ends": ["COMPLETED"] * 3, "value": 6}


@pytest.mark.long
def test_a_task_that_is_not_stored_and_cannot_be_sent_fails(both: Both) -> None:
    theirs, ours = both(
        BY_HAND
        + """
    def unsendable(generator, number):
        return number

    if __name__ == "__main__":
        started()
        first, second, _ = data_nodes(one, two, six)
        function = functools.partial(unsendable, (number for number in range(3)))
        submission = _Orchestrator.submit_task(Task("bad", {}, function, [first], [second]))
        job = submission._jobs[0]
        until(job.is_finished, PATIENCE)
        tell(status=job.status.name, why="".join(job.stacktrace))
    """
    )
    assert theirs["status"] == "RUNNING"
    assert ours["status"] == "FAILED"
    assert "task 'bad' is not stored, and cannot be sent to another process: " in ours["why"]
    assert "generator" in ours["why"]


def test_a_lock_of_a_multiprocessing_manager_works_in_jobs(both: Both) -> None:
    theirs, ours = both(
        BY_HAND
        + """
    import multiprocessing

    def locked(lock, number):
        note("waits")
        with lock:
            note("has")
        return number

    lock = node("lock", scope=Scope.GLOBAL)
    cfg = Config.configure_scenario("s", [task("locked", locked, [lock, one], two)])

    if __name__ == "__main__":
        manager = multiprocessing.Manager()
        started()
        scenario = tp.create_scenario(cfg)
        held = manager.Lock()
        scenario.lock.write(held)
        with held:
            submission = scenario.submit()
            until(lambda: noted("waits"), 60)
            early = noted("has")
        until(submission.is_finished, 60)
        tell(early=early, all=statuses(submission), value=scenario.two.read())
    """
    )
    assert theirs == ours == {"early": False, "all": {"locked": "COMPLETED"}, "value": 1}


# One worker, and jobs that wait until they may go on.
WAITING = """
    from unittest import mock
    from taipy.core._orchestrator._orchestrator import _Orchestrator
    from taipy.core._orchestrator._orchestrator_factory import _OrchestratorFactory

    def wait():
        until(lambda: noted("go"), 60)
        return 1

    def follow(number):
        return number

    first, second = node("first"), node("second")
    cfg = Config.configure_scenario(
        "s",
        [
            task("wait", wait, None, first),
            task("also", wait, None, node("other")),
            task("follow", follow, first, second),
            task("last", follow, second, node("end")),
        ],
    )

    def waiting():
        blocked = [job.task.config_id for job in _Orchestrator.blocked_jobs]
        return sorted(blocked), _Orchestrator.jobs_to_run.qsize()

    Config.configure_job_executions(mode="standalone", max_nb_of_workers=1)
"""


@pytest.mark.long
def test_what_waits_stands_in_the_lists_of_taipy(both: Both) -> None:
    theirs, ours = both(
        WAITING
        + """
    if __name__ == "__main__":
        submission = tp.create_scenario(cfg).submit()
        before = waiting()
        tp.Orchestrator().run()
        dispatcher = _OrchestratorFactory._dispatcher
        until(lambda: "RUNNING" in statuses(submission).values(), 60)
        while_running = waiting(), dispatcher._nb_available_workers
        note("go")
        until(submission.is_finished, 60)
        until(lambda: dispatcher._nb_available_workers == 1, 60)
        after = waiting(), dispatcher._nb_available_workers
        tell(before=before, while_running=while_running, after=after)
    """
    )
    assert theirs == ours
    assert ours["before"] == [["follow", "last"], 2]
    assert ours["while_running"] == [[["follow", "last"], 1], 0]
    assert ours["after"] == [[[], 0], 1]


def test_canceled_before_the_orchestrator_runs_nothing_waits_any_more(both: Both) -> None:
    theirs, ours = both(
        WAITING
        + """
    if __name__ == "__main__":
        submission = tp.create_scenario(cfg).submit()
        canceled = next(job for job in submission.jobs if job.task.config_id == "wait")
        tp.cancel_job(canceled)
        tell(waiting=waiting(), all=statuses(submission))
    """
    )
    assert theirs == ours
    assert ours["waiting"] == [[], 1]
    assert ours["all"] == {
        "wait": "CANCELED",
        "also": "PENDING",
        "follow": "ABANDONED",
        "last": "ABANDONED",
    }


def test_methods_that_a_test_of_a_program_replaces_are_called(both: Both) -> None:
    theirs, ours = both(
        WAITING
        + """
    if __name__ == "__main__":
        scenario = tp.create_scenario(cfg)
        with mock.patch.object(_Orchestrator, "_wait_until_job_finished") as waits:
            submission = scenario.submit(wait=True, timeout=5)
        waited = [job.id for job in waits.call_args.args[0]] == [job.id for job in submission.jobs]
        subscribers = [fct.__code__.co_name for fct in submission.jobs[0]._subscribers]
        _OrchestratorFactory._orchestrator = None
        again = _OrchestratorFactory._build_orchestrator() is _Orchestrator
        tell(waited=waited, timeout=waits.call_args.args[1], subscribers=subscribers, again=again)
    """
    )
    assert theirs == ours
    assert (ours["waited"], ours["timeout"], ours["again"]) == (True, 5, True)


def test_a_mode_that_is_none_raises_what_taipy_raises(both: Both) -> None:
    theirs, ours = both("""
        from taipy.core._orchestrator._orchestrator_factory import _OrchestratorFactory

        Config.configure_job_executions(mode="nonsense")

        if __name__ == "__main__":
            _OrchestratorFactory._build_orchestrator()
            try:
                _OrchestratorFactory._build_dispatcher()
            except Exception as error:
                tell(raised=type(error).__name__, why=str(error))
    """)
    assert theirs == ours
    assert ours["raised"] == "ModeNotAvailable"


def test_a_dispatcher_alone_runs_what_the_checks_would_refuse_and_blocks_the_configuration(
    both: Both,
) -> None:
    theirs, ours = both("""
        from taipy.core._orchestrator._orchestrator_factory import _OrchestratorFactory

        Config.configure_job_executions(mode="standalone")
        node("unset", default_path="ENV[NOT_SET_ANYWHERE]")
        node("memory", storage_type="in_memory")

        if __name__ == "__main__":
            _OrchestratorFactory._build_orchestrator()
            dispatcher = _OrchestratorFactory._build_dispatcher()
            try:
                node("late")
                late = None
            except Exception as error:
                late = type(error).__name__
            tell(runs=dispatcher.is_running(), late=late)
    """)
    assert theirs == ours == {"runs": True, "late": "ConfigurationUpdateBlocked"}


@pytest.mark.long
def test_jobs_run_that_were_submitted_while_a_clock_was_frozen(both: Both) -> None:
    """Libraries that freeze it leave times whose own methods fail once the clock goes again."""
    theirs, ours = both("""
        import datetime
        import taipy.core.job.job as jobs
        import taipy.core.submission.submission as submissions

        class Frozen(datetime.datetime):
            def timestamp(self):
                raise IndexError("the clock is not frozen")

        def work():
            return 1

        cfg = Config.configure_scenario("s", [task("work", work, None, node("a"))])

        if __name__ == "__main__":
            Config.configure_job_executions(mode="standalone")
            scenario = tp.create_scenario(cfg)
            jobs.datetime = submissions.datetime = Frozen
            submission = scenario.submit()
            jobs.datetime = submissions.datetime = datetime.datetime
            tp.Orchestrator().run()
            until(submission.is_finished, 60)
            tell(all=statuses(submission), value=scenario.a.read())
    """)
    assert theirs == ours == {"all": {"work": "COMPLETED"}, "value": 1}
