"""`build_graph`: order, levels, roles of data nodes, and cycles."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taipy_exec.errors import ConfigurationError, CycleError
from taipy_exec.model.graph import JobGraph, TaskSpec, build_graph


def spec(id: str, inputs: str = "", outputs: str = "") -> TaskSpec:
    return TaskSpec(id=id, inputs=tuple(inputs.split()), outputs=tuple(outputs.split()))


def ids(graph: JobGraph) -> list[str]:
    return [task.id for task in graph.tasks]


DIAMOND = [
    spec("d", "l r", "z"),
    spec("c", "x", "r"),
    spec("b", "x", "l"),
    spec("a", "raw", "x"),
]


def test_each_task_comes_after_those_that_write_its_inputs() -> None:
    assert ids(build_graph(DIAMOND)) == ["a", "c", "b", "d"]


def test_among_ready_tasks_the_one_given_first_comes_first() -> None:
    assert ids(build_graph([spec("z"), spec("m"), spec("a")])) == ["z", "m", "a"]


def test_the_order_is_the_same_every_time() -> None:
    first = build_graph(DIAMOND)
    assert all(build_graph(list(DIAMOND)) == first for _ in range(20))


def test_edges_are_given_in_both_directions() -> None:
    graph = build_graph(DIAMOND)
    assert graph.predecessors == {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}
    assert graph.followers == {"a": ("c", "b"), "b": ("d",), "c": ("d",), "d": ()}


def test_two_nodes_between_two_tasks_make_one_edge() -> None:
    graph = build_graph([spec("a", "", "x y"), spec("b", "x y")])
    assert graph.predecessors["b"] == ("a",)
    assert graph.followers["a"] == ("b",)


def test_a_reader_follows_every_writer_of_its_input() -> None:
    graph = build_graph([spec("read", "x"), spec("one", "", "x"), spec("two", "", "x")])
    assert graph.predecessors["read"] == ("one", "two")
    assert ids(graph) == ["one", "two", "read"]


def test_the_levels_are_the_longest_ways_from_the_start() -> None:
    tasks = [spec("a", "", "x"), spec("b", "x", "y"), spec("c", "x y", "z"), spec("lone")]
    assert build_graph(tasks).levels == (("a", "lone"), ("b",), ("c",))


def test_the_data_nodes_are_told_apart_by_their_role() -> None:
    graph = build_graph(
        [spec("a", "raw conf", "x"), spec("b", "x conf", "y report"), spec("c", "y", "z")]
    )
    assert graph.inputs == ("raw", "conf")
    assert graph.intermediate == ("x", "y")
    assert graph.outputs == ("report", "z")


def test_an_empty_graph_is_a_graph() -> None:
    graph = build_graph([])
    assert (graph.tasks, graph.levels, graph.inputs, graph.outputs) == ((), (), (), ())


def test_the_tasks_keep_what_they_are() -> None:
    task = TaskSpec(id="a", inputs=("x", "y"), outputs=("p", "q"), skippable=True)
    assert build_graph([task]).tasks == (task,)


# -- cycles -------------------------------------------------------------------------------


def test_a_cycle_is_named_with_its_path() -> None:
    tasks = [spec("a", "z", "x"), spec("b", "x", "y"), spec("c", "y", "z")]
    with pytest.raises(CycleError, match="a -> b -> c -> a") as caught:
        build_graph(tasks)
    assert caught.value.path == ("a", "b", "c", "a")
    assert isinstance(caught.value, ConfigurationError)
    assert caught.value.exit_code == 3
    assert caught.value.hint


def test_a_task_that_reads_what_it_writes_is_a_cycle_of_one() -> None:
    with pytest.raises(CycleError) as caught:
        build_graph([spec("before", "", "x"), spec("a", "x y", "y"), spec("later", "y")])
    assert caught.value.path == ("a", "a")


def test_only_the_cycle_is_named_and_not_what_leads_to_it_or_follows_it() -> None:
    tasks = [
        spec("lead", "", "in"),
        spec("a", "in q", "p"),
        spec("b", "p", "q"),
        spec("tail", "q", "out"),
        spec("zz", "out"),
        spec("aa", "out"),
    ]
    with pytest.raises(CycleError) as caught:
        build_graph(tasks)
    assert caught.value.path == ("a", "b", "a")


def test_one_of_two_cycles_is_named() -> None:
    tasks = [spec("a", "y", "x"), spec("b", "x", "y"), spec("c", "q", "p"), spec("d", "p", "q")]
    with pytest.raises(CycleError) as caught:
        build_graph(tasks)
    assert caught.value.path in {("a", "b", "a"), ("c", "d", "c")}


# -- size ---------------------------------------------------------------------------------

BOUND_SECONDS = 5.0  # takes some 50 ms; the bound is there for a quadratic algorithm


def test_a_chain_of_ten_thousand_is_ordered_within_a_bound() -> None:
    length = 10_000
    tasks = [spec(f"t{n}", f"n{n}", f"n{n + 1}") for n in range(length)]
    random.Random(1).shuffle(tasks)
    start = time.monotonic()
    graph = build_graph(tasks)
    assert time.monotonic() - start < BOUND_SECONDS
    assert ids(graph) == [f"t{n}" for n in range(length)]
    assert len(graph.levels) == length


def test_a_cycle_of_ten_thousand_is_found_without_recursion() -> None:
    length = 10_000
    tasks = [spec(f"t{n:05}", f"n{n}", f"n{(n + 1) % length}") for n in range(length)]
    start = time.monotonic()
    with pytest.raises(CycleError) as caught:
        build_graph(tasks)
    assert time.monotonic() - start < BOUND_SECONDS
    assert len(caught.value.path) == length + 1


def test_a_fan_of_ten_thousand_and_back_is_ordered_within_a_bound() -> None:
    tasks = [spec("join", " ".join(f"y{n}" for n in range(10_000)), "z")]
    tasks += [spec(f"t{n}", "x", f"y{n}") for n in range(10_000)]
    tasks += [spec("start", "", "x")]
    start = time.monotonic()
    graph = build_graph(tasks)
    assert time.monotonic() - start < BOUND_SECONDS
    assert [len(level) for level in graph.levels] == [1, 10_000, 1]


# -- properties ---------------------------------------------------------------------------

# The same examples in each run, no folder of them, and no limit that a busy machine breaks.
steady = settings(deadline=None, derandomize=True, database=None)
node_names = st.sets(st.sampled_from("abcdefgh"), max_size=3)
any_tasks = st.lists(st.tuples(node_names, node_names), max_size=10).map(
    lambda pairs: [
        TaskSpec(id=f"t{n}", inputs=tuple(sorted(i)), outputs=tuple(sorted(o)))
        for n, (i, o) in enumerate(pairs)
    ]
)


@steady
@given(any_tasks)
def test_the_order_respects_every_edge_or_the_path_is_a_real_cycle(tasks: list[TaskSpec]) -> None:
    by_id = {task.id: task for task in tasks}
    try:
        graph = build_graph(tasks)
    except CycleError as error:
        assert error.path[0] == error.path[-1]
        assert len(set(error.path)) == len(error.path) - 1
        for earlier, later in zip(error.path, error.path[1:], strict=False):
            assert set(by_id[earlier].outputs) & set(by_id[later].inputs)
        return
    place = {id: n for n, id in enumerate(ids(graph))}
    assert sorted(place) == sorted(by_id)
    level = {id: n for n, names in enumerate(graph.levels) for id in names}
    for earlier in tasks:
        for later in tasks:
            follows = bool(set(earlier.outputs) & set(later.inputs))
            assert follows == (earlier.id in graph.predecessors[later.id])
            assert follows == (later.id in graph.followers[earlier.id])
            if follows:
                assert place[earlier.id] < place[later.id]
                assert level[earlier.id] < level[later.id]


@steady
@given(any_tasks)
def test_every_data_node_of_a_graph_has_exactly_one_role(tasks: list[TaskSpec]) -> None:
    try:
        graph = build_graph(tasks)
    except CycleError:
        return
    every = {node for task in tasks for node in (*task.inputs, *task.outputs)}
    roles = [*graph.inputs, *graph.outputs, *graph.intermediate]
    assert sorted(roles) == sorted(every)
