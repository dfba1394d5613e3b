"""`python -m tests.chaos --minutes 3 --tenants 8 --hits 20`: a run and its verdict; it ends with 1 when that is bad."""

import argparse
import os
import random
import shutil
import sys
import time
from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.chaos.settings"

import django
from django.conf import settings
from django.core.management import call_command

django.setup()

from portal.embedded import postgres, valkey  # noqa: E402
from tests.chaos.ledger import Ledger  # noqa: E402
from tests.chaos.microsoft import Microsoft  # noqa: E402
from tests.chaos.monkey import Monkey  # noqa: E402
from tests.chaos.product import Product, connect  # noqa: E402
from tests.chaos.verdict import Verdict, judged  # noqa: E402


def main() -> None:
    options = arguments()
    print(f"Seed {options.seed}; logs in {settings.STATE_DIR}/log.", flush=True)
    forget(settings.STATE_DIR)
    try:
        with Microsoft(options.tenants, options.seed, options.minutes) as microsoft:
            microsoft.become_ours()
            call_command("migrate", verbosity=0)
            connect(microsoft.tenants)
            verdict = run(options, microsoft)
    finally:
        forget(None)
    print(verdict.text(), flush=True)
    sys.exit(not verdict.good)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--tenants", type=int, default=8)
    parser.add_argument("--hits", type=int, default=20, help="kills of who held a lease; fewer is a failure")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    return parser.parse_args()


def run(options: argparse.Namespace, microsoft: Microsoft) -> Verdict:
    ledger = Ledger()
    with Product() as product:
        monkey = Monkey(product, ledger, random.Random(options.seed))
        microsoft.ask("begin")
        monkey.run(options.minutes * 60)
        microsoft.ask("calm")
        began = time.monotonic()
        verdict = judged(microsoft, ledger)
    verdict.caught_up_after = time.monotonic() - began
    verdict.blows, verdict.hits, verdict.wanted_hits = monkey.blows, monkey.hits, options.hits
    verdict.overtaken, verdict.starts, verdict.faults = monkey.overtaken, product.starts, microsoft.ask("faults")
    return verdict


def forget(state: Path | None) -> None:
    """End the servers of an earlier run, and of this one; with a folder, forget what they held."""
    valkey.stop(settings.STATE_DIR)
    postgres.stop(settings.STATE_DIR)
    if state:
        shutil.rmtree(state, ignore_errors=True)


if __name__ == "__main__":
    main()
