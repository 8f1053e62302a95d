"""Which folders lie on a disk of this machine, by what the kernel says of its mounts."""

from __future__ import annotations

from pathlib import Path

import pytest

from taipy_exec.store.location import remote_filesystem

MOUNTS = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 27 0:40 / /net/home rw,relatime shared:2 master:1 - nfs4 server:/home rw,vers=4.2
31 30 8:1 / /net/home/scratch rw - xfs /dev/sda1 rw
32 27 0:41 / /mnt/with\\040space rw - cifs //server/share rw
33 27 0:42 / /mnt/ssh rw - fuse.sshfs me@host: rw
34 27 0:43 / /mnt/card rw - fuseblk /dev/sdb1 rw
35 27 0:44 / /mnt/mapped rw - 9p share rw
36 27 0:45 / /mnt/auto rw - autofs systemd-1 rw
37 36 0:46 / /mnt/auto rw - nfs server:/auto rw
38 27 0:47 / /tmp rw - tmpfs tmpfs rw
39 27 0:48 / /work rw - overlay overlay rw
a line of another kind
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/srv/app/.taipy-exec", None),
        ("/net/home/me/app/.taipy-exec", "nfs4"),
        ("/net/home", "nfs4"),
        ("/net/homes/me", None),
        ("/net/home/scratch/app", None),
        ("/mnt/with space/app", "cifs"),
        ("/mnt/with", None),
        ("/mnt/ssh/app", "fuse.sshfs"),
        ("/mnt/card/app", None),
        ("/mnt/mapped/app", "9p"),
        ("/mnt/auto/app", "nfs"),
        ("/tmp/state", None),
        ("/srv/state", None),
    ],
)
def test_the_longest_mount_that_holds_the_folder_tells_its_kind(
    folder: str, kind: str | None
) -> None:
    assert remote_filesystem(Path(folder), MOUNTS) == kind


@pytest.mark.parametrize(
    "kind",
    ["nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "beegfs"],
)
def test_file_systems_of_other_machines_are_known(kind: str) -> None:
    assert remote_filesystem(Path("/x"), f"1 1 0:1 / / rw - {kind} source rw\n") == kind


@pytest.mark.parametrize(
    "kind", ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "f2fs", "fuse", "fuse.ntfs-3g"]
)
def test_file_systems_of_this_machine_are_local(kind: str) -> None:
    assert remote_filesystem(Path("/x"), f"1 1 0:1 / / rw - {kind} source rw\n") is None


def test_a_link_leads_to_the_disk_that_it_means(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "link").symlink_to(real)
    mounts = f"1 1 0:1 / / rw - ext4 d rw\n2 1 0:2 / {real} rw - nfs s:/ rw\n"
    assert remote_filesystem(tmp_path / "link" / "state", mounts) == "nfs"


def test_without_mounts_nothing_is_said(tmp_path: Path) -> None:
    assert remote_filesystem(tmp_path, "") is None


def test_this_machine_can_be_asked(tmp_path: Path) -> None:
    assert remote_filesystem(tmp_path) in (None, "9p", "nfs", "nfs4")
