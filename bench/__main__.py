"""`python -m bench [PART …]`: measure, print a table, and write it to var/bench.json.

It is a report: it ends with 0 also when a goal was missed.
"""

import argparse
import os
import sys
import time

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.settings"

import django
from django.conf import settings
from django.core.management import call_command

django.setup()

from bench import backfill, figures, fleet, line, plain  # noqa: E402
from portal.embedded import postgres, valkey  # noqa: E402

PARTS = ("store", "line", "fleet", "backfill")


def main() -> None:
    options = arguments()
    found: list[figures.Figure] = []
    call_command("migrate", run_syncdb=True, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    try:
        for part in options.parts or PARTS:
            began = time.monotonic()
            say(f"{part} …")
            found += measured(part, options)
            say(f"{part}: {time.monotonic() - began:.0f} s")
    finally:
        valkey.stop(settings.STATE_DIR)
        postgres.stop(settings.STATE_DIR)
    figures.write(found, settings.BASE_DIR / "var" / "bench.json")
    print(f"\n{figures.table(found)}\n\nAlso in var/bench.json.")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="what to measure; default: all")
    parser.add_argument("--rounds", type=int, default=7, help="of the line")
    parser.add_argument("--pages", type=int, default=10, help="of fifty incidents, a round")
    parser.add_argument("--tenants", type=int, default=500, help="of the fleet")
    parser.add_argument("--seconds", type=int, default=180, help="for which the fleet is watched")
    parser.add_argument("--incidents", type=int, default=20_000, help="of the backfill; 100000 is the goal's number")
    return parser.parse_args()


def measured(part: str, options: argparse.Namespace) -> list[figures.Figure]:
    if part == "store":
        return plain.measure(options.pages * 2)
    if part == "fleet":
        return fleet.measure(options.tenants, options.seconds)
    if part == "backfill":
        return backfill.measure(options.incidents)
    return line.measure(options.rounds, options.pages)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
