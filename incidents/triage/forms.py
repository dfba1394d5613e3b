"""What a form asks for, as an act; Refused when it cannot be understood."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from accounts.models import User
from incidents.models import Hold
from incidents.triage import acts, values
from incidents.triage.acts import Act
from incidents.triage.asking import Refused

LONGEST_TEXT, LONGEST_TAG, MOST_TAGS = 2000, 100, 20
MORNING = 8
HOURS = {"1h": 1, "4h": 4, "24h": 24}


def act(user: User, form: QueryDict) -> Act:
    make = ACTS.get(form.get("act", ""))
    if make is None:
        raise Refused(_("Choose what to do."))
    return make(user, form)


def assign(user: User, form: QueryDict) -> Act:
    to = form.get("to", "me")
    if to == "me":
        return acts.Assign(user, user)
    found = User.objects.filter(pk=int(to), is_active=True).first() if to.isascii() and to.isdigit() else None
    if found is None:
        raise Refused(_("Choose somebody."))
    return acts.Assign(user, found)


def status(user: User, form: QueryDict) -> Act:
    wanted = form.get("status", "")
    if wanted == "resolved":
        return resolve(user, form)
    if wanted not in values.INCIDENT_STATUS:
        raise Refused(_("Choose a status."))
    return acts.SetStatus(user, wanted)


def classify(user: User, form: QueryDict) -> Act:
    found = pair(form)
    if found is None:
        raise Refused(_("Choose a classification."))
    return acts.Classify(user, found)


def resolve(user: User, form: QueryDict) -> Act:
    note = text(form, "note")
    if not note:
        raise Refused(_("Say in a note how it ended."))
    return acts.Resolve(user, pair(form), note)


def pair(form: QueryDict) -> dict[str, str] | None:
    wanted = form.get("pair", "")
    try:
        return values.pair(wanted) if wanted else None
    except ValueError:
        raise Refused(_("Microsoft does not take this classification and type together.")) from None


def tag(user: User, form: QueryDict) -> Act:
    add, remove = tags(form.get("add", "")), form.getlist("remove")
    if not add and not remove:
        raise Refused(_("Name a tag."))
    return acts.Tag(user, add, remove)


def tags(text: str) -> list[str]:
    found = [one for part in text.split(",") if (one := clean(part).strip())]
    if len(found) > MOST_TAGS or any(len(one) > LONGEST_TAG for one in found):
        raise Refused(_("These are too many tags, or too long ones."))
    return found


def comment(user: User, form: QueryDict) -> Act:
    said = text(form, "comment")
    if not said:
        raise Refused(_("The comment is empty."))
    return acts.Comment(user, said)


def wait(user: User, form: QueryDict) -> Act:
    return acts.Wait(user, Hold.Kind.WAITING, text(form, "reason"), until(form), on_change=True)


def snooze(user: User, form: QueryDict) -> Act:
    when = until(form)
    if when is None:
        raise Refused(_("Choose until when."))
    return acts.Wait(user, Hold.Kind.SNOOZED, text(form, "reason"), when, on_change="on_change" in form)


def until(form: QueryDict) -> datetime | None:
    """The time that was chosen, in the person's zone; None for none."""
    wanted, now = form.get("for", ""), timezone.localtime()
    if wanted in HOURS:
        return now + timedelta(hours=HOURS[wanted])
    if wanted in ("tomorrow", "monday"):
        days = 1 if wanted == "tomorrow" else 7 - now.weekday()
        return (now + timedelta(days=days)).replace(hour=MORNING, minute=0, second=0, microsecond=0)
    if wanted != "date":
        return None
    try:
        found = parse_datetime(form.get("until", ""))
    except ValueError:
        found = None
    if found is None or not 2000 < found.year < 9000:
        raise Refused(_("The date cannot be read."))
    return found if timezone.is_aware(found) else timezone.make_aware(found)


def text(form: QueryDict, name: str) -> str:
    said = clean(form.get(name, "")).strip()
    if len(said) > LONGEST_TEXT:
        raise Refused(_("The text is longer than %(most)s characters.") % {"most": LONGEST_TEXT})
    return said


def clean(said: str) -> str:
    return said.replace("\0", "").replace("\r\n", "\n")


ACTS: dict[str, Callable[[User, QueryDict], Any]] = {
    "assign": assign,
    "unassign": lambda user, form: acts.Unassign(user),
    "status": status,
    "classify": classify,
    "resolve": resolve,
    "reopen": lambda user, form: acts.Reopen(user),
    "tag": tag,
    "comment": comment,
    "wait": wait,
    "snooze": snooze,
    "wake": lambda user, form: acts.Wake(user),
}
