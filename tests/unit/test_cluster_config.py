"""The keys of cluster mode: where they come from, what is refused, and what is warned of."""

from __future__ import annotations

import os
import textwrap
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from taipy_exec.api.configuration import Configuration
from taipy_exec.config.checker import check
from taipy_exec.config.cluster import SUSPICION, ClusterConfig, cluster_config
from taipy_exec.config.compile import Compiled, compile_layers
from taipy_exec.config.layers import Layer, layer_from_toml
from taipy_exec.config.problem import Level, Problem
from taipy_exec.config.toml_file import read_toml
from taipy_exec.config.vocabulary import CLUSTER_KEYS
from taipy_exec.errors import ConfigurationError

MODES = {"development": None, "standalone": None, "cluster": None}
STORAGE = {"pickle": None, "json": None, "csv": None, "in_memory": None}


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TAIPY_EXEC_BROKER_URL", "TAIPY_EXEC_SECRET"):
        monkeypatch.delenv(name, raising=False)


class App:
    """An application `shop` and what is made of its `[JOB]` section."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "shop"
        self.folder.mkdir()

    def compile(self, text: str, *, root: Path | None = None, **environ: str) -> Compiled:
        path = self.folder / "config.toml"
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return self.layered(layer_from_toml(read_toml(path)), root=root, **environ)

    def layered(self, layer: Layer, *, root: Path | None = None, **environ: str) -> Compiled:
        root = root or self.folder
        return compile_layers([layer], root=root, state_dir=root / "state", environ=environ)

    def cluster(self, text: str = "", url: str | None = None, **environ: str) -> ClusterConfig:
        return cluster_config(self.compile(f"[JOB]\n{text}", **environ).raise_errors(), url)

    def problems(self, text: str, *, root: Path | None = None, **environ: str) -> list[Problem]:
        compiled = self.compile(text, root=root, **environ)
        return check(compiled, modes=MODES, storage_types=STORAGE, imports=False)

    def only(self, text: str, **environ: str) -> Problem:
        (found,) = self.problems(text, **environ)
        return found


@pytest.fixture
def app(tmp_path: Path) -> App:
    return App(tmp_path)


def test_without_any_key_the_defaults_apply(app: App) -> None:
    found = app.cluster()
    assert found.application == "shop"
    (address,) = found.addresses
    assert (address.host, address.port, address.vhost) == ("localhost", 5672, "/")
    assert (address.username, address.password, address.tls) == ("guest", "guest", False)
    assert (found.heartbeat, found.prefetch, found.delivery_limit) == (15, 0, 20)
    assert (found.ack_after, found.lease, found.connect_timeout) == (20.0, 15.0, 20.0)
    assert found.verify is True and found.secret is None
    assert (found.ca_file, found.cert_file, found.key_file) == (None, None, None)


def test_every_key_reaches_its_field(app: App) -> None:
    found = app.cluster(
        """
        application = "Shop 2"
        broker_url = ["amqp://one", "ENV[SECOND]"]
        broker_heartbeat = 30
        broker_prefetch = "7:int"
        broker_delivery_limit = 3
        broker_ack_after = 0.5
        broker_lease = 4
        broker_connect_timeout = 1.5
        broker_verify = "False:bool"
        broker_ca_file = "tls/ca.pem"
        broker_cert_file = "/etc/cert.pem"
        broker_key_file = "tls/key.pem"
        """,
        SECOND="amqps://ann:pw@two",
    )
    assert found.application == "Shop 2"
    assert [a.host for a in found.addresses] == ["one", "two"]
    assert (found.heartbeat, found.prefetch, found.delivery_limit) == (30, 7, 3)
    assert (found.ack_after, found.lease, found.connect_timeout) == (0.5, 4, 1.5)
    assert found.verify is False
    assert found.ca_file == app.folder / "tls/ca.pem"
    assert found.cert_file == Path("/etc/cert.pem")
    assert found.key_file == app.folder / "tls/key.pem"


def test_each_key_of_the_vocabulary_has_a_field() -> None:
    known = {field.name for field in fields(ClusterConfig)}
    apart = {"broker_url", "broker_password_file"}
    assert {k.removeprefix("broker_") for k in CLUSTER_KEYS if k not in apart} < known


def test_the_address_comes_from_flag_then_environment_then_file(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = 'broker_url = "amqp://file"'
    assert app.cluster(text).addresses[0].host == "file"
    monkeypatch.setenv("TAIPY_EXEC_BROKER_URL", "amqp://variable")
    assert app.cluster(text).addresses[0].host == "variable"
    assert app.cluster(text, "amqp://flag").addresses[0].host == "flag"
    monkeypatch.setenv("TAIPY_EXEC_BROKER_URL", "")
    assert app.cluster(text).addresses[0].host == "file"


def test_a_wrong_address_of_the_environment_is_named_as_that(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAIPY_EXEC_BROKER_URL", "http://ann:s3cret@broker")
    with pytest.raises(ConfigurationError, match=r"^TAIPY_EXEC_BROKER_URL: ") as caught:
        app.cluster()
    assert "s3cret" not in f"{caught.value} {caught.value.hint}"


def test_the_secret_comes_from_the_environment_only_and_is_not_shown(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAIPY_EXEC_SECRET", "s3cret")
    found = app.cluster('secret = "of the file"')
    assert found.secret == b"s3cret"
    assert "s3cret" not in repr(found)


def test_the_password_file_replaces_the_password_of_every_address(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAIPY_EXEC_BROKER_URL", "amqp://ann:old@one,amqp://bob@two")
    (app.folder / "pw").write_text(" p@ss:w/rd%\n", encoding="utf-8")
    found = app.cluster('broker_password_file = "pw"')
    assert [(a.username, a.password) for a in found.addresses] == [
        ("ann", "p@ss:w/rd%"),
        ("bob", "p@ss:w/rd%"),
    ]
    assert "p@ss" not in repr(found)


@pytest.mark.parametrize(
    ("content", "wrong"), [(None, "cannot be read"), (b" \n", "empty"), (b"\xff", "not UTF-8")]
)
def test_a_password_file_that_gives_no_password_is_named(
    app: App, content: bytes | None, wrong: str
) -> None:
    if content is not None:
        (app.folder / "pw").write_bytes(content)
    with pytest.raises(ConfigurationError, match=f"{app.folder}/pw .*{wrong}"):
        app.cluster('broker_password_file = "pw"')


def test_a_folder_whose_name_is_too_long_needs_an_application_key(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 61)
    folder.mkdir()
    long = App(folder)
    compiled = compile_layers([], root=folder, state_dir=folder)
    with pytest.raises(ConfigurationError, match="1 to 60") as caught:
        cluster_config(compiled.config)
    assert caught.value.hint == 'write application = "NAME" under [JOB]'
    assert long.cluster('application = "short"').application == "short"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('application = ""', "1 to 60"),
        ('application = " "', "1 to 60"),
        (f'application = "{"x" * 61}"', "1 to 60"),
        (f'application = "{"é" * 31}"', "1 to 60"),
        ("application = 5", "must be a text, not 5"),
        ("broker_heartbeat = 4", "must be from 5 to 3600"),
        ("broker_heartbeat = 15.5", "must be a whole number of seconds, not 15.5"),
        ('broker_heartbeat = "15"', '"15:int"'),
        ("broker_heartbeat = true", "must be a whole number of seconds"),
        ("broker_prefetch = -1", "must be from 0 to"),
        ("broker_delivery_limit = 0", "must be from 1 to"),
        ("broker_ack_after = -0.1", "must be from 0 to"),
        ("broker_lease = nan", "must be from 1 to"),
        ("broker_lease = inf", "must be from 1 to"),
        ("broker_connect_timeout = 0", "must be from 0.1 to"),
        ("broker_verify = 1", "must be True or False, not 1"),
        ("broker_ca_file = true", "must be a path, not True"),
        ("broker_password_file = 1", "must be a path, not 1"),
        ("broker_url = 5672", "must be an address or a list of addresses, not 5672"),
        ("broker_url = [5672]", "a broker's address is not a text"),
        ("broker_url = []", "the broker's address is empty"),
        ('broker_url = "ENV[MISSING]"', "the environment variable MISSING is not set"),
    ],
)
def test_a_wrong_value_is_a_problem_with_its_place(app: App, line: str, message: str) -> None:
    problem = app.only(f"[JOB]\n{line}\n")
    assert problem.level is Level.ERROR and message in problem.message
    assert (problem.section, problem.field, problem.line) == ("JOB", line.split(" ")[0], 2)


def test_a_misspelt_key_is_warned_of_and_a_right_one_is_not(app: App) -> None:
    problem = app.only('[JOB]\nbroker_heartbeet = 15\nbroker_lease = 15\napplication = "a"\n')
    assert problem.level is Level.WARNING and "'broker_heartbeat'" in problem.message


@pytest.mark.parametrize(
    "value",
    [
        '"http://ann:s3cret@broker"',
        '"ann:s3cret@broker"',
        '"amqp://ann:s3cret@broker:int"',
        '"amqp://ann:s3 cret@broker:port"',
        '["amqp://ann:s3cret@broker:float"]',
        '{ url = "amqp://ann:s3cret@broker", more = "00000000000000000000000000000000000" }',
        '{ more = "0000000000000000000000000000", url = "amqp://ann:s3cret@broker" }',
        '"ENV[URL]:int"',
        '"amqp://ann:s3cret@broker"',
        '["amqp://one", "amqp://ann:s3cret@broker"]',
    ],
)
def test_no_problem_shows_the_password_of_an_address(app: App, value: str) -> None:
    problems = app.problems(
        f'[JOB]\nmode = "cluster"\nbroker_url = {value}\n', URL="amqp://ann:s3cret@broker"
    )
    assert problems
    for problem in problems:
        text = f"{problem} {problem!r} {problem.as_json()}"
        assert "s3c" not in text and "s3 cret" not in text and "cret" not in text


def test_a_password_in_the_file_is_warned_of(app: App) -> None:
    problem = app.only('[JOB]\nbroker_url = ["amqp://one", "amqp://ann:s3cret@two"]\n')
    assert problem.level is Level.WARNING and problem.line == 2
    assert "ENV[NAME]" in problem.message and "broker_password_file" in problem.message
    assert "TAIPY_EXEC_BROKER_URL" in problem.message
    assert problem.value == "amqp://ann:***@two:5672/"


@pytest.mark.parametrize("value", ["ENV[URL]", "amqp://guest:guest@two", "amqp://ann@two"])
def test_an_address_without_a_literal_password_is_not_warned_of(app: App, value: str) -> None:
    environ = {"URL": "amqp://ann:s3cret@two"}
    assert app.problems(f'[JOB]\nbroker_url = "{value}"\n', **environ) == []


def test_a_configuration_does_not_show_the_password(app: App) -> None:
    config = app.compile('[JOB]\nbroker_url = "amqp://ann:s3cret@two"\n').config
    assert config.job.broker_url == "amqp://ann:s3cret@two"
    assert "s3cret" not in repr(config.job)
    assert "s3cret" not in repr(config)


def test_the_digest_does_not_depend_on_these_keys(app: App) -> None:
    plain = app.compile("[DATA_NODE.a]\n").config.digest
    with_keys = app.compile(
        '[JOB]\nmode = "cluster"\nbroker_url = "amqp://b"\nbroker_lease = 3\n[DATA_NODE.a]\n'
    )
    assert with_keys.config.digest == plain


def test_an_export_keeps_what_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("URL", "amqp://ann:s3cret@two")
    monkeypatch.setenv("TAIPY_EXEC_BROKER_URL", "amqp://ann:s3cret@three")
    configuration = Configuration()
    job = configuration.configure_job_executions(
        mode="cluster", broker_url=["ENV[URL]", "amqp://one"], broker_heartbeat=20, application="a"
    )
    assert job.broker_url == ["amqp://ann:s3cret@two", "amqp://one"]
    configuration.export(tmp_path / "out.toml")
    text = (tmp_path / "out.toml").read_text(encoding="utf-8")
    assert "s3cret" not in text
    assert 'broker_url = ["ENV[URL]", "amqp://one"]' in text
    assert 'broker_heartbeat = "20:int"' in text and 'application = "a"' in text
    configuration.load(tmp_path / "out.toml")
    assert configuration.job_config.broker_heartbeat == 20
    configuration.backup(tmp_path / "again.toml")
    assert "s3cret" not in (tmp_path / "again.toml").read_text(encoding="utf-8")


def test_python_refuses_the_same_values(tmp_path: Path) -> None:
    configuration = Configuration()
    configuration.configure_job_executions(broker_heartbeat=1)
    (problem,) = configuration.check().errors
    assert problem.field == "broker_heartbeat"


def cluster_problems(app: App, root: Path, nodes: str, **core: Any) -> list[Problem]:
    text = '[JOB]\nmode = "cluster"\n' + "".join(
        f'[CORE]\n{key} = "{value}"\n' for key, value in core.items()
    )
    return app.problems(f"{text}\n{textwrap.dedent(nodes)}", root=root)


def test_in_memory_data_nodes_are_refused(app: App) -> None:
    problems = cluster_problems(app, Path("/srv/shop"), '[DATA_NODE.a]\nstorage_type="in_memory"\n')
    (problem,) = problems
    assert problem.level is Level.ERROR and "in_memory" in problem.message


@pytest.mark.parametrize("folder", ["/tmp", "/var/tmp/x", "/dev/shm", "/run/user/1", "/srv/../tmp"])
def test_data_that_only_this_host_sees_is_warned_of(app: App, folder: str) -> None:
    (problem,) = cluster_problems(
        app,
        Path("/srv/shop"),
        f"""
        [DATA_NODE.a]
        default_path = "{folder}/a.p"
        [DATA_NODE.b]
        path = "/srv/shared/b.p"
        [DATA_NODE.c]
        path = "data/c.p"
        [DATA_NODE.d]
        [DATA_NODE.e]
        path = "/tmpfiles/e.p"
        """,
    )
    assert problem.level is Level.WARNING
    assert (problem.section, problem.id, problem.field) == ("DATA_NODE", "a", "default_path")
    assert "'a'" in problem.message and f"{os.path.normpath(folder)}/a.p" in problem.message
    assert "a folder that all workers share" in problem.message


def test_a_storage_folder_that_only_this_host_sees_is_warned_of_once(app: App) -> None:
    nodes = "".join(f"[DATA_NODE.n{number}]\n" for number in range(5))
    (problem,) = cluster_problems(app, Path("/srv/shop"), nodes, storage_folder="/tmp/values")
    assert (problem.section, problem.field) == ("CORE", "storage_folder")
    assert "n0, n1, n2 and 2 more" in problem.message and "/tmp/values" in problem.message


def test_a_relative_path_in_an_application_below_tmp_is_warned_of(app: App) -> None:
    nodes = '[DATA_NODE.a]\npath = "data/a.p"\n[DATA_NODE.b]\n[DATA_NODE.default]\n'
    found = cluster_problems(app, Path("/tmp/shop"), nodes)
    assert {(p.section, p.id) for p in found} == {("CORE", None), ("DATA_NODE", "a")}


def test_local_data_is_no_matter_in_other_modes(app: App) -> None:
    text = '[JOB]\nmode = "standalone"\n[DATA_NODE.a]\npath = "/tmp/a.p"\n'
    assert app.problems(text, root=Path("/tmp/shop")) == []


@pytest.mark.parametrize("lease", [1.0, 6.0, 15.0, 600.0])
def test_a_live_worker_speaks_in_time_and_a_frozen_one_is_not_certain(lease: float) -> None:
    cluster = ClusterConfig(application="a", addresses=(), lease=lease)
    given_up = min(lease, SUSPICION)
    assert 2 * cluster.sign_of_life < given_up
    assert cluster.sign_of_life < cluster.trusted_lease < given_up
