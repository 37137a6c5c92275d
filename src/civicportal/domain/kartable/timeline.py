"""The history of a case for staff."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from translationstring import TranslationString

from civicportal.core.work import Service
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.cases.attachments import AttachmentService
from civicportal.domain.cases.correction import CORRECTED
from civicportal.domain.cases.history import name_of_step, says_itself, title_of_reopening, voice_of
from civicportal.domain.cases.links import LINKED, UNLINKED, LinkService
from civicportal.domain.cases.models import (
    AUTOMATED,
    CALLED,
    CONTRACTED,
    JOB_DONE,
    JOB_REFUSED,
    Attachment,
    Case,
    CaseEvent,
)
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.workflow import CaseKind
from civicportal.domain.kartable.contractors import DONE, MADE, REVOKED
from civicportal.domain.kartable.types import ASSIGNED, JOB_WITHDRAWN, SENT_BACK, SPLIT
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.i18n import _, listed
from civicportal.util.values import Values

if TYPE_CHECKING:
    from civicportal.core.work import Work

CHANGED = _("Changed")
TITLES: dict[str, TranslationString] = {
    "opened": _("Registered"),
    "referred": _("Referred from ${from} to ${to}"),
    "returned": _("Returned from ${from} to ${to}"),
    "transferred": _("Handed over to ${to}"),
    ASSIGNED: _("Handed from ${holder} to ${to}"),
    "escalated": _("Past its deadline: passed up from ${from} to ${to}"),
    "taken": _("Taken in hand"),
    "released": _("Put back for the whole unit"),
    "copied": _("Copy sent to ${to}"),
    "inquiry": _("Inquiry sent to ${to}"),
    "withdrawn": _("Inquiry to ${to} withdrawn"),
    "answered": _("Inquiry answered"),
    SPLIT: _("Split into jobs: ${to}"),
    "job_taken": _("Job of ${to} taken in hand"),
    "job_released": _("Job of ${to} put back for the whole unit"),
    JOB_DONE: _("Job of ${to} done"),
    JOB_REFUSED: _("Job of ${to} cannot be done"),
    JOB_WITHDRAWN: _("Job of ${to} withdrawn"),
    "noted": _("The citizen added to the request"),
    CALLED: _("Another person called about it"),
    MADE: _("Link made for contractor ${contractor}"),
    REVOKED: _("Link of contractor ${contractor} revoked"),
    SENT_BACK: _("Work sent back to contractor ${contractor}"),
    "follower_noted": _("A follower added to the request"),
    "rated": _("Rated by a citizen: ${stars} of 5"),
    "undone": _("The step before was taken back"),
    CORRECTED: _("Corrected"),
    "published": _("Shown to everybody"),
    "hidden": _("Hidden from the public"),
    "urgent": _("Marked as urgent"),
    "not_urgent": _("The mark of urgency was taken away"),
    "followers_brought": _("Citizens of a duplicate follow it too"),
    "followers_released": _("Citizens of a former duplicate follow it no longer"),
    "deadline": _("The deadline moved with the calendar of the city"),
    AUTOMATED: _("Other software was told"),
}
#: What a contractor says, by whether the work is done.
SAID = {
    True: _("Contractor ${contractor} (link of ${unit}): the work is done"),
    False: _("Contractor ${contractor} (link of ${unit}): cannot be done"),
}
#: A case that an officer registered shows its channel.
OPENED: dict[str, TranslationString] = {
    "phone": _("Registered by telephone"),
    "counter": _("Registered at the counter"),
    "letter": _("Registered from a letter"),
}
SYMBOLS = {
    "transferred": "switch-horizontal",
    ASSIGNED: "user-check",
    "escalated": "alert-triangle",
    "taken": "user-check",
    "released": "users",
    "copied": "copy",
    "inquiry": "question-mark",
    "withdrawn": "arrow-back-up",
    "answered": "message-2",
    SPLIT: "sitemap",
    "job_taken": "user-check",
    "job_released": "users",
    JOB_DONE: "circle-check",
    JOB_REFUSED: "arrow-back-up",
    JOB_WITHDRAWN: "arrow-back-up",
    "commented": "message-circle",
    "noted": "message-2",
    CALLED: "phone",
    MADE: "link",
    REVOKED: "lock",
    CONTRACTED: "tool",
    SENT_BACK: "arrow-back-up",
    "rated": "star",
    "undone": "arrow-back-up",
    CORRECTED: "edit",
    "published": "world",
    "hidden": "eye-off",
    "urgent": "flag",
    "not_urgent": "flag",
    "followers_brought": "users",
    "followers_released": "users",
    "deadline": "calendar-event",
    AUTOMATED: "share",
    LINKED: "link",
    UNLINKED: "link",
}
#: What a correction may change.
CORRECTIONS: dict[str, TranslationString] = {
    "subject": _("Subject corrected from “${before}” to “${after}”"),
    "category": _("Category corrected from “${before}” to “${after}”"),
    "place": _("Place corrected from “${before}” to “${after}”"),
    "unit": _("Moved to ${to}"),
    "deadline": _("Deadline recomputed"),
}
NONE = "—"
CLOSERS = frozenset({"referred", "returned"})


@dataclass(frozen=True, kw_only=True)
class StaffEvent:
    """One entry of the history.

    :ivar actor: name of the actor; empty for the portal itself and for citizens.
    :ivar automation: title of the automation that did it, else empty.
    :ivar by_citizen: whether a citizen did it.
    :ivar voice: what the citizen's text is, for instance "Objection of the citizen"; None for a text of staff.
    :ivar absent: name of the person whom a deputy represented.
    :ivar undone: whether it was reverted afterwards.
    :ivar lines: descriptions of the changes of a correction.
    """

    event: CaseEvent
    title: TranslationString
    stage: str
    symbol: str
    actor: str
    automation: str
    by_citizen: bool
    voice: TranslationString | None
    absent: str
    photos: Sequence[Attachment]
    undone: bool
    lines: Sequence[TranslationString] = ()

    @property
    def has_voice(self) -> bool:
        """Return whether the event contains a text or a picture of a citizen."""
        return self.by_citizen and bool(self.public_text or self.internal_text or self.photos)

    @property
    def public_text(self) -> str:
        """Return the text that is visible to the citizen."""
        return self.event.public_text

    @property
    def internal_text(self) -> str:
        """Return the text that only staff see."""
        return self.event.internal_text


class StaffHistory(Service):
    """Build the timeline for staff in two statements, whatever its length."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.cases = work.get(CaseService)
        self.organization = work.get(OrganizationService)
        self.links = work.get(LinkService)

    def of(self, case: Case, names: Mapping[int, str] | None = None) -> list[StaffEvent]:
        """Return every event of a case, latest first.

        :param names: of the people of :meth:`people`, if they have been read.
        """
        return self._entries(case, self.cases.events(case), names)

    def people(self, case: Case) -> set[int | None]:
        """Return the ids of the people whom the history names besides its actors."""
        return _people(self.cases.events(case))

    def of_many(self, cases: Sequence[Case]) -> dict[int, list[StaffEvent]]:
        """Return the events of cases by id, latest first, in three statements."""
        self.cases.load_events(cases)
        self.work.get(AttachmentService).load(cases)
        events = {case.id: self.cases.events(case) for case in cases}
        names = self.work.get(AccountService).names(
            _people(event for some in events.values() for event in some)
        )
        return {case.id: self._entries(case, events[case.id], names) for case in cases}

    def since(self, case: Case, event_id: int) -> list[StaffEvent]:
        """Return other people's events after a given one, latest first."""
        events = [event for event in self.cases.events(case) if event.id > event_id]
        return self._entries(case, [e for e in events if e.actor_id != self.work.actor.user_id])

    @staticmethod
    def said_since(entries: Iterable[StaffEvent]) -> list[StaffEvent]:
        """Return the entries with a citizen's text since the last event of staff, latest first.

        :param entries: of :meth:`of`.
        """
        new = takewhile(lambda entry: entry.event.realm != "staff", entries)
        return [entry for entry in new if entry.has_voice]

    def _entries(
        self, case: Case, events: Iterable[CaseEvent], names: Mapping[int, str] | None = None
    ) -> list[StaffEvent]:
        events = list(events)
        kind = self.cases.kind(case)
        if names is None:
            names = self.work.get(AccountService).names(_people(events))
        undone = {event.data.get("event") for event in events if event.type == "undone"}
        photos = self.work.get(AttachmentService).of_case(case)
        return [
            StaffEvent(
                event=event,
                title=self._title(case, kind, event, names),
                stage="referred" if event.type in CLOSERS else self._stage(kind, event),
                symbol=self._symbol(event),
                actor=event.actor_name if event.realm == "staff" else "",
                automation=event.automation,
                by_citizen=event.realm == "citizen",
                voice=voice_of(kind, event),
                absent=names.get(event.on_behalf_of_id or 0, ""),
                photos=[p for p in photos if p.event_id == event.id and event.type != "opened"],
                undone=event.id in undone,
                lines=list(self._corrected(kind, event)) if event.type == CORRECTED else (),
            )
            for event in events
        ]

    def _title(
        self, case: Case, kind: CaseKind, event: CaseEvent, names: Mapping[int, str]
    ) -> TranslationString:
        if event.type == "opened" and event.realm == "staff" and kind.register_route:
            return OPENED.get(case.source, TITLES["opened"])
        if says_itself(kind, event):
            return name_of_step(kind, event)
        if reopened := title_of_reopening(kind, event):
            return reopened
        if event.type == "transition":
            state = kind.workflow.by_name.get(event.after or "")
            return state.title if state else kind.title
        if event.is_by_follower:
            return TITLES["follower_noted"]
        if event.type == "commented" and event.automation and event.public:
            return _("Message to the citizen")
        if event.type == "commented":
            return _("Expert comment") if event.data.get("expert") else _("Internal note")
        if event.type == "rated" and event.data.get("two_answers"):
            return (
                _("Rated by a citizen: satisfied")
                if event.data["stars"] > 1
                else _("Rated by a citizen: dissatisfied")
            )
        if event.type in (LINKED, UNLINKED):
            return self.links.title(event)
        data = event.data
        if event.type == CONTRACTED:
            unit = self.organization.unit_name(event.unit_id)
            mapping = {"contractor": data.get("contractor") or NONE, "unit": unit}
            return _(SAID[data.get("outcome") == DONE], mapping=mapping)
        unit = self.organization.unit_name(data.get("unit_id"))
        mapping = {
            "holder": names.get(data.get("from_user_id") or 0) or unit,
            "from": self.organization.unit_name(
                data.get("from_unit_id") or (data.get("undo") or {}).get("unit_id")
            ),
            "to": self._units(data) or names.get(data.get("user_id") or 0) or unit,
            "stars": str(data.get("stars", "")),
            "contractor": data.get("contractor") or NONE,
        }
        return _(TITLES.get(event.type, CHANGED), mapping=mapping)

    def _units(self, data: Values) -> str:
        """Return the names of the units between which a case was split."""
        names = (self.organization.unit_name(unit_id) for unit_id in data.get("units", ()))
        return listed(names, self.work.locale)

    def _corrected(self, kind: CaseKind, event: CaseEvent) -> Iterator[TranslationString]:
        """Yield descriptions of the changes of a correction, none after erasure."""
        before, after = event.data.get("before", {}), event.data.get("after", {})
        if "subject" in after:
            yield CORRECTIONS["subject"] % {"before": before["subject"], "after": after["subject"]}
        if "category_id" in after:
            names = {
                key: self.organization.category_name(values["category_id"]) or NONE
                for key, values in (("before", before), ("after", after))
            }
            yield CORRECTIONS["category"] % names
        if "place" in after:
            places = {key: values["place"] or NONE for key, values in (("before", before), ("after", after))}
            yield CORRECTIONS["place"] % places
        if kind.correction and after:
            yield from kind.correction.lines(before, after, self.work)
        if "unit_id" in event.data:
            to = self.organization.unit_name(event.data["unit_id"])
            yield CORRECTIONS["unit"] % {"to": to}
        if "deadline" in event.data:
            yield CORRECTIONS["deadline"]

    @staticmethod
    def _stage(kind: CaseKind, event: CaseEvent) -> str:
        state = kind.workflow.by_name.get(event.after or "")
        return state.stage if state and event.type != "undone" else ""

    @staticmethod
    def _symbol(event: CaseEvent) -> str:
        if event.type == "commented" and not event.public:
            return "lock"
        return SYMBOLS.get(event.type, "")


def _people(events: Iterable[CaseEvent]) -> set[int | None]:
    people = set[int | None]()
    for event in events:
        people |= {event.on_behalf_of_id, event.data.get("user_id"), event.data.get("from_user_id")}
    return people
