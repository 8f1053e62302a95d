"""The broker and the proxy that other tests rely on do what they promise."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pika
import pytest
from command_support import wait_until

from tools.fault_proxy import FaultProxy
from tools.private_broker import PrivateBroker

_ROOT = Path(__file__).parents[2]
Start = Callable[..., PrivateBroker]


def processes_of(folder: Path) -> list[int]:
    """Every process that was started with `folder` as its home, epmd too."""
    wanted = f"HOME={folder}".encode()
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            if wanted in environ.read_bytes().split(b"\0"):
                found.append(int(environ.parent.name))
        except OSError:
            continue
    return found


def publish(url: str, queue: str, body: bytes) -> None:
    """Put one confirmed, durable message into a quorum queue."""
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.queue_declare(queue, durable=True, arguments={"x-queue-type": "quorum"})
        channel.basic_publish(
            "", queue, body, pika.BasicProperties(delivery_mode=2), mandatory=True
        )


def take(url: str, queue: str) -> bytes | None:
    """The next message of a queue."""
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        _, _, body = channel.basic_get(queue, auto_ack=True)
        return body


@pytest.mark.long
def test_a_confirmed_message_survives_kill_9_and_nothing_is_left(own_broker: Start) -> None:
    server = own_broker()
    publish(server.url(), "jobs", b"one")
    assert len(processes_of(server.folder)) >= 3
    server.save()
    server.kill()
    assert processes_of(server.folder) == []
    server.start()
    assert wait_until(lambda: take(server.url(), "jobs"), 20, "the message") == b"one"
    server.close()
    assert processes_of(server.folder) == []
    assert not server.folder.exists()


@pytest.mark.long
def test_it_ends_when_the_process_that_started_it_is_killed() -> None:
    if PrivateBroker.missing() and not os.environ.get("CI"):
        pytest.skip(str(PrivateBroker.missing()))
    script = (
        "import signal; from tools.private_broker import PrivateBroker; b = PrivateBroker();"
        "b.start(); print(b.folder, flush=True); signal.pause()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=_ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        assert processes_of(folder)
        process.kill()
    wait_until(lambda: not processes_of(folder), 20, "the broker to end")
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()


def test_each_test_has_a_virtual_host_of_its_own(broker: PrivateBroker, broker_url: str) -> None:
    publish(broker_url, "jobs", b"two")
    assert take(broker_url, "jobs") == b"two"
    assert broker_url.rpartition("/")[2] in broker.ctl("list_vhosts")


@pytest.mark.long
def test_a_user_is_known_by_its_password_only(broker: PrivateBroker, broker_url: str) -> None:
    broker.add_user("worker", "p:@/%s")
    vhost = broker_url.rpartition("/")[2]
    broker.ctl("set_permissions", "-p", vhost, "worker", ".*", ".*", ".*")
    publish(broker.url(user="worker", password="p:@/%s", vhost=vhost), "jobs", b"three")
    with pytest.raises(pika.exceptions.ProbableAuthenticationError):
        publish(broker.url(user="worker", password="wrong", vhost=vhost), "jobs", b"four")


@pytest.mark.long
def test_a_paused_broker_keeps_connections_and_answers_later(own_broker: Start) -> None:
    server = own_broker(consumer_timeout=60_000, tls=True)
    context = ssl.create_default_context(cafile=str(server.certificates.authority))
    parameters = pika.URLParameters(server.url())
    parameters.ssl_options = pika.SSLOptions(context, "localhost")
    assert "amqps" in server.url()
    assert "60000" in server.ctl("eval", "application:get_env(rabbit, consumer_timeout).")
    answered = threading.Event()
    with pika.BlockingConnection(parameters) as connection:
        channel = connection.channel()
        server.pause()
        wait_until(lambda: state(server.pid) == "T", 5, "the pause")
        resume = threading.Timer(0.3, lambda: answered.is_set() or server.resume())
        resume.start()
        channel.queue_declare("paused", exclusive=True)
        answered.set()
        resume.join()


def state(pid: int) -> str:
    """The state letter of a process."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.long
def test_the_module_runs_a_command_with_a_broker_and_ends_with_its_code() -> None:
    if PrivateBroker.missing() and not os.environ.get("CI"):
        pytest.skip(str(PrivateBroker.missing()))
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tools.private_broker"),
            *("--", "sh", "-c", "echo $TAIPY_EXEC_BROKER_URL; exit 7"),
        ],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout[:7], done.stderr) == (7, "amqp://", "")


@pytest.fixture
def echo() -> Iterator[tuple[str, int]]:
    """The address of a server that sends back what it gets."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve(client: socket.socket) -> None:
            with client:
                try:
                    while data := client.recv(4096):
                        client.sendall(data)
                except OSError:
                    pass

        def accept() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(client,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()
        listener.shutdown(socket.SHUT_RDWR)


def say(client: socket.socket, data: bytes) -> bytes:
    """Send and take as many bytes back."""
    client.sendall(data)
    answer = b""
    while len(answer) < len(data):
        part = client.recv(4096)
        if not part:
            break
        answer += part
    return answer


def test_the_proxy_resets_stalls_and_refuses(echo: tuple[str, int]) -> None:
    with FaultProxy(*echo) as proxy:
        address = ("127.0.0.1", proxy.port)
        with socket.create_connection(address, 5) as client:
            assert say(client, b"hello") == b"hello"
            proxy.black_hole(True)
            client.settimeout(0.2)
            with pytest.raises(TimeoutError):
                say(client, b"lost")
            client.settimeout(5)
            proxy.black_hole(False)
            assert client.recv(10) == b"lost"
            proxy.reset()
            with pytest.raises(ConnectionResetError):
                client.recv(10)
        proxy.refuse(True)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address, 5)
        proxy.refuse(False)
        with socket.create_connection(address, 5) as client:
            assert say(client, b"again") == b"again"


def test_the_proxy_cuts_after_the_bytes_that_were_asked(echo: tuple[str, int]) -> None:
    with FaultProxy(*echo) as proxy, socket.create_connection(("127.0.0.1", proxy.port), 5) as end:
        proxy.cut_after(3, "to_client")
        end.sendall(b"abcdef")
        got = b""
        with pytest.raises(ConnectionResetError):
            while part := end.recv(1):
                got += part
        assert got in (b"", b"abc")  # a reset may overtake what was sent before it


def test_the_proxy_delays(echo: tuple[str, int]) -> None:
    with FaultProxy(*echo) as proxy, socket.create_connection(("127.0.0.1", proxy.port), 5) as end:
        proxy.delay(0.3)
        end.settimeout(0.4)
        with pytest.raises(TimeoutError):
            say(end, b"slow")  # there and back is 0.6 s
        end.settimeout(5)
        assert end.recv(10) == b"slow"


def test_a_url_through_the_proxy_keeps_everything_but_the_address(echo: tuple[str, int]) -> None:
    with FaultProxy(*echo) as proxy:
        assert (
            proxy.url("amqp://u:p%40@host:5672/%2F?heartbeat=5")
            == f"amqp://u:p%40@127.0.0.1:{proxy.port}/%2F?heartbeat=5"
        )


def test_a_connection_that_the_proxy_resets_is_told_so_by_pika(
    broker: PrivateBroker, broker_url: str
) -> None:
    with FaultProxy("127.0.0.1", broker.port) as proxy:
        connection = pika.BlockingConnection(pika.URLParameters(proxy.url(broker_url)))
        proxy.reset()
        with pytest.raises(pika.exceptions.AMQPError):
            connection.channel()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
