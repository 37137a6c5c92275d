"""The questions of categories, cached by each process, and the answers of cases."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, TypeAlias

import colander
from sqlalchemy import ColumnElement, exists, or_, select

from civicportal.core.translated import text_in
from civicportal.core.work import Service
from civicportal.domain.cases.models import Case
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.questionnaires.answers import (
    LISTS,
    MOST_QUESTIONS,
    NOT_ASKED,
    AnswersInvalid,
    AnswerValue,
    AskedQuestion,
    OfferedChoice,
    check_answers,
    chosen_keys,
    read_answer,
    wrong_json,
)
from civicportal.domain.questionnaires.fields import QuestionFields
from civicportal.domain.questionnaires.models import CaseAnswer, CategoryQuestion, QuestionChoice
from civicportal.util.i18n import _, is_persian, listed, localized_digits
from civicportal.web.schema import JsonObject, Node, Option

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from civicportal.core.work import Work


@dataclass(frozen=True, kw_only=True)
class GivenAnswer:
    """The answer of a case to one question.

    :ivar question: in the language of the unit of work, with the words of today.
    :ivar label: what was asked: in the language of the unit of work if the words are the same today, else as it was.
    :ivar value: as the API gives it; keys of choices for lists.
    :ivar words: the answer as it is read.
    """

    question: AskedQuestion
    label: str
    value: AnswerValue
    words: str


class QuestionnaireService(Service):
    """Ask the questions of categories, and keep the answers of cases.

    :cvar Fields: the questions in a form, see :meth:`fields`.
    """

    Fields: TypeAlias = QuestionFields

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self._chosen: dict[int, frozenset[int]] = work.memo()
        self._opening: frozenset[int] = frozenset()

    # -- questions ------------------------------------------------------------------------------------------

    def questions(self, category_id: int | None, *, retired: bool = False) -> list[AskedQuestion]:
        """Return the questions of a category in their order, in the language of the unit of work.

        :param retired: with those that are no longer asked.
        """
        found = self._all().get(category_id or 0, ())
        return [question for question in found if retired or question.active]

    def asking_categories(self) -> frozenset[int]:
        """Return the ids of the categories that ask questions now."""
        return frozenset(
            category_id for category_id, found in self._all().items() if any(one.active for one in found)
        )

    def fields(self, kind: str) -> QuestionFields:
        """Return the questions of the active categories of a kind of case, as fields of a form that opens one."""
        asking, tree = self.asking_categories(), self.work.get(OrganizationService).categories_of(kind)
        active = [row for row in tree.by_id.values() if row.active and row.id in asking]
        return QuestionFields({row.key: self.questions(row.id) for row in active})

    @staticmethod
    def json_node() -> colander.SchemaNode:
        """Return the field ``answers`` of the body of a call, whose value :meth:`read` checks."""
        return Node(
            JsonObject(MOST_QUESTIONS),
            title=_("Answers"),
            description=_(
                "By the keys of the questions of the category: a text, a number, a day or time in ISO 8601, the key of a "
                "choice, or a list of them"
            ),
            missing={},
        )

    def choice_options(self, category_ids: Collection[int] | None = None) -> list[Option]:
        """Return the choices of lists as options of a filter, retired ones included, grouped by question.

        :param category_ids: of the categories; None for all.
        """
        return [
            Option(value=str(choice.id), label=choice.label, group=question.label)
            for category_id, question, choice in self._choices()
            if category_ids is None or category_id in category_ids
        ]

    def choice_categories(self) -> dict[int, int]:
        """Return the id of the category for each choice of a list, by the id of the choice."""
        return {choice.id: category_id for category_id, _question, choice in self._choices()}

    def read(
        self, category_id: int | None, given: Mapping[str, object], *, typed: bool = False
    ) -> dict[str, AnswerValue]:
        """Return the answers of other software, checked.

        :param given: by the keys of the questions: texts, JSON values or lists of keys, see
            :meth:`AskedQuestion.node`; empty values count as none.
        :param typed: they are JSON values: numbers are numbers, and times are in ISO 8601.
        :raises AnswersInvalid: for values or answers that are not allowed.
        """
        known = {question.key: question for question in self.questions(category_id) if question.variable}
        answers, errors = dict[str, AnswerValue](), dict[str, str]()
        for key, value in given.items():
            if key not in known:
                errors[key] = NOT_ASKED
                continue
            if typed and (wrong := wrong_json(known[key], value)):
                errors[key] = wrong
                continue
            try:
                read = read_answer(known[key], value, self._bound)
            except colander.Invalid as invalid:
                errors[key] = next(filter(None, invalid.messages()), NOT_ASKED)
            else:
                if read is not None:
                    answers[key] = read
        if errors:
            raise AnswersInvalid(errors)
        return self.check(category_id, answers)

    def check(self, category_id: int | None, answers: Mapping[str, AnswerValue]) -> dict[str, AnswerValue]:
        """Return answers with values of the right types; see :func:`check_answers`."""
        return check_answers(self.questions(category_id), answers)

    # -- answers --------------------------------------------------------------------------------------------

    def write(self, case: Case, answers: Mapping[str, AnswerValue]) -> None:
        """Store the answers of a new case, checked once more.

        :param answers: by the keys of the questions of its category.
        :raises AnswersInvalid: when they are not allowed any more, for instance after a change of the questions.
        """
        checked = self.check(case.category_id, answers)
        self._chosen.pop(case.id, None)
        spoken = {one.id: one for one in self._all(self.work.site.locale).get(case.category_id or 0, ())}
        by_key = {question.key: question for question in spoken.values()}
        for key, value in checked.items():
            question = by_key[key]
            if not question.is_list:
                self.session.add(self._row(case, question, text=_stored(value)))
                continue
            chosen = chosen_keys(value)
            for choice in question.choices:
                if choice.key in chosen:
                    row = self._row(case, question, choice_id=choice.id, chosen=choice.label)
                    self.session.add(row)

    def answers(self, cases: Collection[Case], *, public: bool = False) -> dict[int, list[GivenAnswer]]:
        """Return the answers of cases by their ids, in the order of their questions, in one statement.

        There is none if no question was ever asked. Erased texts are left out.

        :param public: only those that everybody may see once a case is published.
        """
        found: dict[int, list[GivenAnswer]] = {case.id: [] for case in cases}
        known = self._by_id()
        if not known or not found:
            return found
        query = select(CaseAnswer).where(CaseAnswer.case_id.in_(found)).order_by(CaseAnswer.id)
        rows: dict[tuple[int, int], list[CaseAnswer]] = {}
        for row in self.session.scalars(query):
            rows.setdefault((row.case_id, row.question_id), []).append(row)
        for (case_id, question_id), own in rows.items():
            question, usual = known[question_id]
            if question.public or not public:
                found[case_id] += self._given(question, usual, own)
        return found

    def of(self, case: Case, *, corrected: bool = True, public: bool = False) -> list[GivenAnswer]:
        """Return the answers of one case.

        :param corrected: whether its category may have been another one; if not, a category without questions costs
            no statement.
        """
        if not corrected and not self.questions(case.category_id, retired=True):
            return []
        return self.answers([case], public=public)[case.id]

    @contextmanager
    def opening(self, answers: Mapping[str, AnswerValue] | None, category_id: int | None) -> Iterator[None]:
        """Let the rules of routing know the answers of the case that is opened in this block.

        :param answers: of its category, as :meth:`write` takes them after the block; None for none.
        """
        self._opening = self._choice_ids(category_id, answers) if answers else frozenset()
        try:
            yield
        finally:
            self._opening = frozenset()

    def read_choices(self, cases: Collection[Case]) -> None:
        """Load the chosen answers of many cases, in one statement."""
        found: dict[int, set[int]] = {case.id: set() for case in cases}
        query = select(CaseAnswer.case_id, CaseAnswer.choice_id)
        query = query.where(CaseAnswer.case_id.in_(found), CaseAnswer.choice_id.is_not(None))
        for case_id, choice_id in self.session.execute(query):
            found[case_id].add(choice_id or 0)
        self._chosen.update((case_id, frozenset(ids)) for case_id, ids in found.items())

    def chosen(self, case: Case) -> frozenset[int]:
        """Return the ids of the choices among the answers of a case, see also :meth:`read_choices`."""
        if not case.id:
            return self._opening
        if case.id not in self._chosen:
            self.read_choices([case])
        return self._chosen[case.id]

    def choice_title(self, choice_id: int | None) -> str:
        """Return question and choice in the language of the unit of work; empty for one that was deleted."""
        titles = (
            f"{question.label} – {choice.label}"
            for _category_id, question, choice in self._choices()
            if choice.id == choice_id
        )
        return next(titles, "")

    def is_offered(self, choice_id: int) -> bool:
        """Return whether new cases can have a choice."""
        return any(
            choice.id == choice_id and question.active and choice.active
            for _category_id, question, choice in self._choices()
        )

    def has_choice(self, choice_id: int) -> ColumnElement[bool]:
        """Return the condition on ``Case`` for cases with a choice among their answers."""
        return exists().where(CaseAnswer.choice_id == choice_id, CaseAnswer.case_id == Case.id)

    def has_answer(self, question: str, choice: str) -> ColumnElement[bool] | None:
        """Return the condition on ``Case`` for cases with a choice, of the questions of any category.

        It is None if there is no such choice.

        :param question: its key.
        :param choice: its key.
        """
        found = [
            self.has_choice(one.id)
            for _category_id, asked, one in self._choices()
            if (asked.key, one.key) == (question, choice)
        ]
        return or_(*found) if found else None

    # -- inside ---------------------------------------------------------------------------------------------

    def _choices(self) -> Iterator[tuple[int, AskedQuestion, OfferedChoice]]:
        """Yield the choices of lists, retired ones included, each with its question and the id of the category."""
        for category_id, found in self._all().items():
            for question in found:
                if question.variable and question.is_list:
                    yield from ((category_id, question, choice) for choice in question.choices)

    def _choice_ids(self, category_id: int | None, answers: Mapping[str, AnswerValue]) -> frozenset[int]:
        return frozenset(
            choice.id
            for question in self.questions(category_id)
            if question.is_list and question.key in answers
            for choice in question.choices
            if choice.key in chosen_keys(answers[question.key])
        )

    def _all(self, locale: str = "") -> dict[int, tuple[AskedQuestion, ...]]:
        locale = locale or self.work.locale
        return self.work.reference(f"questionnaires:{locale}", lambda session: _read(session, locale))

    def _by_id(self) -> dict[int, tuple[AskedQuestion, AskedQuestion]]:
        """Return all questions, in the language of the unit of work and in that of the site."""
        usual = {one.id: one for found in self._all(self.work.site.locale).values() for one in found}
        return {one.id: (one, usual[one.id]) for found in self._all().values() for one in found}

    def _bound(self, node: colander.SchemaNode) -> colander.SchemaNode:
        site = self.work.site
        bound: colander.SchemaNode = node.bind(country=site.country, calendar=site.calendar)
        return bound

    @staticmethod
    def _row(case: Case, question: AskedQuestion, **values: object) -> CaseAnswer:
        return CaseAnswer(case_id=case.id, question_id=question.id, asked=question.label, **values)

    def _given(
        self, question: AskedQuestion, usual: AskedQuestion, rows: Sequence[CaseAnswer]
    ) -> list[GivenAnswer]:
        label = question.label if rows[0].asked == usual.label else rows[0].asked
        if not question.is_list:
            if not rows[0].text:
                return []
            value = _loaded(question, rows[0].text)
            return [GivenAnswer(question=question, label=label, value=value, words=self._words(value))]
        labels = {
            own.id: (own.key, own.label, original.label)
            for own, original in zip(question.choices, usual.choices, strict=True)
        }
        keys, words = [], []
        for row in rows:
            key, now, before = labels[row.choice_id or 0]
            keys.append(key)
            words.append(now if row.chosen == before else row.chosen)
        value = keys[0] if question.datatype == "singlevaluelist" else tuple(keys)
        words_of_all = listed(words, self.work.locale)
        return [GivenAnswer(question=question, label=label, value=value, words=words_of_all)]

    def _words(self, value: AnswerValue) -> str:
        calendar, locale = self.work.site.calendar, self.work.locale
        if isinstance(value, datetime):
            return calendar.format_datetime(value, locale=locale)
        if isinstance(value, date):
            return calendar.format_date(value, locale=locale)
        if isinstance(value, float):
            text = _stored(value)
            return localized_digits(text.replace(".", "٫") if is_persian(locale) else text, locale)
        return str(value)


def _stored(value: AnswerValue) -> str:
    """Return an answer as it is stored."""
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return f"{value:.8f}".rstrip("0").rstrip(".") if isinstance(value, (int, float)) else str(value)


def _loaded(question: AskedQuestion, text: str) -> AnswerValue:
    if question.datatype == "number":
        return float(text)
    if question.datatype == "datetime":
        return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
    return text


def _read(session: "Session", locale: str) -> dict[int, tuple[AskedQuestion, ...]]:
    """Load all questions in a language, by the id of their category."""
    choices: dict[int, list[OfferedChoice]] = {}
    in_order = select(QuestionChoice).order_by(QuestionChoice.weight.desc(), QuestionChoice.id)
    for choice in session.scalars(in_order):
        offered = OfferedChoice(
            id=choice.id,
            key=choice.key,
            label=text_in(choice, "label", locale),
            stop=text_in(choice, "stop", locale),
            active=choice.active,
        )
        choices.setdefault(choice.question_id, []).append(offered)
    rows = session.scalars(
        select(CategoryQuestion).order_by(CategoryQuestion.weight.desc(), CategoryQuestion.id)
    ).all()
    keys = {row.id: row.key for row in rows}
    found: dict[int, list[AskedQuestion]] = {}
    for row in rows:
        question = AskedQuestion(
            id=row.id,
            key=row.key,
            datatype=row.datatype,
            label=text_in(row, "label", locale),
            hint=text_in(row, "hint", locale),
            variable=row.variable,
            required=row.required,
            # Typed text may name a person; it is not published whatever a file of the site or an import says.
            public=row.public and row.datatype in LISTS,
            active=row.active,
            after=keys.get(row.condition_id or 0, ""),
            after_keys=tuple(row.condition_keys),
            choices=tuple(choices.get(row.id, ())),
        )
        found.setdefault(row.category_id, []).append(question)
    return {category_id: tuple(own) for category_id, own in found.items()}
