"""Lookup of tracking codes in the database."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select, union_all

from civicportal.core.work import Service
from civicportal.domain.cases.models import Case
from civicportal.util.tracking import new_code

if TYPE_CHECKING:
    from civicportal.core.work import Work

_CASES = select(Case.id, Case.code, Case.idempotency_key)
#: The cases with a key or a code; built once, because every form that opens a case uses it. Two queries: where most
#: cases have no key, SQLite would read all cases for "this key or that code".
TAKEN = union_all(
    _CASES.where(Case.idempotency_key == bindparam("key")), _CASES.where(Case.code == bindparam("code"))
)
NONE = 0
"""The id that no case has."""


class CodeService(Service):
    """Look up codes; it returns ids only and therefore checks no right."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self._free = ""

    def id_of(self, code: str) -> int:
        """Return the id of a case by its code, else 0."""
        return self.session.scalar(select(Case.id).where(Case.code == code)) or NONE

    def codes_of(self, ids: Iterable[int]) -> dict[int, str]:
        """Return the codes of cases by their ids."""
        rows = self.session.execute(select(Case.id, Case.code).where(Case.id.in_(set(ids))))
        return dict(rows.all())

    def free(self) -> str:
        """Return a new, unused code."""
        code, self._free = self._free, ""
        while not code:
            drawn = new_code()
            code = "" if self.id_of(drawn) else drawn
        return code

    def opened_by(self, idempotency_key: str) -> Case | None:
        """Return the case that has this key, if any.

        Otherwise one is opened next, so the query also checks whether a code is free for it.
        """
        code = new_code()
        found = self.session.execute(TAKEN, {"key": idempotency_key, "code": code}).all()
        self._free = "" if any(row.code == code for row in found) else code
        before = next((row.id for row in found if row.idempotency_key == idempotency_key), None)
        return self.session.get(Case, before) if before else None
