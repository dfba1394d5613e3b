"""The part of OData's $filter that Graph security documents: comparisons of one property, and, or, brackets."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

DEEPEST = 100
Test = Callable[[Mapping[str, Any]], bool]

TOKEN = re.compile(
    r"\s*(?:(?P<bracket>[()])|(?:'(?P<text>(?:[^']|'')*)'"
    r"|(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d))"
    r"|(?P<word>[A-Za-z][A-Za-z0-9]*))(?=\s|[()]|$))"
)
COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda one, other: one == other,
    "ne": lambda one, other: one != other,
    "gt": lambda one, other: None not in (one, other) and one > other,
    "ge": lambda one, other: None not in (one, other) and one >= other,
    "lt": lambda one, other: None not in (one, other) and one < other,
    "le": lambda one, other: None not in (one, other) and one <= other,
}


class BadFilter(Exception):
    """The filter is not one that Graph takes; the message is Graph's."""


@lru_cache(100_000)
def ticks(text: str) -> int:
    """A date text as nanoseconds, so that seven digits compare exactly; BadFilter when it is none."""
    match = re.fullmatch(r"(.{19})(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", text)
    if match is None:
        raise BadFilter(f"Invalid date '{text}'")
    try:
        whole = datetime.fromisoformat(match[1] + (match[3] if match[3] != "Z" else "+00:00"))
    except ValueError as error:
        raise BadFilter(f"Invalid date '{text}'") from error
    return int(whole.timestamp()) * 1_000_000_000 + int((match[2] or "0").ljust(9, "0"))


class Parser:
    def __init__(self, text: str, allowed: set[str]) -> None:
        self.allowed = allowed
        self.depth = 0
        self.tokens: list[tuple[str, str]] = []
        at = 0
        while text[at:].strip():
            match = TOKEN.match(text, at)
            if match is None:
                raise BadFilter(f"Syntax error at position {at} in '{text}'.")
            self.tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
            at = match.end()

    def parse(self) -> Test:
        test = self.either()
        if self.tokens:
            raise BadFilter(f"Syntax error: unexpected '{self.tokens[0][1]}'.")
        return test

    def either(self) -> Test:
        tests = [self.both()]
        while self.take("word", "or"):
            tests.append(self.both())
        return lambda item: any(test(item) for test in tests)

    def both(self) -> Test:
        tests = [self.single()]
        while self.take("word", "and"):
            tests.append(self.single())
        return lambda item: all(test(item) for test in tests)

    def single(self) -> Test:
        if self.take("word", "not"):
            denied = self.single()
            return lambda item: not denied(item)
        if self.take("bracket", "("):
            self.depth += 1
            if self.depth > DEEPEST:
                raise BadFilter("The node count limit has been exceeded.")
            test = self.either()
            if not self.take("bracket", ")"):
                raise BadFilter("Syntax error: a bracket is not closed.")
            return test
        return self.comparison()

    def comparison(self) -> Test:
        kinds = [kind for kind, _ in self.tokens[:3]]
        if kinds not in (["word", "word", "text"], ["word", "word", "time"], ["word", "word", "word"]):
            raise BadFilter("Syntax error: expected a comparison.")
        name, operator, value = (text for _, text in self.tokens[:3])
        del self.tokens[:3]
        if operator not in COMPARISONS:
            raise BadFilter(f"Syntax error: '{operator}' is no operator.")
        if name not in self.allowed:
            raise BadFilter(f"Could not find a property named '{name}' that can be filtered.")
        dated = name.endswith("DateTime")
        if kinds[2] != ("time" if dated else "text") and value != "null":
            raise BadFilter(f"A binary operator with incompatible types was detected for '{name}'.")
        wanted = None if kinds[2] == "word" else ticks(value) if dated else value.replace("''", "'")
        compare = COMPARISONS[operator]
        return lambda item: compare(ticks(item[name]) if dated and item.get(name) else item.get(name), wanted)

    def take(self, kind: str, value: str) -> bool:
        if self.tokens and self.tokens[0] == (kind, value):
            del self.tokens[0]
            return True
        return False


def parsed(text: str, allowed: set[str]) -> Test:
    """A test of one item; BadFilter when the text is not a filter over the allowed properties."""
    return Parser(text, allowed).parse()
