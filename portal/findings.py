"""What the doctor says: one sentence each, and whether something has to be mended."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """`state` is ok, warning or problem."""

    state: str
    text: str


def ok(text: str) -> Finding:
    return Finding("ok", text)


def warning(text: str) -> Finding:
    return Finding("warning", text)


def problem(text: str) -> Finding:
    return Finding("problem", text)
