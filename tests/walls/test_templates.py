"""No template prints what it should not: the rules by which text from outside stays text, checked in the source."""

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings

from tests.walls import lint

ROOT = Path(settings.BASE_DIR)
ROOMS = ("portal", "incidents", "tenants", "accounts")
TEMPLATES = sorted(path for top in ("templates", *ROOMS) for path in (ROOT / top).rglob("*.html"))
CODE = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
SCRIPTS = sorted((ROOT / "static").rglob("*.js"))
UNESCAPED = {"mark_safe", "SafeString", "SafeText", "html_safe", "format_html_join", "escapejs", "json_script"}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_a_template_prints_text_as_text_and_addresses_as_ours(path: Path) -> None:
    assert list(lint.problems(path.read_text())) == []


@pytest.mark.parametrize(
    "source",
    [
        "<a href={{ next|local }}>x</a>", "<p title={{ x|shown }}>x</p>", "<p {{ x|shown }}>x</p>", "<{{ x|shown }}>",
        "<p {{ x|shown }}='1'>x</p>", "<a href='{{ x.url }}'>x</a>", '<a href="{{ x|shown }}">x</a>',
        '<a href="javascript:go()">x</a>', '<a href="//{{ x|urlencode }}">x</a>', '<a href="https://elsewhere">x</a>',
        '<img src="data:,x">', '<p onclick="go()">x</p>', '<p style="color:red">x</p>', "<style>p{}</style>",
        "<script>go()</script>", '<iframe srcdoc="{{ x|shown }}"></iframe>', '<p hx-on:click="go()">x</p>',
        '<p hx-vals="js:{a: 1}">x</p>', '<p data-hx-get="/x">x</p>', "{{ x }}", "{{ x.title }}", "{{ x|safe }}",
        "{{ x|shown|safe }}", "{{ x|shown|default:x.title }}", "{{ x|truncatechars:9 }}", "{{ x|join:', ' }}",
        "{% firstof a|shown b %}", "{% blocktranslate %}Hello {{ who }}{% endblocktranslate %}",
        "{% blocktranslate with who=x.name %}Hello {{ who }}{% endblocktranslate %}", "<!-- {{ x|shown }} -->",
        "{% with who=x.name %}{% blocktranslate %}Hello {{ who }}{% endblocktranslate %}{% endwith %}",
        "{% translate '<img src=x>' %}", '<meta http-equiv="set-cookie" content="a">', '<base href="/">',
        '<form action="{{ x|shown }}">x</form>', '<p hx-get="{{ x|shown }}">x</p>', "{% autoescape off %}x{% endautoescape %}",
    ],
)  # fmt: skip
def test_what_is_forbidden_is_found(source: str) -> None:
    assert list(lint.problems(source)) != []


@pytest.mark.parametrize("path", CODE, ids=name)
def test_no_code_of_ours_makes_markup_of_text(path: Path) -> None:
    """format_html with a pattern of ours is the one way."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        called = getattr(node.func, "id", getattr(node.func, "attr", ""))
        assert called not in UNESCAPED, f"line {node.lineno}"
        if called in ("format_html", "HttpResponse"):
            plain = any(
                isinstance(word.value, ast.Constant) and str(word.value.value).startswith(("text/plain", "text/csv"))
                for word in node.keywords
            )
            assert plain or not node.args or isinstance(node.args[0], ast.Constant), f"line {node.lineno}"


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_no_script_of_ours_makes_markup_or_code_of_text(path: Path) -> None:
    text = path.read_text()
    for pattern in (
        r"(inner|outer)HTML", r"insertAdjacentHTML", r"document\.write", r"\beval\b", r"\bFunction\s*\(", r"srcdoc",
        r"set(Timeout|Interval)\s*\(\s*['\"`]", r"createContextualFragment", r"setHTML", r"parseFromString",
        r"setAttribute\(\s*['\"]on",
    ):  # fmt: skip
        assert not re.search(pattern, text), pattern
