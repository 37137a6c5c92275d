"""From tracking codes to numbers and back, for whoever keeps only the numbers of cases."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sqlalchemy import select

from civicportal.cases.models import Case

if TYPE_CHECKING:
    from civicportal.work import Work

NONE = 0
"""The number of no case."""


class CodeService:
    """Looks codes up; it opens nothing, so it asks for no right."""

    def __init__(self, work: "Work") -> None:
        self.session = work.session

    def id_of(self, code: str) -> int:
        """Return the number of a case, or 0 when no case has this code."""
        return self.session.scalar(select(Case.id).where(Case.code == code)) or NONE

    def codes_of(self, ids: Iterable[int]) -> dict[int, str]:
        """Return the codes of cases by their numbers."""
        rows = self.session.execute(select(Case.id, Case.code).where(Case.id.in_(set(ids))))
        return dict(rows.all())
