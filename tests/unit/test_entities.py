"""Entities of the Python API: made, found again, promoted, tagged, changed and deleted."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import taipy_exec as tp
from taipy_exec import Config, Frequency, Scope
from taipy_exec import errors as wrong
from taipy_exec.api.registry import Registry
from taipy_exec.api.service import Service
from taipy_exec.model.job import SubmissionRecord
from taipy_exec.store.rows import Instance
from taipy_exec.store.store import Store


def one() -> int:
    return 1


def double(a: int) -> int:
    return a * 2


def fail(*values: object) -> None:
    raise ValueError("no such luck")


def difference(*values: int) -> int:
    return max(values) - min(values)


def forget() -> None:
    """As if another process began."""
    for service in {Service.current, Service._last}:
        if service is not None and not service.is_over:
            service.stop()
    Service.current = Service._last = None
    Registry.submissions.clear()
    Registry.subscribers.clear()
    Config._reset()


@pytest.fixture(autouse=True)
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    forget()
    yield
    forget()


def configured(**properties: Any) -> Any:
    """The scenario `plan`, monthly, of two tasks and with every scope."""
    a = Config.configure_data_node("a", default_data=1)
    b = Config.configure_data_node("b")
    c = Config.configure_data_node("c")
    month = Config.configure_data_node("month", scope=Scope.CYCLE, default_data=5)
    every = Config.configure_data_node("every", scope=Scope.GLOBAL, default_data=7)
    tasks = [
        Config.configure_task("first", double, a, b),
        Config.configure_task("second", double, b, c),
        Config.configure_task("third", double, month, every),
    ]
    return Config.configure_scenario(
        "plan",
        tasks,
        frequency=properties.pop("frequency", Frequency.MONTHLY),
        comparators={"c": difference},
        sequences={"start": tasks[:1]},
        **properties,
    )


def made(*names: str, month: int = 5, **properties: Any) -> list[Any]:
    """Instances of `plan` in one month."""
    config = Config.scenarios.get("plan") or configured(**properties)
    return [tp.create_scenario(config, dt.datetime(2024, month, 2), name) for name in names]


def again(**properties: Any) -> None:
    """Another process with the same configuration."""
    forget()
    configured(**properties)


def named(name: str) -> Any:
    return next(s for s in tp.get_scenarios() if s.name == name)


def stored() -> Store:
    return Service.latest().store


def files() -> list[str]:
    return sorted(p.name.split("_")[1] for p in Path("user_data").rglob("*") if p.is_file())


# -- what there is --------------------------------------------------------------------------------


def test_what_another_process_made_is_found_with_all_that_was_told_of_it() -> None:
    (first,) = made("one", owner="me")
    tp.Orchestrator().run()
    submission = first.submit(origin="here")
    first.add_tag("best")
    again(owner="me")
    found = tp.get(first.id)
    assert found == first
    assert found is not first
    assert (found.name, found.tags, found.is_primary) == ("one", {"best"}, True)
    assert found.properties == {"owner": "me", "name": "one"}
    assert found.creation_date == dt.datetime(2024, 5, 2).astimezone(dt.UTC)
    assert found.c.read() == 4
    assert tp.get_scenarios() == [found]
    assert [s.id for s in tp.get_submissions()] == [submission.id]
    assert tp.get_submissions()[0].properties == {"origin": "here"}
    assert [job.status.name for job in tp.get_jobs()] == ["COMPLETED"] * 3
    assert [job.task.config_id for job in tp.get_jobs()] == ["first", "second", "third"]
    assert tp.get_latest_submission(found).entity == found
    assert tp.get_latest_job(found.first).submit_entity == found
    assert tp.get(submission.jobs[0].id).stacktrace == []
    assert tp.get(submission.id).run_at == submission.run_at
    assert len(tp.get_tasks()) == 3
    assert tp.get_sequences() == [found.start]
    assert sorted(node.config_id for node in tp.get_data_nodes()) == [
        *("a", "b", "c", "every", "month")
    ]


def test_reading_does_not_freeze_the_configuration_and_needs_no_valid_one() -> None:
    assert tp.get_scenarios() == []
    first = made("one")[0]
    again()
    assert tp.get_scenarios() == [first]
    Config.configure_data_node("later")
    assert tp.get_scenarios()[0].a.read() == 1
    Config.configure_task("endless", double, [Config.data_nodes["c"]], [Config.data_nodes["c"]])
    Config.configure_scenario("broken", [Config.tasks["endless"]])
    assert tp.get(first.id).name == "one"
    with pytest.raises(wrong.ConfigurationError):
        tp.create_scenario(Config.scenarios["plan"])


def test_a_scenario_that_is_configured_no_more_is_listed_and_can_be_tagged_and_deleted() -> None:
    (first,) = made("one")
    tp.Orchestrator().run()
    submission = first.submit()
    forget()
    (found,) = tp.get_scenarios()
    assert (found.name, found.config_id, found.is_primary) == ("one", "plan", True)
    assert found.cycle is not None
    assert found.cycle.name == "May 2024"
    assert (found.tasks, found.data_nodes, found.sequences) == ({}, {}, {})
    assert [job.task.config_id for job in tp.get_jobs()] == ["first", "second", "third"]
    assert tp.get_jobs()[0].task.get_label() == "May 2024 > one > first"
    assert tp.get_latest_submission(found).id == submission.id
    tp.tag(found, "old")
    assert tp.get_scenarios(tag="old") == [found]
    with pytest.raises(wrong.NonExistingScenarioConfig, match="'plan' is not in the config"):
        found.submit()
    with pytest.raises(wrong.NonExistingScenarioConfig):
        tp.compare_scenarios(found, found)
    with pytest.raises(AttributeError, match="scenario has no attribute"):
        found.c  # noqa: B018 - it is the access that raises
    tp.delete(found.id)
    assert tp.get_scenarios() == []
    assert tp.get_jobs() == []


def test_a_task_or_a_sequence_that_is_configured_no_more_is_still_named() -> None:
    (first,) = made("one")
    tp.Orchestrator().run()
    first.start.submit()
    first.second.submit()
    forget()
    Config.configure_scenario("plan", [], frequency=Frequency.MONTHLY)
    one, two = tp.get_submissions()
    assert (one.entity_type, one.entity.name, one.entity.tasks) == ("SEQUENCE", "start", {})
    assert (two.entity_type, two.entity_config_id) == ("TASK", "second")
    assert [job.task.config_id for job in tp.get_jobs()] == ["first", "second"]


@pytest.mark.parametrize("id", ["SCENARIO_x_1", "JOB_x_1", "TASK_x", "SEQUENCE_x", "CYCLE_x"])
def test_what_is_not_there_is_none_and_what_is_no_id_is_refused(
    id: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "taipy_exec"):
        assert tp.get(id) is None
    assert f"there is no entity {id}" in caplog.text
    assert not tp.exists(id)
    assert tp.exists(id).reasons == f"Entity {id} does not exist in the repository."
    with pytest.raises(wrong.ModelNotFound, match=id):
        tp.delete(id)
    with pytest.raises(wrong.ModelNotFound, match="is no id of an entity"):
        tp.get(f"x{id}")


def test_the_beginning_of_an_id_is_not_the_id() -> None:
    (first,) = made("one")
    tp.Orchestrator().run()
    submission = first.submit()
    for id in (submission.id, submission.jobs[0].id, first.id, first.first.id, first.a.id):
        assert tp.get(id) is not None
        assert tp.get(id[:-1]) is None


# -- cycles ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frequency", "day", "name", "start", "end"),
    [
        (Frequency.DAILY, (2024, 5, 16), "Thursday, 16. May 2024", "2024-05-16", "2024-05-16"),
        (
            *(Frequency.WEEKLY, (2024, 5, 16), "Week 20 2024, from 13. May"),
            *("2024-05-13", "2024-05-19"),
        ),
        (Frequency.MONTHLY, (2024, 12, 31), "December 2024", "2024-12-01", "2024-12-31"),
        (Frequency.QUARTERLY, (2024, 5, 16), "2024 Q2", "2024-04-01", "2024-06-30"),
        (Frequency.QUARTERLY, (2023, 12, 31), "2023 Q4", "2023-10-01", "2023-12-31"),
        (Frequency.YEARLY, (2024, 2, 29), "2024", "2024-01-01", "2024-12-31"),
    ],
)
def test_a_cycle_has_the_name_and_the_bounds_of_its_period(
    frequency: Frequency, day: tuple[int, int, int], name: str, start: str, end: str
) -> None:
    config = configured(frequency=frequency)
    scenario = tp.create_scenario(config, dt.datetime(*day, 23, 30))
    cycle = scenario.cycle
    assert cycle is not None
    assert (cycle.name, cycle.frequency, cycle.get_label()) == (name, frequency, name)
    assert f"{cycle.start_date:%Y-%m-%d %H:%M:%S.%f}" == f"{start} 00:00:00.000000"
    assert f"{cycle.end_date:%Y-%m-%d %H:%M:%S.%f}" == f"{end} 23:59:59.999999"
    assert cycle.creation_date == scenario.creation_date
    assert cycle.start_date <= scenario.creation_date <= cycle.end_date
    assert tp.get(cycle.id) == cycle
    assert tp.get_cycles() == [cycle]
    assert scenario.owner_id == cycle.id


def test_scenarios_are_grouped_by_cycle_and_chosen_by_it() -> None:
    may, also_may = made("one", "two")
    (june,) = made("three", month=6)
    assert tp.get_cycles_scenarios() == {may.cycle: [may, also_may], june.cycle: [june]}
    assert tp.get_scenarios(cycle=may.cycle) == [may, also_may]
    assert tp.get_scenarios(cycle=june.cycle) == [june]
    assert tp.get_primary(may.cycle) == may
    assert tp.get_primary_scenarios() == [may, june]
    june.cycle.name = "sixth"
    june.cycle.properties["closed"] = True
    again()
    found = named("three").cycle
    assert (found.name, found.properties) == ("sixth", {"closed": True})


def test_a_scenario_without_a_frequency_is_in_no_cycle() -> None:
    config = configured(frequency=None)
    scenario = tp.create_scenario(config)
    assert (scenario.cycle, scenario.owner_id, scenario.is_primary) == (None, None, False)
    assert tp.get_cycles() == []
    assert tp.get_cycles_scenarios() == {None: [scenario]}
    assert "does not belong to any cycle" in tp.is_promotable(scenario).reasons
    with pytest.raises(wrong.DoesNotBelongToACycle, match="doesn't belong to a cycle"):
        tp.set_primary(scenario)


# -- primary scenarios and tags -------------------------------------------------------------------


def test_the_first_scenario_of_a_cycle_is_primary_until_another_is_promoted() -> None:
    first, second = made("one", "two")
    assert (first.is_primary, second.is_primary) == (True, False)
    assert "is the primary scenario of cycle" in tp.is_promotable(first).reasons
    assert tp.is_promotable(second)
    tp.set_primary(second)
    assert (first.is_primary, second.is_primary) == (False, True)
    first.is_primary = True
    assert (first.is_primary, second.is_primary) == (True, False)
    first.is_primary = False
    assert tp.get_primary(first.cycle) is None
    again()
    assert tp.get_primary_scenarios() == []


def test_the_store_refuses_two_primary_scenarios_of_one_cycle() -> None:
    made("one", "two")
    with pytest.raises(wrong.StoreError, match="refused a write"), stored().transaction() as held:
        held.execute("UPDATE instances SET is_primary = 1")


def test_tags_are_kept_and_an_unauthorized_one_is_refused() -> None:
    first, second = made("one", "two", authorized_tags=["best", "draft"])
    first.add_tag("best")
    tp.tag(first, "draft")
    tp.tag(second, "best")
    with pytest.raises(wrong.UnauthorizedTagError, match="Tag `worst` not authorized"):
        tp.tag(second, "worst")
    assert tp.get_scenarios(tag="best") == [first, second]
    assert tp.get_scenarios(cycle=first.cycle, tag="draft") == [first]
    again(authorized_tags=["best", "draft"])
    assert named("one").tags == {"best", "draft"}
    tp.untag(named("one"), "best")
    tp.untag(named("one"), "never had")
    assert named("one").tags == {"draft"}
    named("one").tags = {"best"}
    assert named("one").has_tag("best")
    assert not named("one").has_tag("draft")


def test_scenarios_are_sorted_by_any_key_and_chosen_by_their_time() -> None:
    config = configured()
    days = {"b": 3, "c": 1, "a": 2}
    b, c, a = (tp.create_scenario(config, dt.datetime(2024, 5, d), n) for n, d in days.items())
    nameless = tp.create_scenario(config, dt.datetime(2024, 5, 4))
    c.add_tag("x")
    assert tp.get_scenarios(is_sorted=True) == [nameless, a, b, c]
    assert tp.get_scenarios(is_sorted=True, descending=True) == [c, b, a, nameless]
    assert tp.get_scenarios(is_sorted=True, sort_key="creation_date") == [c, a, b, nameless]
    assert tp.get_scenarios(is_sorted=True, sort_key="tags")[-1] == c
    assert tp.get_scenarios(is_sorted=True, sort_key="id") == sorted(
        (a, b, c, nameless), key=lambda s: s.id
    )
    since, until = dt.datetime(2024, 5, 2), dt.datetime(2024, 5, 3).astimezone()
    assert tp.get_scenarios(created_start_time=since, created_end_time=until) == [a]


# -- properties and names -------------------------------------------------------------------------


def test_properties_are_stored_at_once_and_may_be_taken_away() -> None:
    (first,) = made("one", owner="me", kept=1)
    first.properties["when"] = dt.datetime(2024, 5, 1)
    first.properties["every"] = dt.timedelta(hours=1)
    first.properties.update(list=[1, None, "né"], table={"a": 1})
    del first.properties["owner"]
    assert first.properties.pop("kept") == 1
    assert first.properties.setdefault("new", 3) == 3
    properties = first.properties
    properties |= {"more": 4}
    again(owner="me", kept=1)
    assert named("one").properties == {
        "name": "one",
        "when": dt.datetime(2024, 5, 1),
        "every": dt.timedelta(hours=1),
        "list": [1, None, "né"],
        "table": {"a": 1},
        "new": 3,
        "more": 4,
    }
    named("one").properties.clear()
    assert dict(tp.get_scenarios()[0].properties) == {}
    with pytest.raises(KeyError):
        del first.properties["never"]


def test_a_property_that_cannot_be_stored_is_refused_and_nothing_changes() -> None:
    (first,) = made("one")
    with pytest.raises(wrong.UsageError, match="'made' cannot be stored: its value is a set"):
        first.properties["made"] = {1, 2}
    tp.Orchestrator().run()
    with pytest.raises(wrong.UsageError, match="cannot be stored"):
        first.submit(way=object())
    assert "made" not in first.properties
    assert tp.get_submissions() == []


def test_a_name_can_be_changed_and_is_what_the_command_line_finds_it_by() -> None:
    (first,) = made("one")
    first.name = "two"
    assert first.properties["name"] == "two"
    assert first.get_label() == "May 2024 > two"
    instance = stored().find_instance("plan", "two")
    assert instance is not None
    assert instance.id == first.id
    first.properties["name"] = "three"
    assert first.name == "three"
    first.name = None
    assert first.name is None
    assert first.get_simple_label() == "plan"


def test_a_block_stores_its_changes_at_its_end() -> None:
    (first,) = made("one")
    with first as scenario:
        scenario.name = "two"
        scenario.properties["seen"] = True
        scenario.tags = {"x"}
        assert scenario.properties["seen"] is True
        assert named("one").properties.get("seen") is None
        tp.set(scenario)
        assert named("two").properties["seen"] is True
        scenario.properties["seen"] = False
    assert (first.name, first.properties["seen"], first.tags) == ("two", False, {"x"})


def test_tasks_sequences_data_nodes_and_submissions_have_properties_too() -> None:
    (first,) = made("one")
    first.first.properties["team"] = "red"
    first.start.properties["pace"] = "slow"
    first.a.properties["source"] = "hand"
    first.a.name = "an input"
    first.every.name = "shared"
    tp.Orchestrator().run()
    submission = first.submit(reads="a word of ours", when=dt.datetime(2024, 5, 1))
    submission.properties["seen"] = True
    again()
    found = named("one")
    assert found.first.properties == {"team": "red"}
    assert found.start.properties == {"name": "start", "pace": "slow"}
    assert (found.a.properties["source"], found.a.source) == ("hand", "hand")
    assert found.a.get_label() == "May 2024 > one > an input"
    assert found.every.get_label() == "shared"
    assert tp.get(submission.id).properties == {
        "reads": "a word of ours",
        "when": dt.datetime(2024, 5, 1),
        "seen": True,
    }


def test_how_a_data_node_is_kept_cannot_be_changed_on_the_data_node() -> None:
    (first,) = made("one")
    for key in ("path", "default_data", "is_generated"):
        with pytest.raises(
            wrong.UsageError, match=r"jobs take it from the configuration"
        ) as caught:
            first.a.properties[key] = "x"
        assert "[DATA_NODE.a]" in str(caught.value.hint)


# -- sequences ------------------------------------------------------------------------------------


def test_sequences_can_be_added_changed_renamed_and_removed() -> None:
    (first,) = made("one")
    first.add_sequence("both", [first.first, first.second.id], {"pace": "slow"})
    first.add_sequences({"end one": [first.second]})
    again()
    found = named("one")
    assert {n: list(s.tasks) for n, s in found.sequences.items()} == {
        "start": ["first"],
        "both": ["first", "second"],
        "end one": ["second"],
    }
    assert found.both.properties == {"name": "both", "pace": "slow"}
    assert tp.get(found.sequences["end one"].id).name == "end one"
    assert sorted(found.both.data_nodes) == ["a", "b", "c"]
    found.update_sequence("both", [found.second])
    assert found.both.properties == {"name": "both"}
    found.both.properties["pace"] = "quick"
    found.rename_sequence("both", "other")
    assert list(found.other.tasks) == ["second"]
    assert found.other.properties == {"name": "other", "pace": "quick"}
    found.remove_sequences(["start", "end one"])
    found.remove_sequence("never there")
    assert list(found.sequences) == ["other"]
    assert stored().properties(found.other.id.replace("other", "both")) == {}


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        (lambda s, o: s.add_sequence("start", []), "SequenceAlreadyExists", "has a sequence"),
        (lambda s, o: s.update_sequence("x", []), "NonExistingSequence", "has no sequence 'x'"),
        (lambda s, o: s.remove_sequences(["x"]), "NonExistingSequence", "has no sequence 'x'"),
        (lambda s, o: s.rename_sequence("x", "y"), "NonExistingSequence", "has no sequence 'x'"),
        (
            *(lambda s, o: s.add_sequence("x", [o.first]), "SequenceTaskDoesNotExistInScenario"),
            "the scenario has no such task",
        ),
        (
            *(lambda s, o: s.add_sequence("x", [s.first, s.third]), "InvalidSequence"),
            "no path leads from 'first' to 'third'",
        ),
        (lambda s, o: s.add_sequence("1x", []), "InvalidSequence", "cannot be the name"),
        (lambda s, o: s.add_sequence("TASKS", []), "InvalidSequence", "cannot be the name"),
        (
            *(lambda s, o: s.add_sequences({"x": [s.first], "y": [o.first]}),),
            *("SequenceTaskDoesNotExistInScenario", "'y'"),
        ),
    ],
)
def test_a_wrong_sequence_is_refused_and_nothing_changes(
    act: Callable[[Any, Any], None], error: str, message: str
) -> None:
    first, second = made("one", "two")
    with pytest.raises(getattr(wrong, error), match=message):
        act(first, second)
    assert list(first.sequences) == ["start"]


def test_a_sequence_of_the_program_runs_and_is_what_was_submitted_later_too() -> None:
    (first,) = made("one")
    first.add_sequence("both", [first.first, first.second])
    first.add_sequence("empty", [])
    tp.Orchestrator().run()
    submission = first.both.submit()
    assert submission.submission_status is tp.SubmissionStatus.COMPLETED
    assert first.c.read() == 4
    with pytest.raises(wrong.UsageError, match="'empty' has no tasks"):
        first.empty.submit()
    again()
    found = tp.get(submission.id)
    assert (found.entity_type, found.entity_id) == ("SEQUENCE", first.both.id)
    assert found.properties == {}
    assert [job.task.config_id for job in found.jobs] == ["first", "second"]
    assert tp.get_latest_submission(named("one").both) == found
    tp.delete(first.both.id)
    assert tp.get(submission.id).entity.name == "both"


def test_subscribers_of_an_entity_are_told_whichever_object_stands_for_it() -> None:
    told: list[tuple[Any, ...]] = []

    def tell(*given: Any) -> None:
        told.append((*given[:-1], given[-1].task.config_id, given[-1].status.name))

    first, second = made("one", "two")
    tp.Orchestrator().run()
    tp.subscribe_scenario(tell, ["word"])
    tp.subscribe_sequence(tell, sequence=second.start)
    tp.get(first.id).first.submit()
    assert told == []
    tp.get(first.id).submit()
    assert ("word", first, "first", "COMPLETED") in told
    told.clear()
    tp.unsubscribe_scenario(tell)
    second.submit()
    assert told == []
    tp.get(second.id).start.submit()
    assert (second.start, "first", "COMPLETED") in told
    tp.unsubscribe_sequence(tell, sequence=second.start)
    with pytest.raises(ValueError, match="is not subscribed"):
        tp.unsubscribe_sequence(tell, sequence=second.start)
    first.add_sequence("told", [first.first], subscribers=[tell])
    told.clear()
    first.told.submit()
    assert (first.told, "first", "COMPLETED") in told


# -- parents, owners and data nodes ---------------------------------------------------------------


def test_shared_tasks_and_data_nodes_are_one_entity_for_all_who_share_them() -> None:
    first, second = made("one", "two")
    (june,) = made("three", month=6)
    assert first.month == second.month
    assert first.month != june.month
    assert first.every == june.every
    assert first.third == second.third
    assert first.third != june.third
    assert first.third.scope is Scope.CYCLE
    assert first.third.owner_id == first.month.owner_id == first.cycle.id
    assert (first.every.owner_id, first.first.owner_id) == (None, first.id)
    for entity in (first.third, june.third, first.month, june.every, second.start, june.first):
        assert tp.get(entity.id) == entity
    assert len(tp.get_tasks()) == 3 * 2 + 2
    assert first.third.get_label() == "May 2024 > third"
    assert [len(tp.get_entities_by_config_id(id)) for id in ("plan", "third", "a", "x")] == [
        *(3, 2, 3, 0)
    ]


def test_parents_are_found_from_an_entity_or_its_id() -> None:
    first, second = made("one", "two")
    assert tp.get_parents(first.b) == {
        "task": {first.first, first.second},
        "scenario": {first},
        "sequence": {first.start},
    }
    assert tp.get_parents(first.month.id) == {"task": {first.third}, "scenario": {first, second}}
    assert tp.get_parents(first.first.id) == {"scenario": {first}, "sequence": {first.start}}
    assert first.third.parent_ids == {first.id, second.id}
    assert first.a.parent_ids == {first.first.id}
    assert first.start.get_parents() == {"scenario": {first}}
    assert tp.get_parents(first) == tp.get_parents(first.cycle) == {}
    assert tp.get_parents(second.start, {"x": set()}) == {"x": set(), "scenario": {second}}


def test_a_data_node_is_up_to_date_unless_what_it_is_made_from_is_newer() -> None:
    (first,) = made("one")
    assert (first.c.is_up_to_date, first.a.is_up_to_date) == (False, True)
    with pytest.raises(wrong.NoData, match="was never written"):
        first.c.expiration_date  # noqa: B018 - it is the access that raises
    with pytest.raises(wrong.NoData, match="was never written"):
        first.c.read_or_raise()
    tp.Orchestrator().run()
    first.submit()
    assert first.c.is_up_to_date
    assert first.c.expiration_date == first.c.last_edit_date
    first.a.track_edit(timestamp=dt.datetime.now() + dt.timedelta(seconds=5), comment="now")
    assert not first.c.is_up_to_date
    assert first.a.get_last_edit()["comment"] == "now"
    assert first.a.is_up_to_date


# -- what can be done -----------------------------------------------------------------------------


def test_the_reasons_say_what_cannot_be_done() -> None:
    first, second = made("one", "two")
    assert tp.is_submittable(first)
    assert tp.is_submittable(first.second).reasons == f"DataNode {first.b.id} is not written."
    first.a.lock_edit("ann")
    assert tp.is_submittable(first.id).reasons == f"DataNode {first.a.id} is being edited."
    assert first.data_nodes_being_edited() == {first.a}
    assert not tp.is_submittable("x")
    for entity in (first, first.start, first.first, first.a, first.cycle):
        assert tp.is_readable(entity)
        assert tp.is_editable(entity.id)
    gone = second.id
    tp.delete(gone)
    for ask in (tp.is_readable, tp.is_editable, tp.is_deletable, tp.is_submittable):
        assert ask(gone).reasons == f"Entity {gone} does not exist in the repository."
    assert not tp.is_readable(second)
    assert not tp.is_readable("x")
    assert tp.can_create()
    assert tp.can_create(Config.scenarios["plan"])
    assert tp.can_create(Config.data_nodes["every"])
    assert "GLOBAL" in tp.can_create(Config.data_nodes["a"]).reasons
    assert "ScenarioConfig" in tp.can_create("x").reasons  # type: ignore[arg-type]
    assert repr(tp.can_create()) == "<ReasonCollection True>"


def test_comparing_needs_two_scenarios_of_one_configuration_and_a_comparator() -> None:
    first, second = made("one", "two")
    second.a.write(11)
    tp.Orchestrator().run()
    first.submit()
    second.submit()
    assert tp.compare_scenarios(first, second) == {"c": {"difference": 40}}
    with pytest.raises(wrong.InsufficientScenarioToCompare):
        tp.compare_scenarios(first)
    with pytest.raises(wrong.NonExistingComparator):
        tp.compare_scenarios(first, second, data_node_config_id="a")


def test_a_global_data_node_made_by_itself_is_found_later() -> None:
    configured()
    node = tp.create_global_data_node(Config.data_nodes["every"])
    assert node.read() == 7
    assert tp.create_global_data_node(Config.data_nodes["every"]) == node
    with pytest.raises(wrong.DataNodeConfigIsNotGlobal):
        tp.create_global_data_node(Config.data_nodes["a"])
    again()
    assert tp.get_data_nodes() == [node]
    assert tp.get(node.id) == node
    assert tp.get_entities_by_config_id("every") == [node]
    tp.delete(node.id)
    assert tp.get_data_nodes() == []
    assert tp.get(node.id) is None
    assert files() == []


# -- deleting -------------------------------------------------------------------------------------


def test_with_a_scenario_goes_what_is_its_alone() -> None:
    first, second = made("one", "two")
    tp.Orchestrator().run()
    mine, other = second.submit(), first.submit()
    second.add_tag("x")
    second.properties["p"] = second.first.properties["q"] = 1
    assert files() == [*("a", "a", "b", "b", "c", "c", "every", "month")]
    log = Path(".taipy-exec/logs") / mine.id
    log.mkdir(parents=True)
    (log / "job.log").touch()
    tp.delete(second.id)
    assert files() == ["a", "b", "c", "every", "month"]
    assert not log.exists()
    assert tp.get_submissions() == [other]
    assert tp.get_scenarios() == [first]
    assert stored().rows("SELECT count(*) FROM tags") == [(0,)]
    assert stored().rows("SELECT count(*) FROM properties") == [(0,)]
    edited = stored().edit_times()
    assert sorted(id.split("_")[1] for id in edited) == ["a", "b", "c", "every", "month"]
    with pytest.raises(wrong.NonExistingScenario, match="was deleted"):
        second.submit()
    assert second.name == "two"


def test_a_primary_scenario_is_deleted_last_and_its_cycle_with_it() -> None:
    first, second = made("one", "two")
    (june,) = made("three", month=6)
    assert "is the primary scenario" in tp.is_deletable(first).reasons
    with pytest.raises(wrong.DeletingPrimaryScenario, match="there are other scenarios") as caught:
        tp.delete(first.id)
    assert "set_primary" in str(caught.value.hint)
    assert first.is_deletable().reasons == tp.is_deletable(first.id).reasons
    assert len(tp.get_scenarios()) == 3
    tp.delete(second.id)
    assert first.is_deletable()
    cycle = first.cycle
    cycle.properties["p"] = 1
    tp.delete(first.id)
    assert tp.get_cycles() == [june.cycle]
    assert tp.get(cycle.id) is None
    assert files() == ["a", "every", "month"]
    assert stored().rows("SELECT count(*) FROM properties") == [(0,)]
    tp.delete(june.id)
    # What all share stays until it is deleted itself.
    assert files() == ["every"]
    assert [node.config_id for node in tp.get_data_nodes()] == ["every"]


def test_with_a_cycle_go_its_scenarios_and_what_they_share() -> None:
    first, _ = made("one", "two")
    (june,) = made("three", month=6)
    tp.Orchestrator().run()
    first.submit()
    tp.delete(first.cycle.id)
    assert tp.get_scenarios() == [june]
    assert tp.get_jobs() == []
    assert files() == ["a", "every", "month"]


def test_jobs_and_submissions_are_deleted_by_themselves() -> None:
    (first,) = made("one")
    tp.Orchestrator().run()
    submission, other = first.submit(), first.submit()
    job = submission.jobs[0]
    assert tp.is_deletable(job)
    tp.delete_job(job)
    assert not tp.exists(job.id)
    assert [j.id for j in tp.get(submission.id).jobs] == [j.id for j in submission.jobs[1:]]
    tp.delete(first.second.id)
    assert [j.task.config_id for j in tp.get_jobs()] == ["third", "first", "third"]
    tp.delete(other.id)
    assert tp.get_submissions() == [submission]
    tp.delete_jobs()
    assert tp.get_jobs() == []
    assert tp.get(submission.id).jobs == []
    with pytest.raises(wrong.ModelNotFound):
        tp.delete_job(job.id)


def test_what_has_not_ended_is_not_deleted() -> None:
    (first,) = made("one")
    submission = first.submit()  # before the orchestrator runs, it waits
    job = submission.jobs[0]
    assert "not finished yet" in tp.is_deletable(job).reasons
    assert "not finished yet" in submission.is_deletable().reasons
    for act in (
        lambda: tp.delete_job(job),
        lambda: tp.delete_job(job, force=True),
        lambda: tp.delete(job.id),
        tp.delete_jobs,
        lambda: tp.delete(first.first.id),
    ):
        with pytest.raises(wrong.JobNotDeletedException, match="has not ended"):
            act()
    for act in (
        lambda: tp.delete(submission.id),
        lambda: tp.delete(first.id),
        lambda: tp.delete(first.cycle.id),
        lambda: tp.clean_all_entities("all"),
    ):
        with pytest.raises(wrong.SubmissionNotDeletedException, match="have not ended"):
            act()
    assert len(tp.get_jobs()) == 3
    tp.Orchestrator().run()
    assert first.c.read() == 4
    tp.delete(first.id)


def test_what_nobody_works_on_any_more_is_deleted() -> None:
    first, second = made("one", "two")
    submission = second.submit()
    first.submit()
    assert Service.current is not None
    Service.current._own.close()  # as if the process had died
    again()
    with pytest.raises(wrong.JobNotDeletedException):
        tp.delete_job(submission.jobs[0].id)
    tp.delete_job(submission.jobs[0].id, force=True)
    assert [job.status.name for job in tp.get(submission.id).jobs] == ["CANCELED", "CANCELED"]
    tp.delete(second.id)
    assert tp.get(submission.id) is None
    assert [job.task.config_id for job in tp.get_jobs()] == ["first", "second", "third"]
    tp.delete(first.id)
    assert tp.get_scenarios() == []


def test_a_data_node_of_a_scenario_is_emptied() -> None:
    (first,) = made("one")
    first.a.properties["p"] = 1
    tp.delete(first.a.id)
    assert first.a.read() is None
    assert first.a.edits == []
    assert "p" not in first.a.properties
    assert tp.exists(first.a.id)


def test_a_file_of_the_user_stays_whatever_is_deleted() -> None:
    Path("mine.json").write_text("[1]", encoding="utf-8")
    node = Config.configure_json_data_node("mine", default_path="mine.json")
    config = Config.configure_scenario("s", [Config.configure_task("t", double, node, [])])
    scenario = tp.create_scenario(config)
    scenario.mine.write([2])
    tp.delete(scenario.id)
    assert Path("mine.json").read_text(encoding="utf-8").split() == ["[", "2", "]"]
    assert stored().edit_times() == {}


def test_everything_is_deleted_by_the_name_of_the_version(caplog: pytest.LogCaptureFixture) -> None:
    first, _ = made("one", "two")
    tp.Orchestrator().run()
    first.submit()
    assert tp.clean_all_entities("2.0") is False
    assert "there is no version '2.0'" in caplog.text
    assert len(tp.get_scenarios()) == 2
    assert tp.clean_all_entities("latest") is True
    assert tp.get_scenarios() == tp.get_jobs() == tp.get_data_nodes() == tp.get_cycles() == []
    assert files() == []
    for table in ("instances", "submissions", "jobs", "edits", "cycles", "tags", "properties"):
        assert stored().rows(f"SELECT count(*) FROM {table}") == [(0,)]


def test_objects_in_memory_go_with_their_scenario() -> None:
    node = Config.configure_in_memory_data_node("m", default_data=[1])
    config = Config.configure_scenario("s", [Config.configure_task("t", double, node, [])])
    scenario = tp.create_scenario(config)
    assert scenario.m.read() == [1]
    tp.delete(scenario.id)
    assert scenario.m.read() is None


def test_a_primary_scenario_that_is_cleaned_away_leaves_another_one_primary() -> None:
    config = configured()
    days = [dt.datetime(2024, 5, day) for day in (3, 1, 2)]
    first, second, third = (tp.create_scenario(config, day) for day in days)
    store = stored()
    store.remove(lambda: ((), [first.id]), (), 0.0)
    assert (second.is_primary, third.is_primary) == (True, False)
    store.remove(lambda: ((), [second.id, third.id]), (), 0.0)
    assert tp.get_cycles() == []
    store.add_instance(Instance(id="SCENARIO_x_1", scenario="x", name="x", created_at=1.0))
    assert not store.instance("SCENARIO_x_1").is_primary


def test_what_a_program_of_taipy_has_submitted_is_left_out() -> None:
    (first,) = made("one")
    store = stored()
    foreign = Instance(id="SCENARIO_plan_2", scenario="plan", name="plan", created_at=1.0)
    store.add_instance(foreign)
    record = SubmissionRecord(
        id="SUBMISSION_2",
        scenario="plan",
        instance=foreign.id,
        name="plan",
        properties={"program": "main.py"},
        finished_at=2.0,
    )
    store.add_submission(record, [])
    assert tp.get_scenarios() == [first]
    assert tp.get_submissions() == []
