"""Hostile text does nothing in a real browser, and would be noticed if it did."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from playwright.sync_api import Browser

from accounts.models import User
from simulator.world import Tenant as Directory
from simulator.world import World
from tenants.models import Tenant
from tests.walls import hostile, planting
from tests.walls.payloads import FAMILIES, PAYLOADS, spread
from tests.walls.watching import Reports, Seen, Watch

pytestmark = pytest.mark.django_db(transaction=True)
OPEN = "incidents/_list.html"
# Files that print nothing.
PLAIN = {
    "400.html", "403.html", "403_csrf.html", "414.html", "429.html", "500.html", "503.html", "accounts/unrecorded.html",
}  # fmt: skip


@pytest.fixture
def watch(browser: Browser, live_server: Any) -> Iterator[Watch]:
    opened = Watch(browser, live_server.url, Seen())
    yield opened
    opened.context.close()


@pytest.fixture
def reports() -> Iterator[Reports]:
    opened = Reports()
    yield opened
    opened.close()
    (django_settings.STATE_DIR / "people.json").unlink(missing_ok=True)


def test_the_corpus_is_large_and_of_many_families() -> None:
    assert len(PAYLOADS) >= 500
    assert len(FAMILIES) >= 15
    assert min(len(family) for family in FAMILIES.values()) >= 10


def test_hostile_text_is_inert_and_literal_on_every_page(
    settings: Any, watch: Watch, world: World, directory: Directory, tenant: Tenant, operator: User, reports: Reports,
    figures: dict[str, str],
) -> None:  # fmt: skip
    hostile.install(settings, watch.address, world, reports)
    run = hostile.Run(watch, hostile.SAMPLE, tenant, directory)
    inspect(run, operator, reports, figures)
    assert {text for _, text in run.tried} >= set(PAYLOADS)


def inspect(run: hostile.Run, operator: User, reports: Reports, figures: dict[str, str]) -> None:
    """Nothing runs, nothing is reported, every text is found as it is, and no page or template is left out."""
    watch = run.watch
    watch.own = (reports.url,)
    run.everything(operator)
    kept = watch.page.evaluate("() => [Object.keys(localStorage), Object.keys(sessionStorage)]")
    watch.settle(reports)
    figures |= hostile.told(run, reports)
    assert watch.seen.wrong == {}
    assert reports.caused == []
    assert kept in ([[], []], [[], ["htmx-current-path-for-history"]])
    assert hostile.pages() - run.visited == set()
    folder = Path(django_settings.BASE_DIR, "templates")
    files = {str(path.relative_to(folder)) for path in folder.rglob("*.html")}
    assert files - run.templates - PLAIN == set()


def without_escaping(settings: Any, folder: Path) -> None:
    """The list as it is, but for the one switch."""
    source = Path(settings.BASE_DIR, "templates", OPEN).read_text()
    (folder / OPEN).parent.mkdir(parents=True)
    (folder / OPEN).write_text(f"{{% autoescape off %}}{source}{{% endautoescape %}}")
    changed = copy.deepcopy(settings.TEMPLATES)
    changed[0]["DIRS"] = [folder, *changed[0]["DIRS"]]
    settings.TEMPLATES = changed


@pytest.mark.parametrize("has_policy", [True, False])
def test_without_escaping_in_one_template_it_is_noticed(
    settings: Any, watch: Watch, world: World, directory: Directory, tenant: Tenant, operator: User,
    reports: Reports, figures: dict[str, str], tmp_path: Path, has_policy: bool,
) -> None:  # fmt: skip
    """With the policy it is stopped and reported; without it, it runs."""
    hostile.install(settings, watch.address, world, reports if has_policy else None)
    without_escaping(settings, tmp_path)
    run = hostile.Run(watch, hostile.SAMPLE, tenant, directory)
    # Not those that lead the browser away before the rest is read.
    run.deal = planting.Deal(spread([*FAMILIES["scripts"], *FAMILIES["handlers"], *FAMILIES["drawings"]]))
    run.as_(operator)
    for number in range(50):
        planting.plant_incident(directory, number, run.deal)
    planting.read(tenant)
    watch.suffer("/?view=all")
    if has_policy:
        watch.settle(reports)
    figures[f"one template without escaping, {'with' if has_policy else 'without'} the policy"] = (
        f"{len(watch.seen.executions)} executions, {len(reports.caused)} reports"
    )
    if has_policy:
        assert len(reports.caused) >= 10
        assert watch.seen.executions == []
    else:
        assert len(watch.seen.executions) >= 5
