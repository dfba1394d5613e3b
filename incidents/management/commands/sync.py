import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.visible import shown
from incidents import sync
from incidents.management import watching
from tenants import cloud, connecting
from tenants.models import Tenant


class Command(BaseCommand):
    help = (
        "Read what has changed at Microsoft, now, for every connected directory or those named, due or not. A parked "
        "or leased one is left alone. Counts are of incidents; 'bad' counts every item that was set aside. Exit 1 "
        "when one of them had an error."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directories", nargs="*", metavar="GUID", help="directory (tenant) IDs; default: all")
        parser.add_argument("--json", action="store_true", help="print one JSON array and nothing else")
        parser.add_argument("--watch", action="store_true", help="read nothing, show how workers do it; Ctrl-C ends it")
        parser.add_argument("--once", action="store_true", help="with --watch: show it once and end")

    def handle(self, *args: Any, **options: Any) -> None:
        tenants = self.chosen(options["directories"])
        if options["watch"]:
            watching.watch(tenants, self.stdout, once=options["once"])
        else:
            self.read(tenants, as_json=options["json"])

    def read(self, tenants: list[Tenant], *, as_json: bool) -> None:
        cloud.credentials()
        rows = []
        for tenant in tenants:
            rows.append(row(tenant, sync.pull(tenant)))
            if not as_json:
                self.stdout.write(sentence(rows[-1]))
        if as_json:
            self.stdout.write(json.dumps(rows, ensure_ascii=False, indent=1))
        failed = sum(bool(line["error"]) for line in rows)
        if failed:
            raise CommandError(f"{failed} of {len(rows)} directories could not be read completely.")

    def chosen(self, directories: list[str]) -> list[Tenant]:
        connected = Tenant.objects.connected().select_related("customer")
        if not directories:
            return list(connected)
        try:
            wanted = {connecting.entra_id(text) for text in directories}
        except connecting.Refused as refused:
            raise CommandError(str(refused)) from refused
        found = list(connected.filter(entra_id__in=wanted))
        unknown = wanted - {tenant.entra_id for tenant in found}
        if unknown:
            raise CommandError(f"No connected directory {min(map(str, unknown))}.")
        return found


def row(tenant: Tenant, outcome: sync.Outcome) -> dict[str, Any]:
    counts = outcome.counts
    return {
        "customer": tenant.customer.name,
        "tenant": str(tenant.entra_id),
        "fetched": counts.fetched,
        "created": counts.created,
        "updated": counts.updated,
        "unchanged": counts.unchanged,
        "bad": counts.bad + outcome.alerts.bad,
        "history": outcome.history,
        "seconds": outcome.seconds,
        "error": outcome.error or None,
    }


def sentence(line: dict[str, Any]) -> str:
    counts = ", ".join(f"{line[name]} {name}" for name in ("fetched", "created", "updated", "unchanged", "bad"))
    counts += f", {line['history']} of the past" if line["history"] else ""
    error = f" — {line['error']}" if line["error"] else ""
    return shown(f"{line['customer']} ({line['tenant']}): {counts} in {line['seconds']:.1f} s{error}")
