"""Filters that every template has: what came from outside is printed through `shown`, an address through `local`."""

import re

from django import template

from accounts import visible

register = template.Library()
# Beginning with two of them, a browser takes the rest for a host; a backslash is a slash to it.
LOCAL = re.compile(r"((?!//)[/?][!-\[\]-~]*)?")

register.filter("shown_json", visible.shown_json)


@register.filter
def shown(value: object) -> str:
    return visible.shown("" if value is None else str(value))


@register.filter
def local(address: str) -> str:
    """The address when it leads to a page of ours, '' otherwise."""
    return address if LOCAL.fullmatch(address) else ""
