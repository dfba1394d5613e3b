"""The cloud's process, as the run speaks with it."""

import json
import os
import subprocess
import sys
from types import TracebackType
from typing import Any

from django.conf import settings


class Microsoft:
    """Started with the block and ended with it; `tenants` are names by directory ID."""

    def __init__(self, tenants: int, seed: int, minutes: float) -> None:
        options = [f"--tenants={tenants}", f"--seed={seed}", f"--minutes={minutes}"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.cloud", *options], cwd=settings.BASE_DIR, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        described = self.answer()
        self.url, self.tenants = described["url"], described["tenants"]
        self.credential = {
            "ENTRA_CLIENT_ID": described["client_id"], "ENTRA_CLIENT_SECRET": described["client_secret"],
            "MICROSOFT_CLOUD_URL": self.url,
        }  # fmt: skip

    def __enter__(self) -> "Microsoft":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()

    def become_ours(self) -> None:
        """From now on this process and those it starts ask this cloud."""
        os.environ |= self.credential
        settings.ENVIRONMENT.update(self.credential)
        for name, value in self.credential.items():
            setattr(settings, name, value)

    def ask(self, word: str) -> Any:
        assert self.process.stdin
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()
        return self.answer()

    def answer(self) -> Any:
        assert self.process.stdout
        return json.loads(self.process.stdout.readline())
