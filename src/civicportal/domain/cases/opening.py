"""Preparation of a new case: code, search words, unit and deadline."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from civicportal.core.db import NEVER
from civicportal.core.work import Service
from civicportal.domain.cases.codes import CodeService
from civicportal.domain.cases.kinds import kind_of
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.search_index import as_lines, citizen_name, words_of
from civicportal.domain.cases.workflow import CaseKind
from civicportal.domain.organization.services import OrganizationService

if TYPE_CHECKING:
    from civicportal.core.work import Work
    from civicportal.domain.organization.models import Category


class PlacementService:
    """Gives a new case its unit and its deadline; routing implements it."""

    def place(self, case: Case, start: datetime) -> None:
        """Assign a new case its unit and its deadline.

        :param start: start of the working time.
        """
        raise NotImplementedError


class OpeningService(Service):
    """Prepare cases before the insert.

    An update of ``cases`` maintains a dozen indexes.
    """

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self._details: dict[Case, Any] = work.memo()

    def prepare(
        self,
        kind: CaseKind,
        detail: Any,
        *,
        subject: str,
        place: str,
        body: str,
        people: Sequence[str],
        category: "Category | None",
        citizen_id: int | None,
        **values: object,
    ) -> Case:
        """Return a new, routed case that is not written yet.

        :param detail: the row of the kind's own table that is written after it, if any.
        :param values: of further columns.
        """
        now, initial = self.work.clock.now(), kind.workflow.state(kind.workflow.initial)
        organization = self.work.get(OrganizationService)
        named = organization.category_name(category.id if category else None, self.work.site.locale)
        case = Case(
            code=self.work.get(CodeService).free(),
            kind=kind.name,
            subject=subject,
            place=place,
            body=body,
            people=as_lines(people),
            category_id=category.id if category else None,
            citizen_id=citizen_id,
            status=initial.name,
            stage=initial.stage,
            created_at=now,
            updated_at=now,
            deadline=NEVER,
            **dict.fromkeys(("reopenings", "hops", "rated", "satisfied"), 0),
            **words_of(subject, place, body, named, citizen_name(self.work, citizen_id), *people),
            **values,
        )
        self._details[case] = detail
        self.work.get(PlacementService).place(case, case.created_at)
        return case

    def unknown(self, kind: CaseKind) -> Case:
        """Return a case with only a kind, to test routing.

        It is never written.
        """
        case = Case(kind=kind.name, status=kind.workflow.initial)
        self._details[case] = None
        return case

    def detail(self, case: Case) -> Any:
        """Return the detail row of a case; see ``CaseService.detail``."""
        if case in self._details:
            return self._details[case]
        model = kind_of(self.work.site, case.kind).detail_model
        return self.work.session.get(model, case.id) if model else None

    def keep(self, case: Case, detail: object) -> None:
        """Keep the detail row that was read with its case, None without one."""
        self._details[case] = detail

    def read_details(self, cases: Iterable[Case]) -> None:
        """Load the detail rows of many cases, in one statement per kind."""
        by_kind: dict[str, list[Case]] = {}
        for case in cases:
            by_kind.setdefault(case.kind, []).append(case)
        for name, of_kind in by_kind.items():
            model: Any = kind_of(self.work.site, name).detail_model
            if model is None:
                continue
            ids = [case.id for case in of_kind]
            rows = self.work.session.scalars(select(model).where(model.case_id.in_(ids)))
            found = {row.case_id: row for row in rows}
            self._details.update((case, found.get(case.id)) for case in of_kind)
