"""Rows and columns shared by the exports of all kinds of cases."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
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
from civicportal.domain.exports.types import SORT, ExportColumn, Kind, Masked, Title
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.questionnaires.answers import AnswerValue, AskedQuestion
from civicportal.domain.questionnaires.services import GivenAnswer, QuestionnaireService
from civicportal.util.i18n import _
from civicportal.util.queries import Record, Rows, Selected
from civicportal.util.values import Values

if TYPE_CHECKING:
    from civicportal.core.work import Work

PEOPLE = frozenset({"citizen", "mobile"})
ANSWERS = "answers"
_KINDS: dict[str, Kind] = {"number": "number", "datetime": "moment"}
"""How the answers of a datatype are written; others are texts."""


@dataclass(frozen=True, kw_only=True)
class CaseRow:
    """A row of a case export.

    :ivar details: what the source reads besides the case.
    :ivar category: name of the root category.
    :ivar topic: name of the category itself if it is not the root.
    :ivar answers: to questions of categories; read only for their columns.
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
    answers: Sequence[GivenAnswer] = ()


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
        *, without: Collection[str] = (), more: Iterable[ExportColumn] = (), answers: str = ""
    ) -> tuple[ExportColumn, ...]:
        """Return the common columns and those of one kind.

        :param answers: kind of case whose questions of categories have their answers exported: in one column, or in one for
            each question where the filters ``category`` and ``itself`` choose a category.
        """
        own = (_answers(answers),) if answers else ()
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
        cases = [one[0] for one in found] if any(name.startswith(ANSWERS) for name in self.names) else []
        answers = self.work.get(QuestionnaireService).answers(cases)
        return [
            replace(self.row(case, details, people), answers=answers.get(case.id, ()))
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


def _answers(kind: str) -> ExportColumn:
    """Return the column of all answers, a line each, which spreads to one for each question of the chosen category."""

    def spread(work: "Work", values: Values) -> Sequence[ExportColumn]:
        questions = _questions(work, kind, values)
        labels = Counter(question.label for question, _category in questions)
        own = [
            ExportColumn(
                name=f"{ANSWERS}:{question.id}",
                title=question.label if labels[question.label] == 1 else f"{question.label} ({category})",
                value=partial(_answer, question.id),
                kind=_KINDS.get(question.datatype, "text"),
                width=24,
            )
            for question, category in questions
        ]
        known = frozenset(question.id for question, _category in questions)
        # Of a category that was corrected since.
        others = replace(all_of_them, title=_("Other answers"), value=partial(_lines, known), spread=None)
        return [*own, others if own else all_of_them]

    all_of_them = ExportColumn(
        name=ANSWERS,
        title=_("Answers"),
        value=partial(_lines, frozenset()),
        width=60,
        chosen=False,
        hint=_("If the list is filtered by a category: one column for each question."),
        spread=spread,
    )
    return all_of_them


def _questions(work: "Work", kind: str, values: Values) -> list[tuple[AskedQuestion, str]]:
    """Return the questions of the category of the filters and of those below it, with the name of their category."""
    organization = work.get(OrganizationService)
    chosen = organization.category(kind, values.get("category") or "")
    if chosen is None:
        return []
    tree = organization.categories
    below = [] if values.get("itself") else tree.descendants(chosen.id)
    return [
        (question, category.name)
        for category in (chosen, *below)
        for question in work.get(QuestionnaireService).questions(category.id, retired=True)
        if question.variable
    ]


def _answer(question_id: int, row: CaseRow) -> AnswerValue | None:
    """Return the answer to a question: a number or time as it is, anything else as it is read."""
    given = next((one for one in row.answers if one.question.id == question_id), None)
    if given is None:
        return None
    value = given.value if given.question.datatype in _KINDS else given.words
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _lines(known: Collection[int], row: CaseRow) -> str:
    return "\n".join(f"{one.label} {one.words}" for one in row.answers if one.question.id not in known)


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
