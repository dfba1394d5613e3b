"""What a story is made of."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One alert. Words in braces are the cast's; `evidence` names kinds; `minutes` count from the story's begin."""

    title: str
    about: str
    category: str
    techniques: tuple[str, ...]
    evidence: tuple[str, ...]
    minutes: int = 0
    detection: str = ""  # where it differs from the story's


@dataclass(frozen=True)
class Story:
    """One incident: its name, the product that sees it, what to do about it, and its alerts."""

    kind: str
    title: str
    severity: str
    source: str
    detection: str
    product: str
    actions: str
    steps: tuple[Step, ...]
