"""What an operator starts from: the Dockerfile's steps, the units of systemd, the proxy, the pinned images."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import requests
import yaml

from dashboard.middleware import UPLOAD_BYTES
from tests.support.machine.serving import ask, gunicorn
from tests.support.pages.doc_pages import ROOT

UNITS = sorted((ROOT / "deploy").glob("*.service"))
NGINX = ROOT / "deploy/nginx.conf"
DIGEST = "sha256:" + 64 * "a"


def copy_of_repository(folder: Path) -> Path:
    """Copy what `COPY . .` takes: all that git has but what `.dockerignore` names."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    ignored = (ROOT / ".dockerignore").read_text().split()
    for name in filter(None, listed.split("\0")):
        if not set(Path(name).parts[:1]) & set(ignored):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions, each on one line."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.M).replace("\\\n", " ")
    return [(line.split(" ", 1)[0], " ".join(line.split(" ", 1)[1].split())) for line in text.splitlines() if line]


def test_steps_of_the_dockerfile_leave_a_site_that_starts(tmp_path: Path) -> None:
    """Run the image's own steps on a copy, with these packages: all but installing them and making a user."""
    app = copy_of_repository(tmp_path / "app")
    (ours,) = [text for name, text in instructions() if name == "RUN" and "collectstatic" in text]
    steps = [step for step in ours.split(" && ") if not step.startswith(("useradd", "install"))]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    for step in steps:
        step = step.replace("/tmp/build", str(tmp_path / "build"))  # noqa: S108 - another folder in its place.
        done = subprocess.run(["sh", "-c", step], cwd=app, env={"PATH": path}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    assert len(steps) == 3
    assert not (tmp_path / "build").exists()
    assert (app / "staticfiles/staticfiles.json").exists()
    assert (app / "locale/es/LC_MESSAGES/django.mo").exists()
    assert not any((app / name).exists() for name in ("tests", ".git", "var", ".venv"))
    with gunicorn(tmp_path / "data", cwd=app) as url:
        live = ask(f"{url}/health/live", {})
        ready = requests.get(f"{url}/health/ready", timeout=30).json()
    assert live == (200, '{"status": "live"}')
    # What is missing are tables.
    assert {name for name, state in ready.items() if state == "wrong"} == {"migrations"}


def test_image_is_built_by_buildah(tmp_path: Path) -> None:
    if shutil.which("buildah") is None:
        pytest.skip("NOT BUILT: there is no buildah here, so the image as a whole was never made by this run.")
    where = ["--root", str(tmp_path / "root"), "--runroot", str(tmp_path / "run"), "--storage-driver", "vfs"]
    base = next(text for name, text in instructions() if name == "FROM")
    pulled = subprocess.run(["buildah", *where, "pull", base], capture_output=True, text=True)
    if pulled.returncode:
        pytest.skip(f"NOT BUILT: {base} can't be had from a registry here: {pulled.stderr.strip()[-200:]}")

    built = subprocess.run(
        ["buildah", *where, "build", "--isolation", "chroot", "--tag", "phone-desk", "."],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip

    assert built.returncode == 0, built.stderr


def test_image_runs_as_nobody_in_particular() -> None:
    told = instructions()

    assert ("USER", "desk") in told
    assert told.index(("USER", "desk")) > max(place for place, (name, _text) in enumerate(told) if name == "RUN")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_unit_is_hardened(unit: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("There is no systemd-analyze here.")

    said = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=20", str(unit)],
        capture_output=True, text=True,
    )  # fmt: skip

    assert said.returncode == 0, said.stdout[-300:] + said.stderr


def test_units_differ_in_what_they_start_alone() -> None:
    web, worker = (unit.read_text().splitlines() for unit in UNITS)

    different = [pair for pair in zip(web, worker, strict=True) if pair[0] != pair[1]]
    assert [new.split("=")[0] for new, _old in different[1:]] == ["Description", "ExecStart"]
    assert different[-1] == (
        "ExecStart=/opt/phone-desk/.venv/bin/gunicorn --no-control-socket",
        "ExecStart=/opt/phone-desk/.venv/bin/python manage.py run_huey",
    )


def test_proxy_lets_through_what_the_desk_takes() -> None:
    text = NGINX.read_text()
    told = dict(re.findall(r"^\s*(?:proxy_set_header )?([\w-]+) (.+);$", text, re.M))

    assert int(told["client_max_body_size"].removesuffix("m")) * 1024 * 1024 > UPLOAD_BYTES
    assert (told["X-Forwarded-Proto"], told["X-Forwarded-For"], told["Host"]) == ("$scheme", "$remote_addr", "$host")
    assert told["proxy_request_buffering"] == "on"
    assert text.count("{") == text.count("}")


def test_images_are_pinned_by_what_the_registry_says(tmp_path: Path) -> None:
    for name in ("compose.yaml", "Dockerfile", "scripts/pin.sh"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy2(ROOT / name, tmp_path / name)
    (tmp_path / "bin").mkdir()
    docker = tmp_path / "bin/docker"
    docker.write_text(f"#!/bin/sh\necho {DIGEST}\n")
    docker.chmod(0o700)
    env = {"PATH": f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}"}

    for _time in range(2):
        subprocess.run([tmp_path / "scripts/pin.sh"], env=env, check=True, capture_output=True)

    services = yaml.safe_load((tmp_path / "compose.yaml").read_text())["services"]
    assert [services[name]["image"] for name in ("postgres", "redis", "web")] == [
        f"postgres:15-bookworm@{DIGEST}", f"redis:7-bookworm@{DIGEST}", "phone-desk"
    ]  # fmt: skip
    assert f"FROM python:3.11-slim-bookworm@{DIGEST}\n" in (tmp_path / "Dockerfile").read_text()


def test_image_without_a_digest_is_not_pinned(tmp_path: Path) -> None:
    for name in ("compose.yaml", "Dockerfile", "scripts/pin.sh"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy2(ROOT / name, tmp_path / name)
    (tmp_path / "bin").mkdir()
    docker = tmp_path / "bin/docker"
    docker.write_text("#!/bin/sh\necho unknown\n")
    docker.chmod(0o700)

    said = subprocess.run(
        [tmp_path / "scripts/pin.sh"], env={"PATH": f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}"},
        capture_output=True, text=True,
    )  # fmt: skip

    assert (said.returncode, "no digest, but: unknown" in said.stderr) == (1, True)
    assert (tmp_path / "Dockerfile").read_text() == (ROOT / "Dockerfile").read_text()
