"""What the documents tell people to do works: commands, settings, addresses and files are those of the code."""

import os
import re
import shutil
import subprocess

import pytest
import yaml
from django.conf import settings as project
from django.core.management import get_commands

from portal import doctor
from tenants import connecting

ROOT = project.BASE_DIR
DOCUMENTS = {path.name: path.read_text() for path in (*ROOT.glob("docs/*.md"), *ROOT.glob("*.md"))}
needs_openssl = pytest.mark.skipif(not shutil.which("openssl") and os.environ.get("CI") != "true", reason="no openssl")
BLOCK = re.compile(r"```sh\n(.+?)```", re.DOTALL)


@needs_openssl
def test_the_certificate_of_the_document_is_one_that_the_doctor_accepts(settings, tmp_path):
    commands = next(block for block in BLOCK.findall(DOCUMENTS["entra.md"]) if "openssl" in block)
    subprocess.run(["sh", "-ec", commands], cwd=tmp_path, check=True, capture_output=True)
    settings.ENTRA_CERTIFICATE = str(tmp_path / "monitor.pem")
    finding = doctor.certificate()
    assert (finding.state, "365 days" in finding.text or "364 days" in finding.text) == ("ok", True)


@needs_openssl
def test_the_folder_of_secrets_is_what_compose_reads(tmp_path):
    commands = next(block for block in BLOCK.findall(DOCUMENTS["operations.md"]) if "mkdir" in block)
    (tmp_path / "monitor.pem").write_text("key and certificate")
    subprocess.run(["sh", "-ec", commands], cwd=tmp_path, check=True)
    made = {f"secrets/{path.name}": path.stat().st_mode & 0o777 for path in (tmp_path / "secrets").iterdir()}
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert made == {secret["file"]: 0o644 for secret in compose["secrets"].values()}
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    for role in ("owner", "web", "worker"):
        address = (tmp_path / f"secrets/database-{role}-url").read_text()
        assert re.fullmatch(rf"postgres://utkik_{role}:[0-9a-f]{{48}}@postgres/utkik\n", address)
    for ignored in (".gitignore", ".dockerignore"):
        assert {"secrets/", "*"} & set((ROOT / ignored).read_text().splitlines())


def test_the_redirect_addresses_and_permissions_of_the_document_are_those_of_the_code():
    text = DOCUMENTS["entra.md"]
    for registration, paths in doctor.CALLBACKS.items():
        for path in paths:
            assert f"| `{{PUBLIC_URL}}{path}` | {registration} |" in text
    for role in set.union(*connecting.READ.values(), connecting.WRITE):
        assert re.search(rf"\| `{re.escape(role)}` \| `[0-9a-f-]{{36}}` \|", text)


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_links_lead_to_files_that_are_there(name):
    folder = ROOT / "docs" if (ROOT / "docs" / name).exists() else ROOT
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", DOCUMENTS[name]):
        assert (folder / target).exists(), target


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_settings_and_make_targets_that_are_named_exist(name):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z]+)", DOCUMENTS[name])) <= targets
    for setting in re.findall(r"`(ENTRA_[A-Z_]+|DATABASE_[A-Z_]*URL|REDIS_URL|SECRET_KEY)`", DOCUMENTS[name]):
        assert setting in project.NAMES


@pytest.mark.parametrize("name", ["operations.md", "CONTRIBUTING.md"])
def test_commands_that_are_named_exist(name):
    named = set(re.findall(r"manage\.py ([a-z]+)", DOCUMENTS[name]))
    assert named <= set(get_commands())


def test_the_licence_is_apache_2_as_published():
    text = (ROOT / "LICENSE").read_text()
    assert text.strip().startswith("Apache License\n                           Version 2.0, January 2004")
    assert "END OF TERMS AND CONDITIONS" in text
