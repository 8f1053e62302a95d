"""`doctor`: what is wrong with the machine, the folders and the way to the broker, and the mend."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from command_support import AS_OTHERS, COMMAND, Application, Result

from tools.certificates import Certificates, make_certificates

CHECKS = ("start method", "descriptors", "processes", "memory", "encoding", "HOME")


def checks(result: Result) -> dict[str, dict[str, Any]]:
    assert "Traceback" not in result.err, result.err
    return {check["name"]: check for check in result.json["checks"]}


@pytest.fixture
def work(app: Application) -> Application:
    app.graph({"t": ("flow.work", [], ["a"])})
    return app


def doctor(app: Application, *arguments: str, env: dict[str, str | None] | None = None) -> Result:
    return app.run("doctor", "--json", *arguments, env=env)


def test_every_check_has_a_line_and_nothing_is_made(work: Application) -> None:
    found = checks(doctor(work))
    assert {"Python", "taipy-exec", "state folder", "storage folder", *CHECKS} <= set(found)
    assert found["taipy-exec"]["message"] in work.run("--version").out
    assert "disk of the state folder" in found
    assert work.sources() == {"config.toml", "flow.py"}
    assert not work.exists(".taipy-exec")


def test_of_development_mode_no_processes_are_asked_for(work: Application) -> None:
    found = checks(doctor(work, "--mode", "development"))
    assert "start method" not in found
    assert "encoding" in found


def test_too_few_descriptors_are_told_with_the_command(work: Application) -> None:
    line = " ".join([*COMMAND, "doctor", "--json"])
    result = work.shell(f"ulimit -Sn 70; {line}")
    found = checks(result)["descriptors"]
    assert (result.code, found["level"]) == (0, "warning")
    assert found["message"] == "70 may be open at once, but 2 jobs at once need about 80"
    assert found["fix"] == "ulimit -n 80"
    mended = work.shell(f"ulimit -Sn 70; {found['fix']}; {line}")
    assert checks(mended)["descriptors"]["level"] == "ok"


def test_a_home_and_temporary_files_that_are_nowhere_are_warned_of(work: Application) -> None:
    for home in ("/nowhere/at all", None):
        found = checks(doctor(work, env={"HOME": home}))["HOME"]
        assert found["level"] == "warning"
        assert "export HOME=" in found["fix"]
    found = checks(doctor(work, env={"TMPDIR": str(work.folder)}))["temporary files"]
    assert found["level"] == "ok"
    assert str(work.folder) in found["message"]


def test_another_encoding_is_warned_of_and_mended_by_the_command(work: Application) -> None:
    ascii_only = {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    found = checks(doctor(work, env=ascii_only))["encoding"]
    assert found["level"] == "warning"
    assert "not UTF-8" in found["message"]
    mended = doctor(work, env={**ascii_only, "PYTHONUTF8": "1"})
    assert checks(mended)["encoding"]["level"] == "ok"


@pytest.mark.parametrize("taken", [False, True])
def test_the_folder_of_an_output_is_a_problem_where_it_cannot_be_made(
    app: Application, taken: bool
) -> None:
    app.config(
        '[DATA_NODE.a]\npath = "my out/deep/a.p"\n'
        '[TASK.t]\nfunction = "flow.work:function"\noutputs = ["a:SECTION"]\n'
        '[SCENARIO.s]\ntasks = ["t:SECTION"]\n'
    )
    app.module("flow", "def work():\n    return 1\n")
    if taken:
        (app.folder / "my out").write_text("")
    result = doctor(app)
    found = checks(result).get("data node a")
    if not taken:
        assert (result.code, found) == (0, None)
        return
    assert found is not None
    assert (result.code, found["level"]) == (3, "problem")
    assert found["message"].endswith(f"{app.folder}/my out is a file")
    assert found["fix"].startswith(f"sudo mkdir -p '{app.folder}/my out/deep'")


def test_folders_without_the_right_to_write_are_problems(work: Application) -> None:
    work.folder.chmod(0o500)
    try:
        found = checks(work.shell(f"{' '.join(AS_OTHERS)} $T doctor --json"))
    finally:
        work.folder.chmod(0o700)
    assert found["state folder"]["level"] == found["storage folder"]["level"] == "problem"
    assert "sudo mkdir -p" in found["storage folder"]["fix"]


def test_a_state_that_is_a_file_is_a_problem_in_one_sentence(work: Application) -> None:
    (work.folder / "state").write_text("")
    result = doctor(work, "--state-dir", "state")
    found = checks(result)["state folder"]
    assert (result.code, found["level"]) == (3, "problem")
    assert "--state-dir" in found["fix"]


def test_doctor_changes_no_older_store(work: Application) -> None:
    assert work.run("submit").code == 0
    path = work.folder / ".taipy-exec" / "state.db"
    before = path.read_bytes(), path.stat().st_mtime_ns
    assert doctor(work).code == 0
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


# -- the way to the broker -----------------------------------------------------------------


@contextmanager
def tls_server(certificates: Certificates) -> Iterator[int]:
    """Somebody who shows a certificate and then goes away; its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server, certificates.server_key)
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        listening.settimeout(0.1)
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                try:
                    client, _ = listening.accept()
                except TimeoutError:
                    continue
                try:
                    client.settimeout(5)
                    context.wrap_socket(client, server_side=True).close()
                except OSError:
                    client.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield int(listening.getsockname()[1])
        finally:
            over.set()
            thread.join()


def tls(
    app: Application, folder: Path, *, host: str = "127.0.0.1", authority: bool = True, **made: Any
) -> dict[str, Any]:
    certificates = make_certificates(folder / "certificates", **made)
    app.graph({"t": ("flow.work", [], ["a"])}, mode="cluster")
    if authority:
        text = (app.folder / "config.toml").read_text()
        given = f'[JOB]\nbroker_ca_file = "{certificates.authority}"\n'
        app.config(text.replace("[JOB]\n", given))
    with tls_server(certificates) as port:
        url = f"amqps://ann:s3cret@{host}:{port}/"
        result = doctor(app, env={"TAIPY_EXEC_BROKER_URL": url})
    assert result.code == 6
    assert "s3cret" not in result.out + result.err
    return checks(result)["TLS"]


def test_a_certificate_that_ends_soon_is_warned_of(app: Application, tmp_path: Path) -> None:
    found = tls(app, tmp_path)
    assert found["level"] == "warning"
    assert "(1 day left)" in found["message"]
    assert "renew it" in found["fix"]


def test_a_certificate_that_lasts_is_told_with_its_end(app: Application, tmp_path: Path) -> None:
    found = tls(app, tmp_path, server_days=400)
    assert (found["level"], found["fix"]) == ("ok", None)
    assert "it is valid until " in found["message"]


@pytest.mark.parametrize(
    ("changes", "told", "mend"),
    [
        ({"server_days": -1}, "certificate has expired", "renew the broker's certificate"),
        ({"names": "DNS:other.example"}, "mismatch", "-ext subjectAltName"),
        ({"authority": False}, "issuer certificate", "broker_ca_file"),
    ],
    ids=["expired", "wrong name", "unknown authority"],
)
def test_what_is_wrong_with_a_certificate_is_told_with_the_mend(
    app: Application, tmp_path: Path, changes: dict[str, Any], told: str, mend: str
) -> None:
    found = tls(app, tmp_path, **changes)
    assert found["level"] == "problem"
    assert told in found["message"]
    assert mend in found["fix"]


def test_the_clock_and_the_policies_of_the_broker_have_a_line(
    app: Application, broker_url: str, broker: Any
) -> None:
    app.graph({"t": ("flow.work", [], ["a"])}, mode="cluster")
    found = checks(doctor(app, env={"TAIPY_EXEC_BROKER_URL": broker_url}))
    assert (found["clock"]["level"], found["policies"]["level"]) == ("ok", "ok")
    command = found["policies"]["fix"].partition("rabbitmqctl ")[2]
    assert broker.ctl(*command.split()) is not None
    vhost = broker_url.rpartition("/")[2]
    for kind in ("queues", "exchanges"):
        assert "doctor" not in str(broker.ctl(f"list_{kind}", "-p", vhost))


def test_an_acknowledgement_that_the_broker_does_not_wait_for_is_warned_of(
    app: Application,
) -> None:
    late = "broker_ack_after = 3600"
    app.graph({"t": ("flow.work", [], ["a"])}, mode="cluster", job=late)
    result = doctor(app, env={"TAIPY_EXEC_BROKER_URL": "amqp://ann:s3cret@127.0.0.1:1/"})
    found = checks(result)
    assert found["long jobs"]["level"] == "warning"
    assert "consumer_timeout" in found["long jobs"]["fix"]
    assert found["broker"]["fix"].startswith("start RabbitMQ there")
    assert "s3cret" not in result.out


def test_inputs_without_a_file_and_functions_that_do_not_fit_are_found(app: Application) -> None:
    app.module("jobs", "def two(x, y):\n    return x\n")
    app.config(
        '[DATA_NODE.raw]\nstorage_type = "json"\ndefault_path = "in/raw.json"\n'
        '[TASK.t]\nfunction = "jobs.two:function"\ninputs = ["raw"]\n'
        '[SCENARIO.s]\ntasks = ["t"]\n'
    )
    result = doctor(app)
    assert result.code == 3
    found = result.json["checks"]
    assert any("jobs.two does not fit the inputs" in one["message"] for one in found)
    node = checks(result)["data node raw"]
    assert node["level"] == "warning"
    assert node["message"].startswith(f"there is no file {app.folder}/in/raw.json")
