"""Text and placeholder values of a notification about a case."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from translationstring import TranslationString

from civicportal.domain.cases.kinds import kind_of
from civicportal.domain.cases.models import CaseEvent
from civicportal.domain.notifications.texts import TextService
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.errors import CivicportalError
from civicportal.util.i18n import localized_digits, say

if TYPE_CHECKING:
    from civicportal.core.work import Work
    from civicportal.domain.cases.changes import CaseChange
    from civicportal.domain.cases.models import Case
    from civicportal.domain.cases.workflow import CaseKind

#: Changes other than transitions about which the citizen is notified.
_OTHERS = {"referred": "referred", "commented": "answered", "corrected": "corrected"}


class MessageFieldsMissing(CivicportalError):
    """A text has a field without a value.

    The kind of the case does not fill it in: it would be sent in braces.
    """

    def __init__(self, key: str, names: Iterable[str]) -> None:
        listed = ", ".join(f"{{{name}}}" for name in sorted(names))
        super().__init__(
            f"the message text {key!r} lists {listed}, which CaseKind.message_fields of its kind does not return"
        )


@dataclass(frozen=True, kw_only=True)
class NoticeData:
    """Data of a change that a message may contain.

    :ivar unit_id: the unit that has the case now.
    :ivar moment: date and time in the message.
    :ivar note: at most 25 UTF-16 units.
    :ivar own: values of the kind's own placeholders, see
        :attr:`~civicportal.domain.cases.workflow.CaseKind.message_fields`.
    """

    status: str
    moment: datetime
    unit_id: int | None = None
    note: str = ""
    own: Mapping[str, str | TranslationString] = field(default_factory=dict)


def keys_of_kind(kind: "CaseKind") -> set[str]:
    """Return the keys of all texts of a kind's changes."""
    states = [state.name for state in kind.workflow.states]
    own = [transition.text for transition in kind.workflow.transitions if transition.text]
    names = [*states, *(f"re{name}" for name in states), *own, "reopened", *_OTHERS.values()]
    return {f"{kind.name}.{name}{end}" for name in names for end in ("", "_note")}


def keys_of_step(kind: "CaseKind", before: str | None, after: str, own: str | None = None) -> list[str]:
    """Return candidate text keys for a transition, most specific first.

    :param own: suffix of the key that the transition itself defines.
    """
    reached = f"{kind.name}.{after}"
    if own:
        return [f"{kind.name}.{own}", reached]
    if before is None:
        return [reached]
    if before == after:
        # Without a change of status: `reschedule` keeps a meeting `scheduled`, and its text is `rescheduled`.
        return [f"{kind.name}.re{after}", reached]
    states = kind.workflow.by_name
    was_closed = before in states and not states[before].is_open
    if was_closed and after in states and states[after].is_open:
        return [f"{kind.name}.reopened", reached]
    return [reached]


def keys_of(change: "CaseChange") -> list[str]:
    """Return candidate text keys for a change.

    Most specific first; none for changes without a notification.
    """
    event = change.event
    if event.type in ("opened", "transition") and event.after:
        own = change.transition.text if change.transition else None
        return keys_of_step(change.kind, event.before, event.after, own)
    other = _OTHERS.get(event.type)
    return [f"{change.kind.name}.{other}"] if other else []


def facts_of(change: "CaseChange") -> NoticeData:
    """Return the data of a change for its message."""
    event = change.event
    notice = event.data.get(CaseEvent.NOTICE) or {}
    moment = notice.get("moment")
    referral = change.referral
    return NoticeData(
        status=change.case.status,
        moment=datetime.fromisoformat(moment) if moment else event.at,
        unit_id=referral.to_unit_id if referral else change.case.unit_id,
        note=notice.get("note", ""),
    )


class NoticeRenderer:
    """Choose and render the texts of cases.

    A preview uses the same code as the message.
    """

    def __init__(self, work: "Work") -> None:
        self.work = work
        self.site = work.site
        self.texts = work.get(TextService)
        self.organization = work.get(OrganizationService)

    def choose(self, keys: list[str], facts: NoticeData) -> str | None:
        """Return the first key that has a text.

        With a note, it is the variant with a placeholder for the note.
        """
        for key in keys:
            if facts.note and f"{key}_note" in self.site.messages:
                return f"{key}_note"
            if key in self.site.messages:
                return key
        return None

    def own_fields(
        self, case: "Case", key: str, form: Mapping[str, str] | None = None
    ) -> dict[str, str | TranslationString]:
        """Return the values of a text's fields that the core does not know.

        It is empty if it lists none.

        :param form: values of an incomplete form, for a preview; they replace those of the case.
        :raises MessageFieldsMissing: when one of them has no value.
        """
        wanted = self.site.messages[key].own_fields
        if not wanted:
            return {}
        kind = kind_of(self.site, case.kind)
        found = {**(kind.message_fields(case, self.work) if kind.message_fields else {}), **(form or {})}
        if missing := wanted - found.keys():
            raise MessageFieldsMissing(key, missing)
        return {name: found[name] for name in wanted}

    def fields(self, case: "Case", facts: NoticeData, locale: str, *, own: bool = True) -> dict[str, str]:
        """Return the values of all placeholders of a case's texts.

        :param own: False for a follower, who gets the public number of the case instead of its tracking code.
        """
        calendar = self.site.calendar
        status = kind_of(self.site, case.kind).public_status(facts.status)
        unit = self.organization.units_in(locale).by_id.get(facts.unit_id or 0)
        return {
            "TRACK": case.code if own else localized_digits(str(case.id), locale),
            "STATUS": str(self.site.localizer(locale).translate(status)),
            "UNIT": (unit.short_name or unit.name) if unit else "",
            "DATE": calendar.format_date(facts.moment, "short", locale),
            "TIME": calendar.format_time(facts.moment, locale),
            "NOTE": facts.note,
            **{name: say(value, self.site.localizer(locale)) for name, value in facts.own.items()},
        }
