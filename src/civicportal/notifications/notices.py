"""Which text tells of a change of a case, and the values of its fields."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from civicportal.cases.history import public_status
from civicportal.i18n import localized_digits
from civicportal.notifications.texts import TextService
from civicportal.organization.services import OrganizationService

if TYPE_CHECKING:
    from civicportal.cases.changes import CaseChange
    from civicportal.cases.models import Case
    from civicportal.cases.workflow import CaseKind
    from civicportal.work import Work

NOTICE = "notice"
"""Key of ``CaseEvent.data`` under which a step may give ``moment`` (ISO 8601, aware) and ``note`` for the message."""

#: Changes other than steps of the workflow that the citizen is told of.
_OTHERS = {"referred": "referred", "returned": "referred", "commented": "answered"}


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a message may say of a change.

    :ivar unit_id: who has the case now.
    :ivar moment: the date and time that the message names.
    :ivar note: at most 25 UTF-16 units of it are sent.
    """

    status: str
    moment: datetime
    unit_id: int | None = None
    note: str = ""


def keys_of_step(kind: "CaseKind", before: str | None, after: str, own: str | None = None) -> list[str]:
    """Return the keys of texts for a step of the workflow, the fittest first.

    :param own: ending of the key that the step itself names.
    """
    reached = f"{kind.name}.{after}"
    if own:
        return [f"{kind.name}.{own}", reached]
    if before is None:
        return [reached]
    if before == after:
        # A step that stays: `reschedule` keeps a meeting `scheduled`, and its text is `rescheduled`.
        return [f"{kind.name}.re{after}", reached]
    states = kind.workflow.by_name
    was_closed = before in states and not states[before].is_open
    if was_closed and after in states and states[after].is_open:
        return [f"{kind.name}.reopened", reached]
    return [reached]


def keys_of(change: "CaseChange") -> list[str]:
    """Return the keys of texts for a change, the fittest first; none for what nobody is told of."""
    event = change.event
    if event.type in ("opened", "transition") and event.after:
        own = change.transition.text if change.transition else None
        return keys_of_step(change.kind, event.before, event.after, own)
    other = _OTHERS.get(event.type)
    return [f"{change.kind.name}.{other}"] if other else []


def facts_of(change: "CaseChange") -> Facts:
    """Return what a message may say of a change."""
    event = change.event
    notice: Any = event.data.get(NOTICE) or {}
    moment = notice.get("moment")
    line = change.referral
    return Facts(
        status=change.case.status,
        moment=datetime.fromisoformat(moment) if moment else event.at,
        unit_id=line.to_unit_id if line else change.case.unit_id,
        note=notice.get("note", ""),
    )


class Notices:
    """Chooses and fills in the texts of cases; what is previewed is made by the very same steps as what is sent."""

    def __init__(self, work: "Work") -> None:
        self.site = work.site
        self.texts = work.get(TextService)
        self.organization = work.get(OrganizationService)

    def choose(self, keys: list[str], facts: Facts) -> str | None:
        """Return the first key that has a text; with a note, the text that has room for it."""
        for key in keys:
            if facts.note and f"{key}_note" in self.site.messages:
                return f"{key}_note"
            if key in self.site.messages:
                return key
        return None

    def fields(self, case: "Case", facts: Facts, locale: str, *, own: bool = True) -> dict[str, str]:
        """Return the values of all fields of a case's texts.

        :param own: a follower reads the case's public number: the tracking code is its citizen's alone.
        """
        calendar = self.site.calendar
        status = public_status(self.site.kind(case.kind), facts.status)
        unit = self.organization.units.by_id.get(facts.unit_id or 0)
        return {
            "TRACK": case.code if own else localized_digits(str(case.id), locale),
            "STATUS": str(self.site.localizer(locale).translate(status)),
            "UNIT": (unit.short_name or unit.name) if unit else "",
            "DATE": calendar.format_date(facts.moment, "short", locale),
            "TIME": calendar.format_time(facts.moment, locale),
            "NOTE": facts.note,
        }
