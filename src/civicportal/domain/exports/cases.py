"""Rows and columns shared by the exports of all kinds of cases."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from civicportal.core.db import NEVER
from civicportal.domain.accounts.models import User
from civicportal.domain.cases.history import status_title
from civicportal.domain.cases.kinds import kind_of
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.paging import SORTS, Sort
from civicportal.domain.cases.sources import SOURCES
from civicportal.domain.cases.workflow import STAGES
from civicportal.domain.exports.types import SORT, ExportColumn, Masked, Title
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.questionnaires.services import QuestionnaireService
from civicportal.util.i18n import _
from civicportal.util.queries import Record, Rows, Selected
from civicportal.util.values import Values

if TYPE_CHECKING:
    from civicportal.core.work import Work

PEOPLE = frozenset({"citizen", "mobile"})


@dataclass(frozen=True, kw_only=True)
class CaseRow:
    """A row of a case export.

    :ivar details: what the source reads besides the case.
    :ivar category: name of the root category.
    :ivar topic: name of the category itself if it is not the root.
    :ivar answers: to the questions of the category, a line each; read only for the column ``answers``.
    """

    case: Case
    details: Sequence[Any]
    kind: Title
    status: Title
    stage: Title
    category: str
    topic: str
    unit: str
    citizen: str
    mobile: Masked | None
    answers: str = ""


class CaseSource:
    """Source of case rows; a plugin's subclass provides the query.

    :param names: of the requested columns.
    """

    #: Entities read for each case.
    entities: tuple[Selected, ...] = (Case,)

    def __init__(self, work: "Work", values: Values, names: frozenset[str]) -> None:
        self.work = work
        self.values = values
        self.names = names
        self.organization = work.get(OrganizationService)

    @staticmethod
    def columns(
        *, without: Collection[str] = (), more: Iterable[ExportColumn] = (), answers: bool = False
    ) -> tuple[ExportColumn, ...]:
        """Return the common columns and those of one kind.

        :param answers: with the answers to the questions of categories.
        """
        own = (ANSWERS,) if answers else ()
        return (*(column for column in CASE_COLUMNS if column.name not in without), *more, *own)

    def query(self, *columns: Selected) -> "Rows":
        """Return the list's query for visible cases."""
        raise NotImplementedError

    @property
    def sort_name(self) -> str:
        """Return the list's order, by default from its URL."""
        return self.values.get(SORT) or "newest"

    @property
    def sort(self) -> Sort:
        """Return the order of the list."""
        return SORTS.get(self.sort_name, SORTS["newest"])

    def rows(self, found: Sequence[Record]) -> Iterable[CaseRow]:
        """Return the rows of the cases.

        Citizens are loaded only if a column needs them.
        """
        people = self._people(one[0] for one in found) if self.names & PEOPLE else {}
        cases = [one[0] for one in found] if ANSWERS.name in self.names else []
        answers = self.work.get(QuestionnaireService).answers(cases)
        return [
            replace(
                self.row(case, details, people),
                answers="\n".join(f"{one.label} {one.words}" for one in answers.get(case.id, ())),
            )
            for case, *details in found
        ]

    def row(
        self, case: Case, details: Sequence[Any], people: Mapping[int, tuple[str, Masked | None]]
    ) -> CaseRow:
        """Return one row.

        :param details: what was read besides the case.
        :param people: name and mobile by id of the citizen.
        """
        kind = kind_of(self.work.site, case.kind)
        category, topic = self._category(case)
        citizen, mobile = people.get(case.citizen_id or 0, ("", None))
        return CaseRow(
            case=case,
            details=details,
            kind=kind.title,
            status=status_title(kind, case),
            stage=STAGES[case.stage],
            category=category,
            topic=topic,
            unit=self.organization.unit_name(case.unit_id),
            citizen=citizen,
            mobile=mobile,
        )

    def _category(self, case: Case) -> tuple[str, str]:
        tree = self.organization.categories
        if case.category_id not in tree.by_id:
            return "", ""
        root, own = tree.root_of(case.category_id), tree.by_id[case.category_id]
        return root.name, own.name if own is not root else ""

    def _people(self, cases: Iterable[Case]) -> dict[int, tuple[str, Masked | None]]:
        ids = {case.citizen_id for case in cases if case.citizen_id}
        query = select(User.id, User.name, User.mobile).where(User.id.in_(ids))
        found = self.work.session.execute(query)
        return {user_id: (name, self._masked(mobile)) for user_id, name, mobile in found}

    def _masked(self, mobile: str | None) -> Masked | None:
        country = self.work.site.country
        return Masked(masked=country.mask_mobile(mobile), full=mobile) if mobile else None


#: For kinds of cases whose forms ask the questions of categories.
ANSWERS = ExportColumn(
    name="answers", title=_("Answers"), value=lambda row: row.answers, width=60, chosen=False
)


def _deadline(row: CaseRow) -> datetime | None:
    return None if row.case.deadline >= NEVER else row.case.deadline


CASE_COLUMNS: tuple[ExportColumn, ...] = (
    ExportColumn(
        name="code",
        title=_("Tracking code"),
        value=lambda row: row.case.code,
        kind="code",
        width=13,
        printed=True,
    ),
    ExportColumn(name="kind", title=_("Service"), value=lambda row: row.kind),
    ExportColumn(
        name="subject", title=_("Subject"), value=lambda row: row.case.subject, width=36, printed=True
    ),
    ExportColumn(
        name="body", title=_("Text of the case"), value=lambda row: row.case.body, width=60, chosen=False
    ),
    ExportColumn(name="stage", title=_("Stage"), value=lambda row: row.stage, chosen=False),
    ExportColumn(name="status", title=_("Status"), value=lambda row: row.status, printed=True),
    ExportColumn(name="category", title=_("Category"), value=lambda row: row.category, width=20),
    ExportColumn(name="topic", title=_("Subcategory"), value=lambda row: row.topic, width=22),
    ExportColumn(name="unit", title=_("Unit"), value=lambda row: row.unit, width=24, printed=True),
    ExportColumn(name="place", title=_("Place"), value=lambda row: row.case.place, width=36),
    ExportColumn(name="urgent", title=_("Urgent"), value=lambda row: row.case.urgent, kind="flag", width=8),
    ExportColumn(
        name="source", title=_("Came by"), value=lambda row: SOURCES.get(row.case.source, row.case.source)
    ),
    ExportColumn(
        name="created",
        title=_("Registered at"),
        value=lambda row: row.case.created_at,
        kind="moment",
        printed=True,
    ),
    ExportColumn(
        name="updated",
        title=_("Last change"),
        value=lambda row: row.case.updated_at,
        kind="moment",
        chosen=False,
    ),
    ExportColumn(name="deadline", title=_("Deadline"), value=_deadline, kind="moment"),
    ExportColumn(name="closed", title=_("Closed at"), value=lambda row: row.case.closed_at, kind="moment"),
    ExportColumn(
        name="citizen",
        title=_("Name of the citizen"),
        value=lambda row: row.citizen,
        personal="contact",
        chosen=False,
    ),
    ExportColumn(
        name="mobile",
        title=_("Mobile"),
        value=lambda row: row.mobile,
        kind="code",
        personal="contact",
        chosen=False,
    ),
)
