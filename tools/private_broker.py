"""A private RabbitMQ, for tests and for trying the cluster mode on one machine."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO
from urllib.parse import quote

from tools.certificates import Certificates, make_certificates
from tools.ports import free_ports

# The folder with rabbitmq-server and rabbitmqctl, to use another version than the distribution's.
_BIN = Path(os.environ.get("PRIVATE_BROKER_BIN", "/usr/lib/rabbitmq/bin"))
_SERVER = _BIN / "rabbitmq-server"
_CTL = _BIN / "rabbitmqctl"
_WATCHER = Path(__file__).with_name("broker_watcher.py")
_START_SECONDS = 60.0
_NOT_UP_YET = "requires the 'rabbit' app to be running"
_STOP_SECONDS = 30.0


class PrivateBroker:
    """A RabbitMQ server with its own folder and ports. It ends with this process."""

    def __init__(
        self,
        folder: Path | None = None,
        *,
        consumer_timeout: int | None = None,
        tls: bool = False,
        tls_names: str = "DNS:localhost,IP:127.0.0.1",
        tls_days: int = 2,
        config: Sequence[str] = (),
        epmd_port: int | None = None,
    ) -> None:
        self._temporary = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="private-broker-"))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port, self.tls_port, self._distribution_port, own_epmd_port = free_ports(4)
        # A given port has a running epmd already, which outlives this broker.
        self._has_epmd = epmd_port is None
        self._epmd_port = epmd_port or own_epmd_port
        self.node = f"broker{self.port}@localhost"
        self.certificates: Certificates | None = None
        if tls:
            self.certificates = make_certificates(
                self.folder / "certificates", names=tls_names, server_days=tls_days
            )
        self._watcher: subprocess.Popen[str] | None = None
        self._group = self.pid = 0
        self._write_config(consumer_timeout, config)

    @staticmethod
    def missing() -> str | None:
        """The missing program, in one sentence. None if a broker can be started."""
        for command in (str(_SERVER), "erl", "epmd", "openssl"):
            if shutil.which(command) is None:
                package = "openssl" if command == "openssl" else "rabbitmq-server"
                return f"{command} is missing: apt-get install {package}"
        return None

    def start(self) -> None:
        """Start it and wait until AMQP answers. Raises RuntimeError with the end of the log."""
        if self._watcher is not None:
            raise RuntimeError("the broker runs already")
        missing = self.missing()
        if missing:
            raise RuntimeError(missing)
        commands = [epmd_command(self._epmd_port)] if self._has_epmd else []
        commands.append([str(_SERVER)])
        with (self.folder / "output").open("ab") as output:
            self._watcher, pids = watched(commands, self._environment(), self.folder, output)
        atexit.register(self.close)
        if len(pids) != len(commands):
            self._fail("the broker could not be started")
        self._group, self.pid = pids[0], pids[-1]
        self._wait_for_amqp()

    def stop(self) -> None:
        """Shut it down cleanly. Its data stays."""
        self._end(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL to the Erlang VM and its processes. `start` continues with the data."""
        self._end(-self._group, signal.SIGKILL)

    def save(self) -> None:
        """Make it save the list of its quorum queues. It does this itself within about 0.5 s.

        A queue that was declared just before `kill` comes back without a leader and never answers.
        On a busy machine the command itself may hang: by then the broker has saved the list.
        """
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.ctl("eval", "[dets:sync(Table) || Table <- dets:all()].", timeout=20)

    def restart(self) -> None:
        """Stop it and start it again with the same data and ports."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freeze it: connections stay open and nothing answers."""
        os.killpg(self._group, signal.SIGSTOP)

    def resume(self) -> None:
        """End a pause."""
        os.killpg(self._group, signal.SIGCONT)

    def close(self) -> None:
        """Stop it, and remove its folder if it is a temporary one."""
        atexit.unregister(self.close)
        self.stop()
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> PrivateBroker:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def url(
        self,
        *,
        user: str = "guest",
        password: str = "guest",
        vhost: str = "/",
        tls: bool | None = None,
    ) -> str:
        """The URL for connections. Without `tls`, it is amqps if the broker was made with TLS."""
        if tls is None:
            tls = self.certificates is not None
        scheme, port = ("amqps", self.tls_port) if tls else ("amqp", self.port)
        name, secret, path = (quote(word, safe="") for word in (user, password, vhost))
        return f"{scheme}://{name}:{secret}@127.0.0.1:{port}/{path}"

    def ctl(self, *arguments: str, timeout: float = 60) -> str:
        """The output of rabbitmqctl. Raises RuntimeError with its message if it fails."""
        done = self._ctl(*arguments, timeout=timeout)
        if done.returncode and _NOT_UP_YET in done.stderr:
            # It accepts connections a moment before it accepts commands.
            self._ctl("await_startup")
            done = self._ctl(*arguments, timeout=timeout)
        if done.returncode:
            raise RuntimeError(f"rabbitmqctl {arguments[0]}: {done.stderr or done.stdout}")
        return done.stdout

    def _ctl(self, *arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [_CTL, "--quiet", *arguments],
            stdin=subprocess.DEVNULL,
            env=self._environment(),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def add_vhost(self, *names: str) -> None:
        """Make virtual hosts in which the user guest may do everything."""
        rights = {"configure": ".*", "write": ".*", "read": ".*"}
        definitions = {
            "vhosts": [{"name": name} for name in names],
            "permissions": [{"user": "guest", "vhost": name, **rights} for name in names],
        }
        # Not by standard input: the rabbitmqctl of Debian 13 waits for it for ever.
        path = self.folder / "definitions.json"
        path.write_text(json.dumps(definitions), "utf-8")
        self.ctl("import_definitions", str(path))

    def add_user(self, user: str, password: str) -> None:
        """Make a user without any rights."""
        self.ctl("add_user", user, password)

    def log(self) -> str:
        """Everything that the server has written so far."""
        paths = [self.folder / "output", *sorted((self.folder / "log").glob("*.log"))]
        return "".join(path.read_text("utf-8", "replace") for path in paths if path.exists())

    def _write_config(self, consumer_timeout: int | None, extra: Sequence[str]) -> None:
        lines = [
            f"listeners.tcp.1 = 127.0.0.1:{self.port}",
            "log.console = false",
            "log.file.level = info",
            "raft.wal_max_size_bytes = 67108864",
        ]
        if consumer_timeout is not None:
            lines.append(f"consumer_timeout = {consumer_timeout}")
        if self.certificates is not None:
            lines += [
                f"listeners.ssl.1 = 127.0.0.1:{self.tls_port}",
                f"ssl_options.cacertfile = {self.certificates.authority}",
                f"ssl_options.certfile = {self.certificates.server}",
                f"ssl_options.keyfile = {self.certificates.server_key}",
                "ssl_options.verify = verify_peer",
                "ssl_options.fail_if_no_peer_cert = false",
            ]
        (self.folder / "rabbitmq.conf").write_text("\n".join([*lines, *extra, ""]), "utf-8")
        (self.folder / "enabled_plugins").write_text("[].\n", "utf-8")

    def _environment(self) -> dict[str, str]:
        folder = self.folder
        local = "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}"
        return {
            "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "HOME": str(folder),
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_MAX_PORTS": "8192",
            "RABBITMQ_CONF_ENV_FILE": str(folder / "no-environment-file"),
            "RABBITMQ_NODENAME": self.node,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_MAX_NUMBER_OF_PROCESSES": "65536",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"+S 2:2 +SDcpu 1 +SDio 2 {local}",
            "RABBITMQ_CTL_ERL_ARGS": local,
            "RABBITMQ_CTL_DIST_PORT_MIN": "0",
            "RABBITMQ_CTL_DIST_PORT_MAX": "0",
            # With this, the script becomes the Erlang VM. Without it, the script waits for the VM.
            "RUNNING_UNDER_SYSTEMD": "true",
        }

    def _wait_for_amqp(self) -> None:
        end = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._watcher is None or self._watcher.poll() is not None:
                self._fail("the broker ended while it started")
            if time.monotonic() > end:
                self._fail(f"the broker does not answer after {_START_SECONDS:.0f} s")
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 2) as connection:
                connection.sendall(b"AMQP\x00\x00\x09\x01")
                return connection.recv(1) == b"\x01"
        except OSError:
            return False

    def _fail(self, what: str) -> None:
        tail = "\n".join(self.log().splitlines()[-40:])
        self.kill()
        raise RuntimeError(f"{what}; its log ends with:\n{tail}")

    def _end(self, target: int, number: int) -> None:
        if self._watcher is None:
            return
        if target:
            send_signal(target, number)
            send_signal(-self._group, signal.SIGCONT)
        try:
            self._watcher.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            send_signal(-self._group, signal.SIGKILL)
            self._watcher.wait(_STOP_SECONDS)
        self._watcher = None
        self._group = self.pid = 0


def epmd_command(port: int) -> list[str]:
    """The command for epmd on this port of loopback. Erlang's nodes find each other through it."""
    return ["epmd", "-port", str(port), "-address", "127.0.0.1"]


def watched(
    commands: Sequence[Sequence[str]], environment: dict[str, str], folder: Path, output: IO[bytes]
) -> tuple[subprocess.Popen[str], list[int]]:
    """A watcher that runs commands as one group, and their process ids.

    The group ends with this process.
    """
    watcher = subprocess.Popen(
        [sys.executable, "-ISs", str(_WATCHER), str(os.getpid()), json.dumps(commands)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=output,
        env=environment,
        cwd=folder,
        text=True,
        start_new_session=True,
    )
    assert watcher.stdout is not None
    with watcher.stdout as pids:
        return watcher, [int(word) for word in pids.readline().split()]


def send_signal(target: int, number: int) -> None:
    """Send a signal to a process (negative: to a group). It may be gone already."""
    try:
        os.kill(target, number)
    except ProcessLookupError:
        pass


def main(arguments: Sequence[str]) -> int:
    """Run a command with a private broker in TAIPY_EXEC_BROKER_URL. Returns its exit code."""
    command = arguments[1:] if arguments[:1] == ["--"] else arguments
    missing = PrivateBroker.missing()
    if missing:
        print(missing, file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with PrivateBroker() as broker:
        if not command:
            print(broker.url(), flush=True)
            try:
                signal.pause()
            except KeyboardInterrupt:
                pass
            return 0
        environment = {**os.environ, "TAIPY_EXEC_BROKER_URL": broker.url()}
        with subprocess.Popen(command, env=environment) as process:
            while True:
                try:
                    code = process.wait()
                except KeyboardInterrupt:
                    continue  # the command got Ctrl-C too, and decides
                return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
