"""The plan of the house: who may import whom (contracts in pyproject.toml), and the size and manners of its rooms."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ROOMS = ("portal", "incidents", "tenants", "accounts", "defender", "simulator", "bench")
FORBIDDEN_NAMES = {"utils", "helpers", "common", "core", "manager", "handle", "data", "info", "misc"}
FILES = sorted(
    path for room in ROOMS for path in (Path(settings.BASE_DIR) / room).rglob("*.py") if "migrations" not in path.parts
)
TEMPLATES = sorted((Path(settings.BASE_DIR) / "templates").rglob("*.html"))


def name(path):
    return str(path.relative_to(settings.BASE_DIR))


def test_imports_only_fall():
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    result = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-500:]


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_room_is_small_and_its_imports_stand_at_the_top(path):
    text = path.read_text()
    assert path.stem not in FORBIDDEN_NAMES
    assert text.count("\n") <= 300
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno - node.lineno < 40, node.name
            assert not any(isinstance(inner, ast.Import | ast.ImportFrom) for inner in ast.walk(node)), node.name
        if isinstance(node, ast.ExceptHandler):
            assert getattr(node.type, "id", "bare") not in ("bare", "Exception", "BaseException") or isinstance(
                node.type, ast.Tuple | ast.Attribute
            )


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_a_template_obeys_the_strict_policy(path):
    text = path.read_text()
    for pattern in (
        r"\sstyle=",
        r"<style",
        r"<script(?![^>]*\ssrc=)",
        r"\son[a-z]+=",
        r"hx-on",
        r"javascript:",
        r"\bjs:",
        r"\|safe\b",
        r"autoescape off",
        r"(src|href)=\"https?:",
    ):
        assert not re.search(pattern, text), pattern


def test_only_the_settings_read_the_environment():
    readers = {name(path) for path in FILES if re.search(r"os\.(environ\b(?!\.setdefault)|getenv)", path.read_text())}
    # Starting a process means handing it an environment; no setting is read there.
    assert readers <= {
        "portal/settings.py",
        "portal/processes.py",
        "portal/embedded/server.py",
        "portal/management/commands/demo.py",
        "bench/settings.py",
        "bench/__main__.py",
    }
