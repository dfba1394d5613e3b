"""A short chaos: enough kills that really hit somebody, and a store that is whole in the end; `make chaos` runs long."""

import subprocess
import sys

from django.conf import settings

SHORT = ("--minutes", "4", "--tenants", "8", "--hits", "20")


def test_a_short_chaos_loses_and_doubles_nothing():
    command = [sys.executable, "-m", "tests.chaos", *SHORT]
    result = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False, timeout=700)
    print(f"\n{result.stdout}")
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-2000:]
