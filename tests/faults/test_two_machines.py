"""Workers that share nothing but the data folder and the broker: other folders, other networks."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster_support import Cluster, assert_completed
from command_support import COMMAND

from tools.fault_proxy import FaultProxy

# Each job waits for the other: they can only end if two workers run them at the same time.
MEETING = """\
def one(x):
    note(f"begin one {os.getcwd()}")
    wait_for(os.path.join(x, "two"))
    return 1

def two(x):
    note(f"begin two {os.getcwd()}")
    open(os.path.join(x, "two"), "w").close()
    return 2

def both(a, b):
    return a + b
"""


def write_applications(cluster: Cluster, data: Path) -> list[Path]:
    """The same application in two folders, whose `user_data` is one shared folder."""
    cluster.app.module("meeting", MEETING)
    cluster.graph(
        {
            "first": ("meeting.one", ["place"], ["a"]),
            "second": ("meeting.two", ["place"], ["b"]),
            "third": ("meeting.both", ["a", "b"], ["c"]),
        },
        data={"place": str(data)},
        job='application = "app"\n',
    )
    folders = [cluster.app.folder.parent / f"machine {number}" for number in (1, 2)]
    (data / "user_data").mkdir(parents=True)
    for folder in folders:
        shutil.copytree(cluster.app.folder, folder)
        (folder / "user_data").symlink_to(data / "user_data")
    (cluster.app.folder / "user_data").symlink_to(data / "user_data")
    return folders


def test_workers_in_two_folders_run_one_submission_together(
    shared: Cluster, tmp_path: Path
) -> None:
    folders = write_applications(shared, tmp_path / "data")
    workers = [shared.worker(cwd=folder) for folder in folders]
    result = shared.end(shared.submit())
    assert_completed(result)
    assert len({job["worker"] for job in result.json["jobs"][:2]}) == 2
    seen = {line.split(" ", 2)[2] for folder in folders for line in _ledger(folder)}
    assert seen == {str(folder) for folder in folders}
    assert shared.run("data", "show", ".", "c", "--json").json["value"] == 3
    shared.leave(*workers)
    shared.nothing_is_left()


def _ledger(folder: Path) -> list[str]:
    path = folder / "ledger"
    return path.read_text().splitlines() if path.exists() else []


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, timeout=20)


@pytest.fixture
def networks() -> Iterator[list[tuple[str, str]]]:
    """Two network namespaces as (name, the address at which this one is reached from there)."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("network namespaces need root and the command ip (iproute2)")
    made: list[tuple[str, str]] = []
    try:
        for number in (1, 2):
            name = f"te{os.getpid() % 100_000}n{number}"
            here, there = f"{name}h", f"{name}w"
            _ip("netns", "add", name)
            made.append((name, f"10.213.{number}.1"))
            _ip("link", "add", here, "type", "veth", "peer", "name", there, "netns", name)
            _ip("addr", "add", f"10.213.{number}.1/24", "dev", here)
            _ip("link", "set", here, "up")
            for words in (
                ["addr", "add", f"10.213.{number}.2/24", "dev", there],
                ["link", "set", there, "up"],
                ["link", "set", "lo", "up"],
            ):
                _ip("-n", name, *words)
        yield made
    finally:
        for name, _ in made:
            subprocess.run(["ip", "netns", "del", name], check=False, timeout=20)


def test_workers_in_two_networks_run_one_submission_together(
    shared: Cluster, tmp_path: Path, networks: list[tuple[str, str]]
) -> None:
    folders = write_applications(shared, tmp_path / "data")
    # The broker listens on this machine's own address only; what leads to it stands in for routes.
    proxies = [
        FaultProxy("127.0.0.1", shared.broker.port, listen=address) for _, address in networks
    ]
    try:
        workers = [
            shared.worker(
                cwd=folder,
                url=proxy.url(shared.url),
                command=["ip", "netns", "exec", name, *COMMAND],
            )
            for folder, proxy, (name, _) in zip(folders, proxies, networks, strict=True)
        ]
        result = shared.end(shared.submit())
        assert_completed(result)
        assert len({job["worker"] for job in result.json["jobs"][:2]}) == 2
        shared.leave(*workers)
    finally:
        for proxy in proxies:
            proxy.close()
