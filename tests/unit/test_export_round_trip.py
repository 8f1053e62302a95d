"""Whatever `Config.export` writes, `Config.load` takes again, and it means the same."""

import datetime as dt
import functools
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taipy_exec import Config, Frequency, Scope
from taipy_exec.api.configuration import Configuration
from taipy_exec.config.application import DataNodeConfig, TaskConfig
from taipy_exec.config.reference import ClassRef, FunctionRef
from taipy_exec.errors import ConfigurationError

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "60"))


class Outer:
    """What functions of tasks may be."""

    @staticmethod
    def static(*values: Any) -> Any:
        return values

    @classmethod
    def of_class(cls, *values: Any) -> Any:
        return values

    class Inner:
        """A class in a class."""

        def __init__(self, *values: Any) -> None:
            self.values = values

        @staticmethod
        def deep(*values: Any) -> Any:
            return values

    def __call__(self, *values: Any) -> Any:
        return values


def plain(*values: Any) -> Any:
    return values


part = functools.partial(plain, 1)
instance = Outer()
bound = instance.__call__

FUNCTIONS = [
    plain,
    part,
    instance,
    bound,
    Outer.static,
    Outer.of_class,
    Outer.Inner.deep,
    Outer,
    Outer.Inner,
    len,
    math.sqrt,
    dict.fromkeys,
    str,
]

texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.sampled_from(
        [
            "",
            "[brackets]",
            "[TASK.t]",
            "quotes \"and\" 'such'",
            '"""',
            "'''",
            "back\\slash",
            "ends\\",
            "# no comment",
            "a\nb",
            "a\r\nb\r",
            "\t\x00\x1f\x7f\x85\u2028",
            "日本語 😀",
            "8:int",
            "1:bool",
            "x:SECTION",
            "x:str",
            "a.b:function",
            "ENV[NAME",
            "ENV[]",
            "xENV[NAME]",
            "ENV[ROUND_TRIP]",
            "ENV[ROUND_TRIP]:int",
            "ENV[ROUND_TRIP]:str:str",
            "None",
            "True",
        ]
    ),
)
numbers = st.one_of(st.integers(), st.floats(allow_nan=False), st.booleans())
times = st.one_of(
    st.datetimes(timezones=st.one_of(st.none(), st.just(dt.UTC), st.timezones())).filter(
        lambda found: dt.datetime.fromisoformat(found.isoformat()) == found
    ),
    st.timedeltas(),
    st.sampled_from([dt.timedelta(0), dt.timedelta.min, dt.timedelta(seconds=-1)]),
    st.dates(),
    st.times(),
)
others = st.sampled_from([*FUNCTIONS, *Scope, *Frequency])
leaves = st.one_of(texts, numbers, times, others)
keys = st.one_of(st.text(st.characters(exclude_categories=["Cs"])), st.from_regex(r"[a-z]{1,5}"))
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)
names = st.from_regex(r"\A[a-z]{2}[a-z0-9_]{0,5}\Z")
properties = st.dictionaries(names.map(lambda name: f"own_{name}"), values, max_size=4)

NODES: dict[str, dict[str, Any]] = {
    "pickle": {"default_data": values},
    "in_memory": {"default_data": values},
    "json": {
        "default_path": texts.filter(lambda path: "\0" not in path),
        "encoding": st.just("utf-8"),
    },
    "csv": {"has_header": st.booleans(), "exposed_type": st.sampled_from(["numpy", Outer.Inner])},
    "excel": {"sheet_name": st.one_of(names, st.lists(names, max_size=2))},
    "parquet": {"read_kwargs": st.dictionaries(keys, values, max_size=2)},
    "sql_table": {
        "db_extra_args": st.dictionaries(keys, texts, max_size=2),
        "db_port": st.integers(),
    },
    "generic": {"read_fct": others, "read_fct_args": st.lists(values, max_size=2)},
}


@st.composite
def configurations(draw: st.DrawFn) -> Configuration:
    config = Configuration()
    nodes = []
    for number in range(draw(st.integers(0, 3))):
        kind = draw(st.sampled_from(list(NODES)))
        given_keys = draw(st.fixed_dictionaries({}, optional=NODES[kind]))
        nodes.append(
            config.configure_data_node(
                f"node_{number}",
                kind,
                draw(st.none() | st.sampled_from(list(Scope))),
                draw(st.none() | st.timedeltas()),
                **given_keys,
                **draw(properties),
            )
        )
    some = st.lists(st.sampled_from(nodes), max_size=2) if nodes else st.just([])
    tasks = [
        config.configure_task(
            f"task_{number}",
            draw(st.sampled_from(FUNCTIONS)),
            draw(some),
            draw(some),
            draw(st.booleans()),
            **draw(properties),
        )
        for number in range(draw(st.integers(0, 3)))
    ]
    chosen = st.lists(st.sampled_from(tasks), max_size=3) if tasks else st.just([])
    for number in range(draw(st.integers(0, 2))):
        config.configure_scenario(
            f"scenario_{number}",
            draw(chosen),
            draw(some),
            draw(st.none() | st.sampled_from(list(Frequency))),
            draw(st.dictionaries(st.just("node_0"), st.lists(st.just(plain), max_size=2))),
            draw(st.dictionaries(keys, chosen, max_size=2)),
            **draw(properties),
        )
    config.configure_job_executions(
        draw(st.none() | st.sampled_from(["development", "standalone"])),
        draw(st.none() | st.integers(1, 8)),
        **draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "grace": st.floats(0, 100),
                    "log_limit": st.integers(0, 10**12),
                    "pools": st.dictionaries(names, st.integers(1, 9), max_size=2),
                    "environment": st.dictionaries(names, st.just("x"), max_size=2),
                    "cache": st.sampled_from(["time", "content"]),
                },
            )
        ),
        **draw(properties),
    )
    config.configure_global_app(**draw(properties))
    if draw(st.booleans()):
        config.set_default_data_node_configuration("json", **draw(properties))
        config.set_default_task_configuration(**draw(properties))
    return config


@pytest.fixture(autouse=True)
def variable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ROUND_TRIP", "7")
    yield
    Config._reset()


def meaning(value: Any) -> Any:
    """What a value is, however it was said: callables by what they load."""
    if isinstance(value, FunctionRef | ClassRef):
        return meaning(value.load())
    if isinstance(value, DataNodeConfig | TaskConfig):
        return value.id
    if isinstance(value, dict):
        return {key: meaning(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [meaning(item) for item in value]
    return type(value), value


def parts(config: Configuration) -> dict[str, Any]:
    app = config.as_it_stands()
    found: dict[str, Any] = {"global": meaning(dict(app.global_properties))}
    for name, entries in (
        ("job", {"": app.job}),
        ("core", {"": app.core}),
        ("data nodes", app.data_nodes),
        ("tasks", app.tasks),
        ("scenarios", app.scenarios),
    ):
        for id, entry in entries.items():
            found[f"{name} {id}"] = {k: meaning(v) for k, v in vars(entry).items()}
    return found


def findings(config: Configuration) -> list[tuple[str, str]]:
    return sorted((problem.level.name, problem.message) for problem in config.check().all)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(configurations())
def test_what_is_exported_loads_as_the_same(
    tmp_path_factory: pytest.TempPathFactory, config: Configuration
) -> None:
    file = tmp_path_factory.mktemp("export") / "config.toml"
    config.export(file)
    loaded = Configuration()
    loaded.load(file)
    assert parts(loaded) == parts(config)
    assert findings(loaded) == findings(config)
    again = file.with_name("again.toml")
    loaded.export(again)
    assert again.read_text() == file.read_text()
    config.export(again)  # over a file that is there
    assert again.read_text() == file.read_text()


def test_a_value_below_a_table_stays_outside_of_it(tmp_path: Path) -> None:
    config = Configuration()
    nested = {"table": {"inner": {"x": 1}, "y": 2}, "rows": [{"a": 1}, {"b": 2}], "last": 3}
    config.configure_json_data_node("node", nested=nested, own=[{"a": {"b": 1}}], after="x")
    config.configure_job_executions(pools={"gpu": 1}, environment={"A": "b"}, mode="standalone")
    config.configure_global_app(rows=[{}], text="")
    file = tmp_path / "config.toml"
    config.export(file)
    loaded = Configuration()
    loaded.load(file)
    assert parts(loaded) == parts(config)
    assert loaded.data_nodes["node"].properties["nested"] == nested
    again = tmp_path / "again.toml"
    loaded.export(again)
    assert again.read_text() == file.read_text()


def test_half_a_character_is_refused_with_a_sentence(tmp_path: Path) -> None:
    config = Configuration()
    config.configure_global_app(name="\udce9")
    with pytest.raises(ConfigurationError, match=r"'\\udce9' is no character of a text file"):
        config.export(tmp_path / "config.toml")


def test_a_class_that_reads_a_generic_node_loads_as_the_same(tmp_path: Path) -> None:
    config = Configuration()
    config.configure_generic_data_node("x", read_fct=str, read_fct_args=["a"])
    config.export(tmp_path / "config.toml")
    loaded = Configuration()
    loaded.load(tmp_path / "config.toml")
    assert findings(loaded) == findings(config)
