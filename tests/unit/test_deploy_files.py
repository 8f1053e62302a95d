"""The files in deploy/ fit together, and fit the command line and the broker's names."""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from taipy_exec.broker.names import Names

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
UNIT = DEPLOY / "systemd" / "taipy-exec-worker@.service"
# The application that the image has in /app.
CONFIG = ROOT / "configs" / "cluster.toml"
INSTRUCTIONS = {
    "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "RUN",
    "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR", "ADD",
}  # fmt: skip


def documents(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text("utf-8")))


def command_line(*arguments: str, layer: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TAIPY_")}
    if layer is not None:
        environment["TAIPY_CONFIG_PATH"] = layer
    return subprocess.run(
        [sys.executable, "-m", "taipy_exec", *arguments],
        capture_output=True,
        text=True,
        env=environment,
        cwd=ROOT,
        check=False,
    )


def assert_known(arguments: list[str]) -> None:
    """The command and its options exist: a wrong one is refused before the help is shown."""
    done = command_line(*arguments, "--help")
    assert done.returncode == 0, done.stderr


# -- the application and what is laid over it ----------------------------------------------


def assert_layer_fits(text: str, path: Path) -> None:
    """The application is valid with this on top, and every output lies in the shared folder."""
    path.write_text(text, "utf-8")
    done = command_line("check", str(CONFIG), "--json", layer=str(path))
    problems = json.loads(done.stdout)["issues"]
    assert done.returncode == 0, problems
    assert not [p for p in problems if p["level"] == "ERROR"]
    base, layer = tomllib.loads(CONFIG.read_text("utf-8")), tomllib.loads(text)
    assert layer["CORE"]["storage_folder"] == "/data/"
    for task in base["TASK"].values():
        for output in task.get("outputs", ()):
            node = output.removesuffix(":SECTION")
            properties = base["DATA_NODE"][node] | layer["DATA_NODE"].get(node, {})
            own = properties.get("path", properties.get("default_path"))
            assert own is None or own.startswith("/data/"), f"{node} is written to {own}"


def test_the_layer_for_containers_fits_the_application(tmp_path: Path) -> None:
    text = (DEPLOY / "containers.toml").read_text("utf-8")
    assert_layer_fits(text, tmp_path / "layer.toml")
    secret = tomllib.loads(text)["JOB"]["broker_password_file"]
    assert secret == "/run/secrets/broker_password"


def test_the_layer_in_the_config_map_fits_the_application(tmp_path: Path) -> None:
    (config_map,) = documents(DEPLOY / "kubernetes" / "configuration.yaml")
    for text in config_map["data"].values():
        assert_layer_fits(text, tmp_path / "layer.toml")


# -- Dockerfile ----------------------------------------------------------------------------


def instructions() -> list[tuple[str, str]]:
    """Pairs of instruction and the rest, continued lines joined and comments left out."""
    lines = (DEPLOY / "Dockerfile").read_text("utf-8").splitlines()
    text = "\n".join(line for line in lines if line.strip() and not line.startswith("#"))
    joined = text.replace("\\\n", " ").splitlines()
    return [(line.split(None, 1)[0], line.split(None, 1)[1].strip()) for line in joined]


def test_the_image_is_not_root_and_takes_signals_itself() -> None:
    found = instructions()
    assert {name for name, _ in found} <= INSTRUCTIONS
    last = dict(found)
    user, group = last["USER"].split(":")
    assert int(user) > 0
    assert int(group) > 0
    assert last["STOPSIGNAL"] == "SIGTERM"
    # As a list: a shell in between would keep the signals for itself.
    assert json.loads(last["ENTRYPOINT"]) == ["taipy-exec"]
    assert_known(json.loads(last["CMD"]))
    for name, rest in found:
        if name == "FROM":
            assert re.fullmatch(r"python:3\.\d+-slim( AS \w+)?", rest), rest


def test_the_image_gets_what_exists_and_what_the_build_reads() -> None:
    defaults = dict(
        rest.split("=", 1) for name, rest in instructions() if name == "ARG" and "=" in rest
    )
    copied = []
    for name, rest in instructions():
        words = shlex.split(rest)
        if name == "COPY" and not words[0].startswith("--from"):
            for word in words[:-1]:
                copied.append(re.sub(r"\$\{(\w+)\}", lambda m: defaults[m[1]], word))
    assert [c for c in copied if not (ROOT / c).exists()] == []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    needed = ["pyproject.toml", project["project"]["readme"], *project["project"]["license-files"]]
    needed += project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert set(needed) <= set(copied)


# -- Compose -------------------------------------------------------------------------------


def test_compose_services_refer_to_what_is_declared() -> None:
    (compose,) = documents(DEPLOY / "compose.yaml")
    services = compose["services"]
    used = set()
    for name, service in services.items():
        assert "image" in service or "build" in service, name
        assert "/" not in service.get("image", ""), "an image of a private registry"
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            used.add(source)
            assert source in compose["volumes"], f"{name}: volume {source} is not declared"
        for secret in service.get("secrets", ()):
            assert secret in compose["secrets"], f"{name}: secret {secret} is not declared"
        for config in service.get("configs", ()):
            assert config["source"] in compose["configs"], f"{name}: {config} is not declared"
        for other, how in service.get("depends_on", {}).items():
            assert how["condition"] != "service_healthy" or "healthcheck" in services[other]
    assert used == set(compose["volumes"])
    for config in compose["configs"].values():
        assert (DEPLOY / config["file"]).is_file()
    for secret in compose["secrets"].values():
        ignored = (DEPLOY / ".gitignore").read_text("utf-8").split()
        assert secret["file"] in ignored, "a password could be committed"


def test_compose_commands_and_paths_are_those_of_the_image() -> None:
    (compose,) = documents(DEPLOY / "compose.yaml")
    context = DEPLOY / compose["services"]["worker"]["build"]["context"]
    dockerfile = context / compose["services"]["worker"]["build"]["dockerfile"]
    assert dockerfile.resolve() == (DEPLOY / "Dockerfile").resolve()
    for name in ("worker", "submit"):
        service = compose["services"][name]
        assert_known(service["command"])
        assert f"/app/{CONFIG.name}" in service["command"]
        targets = [config["target"] for config in service["configs"]]
        assert service["environment"]["TAIPY_CONFIG_PATH"] in targets
        assert any(volume.endswith(":/data") for volume in service["volumes"])
    address = tomllib.loads((DEPLOY / "containers.toml").read_text("utf-8"))["JOB"]["broker_url"]
    user = compose["services"]["rabbitmq"]["environment"]["RABBITMQ_DEFAULT_USER"]
    assert address == f"amqp://{user}@rabbitmq:5672/"


# -- Kubernetes ----------------------------------------------------------------------------


def manifests() -> list[dict[str, Any]]:
    return [document for path in MANIFESTS for document in documents(path)]


def of_kind(kind: str) -> dict[str, dict[str, Any]]:
    return {m["metadata"]["name"]: m for m in manifests() if m["kind"] == kind}


def pod_specs() -> list[dict[str, Any]]:
    owners = [*of_kind("Deployment").values(), *of_kind("Job").values()]
    assert owners
    return [owner["spec"]["template"]["spec"] for owner in owners]


def test_manifests_name_their_kind_and_themselves() -> None:
    seen = set()
    for manifest in manifests():
        assert manifest["apiVersion"]
        key = manifest["kind"], manifest["metadata"]["name"]
        assert re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", key[1])
        assert key not in seen
        seen.add(key)


def test_selectors_match_the_labels_of_their_pods() -> None:
    for deployment in of_kind("Deployment").values():
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        assert deployment["spec"]["selector"]["matchLabels"].items() <= labels.items()


def test_pods_refer_to_what_the_manifests_declare() -> None:
    secrets, maps = of_kind("Secret"), of_kind("ConfigMap")
    for spec in pod_specs():
        volumes = {volume["name"]: volume for volume in spec["volumes"]}
        for volume in volumes.values():
            if "persistentVolumeClaim" in volume:
                claim = volume["persistentVolumeClaim"]["claimName"]
                assert claim in of_kind("PersistentVolumeClaim")
            if "configMap" in volume:
                assert volume["configMap"]["name"] in maps
        for container in spec["containers"]:
            assert "/" not in container["image"], "an image of a private registry"
            mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
            assert set(mounts.values()) == set(volumes)
            assert mounts["/data"] == "data"
            for variable in container["env"]:
                if "valueFrom" in variable:
                    wanted = variable["valueFrom"]["secretKeyRef"]
                    assert wanted["key"] in secrets[wanted["name"]]["stringData"]
                elif variable["name"] == "TAIPY_CONFIG_PATH":
                    folder, file = variable["value"].rsplit("/", 1)
                    assert file in maps[volumes[mounts[folder]]["configMap"]["name"]]["data"]


def test_pods_run_known_commands_without_rights() -> None:
    user = int(dict(instructions())["USER"].split(":")[0])
    for spec in pod_specs():
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] == spec["securityContext"]["fsGroup"] == user
        for container in spec["containers"]:
            assert_known(container["args"])
            assert f"/app/{CONFIG.name}" in container["args"]
            assert container["securityContext"]["capabilities"]["drop"] == ["ALL"]


def test_workers_get_time_to_hand_back_their_jobs() -> None:
    (worker,) = of_kind("Deployment").values()
    spec = worker["spec"]["template"]["spec"]
    hook = spec["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][-1]
    found = re.fullmatch(r"kill -TERM 1; sleep (\d+)", hook)
    assert found
    assert spec["terminationGracePeriodSeconds"] >= int(found[1]) + 30
    assert of_kind("PersistentVolumeClaim")["taipy-exec-data"]["spec"]["accessModes"] == [
        "ReadWriteMany"
    ]


def test_keda_looks_at_the_queue_of_the_jobs() -> None:
    (scaled,) = of_kind("ScaledObject").values()
    assert scaled["spec"]["scaleTargetRef"]["name"] in of_kind("Deployment")
    (trigger,) = scaled["spec"]["triggers"]
    metadata = trigger["metadata"]
    assert all(isinstance(value, str) for value in metadata.values())
    application = tomllib.loads(CONFIG.read_text("utf-8"))["JOB"]["application"]
    assert metadata["queueName"] == Names(application).jobs
    assert (trigger["type"], metadata["protocol"], metadata["mode"]) == (
        "rabbitmq",
        "amqp",
        "QueueLength",
    )
    authentication = of_kind("TriggerAuthentication")[trigger["authenticationRef"]["name"]]
    (reference,) = authentication["spec"]["secretTargetRef"]
    assert reference["parameter"] == "host"
    assert reference["key"] in of_kind("Secret")[reference["name"]]["stringData"]


# -- systemd -------------------------------------------------------------------------------


def test_the_unit_leaves_jobs_alone_and_can_write_the_data() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(UNIT)
    service = unit["Service"]
    # SIGTERM to the whole group would end the jobs that the worker means to finish.
    assert service["KillMode"] == "mixed"
    assert service["KillSignal"] == "SIGTERM"
    assert service["Restart"] == "on-failure"
    assert service["User"] not in ("", "root")
    waits = re.search(r"timeout (\d+)", service["ExecStop"])
    assert waits
    assert int(service["TimeoutStopSec"]) >= int(waits[1]) + 30
    _, *arguments = shlex.split(service["ExecStart"])
    assert_known(arguments)
    assert service["ProtectSystem"] == "strict"
    assert arguments[arguments.index("--application-path") + 1] == service["ReadWritePaths"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    text = UNIT.read_text("utf-8")
    # It asks for a program that is there.
    text = re.sub(r"^ExecStart=\S+", f"ExecStart={sys.executable}", text, flags=re.MULTILINE)
    copy = tmp_path / UNIT.name
    copy.write_text(text, "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(copy)],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in done.stderr.splitlines() if "taipy-exec-worker" in line]
    assert ours == []
    assert done.returncode == 0, done.stderr
