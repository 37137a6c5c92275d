"""Cases of an earlier system, written with their history.

Beside :class:`~civicportal.domain.cases.services.CaseService` this is the only code that writes a status. It writes new
cases as they were, in bulk: no hook is called, so no message is sent and nothing is published. Counters, referrals and
search words are those of any other case.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, exists, func, insert, or_, select

from civicportal.core.db import NEVER
from civicportal.core.work import Service
from civicportal.domain.accounts.models import User
from civicportal.domain.audit.digests import digest_words
from civicportal.domain.cases.deadlines import set_deadline
from civicportal.domain.cases.measures import count
from civicportal.domain.cases.models import (
    IMPORTED,
    Attachment,
    Case,
    CaseEvent,
    CaseLink,
    CaseReference,
    Follower,
    Rating,
)
from civicportal.domain.cases.opening import OpeningService
from civicportal.domain.cases.references import reference_key
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.search_index import as_lines, words_of
from civicportal.domain.cases.workflow import CaseKind
from civicportal.domain.kartable.custody import CustodyService
from civicportal.domain.kartable.routing import RoutingService
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.tracking import new_code

if TYPE_CHECKING:
    from civicportal.core.work import Work

_Row = dict[str, object]
_TOGETHER = {"render_nulls": True}
"""Rows with and without a value are inserted by one statement."""

RULE = "import"
"""``Referral.rule`` of an imported case that the routing rules have not placed."""


@dataclass(frozen=True, kw_only=True)
class ImportedStep:
    """An entry of the history in the earlier system.

    :ivar status: the state reached, if it changed.
    :ivar unit_id: the unit that had the case from then on, if it is known.
    :ivar public_text: for the citizen.
    :ivar internal_text: for staff.
    :ivar actor_name: who did it.
    """

    at: datetime
    status: str | None = None
    unit_id: int | None = None
    public_text: str = ""
    internal_text: str = ""
    actor_name: str = ""


@dataclass(frozen=True, kw_only=True)
class ImportedPicture:
    """A stored picture, without its row."""

    key: str
    content_type: str
    width: int
    height: int
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class ImportedCase:
    """A case that is ready to be written.

    :ivar case: not written yet, with its present status and unit.
    :ivar detail: the row of its kind's own table, if any.
    :ivar texts: those of the kind's own columns.
    :ivar mobile: of the citizen (E.164), if known.
    :ivar name: of the citizen.
    :ivar holder_id: the person to whom an open case is routed.
    :ivar rule: what routed it.
    :ivar pictures: those that it was sent with.
    """

    case: Case
    detail: object
    kind: CaseKind
    steps: Sequence[ImportedStep]
    source: str
    reference: str = ""
    mobile: str | None = None
    name: str = ""
    holder_id: int | None = None
    rule: str = RULE
    pictures: Sequence[ImportedPicture] = ()
    texts: Mapping[str, str] = field(default_factory=dict)


class WrittenCase(NamedTuple):
    """Ids of a written case and of the last entry of its history."""

    case_id: int
    last_event_id: int


@dataclass(kw_only=True)
class _Written:
    """The rows of one case: references between them are positions, ids are not known yet."""

    events: list[_Row] = field(default_factory=list)
    referrals: list[_Row] = field(default_factory=list)


class CaseImportService(Service):
    """Prepare and write imported cases."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.organization = work.get(OrganizationService)
        self._opening = work.get(OpeningService)

    # -- preparing ------------------------------------------------------------------------------------------

    def place(self, case: Case, detail: object, unit_id: int | None) -> tuple[int | None, str]:
        """Set the unit and the deadline of a case that has its status.

        An open case without a unit is routed like a new one, a closed one goes to the unit of its category. The working
        time of an open case without a deadline begins now: it was not promised before.

        :returns: the person to whom it is routed, if any, and what routed it.
        """
        self._opening.keep(case, detail)
        deadline, holder, rule = case.deadline, None, RULE
        if unit_id is not None:
            case.unit_id = unit_id
        elif case.is_open:
            routing = self.work.get(RoutingService)
            routing.place(case, self.work.clock.now())
            placed = routing.placed(case)
            holder, rule = placed.user_id, placed.rule
        else:
            routing = self.work.get(RoutingService)
            case.unit_id = self.organization.unit((routing.by_category(case) or routing.fallback()).unit).id
        if deadline != NEVER or not case.is_open:
            case.deadline, case.deadline_from, case.deadline_work = deadline, None, None
        elif unit_id is not None:
            days = self.work.get(RoutingService).days(case, None)
            set_deadline(case, self.work.clock.now(), days, self.organization.calendar)
        return holder, rule

    def is_attended(self, case: Case, holder_id: int | None) -> bool:
        """Return whether anyone would work on an open case."""
        before = self.work.get(CustodyService).before(
            case.kind, case.category_id, case.unit_id or 0, holder_id
        )
        return before != "none"

    # -- writing --------------------------------------------------------------------------------------------

    def write(self, imported: Sequence[ImportedCase], people: Mapping[str, User]) -> list[WrittenCase]:
        """Write cases with their history, referrals, counters and search words.

        :param people: citizens by mobile.
        """
        codes = self._codes(len(imported))
        for one, code in zip(imported, codes, strict=True):
            one.case.code = code
            self._name(one, people)
        rows = [self._history(one) for one in imported]
        self.session.add_all([one.case for one in imported])
        self.session.flush()
        for one in imported:
            if one.detail is not None:
                setattr(one.detail, "case_id", one.case.id)  # noqa: B010 - details of kinds have no common type
                self.session.add(one.detail)
            count(self.work, one.case)
        self.session.flush()
        lasts = self._write_rows(imported, rows)
        references = [
            {
                "case_id": one.case.id,
                "source": one.source,
                "code": one.reference,
                "code_key": reference_key(one.reference),
            }
            for one in imported
            if one.reference
        ]
        if references:
            self.session.execute(insert(CaseReference), references)
        return [WrittenCase(one.case.id, last) for one, last in zip(imported, lasts, strict=True)]

    def _codes(self, number: int) -> list[str]:
        """Return unused tracking codes."""
        found: set[str] = set()
        while len(found) < number:
            drawn = {new_code() for _one in range(number - len(found))}
            taken = self.session.scalars(select(Case.code).where(Case.code.in_(drawn)))
            found |= drawn.difference(taken)
        return list(found)

    def _name(self, one: ImportedCase, people: Mapping[str, User]) -> None:
        """Set the citizen of a case and the words by which it is found."""
        case, citizen = one.case, people.get(one.mobile or "")
        case.citizen_id = citizen.id if citizen else None
        names = [*(case.people or "").splitlines(), *([] if citizen or not one.name else [one.name])]
        case.people = as_lines(names)
        topic = self.organization.category_name(case.category_id, self.work.site.locale)
        found = words_of(case.subject, case.place, case.body, topic, citizen.name if citizen else "", *names)
        case.search_text, case.search_person = found["search_text"], found["search_person"]

    def _write_rows(self, imported: Sequence[ImportedCase], rows: Sequence[_Written]) -> list[int]:
        """Write histories and referrals; return the last entry of each."""
        events: list[_Row] = []
        for one, written in zip(imported, rows, strict=True):
            for event in written.events:
                event["case_id"] = one.case.id
                event["digests"] = digest_words(self.work.site.keys, CaseEvent(**event))
            events += written.events
        returning = insert(CaseEvent).returning(CaseEvent.id, sort_by_parameter_order=True)
        ids = iter(self.session.scalars(returning, events, execution_options=_TOGETHER).all())
        referrals: list[_Row] = []
        lasts: list[int] = []
        chains: list[tuple[int, int]] = []
        for one, written in zip(imported, rows, strict=True):
            own = [next(ids) for _event in written.events]
            self._add_pictures(one, own[0])
            if one.kind.import_written is not None:
                story = [CaseEvent(**row, id=number) for row, number in zip(written.events, own, strict=True)]
                one.kind.import_written(one.case, one.texts, story, self.work)
            lasts.append(own[-1])
            for place, referral in enumerate(written.referrals):
                for name in ("opened_event_id", "closed_event_id"):
                    position = referral[name]
                    referral[name] = own[position] if isinstance(position, int) else None
                referral["case_id"] = one.case.id
                if place:
                    chains.append((len(referrals) - 1, len(referrals)))
                referrals.append(referral)
        numbered = insert(Referral).returning(Referral.id, sort_by_parameter_order=True)
        numbers = (
            self.session.scalars(numbered, referrals, execution_options=_TOGETHER).all() if referrals else []
        )
        if chains:
            linked = [{"id": numbers[later], "previous_id": numbers[earlier]} for earlier, later in chains]
            self.session.bulk_update_mappings(Referral.__mapper__, linked)
        return lasts

    def _add_pictures(self, one: ImportedCase, event_id: int) -> None:
        """Add the rows of the pictures that a case was sent with."""
        for picture in one.pictures:
            self.session.add(
                Attachment(
                    **asdict(picture),
                    case_id=one.case.id,
                    event_id=event_id,
                    user_id=one.case.citizen_id,
                    created_at=self.work.clock.now(),
                )
            )

    def _history(self, one: ImportedCase) -> _Written:
        """Return the rows of a case's history, and set its measures."""
        return _Story(self.work, one, self.organization.calendar.working_time_between).rows()

    # -- taking back ----------------------------------------------------------------------------------------

    def touched(self, written: Collection[WrittenCase]) -> set[int]:
        """Return the ids of imported cases that something has happened to since."""
        ids = [one.case_id for one in written]
        later = {one.case_id: one.last_event_id for one in written}
        latest = select(CaseEvent.case_id, func.max(CaseEvent.id)).where(CaseEvent.case_id.in_(ids))
        found = {
            case_id
            for case_id, last in self.session.execute(latest.group_by(CaseEvent.case_id))
            if last > later[case_id]
        }
        others = or_(
            exists().where(Follower.case_id == Case.id),
            exists().where(Rating.case_id == Case.id),
            exists().where(or_(CaseLink.from_id == Case.id, CaseLink.to_id == Case.id)),
        )
        found.update(self.session.scalars(select(Case.id).where(Case.id.in_(ids), others)))
        return found

    def remove(self, ids: Collection[int]) -> int:
        """Delete imported cases with everything that belongs to them; return their number."""
        cases = self.session.scalars(select(Case).where(Case.id.in_(ids)).with_for_update()).all()
        self._opening.read_details(cases)
        for case in cases:
            count(self.work, case, -1)
        # Foreign keys delete history, referrals, details and rows of pictures with their case.
        self.session.execute(delete(Case).where(Case.id.in_([case.id for case in cases])))
        for case in cases:
            self.session.expunge(case)
        return len(cases)


class _Story:
    """Converts the steps of one case to rows.

    :param worked: returns the working time between two moments.
    """

    def __init__(
        self, work: "Work", one: ImportedCase, worked: Callable[[datetime, datetime], timedelta]
    ) -> None:
        self._one, self._case, self._worked = one, one.case, worked
        self._workflow = one.kind.workflow
        self._now = work.clock.now()
        self._written = _Written()
        self._state = self._workflow.state(self._workflow.initial)

    def rows(self) -> _Written:
        """Return the rows."""
        case, steps = self._case, self._one.steps
        final_unit, final = case.unit_id, self._workflow.state(case.status)
        first_unit = next((step.unit_id for step in steps if step.unit_id), final_unit)
        citizen = case.citizen_id is not None
        self._event(
            "opened",
            case.created_at,
            realm="citizen" if citizen else "system",
            actor_id=case.citizen_id,
            after=self._state.name,
            public=True,
            data={"source": self._one.source, "reference": self._one.reference},
        )
        case.unit_id = first_unit
        self._refer(case.created_at, rule=self._one.rule)
        for step in steps:
            self._take(step)
        last = max((step.at for step in steps), default=case.created_at)
        if final_unit != case.unit_id:
            self._pass_on(last, final_unit, ImportedStep(at=last))
        if final is not self._state:
            self._move(ImportedStep(at=case.closed_at or last, status=final.name))
        case.updated_at = max(case.updated_at, last, case.closed_at or last)
        if case.paused_at is not None:
            # The deadline begins with the import, and so does its pause.
            case.paused_at = self._now
        if self._written.referrals and case.is_open:
            self._written.referrals[-1]["to_user_id"] = self._one.holder_id
        return self._written

    def _take(self, step: ImportedStep) -> None:
        if step.unit_id and step.unit_id != self._case.unit_id:
            self._pass_on(step.at, step.unit_id, step)
        if step.status and step.status != self._state.name:
            self._move(step)
        elif step.public_text or step.internal_text:
            self._event(
                "commented",
                step.at,
                actor_name=step.actor_name,
                public=bool(step.public_text),
                public_text=step.public_text,
                internal_text=step.internal_text,
                data={"expert": bool(step.public_text)},
            )

    def _move(self, step: ImportedStep) -> None:
        """Change the status."""
        case, old, new = self._case, self._state, self._workflow.state(step.status or "")
        named = (t.name for t in self._workflow.from_state(old.name) if t.target == new.name)
        self._event(
            "transition",
            step.at,
            actor_name=step.actor_name,
            transition=next(named, None),
            before=old.name,
            after=new.name,
            public=True,
            public_text=step.public_text,
            internal_text=step.internal_text,
        )
        self._state = new
        if old.is_open and not new.is_open:
            case.closed_at = step.at
            case.handling_minutes = round(self._worked(case.created_at, step.at).total_seconds() / 60)
            self._end(step.at, "acted")
        elif new.is_open and not old.is_open:
            case.closed_at = case.handling_minutes = None
            case.reopenings += 1
            self._refer(step.at)
        case.paused_at = step.at if new.pauses_deadline else None
        case.status, case.stage = new.name, new.stage

    def _pass_on(self, at: datetime, unit_id: int | None, step: ImportedStep) -> None:
        """Refer the case to another unit."""
        case, before = self._case, self._case.unit_id
        case.unit_id = unit_id
        case.hops += 1
        self._event(
            "referred",
            at,
            actor_name=step.actor_name,
            public=True,
            data={"unit_id": unit_id, "user_id": None, "from_unit_id": before},
        )
        if self._state.is_open:
            self._end(at, "referred")
            self._refer(at, from_unit_id=before)

    def _refer(self, at: datetime, *, rule: str = "", from_unit_id: int | None = None) -> None:
        """Open a referral for action in the unit of the case."""
        self._written.referrals.append(
            {
                "type": "action",
                "from_unit_id": from_unit_id,
                "to_unit_id": self._case.unit_id,
                "to_user_id": None,
                "rule": rule,
                "created_at": at,
                "closed_at": None,
                "closed_how": None,
                "opened_event_id": len(self._written.events) - 1,
                "closed_event_id": None,
                "reopened": self._case.reopenings > 0,
            }
        )

    def _end(self, at: datetime, how: str) -> None:
        """Close the open referral by the last event."""
        last = self._written.referrals[-1]
        last.update(
            closed_at=at, closed_how=how, closed_event_id=len(self._written.events) - 1, reopened=False
        )

    def _event(self, type_: str, at: datetime, *, data: _Row | None = None, **values: object) -> None:
        self._written.events.append(
            {
                "type": type_,
                "transition": None,
                "before": None,
                "after": None,
                "actor_id": None,
                "actor_name": "",
                "realm": "staff",
                "unit_id": None if type_ == "opened" else self._case.unit_id,
                "public": False,
                "public_text": "",
                "internal_text": "",
                "at": at,
                **values,
                "data": {**(data or {}), IMPORTED: self._now.isoformat()},
            }
        )
