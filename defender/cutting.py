"""Finding the parts of a JSON text by their boundaries, where a parser refuses the whole because of one part.

Nothing is decoded but keys, and nothing recurses: a part may be wrong or nested without end and costs only itself.
Positions are indices into the text.
"""

import json
import re
from collections.abc import Iterator

BOUNDARY = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},]', re.DOTALL)
SPACE = re.compile(r"[ \t\r\n]*")
KEYS = json.JSONDecoder(strict=False)


def members(text: str) -> Iterator[tuple[str, int, int]]:
    """Key, begin and end of each value of the object that the text is; ValueError when it is no object."""
    at = expected(text, 0, "{")
    while text[at : at + 1] != "}":
        if text[at : at + 1] != '"':
            raise ValueError("no key")
        key, at = KEYS.raw_decode(text, at)
        at = expected(text, at, ":")
        end = end_of_value(text, at)
        yield key, at, end
        at = after_comma(text, end)


def elements(text: str, at: int) -> Iterator[tuple[int, int]]:
    """Begin and end of each entry of the array that begins at `at`; ValueError when there is none."""
    at = expected(text, at, "[")
    while text[at : at + 1] != "]":
        end = end_of_value(text, at)
        yield at, end
        at = after_comma(text, end)


def end_of_value(text: str, at: int) -> int:
    """The index behind the value, spaces not counted; ValueError when there is no value or it does not end."""
    depth = 0
    for found in BOUNDARY.finditer(text, at):
        mark = found[0]
        if mark in "]}," and depth == 0:
            end = at + len(text[at : found.start()].rstrip(" \t\r\n"))
            if end == at:
                raise ValueError("no value")
            return end
        depth += (mark in "[{") - (mark in "]}")
        if depth == 0 and mark in "]}":
            return found.end()
    raise ValueError("no end")


def expected(text: str, at: int, character: str) -> int:
    at = after_spaces(text, at)
    if text[at : at + 1] != character:
        raise ValueError(character)
    return after_spaces(text, at + 1)


def after_comma(text: str, at: int) -> int:
    at = after_spaces(text, at)
    if text[at : at + 1] == ",":
        return after_spaces(text, at + 1)
    if text[at : at + 1] not in ("]", "}"):
        raise ValueError(",")
    return at


def after_spaces(text: str, at: int) -> int:
    found = SPACE.match(text, at)
    return found.end() if found else at
