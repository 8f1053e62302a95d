"""Whether a folder is on a local disk: the locks and the memory map of the store need one."""

from __future__ import annotations

import re
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
# The kernel's names for disks of other machines and for shared folders of virtual machines.
_REMOTE = re.compile(
    r"9p|acfs|afpfs|afs|beegfs|ceph|cifs|coda|davfs|gfs2?|glusterfs|gpfs|lustre|ncpfs|nfs4?|ocfs2"
    r"|orangefs|panfs|prl_fs|pvfs2|smb2|smb3|smbfs|sshfs|vboxsf|vmhgfs|wekafs"
    r"|fuse\.(afpfs|blobfuse2?|ceph|ceph-fuse|curlftpfs|davfs2?|gcsfuse|glusterfs|goofys|grpcfuse"
    r"|gvfsd-fuse|juicefs|lizardfs|mfsmount|moosefs|mount-s3|rclone|s3fs|seaweedfs|smbnetfs|sshfs"
    r"|vmhgfs-fuse)"
)
_ESCAPED = re.compile(r"\\([0-7]{3})")


def remote_filesystem(folder: Path, mounts: str | None = None) -> str | None:
    """The type of the file system of `folder` if it is not local, such as nfs4.

    `mounts` is the text of /proc/self/mountinfo; None if there is no such file. `folder` does
    not need to exist yet.
    """
    folder = folder.resolve()
    if mounts is None:
        try:
            mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return None
    kind = _filesystem(folder, mounts)
    return kind if _REMOTE.fullmatch(kind) else None


def _filesystem(folder: Path, mounts: str) -> str:
    """The type of the mount with the longest prefix of `folder`; the later of two equal mounts."""
    found, length = "", 0
    for line in mounts.splitlines():
        # 36 35 98:0 /root /mount/point options [optional fields] - type source options
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) < 5 or not after:
            continue
        point = Path(_ESCAPED.sub(lambda code: chr(int(code[1], 8)), fields[4]))
        if len(point.parts) >= length and folder.is_relative_to(point):
            found, length = after.split(" ")[0], len(point.parts)
    return found
