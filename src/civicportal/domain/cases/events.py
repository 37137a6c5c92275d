"""The history of cases, read once per unit of work."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import and_, bindparam, select

from civicportal.core.db import BigId
from civicportal.domain.cases.attachments import LoadedPictures
from civicportal.domain.cases.models import Attachment, Case, CaseEvent

if TYPE_CHECKING:
    from civicportal.core.work import Work

ONCE = "once"
"""Key in a transition's data for the idempotency key of its form."""

#: Every picture of a case came with one of its events.
_WITH_PICTURES = (
    select(CaseEvent, Attachment)
    .outerjoin(Attachment, and_(Attachment.case_id == CaseEvent.case_id, Attachment.event_id == CaseEvent.id))
    .where(CaseEvent.case_id == bindparam("case_id", type_=BigId))
    .order_by(CaseEvent.id.desc(), Attachment.id)
)


class Events:
    """The events of the cases of one unit of work, latest first."""

    def __init__(self, work: "Work") -> None:
        self._session = work.session
        self._work = work
        self._read: dict[int, Sequence[CaseEvent]] = work.memo()
        self._added: dict[int, CaseEvent] = work.memo()

    def of(self, case: Case) -> Sequence[CaseEvent]:
        """Return every event of a case; its pictures are read by the same statement."""
        if case.id not in self._read:
            rows = self._session.execute(_WITH_PICTURES, {"case_id": case.id}).all()
            pictures = [picture for _event, picture in rows if picture is not None]
            pictures.sort(key=lambda picture: picture.id)
            self._work.get(LoadedPictures).by_case[case.id] = pictures
            self._read[case.id] = list(dict.fromkeys(event for event, _picture in rows))
        return self._read[case.id]

    def load(self, cases: Iterable[Case]) -> None:
        """Load the events of many cases in one statement."""
        found: dict[int, list[CaseEvent]] = {case.id: [] for case in cases if case.id not in self._read}
        query = select(CaseEvent).where(CaseEvent.case_id.in_(list(found))).order_by(CaseEvent.id.desc())
        for event in self._session.scalars(query) if found else ():
            found[event.case_id].append(event)
        self._read.update(found)

    def last(self, case: Case) -> CaseEvent | None:
        """Return the latest event, without loading the others."""
        if case.id in self._read:
            return next(iter(self._read[case.id]), None)
        if case.id in self._added:
            return self._added[case.id]
        query = select(CaseEvent).where(CaseEvent.case_id == case.id).order_by(CaseEvent.id.desc())
        return self._session.scalar(query.limit(1))

    def by_form(self, case: Case, once: str) -> CaseEvent | None:
        """Return the transition that a form of the actor has taken before.

        :param once: its idempotency key.
        """
        query = select(CaseEvent).where(
            CaseEvent.case_id == case.id,
            CaseEvent.type == "transition",
            CaseEvent.actor_id == self._work.actor.user_id,
        )
        return next((event for event in self._session.scalars(query) if event.data.get(ONCE) == once), None)

    def add(self, event: CaseEvent) -> None:
        """Add an event, and drop the loaded history of its case."""
        self._session.add(event)
        self._session.flush()
        self._read.pop(event.case_id, None)
        self._added[event.case_id] = event
