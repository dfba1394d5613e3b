"""The bench still measures: a short run of what needs no worker, whatever its figures are."""

import json
import subprocess
import sys

from django.conf import settings

GOALS = {"store": 1, "line": 6}


def test_a_short_run_says_for_every_goal_whether_it_is_met():
    command = [sys.executable, "-m", "bench", *GOALS, "--rounds", "1", "--pages", "2"]
    result = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False, timeout=300)
    assert result.returncode == 0, result.stderr[-2000:]
    figures = json.loads((settings.BASE_DIR / "var" / "bench.json").read_text())
    judged = {part: [each for each in figures if each["part"] == part and each["met"] is not None] for part in GOALS}
    assert {part: len(each) for part, each in judged.items()} == GOALS
    assert all(each["value"] > 0 for part in judged.values() for each in part if each["unit"] != "of 3")
    assert next(each for each in figures if each["unit"] == "of 3")["met"]
