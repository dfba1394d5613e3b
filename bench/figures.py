"""What a run found out: one line a figure, as a table for people and as JSON."""

import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

Measure = Callable[[], float]


@dataclass(frozen=True)
class Figure:
    """One measured value beside its reference; `ratio` is what the goal speaks of, `met` None when there is none."""

    part: str
    name: str
    value: float
    unit: str
    reference: str = ""
    ratio: float | None = None
    goal: str = ""
    met: bool | None = None


def at_least(part: str, name: str, value: float, unit: str, reference: str, ratio: float, goal: float) -> Figure:
    return Figure(part, name, value, unit, reference, ratio, f"≥ {goal:g}", ratio >= goal)


def at_most(part: str, name: str, value: float, unit: str, reference: str, ratio: float, goal: float) -> Figure:
    return Figure(part, name, value, unit, reference, ratio, f"≤ {goal:g}", ratio <= goal)


def table(found: Sequence[Figure]) -> str:
    """The figures in columns; the last one says whether the goal was met."""
    head = ("", "measured", "", "beside", "ratio", "goal", "")
    lines = [head, *map(cells, found)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)


def cells(figure: Figure) -> tuple[str, ...]:
    ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
    verdict = {True: "met", False: "MISSED", None: ""}[figure.met]
    value = f"{figure.value:,.0f}" if figure.value >= 100 else f"{figure.value:,.2f}"
    return (f"{figure.part}: {figure.name}", value, figure.unit, figure.reference, ratio, figure.goal, verdict)


def write(found: Sequence[Figure], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(figure) for figure in found], ensure_ascii=False, indent=1), encoding="utf-8")


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which that share of them lies; 0 when there are none."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0.0


def ratio_of(ours: Sequence[float], others: Sequence[float]) -> float:
    """Ours to the other's, as the median over rounds measured in turn: the machine's speed drifts."""
    return statistics.median(one / other for one, other in zip(ours, others, strict=True))
