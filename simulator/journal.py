"""What was ordered from outside, line by line in a file, so that a world that is started again stands where it was."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


class Unreadable(Exception):
    """The file cannot be continued; the message says why."""


@dataclass(frozen=True)
class Order:
    """A verb and its body for the directory `tenant`, or for the whole world when that is empty."""

    at: datetime
    tenant: str
    verb: str
    body: dict[str, Any]


class Journal:
    """The first line says which world it belongs to, each other one is an order."""

    def __init__(self, path: Path, facts: dict[str, Any]) -> None:
        self.path = path
        path.touch(mode=0o600)
        self.mend()
        if not path.stat().st_size:
            self.append(facts)
        if next(self.lines()) != facts:
            raise Unreadable(f"{path} belongs to a world that was started with other options.")

    def orders(self) -> Iterator[Order]:
        """All that were written, the oldest first; Unreadable when a line is no order."""
        for number, line in enumerate(self.lines(), 1):
            try:
                if number > 1:
                    yield Order(**{**line, "at": datetime.fromisoformat(line["at"]).astimezone(UTC)})
            except (KeyError, TypeError, ValueError) as error:
                raise Unreadable(f"{self.path}, line {number}, is no order.") from error

    def write(self, at: datetime, tenant: str, verb: str, body: dict[str, Any]) -> None:
        self.append({"at": at.isoformat(), "tenant": tenant, "verb": verb, "body": body})

    def append(self, line: dict[str, Any]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def lines(self) -> Iterator[Any]:
        for number, text in enumerate(self.path.read_bytes().split(b"\n")[:-1], 1):
            try:
                yield json.loads(text)
            except ValueError as error:
                raise Unreadable(f"{self.path}, line {number}, cannot be read.") from error

    def mend(self) -> None:
        """Take away the half of a line that a killed process left at the end."""
        whole = self.path.read_bytes()
        if not whole.endswith(b"\n"):
            self.path.write_bytes(whole[: whole.rfind(b"\n") + 1])
