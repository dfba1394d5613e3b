"""Reads a template as a browser would: where does it print, and through which filters."""

import re
from collections.abc import Iterator

from django.template import Template, engines
from django.template.base import FilterExpression, NodeList, TokenType, VariableNode
from django.template.defaulttags import AutoEscapeControlNode, FirstOfNode, WithNode
from django.templatetags.i18n import BlockTranslateNode

# Each makes a text visible, or an address harmless.
CHECKED = {"shown", "shown_json", "words", "source", "local", "defender_link", "urlencode", "length", "date"}
ADDRESSES = {"local", "defender_link", "urlencode"}
HARMLESS_AFTER = {"truncatechars", "default", "default_if_none", "join"}
# Printed as they are: our own words, numbers, times and identifiers, and what a person has typed into a field.
OURS = {
    "a.here", "a.there", "after", "again", "alert.pk", "app_id", "attention", "bodyclass", "condition.consent",
    "condition.level", "condition.stage", "contact", "count", "counts.all", "counts.attention", "customer.pk",
    "data.level", "entry.alert.pk", "entry.clocks", "entry.text", "expected", "filters.page", "filters.q",
    "filters.view", "filters.who", "found", "group.analyst_count", "group.customer_count", "here", "i.here",
    "i.there", "incident.priority_score", "incident.tenant.entra_id", "key", "label", "last", "language", "link", "look",
    "microsoft", "next", "overview.alone", "overview.open", "past.percent", "person.oid", "proof.level",
    "provider", "q", "request.get_full_path", "row.advice", "row.gaps", "row.key", "row.level", "row.link",
    "row.must_act", "row.open_incidents", "row.remaining", "row.renewal", "row.set_aside", "row.tenant.entra_id",
    "step", "tenant.entra_id", "theme", "there", "token", "value", "view", "x.alert_count", "x.device_count",
    "x.user_count",
}  # fmt: skip
# Of these the ones that may stand in an address: slugs and numbers of ours, and Microsoft's page of the sign-out.
IN_ADDRESS = {"again", "key", "filters.view", "microsoft", "token", "view"}
# The words and complaints of a form are ours, and what stands in its fields was typed there; so is the word for a choice.
OF_FORMS = re.compile(
    r"form(\.\w+)?\.(label|errors|value|non_field_errors)|form\.non_field_errors|[\w.]+\.get_\w+_display"
)
PRINTING = re.compile(r"\{%\s*(url|static|firstof|severity|status|owner|when|lucide|translate)\b.*?%\}", re.DOTALL)
VARIABLE, SILENT = re.compile(r"\{\{\s*(.*?)\s*\}\}", re.DOTALL), re.compile(r"\{[%#].*?[%#]\}", re.DOTALL)
PLACE = re.compile("\ue000(\\d+)\ue001")
TAG = re.compile(r"""<([a-zA-Z][^\s/>]*)((?:[^<>"']|"[^"]*"|'[^']*')*)>""")
ATTRIBUTE = re.compile(r"""([^\s=/>"']+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s>]+))?""")
URLS = re.compile(r"(href|src|action|formaction|poster|cite|background|ping|manifest|xlink:href|hx-(get|post|put|patch|delete))", re.IGNORECASE)  # fmt: skip
EXECUTING = re.compile(r"on.*|style|srcdoc|srcset|hx-on.*|data-hx-.*|hx-(vals|vars|headers|request)|http-equiv", re.IGNORECASE)  # fmt: skip


def problems(source: str) -> Iterator[str]:
    """What is wrong with a template, one sentence each."""
    yield from markup(source)
    yield from unseen(source)


def markup(source: str) -> Iterator[str]:
    printed: list[str] = []

    def place(found: re.Match[str]) -> str:
        printed.append(found[0])
        return f"\ue000{len(printed) - 1}\ue001"

    html = SILENT.sub("", VARIABLE.sub(place, PRINTING.sub(place, source)))
    for tag, attributes in TAG.findall(html):
        yield from element(tag, attributes, printed)
    rest = TAG.sub("", re.sub(r"<!doctype html>|</[a-z0-9]+>", "", html))
    if "<" in rest:
        yield f"a tag that is none: {rest[rest.index('<') :][:60]}"
    for words in re.findall(r"""\{%\s*translate\s+("[^"]*"|'[^']*')""", source):
        if re.search(r"<(?!/?b>)", words):
            yield f"markup in words: {words}"


def element(tag: str, attributes: str, printed: list[str]) -> Iterator[str]:
    listed = ATTRIBUTE.findall(attributes)
    names = {name.lower() for name, _ in listed}
    if PLACE.search(tag) or tag.lower() in ("style", "iframe", "object", "embed", "base", "frame"):
        yield f"<{tag}>"
    if tag.lower() == "script" and "src" not in names:
        yield "a script of its own"
    for name, value in listed:
        refreshed = name == "http-equiv" and value == '"refresh"'
        if PLACE.search(name) or (EXECUTING.fullmatch(name) and not refreshed):
            yield f"the attribute {name}"
        elif value and value[0] not in "\"'":
            yield f"{name} is not quoted"
        elif URLS.fullmatch(name):
            yield from address(name, value[1:-1], printed)


def address(name: str, value: str, printed: list[str]) -> Iterator[str]:
    """An address begins as ours, and whatever is printed into it went through a filter that makes it harmless."""
    if not re.match("\ue000|[#?]|/(?![/\\\\])", value) or re.search(r"\b(javascript|data|vbscript|js):", value):
        yield f"{name} leads elsewhere: {value[:40]}"
    for number in PLACE.findall(value.partition("#")[0]):
        expression = VARIABLE.fullmatch(printed[int(number)])
        if expression and not is_harmless(expression[1]):
            yield f"{name} prints {expression[1]}"


def is_harmless(expression: str) -> bool:
    variable, *filters = [part.partition(":")[0] for part in expression.split("|")]
    return bool(filters and filters[-1] in ADDRESSES) or variable.endswith(".pk") or variable in IN_ADDRESS


def unseen(source: str) -> Iterator[str]:
    """Every variable that is printed with its hidden characters, or without being escaped."""
    template = Template(source, engine=engines["django"].engine)
    nodes = template.nodelist
    bound = {name for node in each(nodes, WithNode) for name, value in node.extra_context.items() if is_checked(value)}
    yield from ("autoescape" for node in each(nodes, AutoEscapeControlNode))
    for node in each(nodes, VariableNode):
        if not is_checked(node.filter_expression):
            yield f"prints {node.filter_expression.token} as it is"
    for node in each(nodes, FirstOfNode):
        yield from (f"prints {value.token} as it is" for value in node.vars if not is_checked(value))
    for node in each(nodes, BlockTranslateNode):
        own = {name for name, value in node.extra_context.items() if is_checked(value)} | {node.countervar}
        for token in [*node.singular, *(node.plural or [])]:
            if token.token_type == TokenType.VAR and token.contents not in own | bound | OURS:
                yield f"prints {token.contents} as it is"


def each(nodes: NodeList, kind: type) -> list:
    return nodes.get_nodes_by_type(kind)


def is_checked(expression: FilterExpression) -> bool:
    names = [getattr(function, "_filter_name", function.__name__) for function, _ in expression.filters]
    if {"safe", "safeseq", "escapejs", "json_script"} & set(names):
        return False
    while names and names[-1] in HARMLESS_AFTER and not variable_given(expression.filters[len(names) - 1]):
        names.pop()
    known = getattr(expression.var, "var", "")
    ours = known in OURS or known.endswith(".pk") or OF_FORMS.fullmatch(known) is not None
    return bool(names and names[-1] in CHECKED) or ours or not known


def variable_given(applied: tuple) -> bool:
    return any(lookup and value.lookups for lookup, value in applied[1])
