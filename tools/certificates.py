"""Certificates for a broker on this machine, made with the openssl command."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """The files of a private authority, and of the certificates that it signed."""

    authority: Path
    server: Path
    server_key: Path
    client: Path
    client_key: Path


def make_certificates(
    folder: Path, *, names: str = "DNS:localhost,IP:127.0.0.1", server_days: int = 2
) -> Certificates:
    """Make an authority, a certificate for the broker, and one for a client.

    `names` are the host names of the broker's certificate. With negative `server_days` it has
    expired.
    """
    days = 2
    folder.mkdir(parents=True, exist_ok=True)
    _openssl(
        folder,
        *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", str(days)),
        *("-subj", "/CN=private broker authority", "-keyout", "ca.key", "-out", "ca.pem"),
    )
    _sign(folder, "server", f"subjectAltName={names}", server_days)
    _sign(folder, "client", "extendedKeyUsage=clientAuth", days)
    return Certificates(
        authority=folder / "ca.pem",
        server=folder / "server.pem",
        server_key=folder / "server.key",
        client=folder / "client.pem",
        client_key=folder / "client.key",
    )


def _sign(folder: Path, name: str, extension: str, days: int) -> None:
    common_name = "localhost" if name == "server" else name
    (folder / f"{name}.ext").write_text(f"{extension}\n", encoding="utf-8")
    _openssl(
        folder,
        *("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={common_name}"),
        *("-keyout", f"{name}.key", "-out", f"{name}.csr"),
    )
    _openssl(
        folder,
        *("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key"),
        *("-CAcreateserial", "-days", str(days), "-extfile", f"{name}.ext"),
        *("-out", f"{name}.pem"),
    )


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=60)
