"""Codes by which an earlier system knew imported cases."""

from collections.abc import Iterable

from sqlalchemy import exists, select

from civicportal.core.work import Service
from civicportal.domain.cases.access.rights import visible
from civicportal.domain.cases.models import IMPORTED, Case, CaseEvent, CaseReference
from civicportal.util.persian import DASHES, compact, key

LONGEST = 60
"""Characters of a code."""
MOST = 10
"""Cases with one code that are considered."""


def reference_key(code: str) -> str:
    """Return a code for comparison: Latin digits, small letters, without spaces and dashes."""
    return compact(key(code), also=DASHES)[:LONGEST]


def earlier_code(events: Iterable[CaseEvent]) -> str:
    """Return the code by which an earlier system knew a case, from its history; empty if it came from none."""
    opened = (event for event in events if event.type == "opened" and IMPORTED in event.data)
    return str(next((event.data.get("reference", "") for event in opened), ""))


class ReferenceService(Service):
    """Look up cases by their earlier code."""

    def exist(self) -> bool:
        """Return whether any imported case has an earlier code."""
        return bool(self.session.scalar(select(exists().select_from(CaseReference))))

    def codes_of(self, code: str) -> list[str]:
        """Return the tracking codes of the cases with an earlier code, latest first; checks no right."""
        query = select(Case.code).join(CaseReference, CaseReference.case_id == Case.id)
        query = query.where(CaseReference.code_key == reference_key(code))
        return list(self.session.scalars(query.order_by(Case.id.desc()).limit(MOST)))

    def seen(self, code: str) -> str | None:
        """Return the tracking code of the case with an earlier code, if it is the only one that the actor sees."""
        query = select(Case.code).join(CaseReference, CaseReference.case_id == Case.id)
        query = query.where(CaseReference.code_key == reference_key(code), visible(self.work.actor))
        found = self.session.scalars(query.distinct().limit(2)).all()
        return found[0] if len(found) == 1 else None
