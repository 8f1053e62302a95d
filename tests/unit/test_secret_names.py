"""Checks of generic, mongo_collection and s3_object, and secrets that no text shows."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import taipy_exec
from taipy_exec.api.configuration import Configuration
from taipy_exec.config.application import AppConfig, DataNodeConfig, TaskConfig
from taipy_exec.config.checker import check
from taipy_exec.config.compile import Compiled, compile_layers
from taipy_exec.config.layers import Layer, layer_from_toml
from taipy_exec.config.problem import Level, Problem
from taipy_exec.config.secrets import MASK, is_secret, masked, without_secrets
from taipy_exec.config.toml_file import read_toml
from taipy_exec.errors import ConfigurationError

SECRET = "s3cr3t/word"
Compile = Callable[..., Compiled]


@pytest.fixture
def compile(tmp_path: Path) -> Compile:
    """Compiles a TOML text, or a layer that was made in Python."""

    def compiled(source: str | Layer, **environ: str) -> Compiled:
        if isinstance(source, str):
            path = tmp_path / "config.toml"
            path.write_text(textwrap.dedent(source), encoding="utf-8")
            source = layer_from_toml(read_toml(path))
        return compile_layers([source], root=tmp_path, state_dir=tmp_path, environ=environ)

    return compiled


def problems(compiled: Compiled) -> list[Problem]:
    known = {"generic": None, "mongo_collection": None, "s3_object": None, "pickle": None}
    modes = {"development": None}
    return check(compiled, modes=modes, storage_types=known, imports=False)


def told(compiled: Compiled) -> list[tuple[str, str | None, str]]:
    return [(p.level.value, p.field, p.message) for p in problems(compiled)]


# -- rules --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'storage_type = "generic"',
            [
                (
                    "ERROR",
                    "read_fct",
                    "is missing, as is write_fct: give one, a function such as "
                    '"module.name:function"',
                )
            ],
        ),
        ('storage_type = "generic"\nread_fct = "a.b:function"\nread_fct_args = [1]', []),
        (
            'storage_type = "generic"\nread_fct = "a.b"\nwrite_fct_args = "x"',
            [
                (
                    "ERROR",
                    "read_fct",
                    "must be a function such as \"module.name:function\", not 'a.b'",
                ),
                ("ERROR", "write_fct_args", "must be a list of arguments, not 'x'"),
            ],
        ),
        (
            'storage_type = "mongo_collection"\ndb_port = "1"\ncustom_document = "a.B"\n'
            "db_extra_args = [1]",
            [
                ("ERROR", "db_name", "is missing: mongo_collection data nodes need it"),
                ("ERROR", "collection_name", "is missing: mongo_collection data nodes need it"),
                (
                    "ERROR",
                    "custom_document",
                    "must be a class such as \"module.Name:class\", not 'a.B'",
                ),
                ("ERROR", "db_port", "must be a whole number, not '1'"),
                ("ERROR", "db_extra_args", "must be a table, not ***"),
            ],
        ),
        (
            'storage_type = "s3_object"\naws_access_key = "ENV[K]"\naws_s3_bucket_name = "b"',
            [
                ("ERROR", "aws_secret_access_key", "is missing: s3_object data nodes need it"),
                ("ERROR", "aws_s3_object_key", "is missing: s3_object data nodes need it"),
            ],
        ),
    ],
)
def test_what_a_data_node_needs_is_told(compile: Compile, text: str, expected: Any) -> None:
    found = told(compile(f"[DATA_NODE.n]\n{text}", K="key"))
    assert sorted(found) == sorted(expected)


def test_a_default_entry_is_only_warned_of(compile: Compile) -> None:
    found = told(compile('[DATA_NODE.default]\nstorage_type = "mongo_collection"'))
    assert [(level, field) for level, field, _ in found] == [
        ("WARNING", "db_name"),
        ("WARNING", "collection_name"),
    ]
    assert told(compile('[DATA_NODE.default]\nstorage_type = "generic"')) == []


# -- secrets in messages ------------------------------------------------------------------

MONGO = """
[DATA_NODE.n]
storage_type = "mongo_collection"
db_name = "d"
collection_name = "c"
db_username = "u"
"""


@pytest.mark.parametrize(
    "line",
    [
        f'db_password = "{SECRET}"',
        f'db_password = "{SECRET}:int"',
        f'db_password = ["{SECRET}"]',
        'db_password = "ENV[PW]:int"',
        f'db_extra_args = {{tlsCertificateKeyFilePassword = "{SECRET}"}}',
        f'db_extra_args = {{password = "{SECRET}:bool"}}',
        'db_extra_args = {PWD = "ENV[PW]:float"}',
        f'db_extra_args = "{SECRET}"',
        f'aws_secret_access_key = "{SECRET}:int"',
    ],
)
def test_a_problem_shows_no_secret(compile: Compile, line: str) -> None:
    found = problems(compile(f"{MONGO}{line}", PW=SECRET))
    assert found
    for problem in found:
        assert SECRET not in str(problem) + str(problem.as_json())


def test_a_line_that_is_no_toml_is_not_shown_if_it_holds_a_secret(compile: Compile) -> None:
    with pytest.raises(ConfigurationError) as caught:
        compile(f'{MONGO}db_password = "{SECRET}')
    assert SECRET not in str(caught.value.problems[0].as_json()) + caught.value.message
    assert caught.value.problems[0].line == 7


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (f'db_password = "{SECRET}"', "db_password"),
        (f'aws_access_key = "{SECRET}"', "aws_access_key"),
        (f'db_extra_args = {{a = {{PWD = "{SECRET}"}}, tls = true}}', "PWD"),
    ],
)
def test_a_secret_that_stands_in_the_file_is_warned_of(
    compile: Compile, line: str, name: str
) -> None:
    (problem,) = problems(compile(MONGO + line))
    assert problem.level is Level.WARNING
    assert problem.line == 7
    assert f'write {name} = "ENV[NAME]"' in problem.message
    assert problem.field == line.partition(" ")[0]


def test_a_secret_from_the_environment_or_from_python_is_not_warned_of(compile: Compile) -> None:
    assert problems(compile(f'{MONGO}db_password = "ENV[PW]"', PW=SECRET)) == []
    assert problems(compile(f'{MONGO}db_password = ""')) == []
    keys = {
        "storage_type": "mongo_collection",
        "db_name": "d",
        "collection_name": "c",
        "db_password": SECRET,
    }
    assert problems(compile(Layer(sections={"DATA_NODE": {"n": keys}}))) == []


# -- secrets in texts ---------------------------------------------------------------------


def test_the_text_of_a_configuration_shows_no_secret() -> None:
    properties = {
        "db_name": "shop",
        "db_password": SECRET,
        "db_extra_args": {"sslpassword": SECRET, "tls": True},
        "aws_secret_access_key": SECRET,
        "aws_access_key": SECRET,
    }
    node = DataNodeConfig(id="n", properties=properties)
    task = TaskConfig(id="t", inputs=(node,), properties={"password": SECRET})
    app = AppConfig(
        root=Path(),
        state_dir=Path(),
        global_properties={"db_password": SECRET},
        data_nodes={"n": node},
        tasks={"t": task},
    )
    for text in (repr(node), repr(task), repr(app), f"{node}"):
        assert SECRET not in text
        assert "'shop'" in text
        assert "id='n'" in text
    assert node.properties["db_password"] == node.db_password == SECRET


def test_what_config_gives_back_shows_no_secret() -> None:
    found = Configuration().configure_data_node(
        "n", "mongo_collection", db_name="d", collection_name="c", db_password=SECRET
    )
    assert SECRET not in repr(found)
    assert found.db_password == SECRET


def test_names_of_secrets_are_known_at_any_depth() -> None:
    assert is_secret("DB_PASSWORD")
    assert not is_secret("aws_s3_object_key")
    assert not is_secret(3)
    value = {"a": [{"PWD": SECRET}], "pwd": "", "db_password": None, "b": (1,)}
    assert masked(value) == {"a": [{"PWD": MASK}], "pwd": "", "db_password": None, "b": (1,)}


def test_a_foreign_text_is_freed_of_secrets_also_as_a_url_has_them() -> None:
    properties = {"db_password": "p@ss w/d", "db_extra_args": {"pwd": "other1"}, "db_name": "abcd"}
    text = "mongodb://u:p%40ss%20w%2Fd@h p%40ss+w%2Fd p@ss w/d other1 abcd"
    assert without_secrets(text, properties) == "mongodb://u:***@h *** *** *** abcd"
    # A short one as a word only: it would mask half of the message otherwise.
    assert without_secrets("a cat", {"db_password": "a"}) == "*** cat"


def test_the_digest_does_not_know_secrets(compile: Compile) -> None:
    def digest(*lines: str, **environ: str) -> str:
        return compile("\n".join((MONGO, *lines)), **environ).config.digest

    without = digest()
    assert digest(f'db_password = "{SECRET}"') == without
    assert digest('db_password = "ENV[PW]"', PW="x") == without
    assert digest('db_host = "other"') != without
    plain = digest("db_extra_args = {tls = true}")
    assert digest('db_extra_args = {tls = true, password = "x"}') == plain != without


def test_the_api_has_taipys_names_for_filters_and_documents() -> None:
    assert [o.name for o in taipy_exec.JoinOperator] == ["AND", "OR"]
    assert taipy_exec.Operator.EQUAL.value == 1
    assert taipy_exec.MongoDefaultDocument(a=1).a == 1


def test_values_of_variables_that_are_named_like_secrets_are_no_ones_business() -> None:
    held = {"environment": {"API_TOKEN": "s3cr3t-1", "db_password": "s3cr3t-2", "MODE": "fast"}}
    assert without_secrets("fast s3cr3t-1 s3cr3t-2", held) == f"fast {MASK} {MASK}"
