"""What nobody sees is made visible, and what every language needs is left alone."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.templatetags.text import local
from accounts.visible import shown, shown_json
from incidents.templatetags.ui import defender_link
from tenants import connecting

ANY = st.text(st.characters(exclude_categories=[]), max_size=30)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("invoice\u202efdp.exe", "invoice[U+202E]fdp.exe"), ("pay\u200bpal", "pay[U+200B]pal"), ("\u200b" * 1000, "[U+200B×1000]"),
        ("a\u2066b\u2069", "a[U+2066]b[U+2069]"), ("\x1b[31mred", "␛[31mred"), ("\x00", "␀"), ("\x7f", "␡"), ("\x9b31m", "[U+009B]31m"),
        ("a\x00\x00\x00\x00\x00", "a[U+0000×5]"), ("a\u3164b\uffa0c\u2800", "a[U+3164]b[U+FFA0]c[U+2800]"),
        ("tag\U000e0041", "tag[U+E0041]"), ("a\ufe0fb", "a[U+FE0F]b"), ("a\u200db", "a[U+200D]b"), ("\ufeffx", "[U+FEFF]x"),
        ("soft\u00adhyphen", "soft[U+00AD]hyphen"), ("e" + "\u0301" * 1000, "e" + "\u0301" * 4 + "[U+0301×996]"),
        ("\ud83d half", "[U+D83D] half"), ("\ue000", "[U+E000]"), ("one\r\ntwo\nthree\tfour", "one two three four"), ("a\u2028b\u00a0c", "a b c"),
    ],
)  # fmt: skip
def test_what_is_hidden_stands_there_by_its_number(text: str, seen: str) -> None:
    assert shown(text) == seen


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Åse Ñandú Žižek",
        "Việt Nam",
        "שָׁלוֹם",
        "مرحبا",
        "ไม่ได้ที่นี่",
        "日本語",
        "नमस्ते",
        "⚠️ alert",
        "👩‍💻 works",
        "e\u0301",
        "a − b",
    ],  # fmt: skip
)
def test_what_people_write_is_left_alone(text: str) -> None:
    assert shown(text) == text
    assert shown(None) == ""


@pytest.mark.parametrize(
    "hidden", ["\u034f", "\u115f", "\u200b", "\u202e", "\u2800", "\u3164", "\ufe0f", "\uffa0", "\U000e0100"]
)
def test_a_customers_name_has_nothing_hidden(hidden: str) -> None:
    with pytest.raises(connecting.Refused):
        connecting.cleaned(f"Halden{hidden} Energi")
    assert connecting.cleaned("  Álamo   Seguros 日本 ") == "Álamo Seguros 日本"


@given(ANY)
def test_nothing_hidden_is_left_and_it_is_done_once(text: str) -> None:
    seen = shown(text)
    assert all(unicodedata.category(one) not in ("Cc", "Cs", "Zl", "Zp", "Co", "Cn") for one in seen)
    assert all(unicodedata.category(one) != "Cf" or one == "\u200d" for one in seen)
    assert shown(seen) == seen


@given(st.recursive(ANY | st.integers(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY, inner)))
def test_json_says_the_same_with_its_hidden_characters_escaped(value: object) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=2)
    seen = shown_json(text)
    assert json.loads(seen) == json.loads(json.dumps(value))
    assert all(unicodedata.category(one) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for one in seen.replace("\n", ""))


@pytest.mark.parametrize("address", ["/", "/incidents/1", "?view=all&after=x%20y", "", "/tenants/3?q=%3C"])
def test_a_page_of_ours_is_led_to(address: str) -> None:
    assert local(address) == address


@pytest.mark.parametrize(
    "address", ["//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "javascript:alert(1)",
                "java\tscript:alert(1)", "/\t/evil.example", "/a\nb", "evil", "/a\u202eb", " /a", "data:,x", "/a\\b"],
)  # fmt: skip
def test_another_page_is_not(address: str) -> None:
    assert local(address) == ""


@pytest.mark.parametrize(
    "address",
    [
        "https://security.microsoft.com", "https://security.microsoft.com/incident2/29/overview?tid=x#top",
        "https://SECURITY.microsoft.com/", "https://eu.security.microsoft.com/x", "https://security.microsoft.us/x",
    ],
)  # fmt: skip
def test_microsofts_own_portal_is_a_link(address: str) -> None:
    assert defender_link(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "http://security.microsoft.com/", "//security.microsoft.com/", "https:/security.microsoft.com/",
        "https:security.microsoft.com", "https:///security.microsoft.com", "https:\\\\security.microsoft.com/",
        "https://security.microsoft.com.evil.example/", "https://security.microsoft.com@evil.example/",
        "https://evil.example/@security.microsoft.com", "https://user:word@security.microsoft.com/",
        "https://security.microsoft.com:443/", "https://security.microsoft.com:x/", "https://notsecurity.microsoft.com/",
        "https://evil.example%2f.security.microsoft.com/", "https://evil.example%00.security.microsoft.com/",
        "https://evil.example#.security.microsoft.com/", "https://evil.example?.security.microsoft.com/",
        "https://evil.example\\.security.microsoft.com/", "https://evil.example／.security.microsoft.com/",
        "https://security.microsoft.com。evil.example/", "https://security.microsoft.com\u202e/", "https://security。microsoft。com/",
        "https://ѕecurity.microsoft.com/", "https://ſecurity.microsoft.com/", "https://security.microsoft.com/a b",
        "https://xn--ecurity-5fg.microsoft.com/", "https://[::1]/.security.microsoft.com", "https://security.microsoft.com/\n",
        " https://security.microsoft.com/", "\x01https://security.microsoft.com/", "java\nscript:alert(1)//security.microsoft.com/",
        "javascript:alert(1)//https://security.microsoft.com/", "data:text/html,https://security.microsoft.com/", "vbscript:x",
        "blob:https://security.microsoft.com/x", "view-source:https://security.microsoft.com/", "https://security.microsoft.com\\@evil.example/",
        "https://security.microsoft.com./", "https://.security.microsoft.com/", "https://security.microsoft.comx/", "",
    ],
)  # fmt: skip
def test_everything_else_is_no_link(address: str) -> None:
    assert defender_link(address) == ""
