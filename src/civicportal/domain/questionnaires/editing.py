"""Administration of the questions of categories."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import exists, select

from civicportal.core.db import fetch_row
from civicportal.core.work import Service
from civicportal.domain.audit.services import AuditService
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.organization.categories import CategoryService
from civicportal.domain.organization.editing import RefusedField, changes
from civicportal.domain.organization.models import Category
from civicportal.domain.questionnaires.answers import (
    LISTS,
    MOST_CHOICES,
    MOST_QUESTIONS,
    SAME_TEXT,
    TOO_MANY_CHOICES,
)
from civicportal.domain.questionnaires.models import CaseAnswer, CategoryQuestion, QuestionChoice
from civicportal.util.errors import NotFound, Refused
from civicportal.util.i18n import _
from civicportal.util.lists import place, swap
from civicportal.util.values import Values

MOST_ROWS = 100
"""Questions of a category, or choices of a question, with the retired ones."""
TOO_MANY_QUESTIONS = _("A category asks at most ${count} questions.", mapping={"count": MOST_QUESTIONS})
NO_CHOICE = _("A question needs at least one choice.")
QUESTION_TAKEN = _("Another question of this category has this code.")
NO_CHOICES_HERE = _("This sort of answer has no choices.")
CHOICE_TAKEN = _("Another choice of this question has this code.")
FIXED = ("key", "datatype", "variable")
"""Columns of a question that do not change once it has answers."""


class QuestionEditor(Service):
    """Add, change, order and retire questions and their choices.

    All changes of one category follow each other, because its row is locked first.
    """

    # -- questions ------------------------------------------------------------------------------------------

    def category(self, category_id: int, *, lock: bool = False) -> Category:
        """Return a category whose reports ask questions.

        :raises NotFound: when there is none, or its kind of case asks none.
        """
        return self._asking(self.work.get(CategoryService).fetch(category_id, lock=lock))

    def category_named(self, kind: str, key: str, *, lock: bool = False) -> Category:
        """Return a category by its keys, see :meth:`category`."""
        return self._asking(self.work.get(CategoryService).named(kind, key, lock=lock))

    def _asking(self, category: Category) -> Category:
        kind = kinds_of(self.work.site).get(category.kind)
        if kind is None or not kind.asks:
            raise NotFound("a category of this kind asks no questions")
        return category

    def questions(self, category: Category) -> list[CategoryQuestion]:
        """Return the questions of a category, retired ones included, in order."""
        query = select(CategoryQuestion).where(CategoryQuestion.category_id == category.id)
        in_order = query.order_by(CategoryQuestion.weight.desc(), CategoryQuestion.id)
        return list(self.session.scalars(in_order))

    def choices(self, question: CategoryQuestion) -> list[QuestionChoice]:
        """Return the choices of a question, retired ones included, in order."""
        return self.choices_of([question])[question.id]

    def choices_of(self, questions: Collection[CategoryQuestion]) -> dict[int, list[QuestionChoice]]:
        """Return the choices of each question by its id, see :meth:`choices`."""
        found: dict[int, list[QuestionChoice]] = {question.id: [] for question in questions}
        query = select(QuestionChoice).where(QuestionChoice.question_id.in_(found))
        for choice in self.session.scalars(query.order_by(QuestionChoice.weight.desc(), QuestionChoice.id)):
            found[choice.question_id].append(choice)
        return found

    def fetch(self, question_id: int, *, lock: bool = False) -> CategoryQuestion:
        """Return a question; with ``lock`` no one else changes those of its category.

        :raises NotFound: when there is none.
        """
        question = fetch_row(self.session, CategoryQuestion, question_id)
        self.category(question.category_id, lock=lock)
        if lock:
            self.session.refresh(question)
        return question

    def named(self, category: Category, key: str) -> CategoryQuestion:
        """Return the question of a category with a key; no one else changes it if the category is locked.

        :raises NotFound: when there is none.
        """
        for question in self.questions(category):
            if question.key == key:
                return question
        raise NotFound("no such question")

    def conditions(self, category: Category, question: CategoryQuestion | None) -> list[QuestionChoice]:
        """Return the choices on which a question may depend: those of the active lists before it, in order."""
        before = list[CategoryQuestion]()
        for one in self.questions(category):
            if question is not None and one.id == question.id:
                break
            before.append(one)
        lists = [one for one in before if one.active and one.variable and one.datatype in LISTS]
        return [choice for one in lists for choice in self.choices(one) if choice.active]

    def has_answers(self, question: CategoryQuestion) -> bool:
        """Return whether a case has an answer to a question."""
        return bool(self.session.scalar(select(exists().where(CaseAnswer.question_id == question.id))))

    def answered(self, category: Category) -> set[int]:
        """Return the ids of the questions of a category that have answers."""
        has_answers = exists().where(CaseAnswer.question_id == CategoryQuestion.id)
        query = select(CategoryQuestion.id).where(CategoryQuestion.category_id == category.id, has_answers)
        return set(self.session.scalars(query))

    def add(self, category: Category, values: Values, choices: Sequence[Values] = ()) -> CategoryQuestion:
        """Add a question, last of its category.

        :param category: locked.
        :param values: the columns, with ``key`` possibly empty, and ``condition_keys``.
        :param choices: for a list, see :meth:`add_choices`.
        :raises Refused: when the key is taken, or there are too many.
        """
        rows = self.questions(category)
        if sum(row.active for row in rows) >= MOST_QUESTIONS or len(rows) >= MOST_ROWS:
            raise RefusedField(TOO_MANY_QUESTIONS)
        key = values["key"] or _free_key("q", {row.key for row in rows})
        if any(row.key == key for row in rows):
            raise Refused(QUESTION_TAKEN)
        weight = min((row.weight for row in rows), default=1) - 1
        question = CategoryQuestion(**{**values, "category_id": category.id, "key": key, "weight": weight})
        self.session.add(question)
        self.session.flush()
        self._record("add", question, label=question.label)
        self._complete(question, choices)
        return question

    def change(self, question: CategoryQuestion, values: Values, choices: Sequence[Values] = ()) -> None:
        """Change a question.

        :param question: locked.
        :param choices: further ones, see :meth:`add_choices`.
        :raises Refused: when the key is taken, when it has answers and its key or datatype changes, and when others
            depend on choices that it would lose.
        """
        changed = changes(question, {**values, "key": values["key"] or question.key})
        fixed = [name for name in FIXED if name in changed]
        if fixed and self.has_answers(question):
            told = _("There are answers to this question: its code and its sort of answer stay.")
            raise RefusedField(told, *fixed)
        if "key" in changed and self._key_is_taken(question, str(changed["key"][1])):
            raise Refused(QUESTION_TAKEN)
        was_list = question.variable and question.datatype in LISTS
        stays_list = values["variable"] and values["datatype"] in LISTS
        if was_list and not stays_list:
            self._refuse_if_others_depend(question)
        for name, (_old, new) in changed.items():
            setattr(question, name, new)
        if changed:
            self._record("change", question, changes=changed)
        self._complete(question, choices)

    def move(self, question: CategoryQuestion, step: int) -> None:
        """Swap a question with its neighbour.

        :param question: locked.
        :param step: -1 up, 1 down.
        :raises Refused: when it would come before a question on which it depends.
        """
        rows = self.questions(self.category(question.category_id))
        if swap(rows, question, step):
            self._put_in_order(rows)
            self._record("move", question, step=step)

    def place(self, question: CategoryQuestion, position: int) -> None:
        """Move a question to a position among all of its category, from 1; see :meth:`move`."""
        rows = self.questions(self.category(question.category_id))
        if place(rows, question, position):
            self._put_in_order(rows)
            self._record("move", question, position=position)

    @staticmethod
    def _put_in_order(rows: Sequence[CategoryQuestion]) -> None:
        places = {row.id: place for place, row in enumerate(rows)}
        if any(row.condition_id and places[row.condition_id] > places[row.id] for row in rows):
            raise Refused(_("A question cannot stand before the one on which it depends."))
        _number(rows)

    def set_active(self, question: CategoryQuestion, active: bool) -> None:
        """Ask a question again, or no longer; answers do not change.

        :param question: locked.
        :raises Refused: when others depend on it, or too many would be asked.
        """
        if not active:
            self._refuse_if_others_depend(question)
        elif not question.active:
            self._refuse_if_condition_is_retired(question)
            asked = self.questions(self.category(question.category_id))
            if sum(row.active for row in asked) >= MOST_QUESTIONS:
                raise RefusedField(TOO_MANY_QUESTIONS, "active")
        question.active = active
        self._record("open" if active else "retire", question)

    def may_delete(self, question: CategoryQuestion) -> bool:
        """Return whether a question has no answers and no question depends on it."""
        dependent = exists().where(CategoryQuestion.condition_id == question.id)
        return not self.has_answers(question) and not self.session.scalar(select(dependent))

    def delete(self, question: CategoryQuestion) -> None:
        """Delete a question without answers, with its choices.

        :raises Refused: when it has answers, or another one depends on it.
        """
        if not self.may_delete(question):
            raise Refused(_("There are answers to it, or another question depends on it. It can be retired."))
        self._record("delete", question, label=question.label)
        for choice in self.choices(question):
            self.session.delete(choice)
        self.session.flush()
        self.session.delete(question)

    # -- choices --------------------------------------------------------------------------------------------

    def fetch_choice(self, choice_id: int, *, lock: bool = False) -> tuple[CategoryQuestion, QuestionChoice]:
        """Return a choice with its question, see :meth:`fetch`."""
        choice = fetch_row(self.session, QuestionChoice, choice_id)
        question = self.fetch(choice.question_id, lock=lock)
        if lock:
            self.session.refresh(choice)
        return question, choice

    def choice_named(self, question: CategoryQuestion, key: str) -> QuestionChoice:
        """Return the choice of a question with a key, see :meth:`named`."""
        for choice in self.choices(question):
            if choice.key == key:
                return choice
        raise NotFound("no such choice")

    def add_choices(self, question: CategoryQuestion, choices: Sequence[Values]) -> list[QuestionChoice]:
        """Add choices behind those of a question.

        :param question: locked, with a list as its answer.
        :param choices: of each the ``label``, and possibly ``key``, ``stop`` and ``translations``.
        :raises Refused: when there would be too many, or two with the same label or key, and without a list.
        """
        if not question.variable or question.datatype not in LISTS:
            raise Refused(NO_CHOICES_HERE)
        rows, labels = self.choices(question), [values["label"] for values in choices]
        own_keys = [values["key"] for values in choices if values.get("key")]
        active = [row for row in rows if row.active]
        if len(active) + len(labels) > MOST_CHOICES or len(rows) + len(labels) > MOST_ROWS:
            raise RefusedField(TOO_MANY_CHOICES)
        if len({*(row.label for row in active), *labels}) < len(active) + len(labels):
            raise Refused(SAME_TEXT)
        keys = {*(row.key for row in rows), *own_keys}
        if len(keys) < len(rows) + len(own_keys):
            raise Refused(CHOICE_TAKEN)
        added = list[QuestionChoice]()
        weight = min((row.weight for row in rows), default=1) - 1
        for values in choices:
            key = values.get("key") or _free_key("c", keys)
            keys.add(key)
            choice = QuestionChoice(**{**values, "question_id": question.id, "key": key, "weight": weight})
            self.session.add(choice)
            added.append(choice)
            weight -= 1
        self.session.flush()
        if added:
            self._record("choices", question, labels=labels)
        return added

    def change_choice(self, question: CategoryQuestion, choice: QuestionChoice, values: Values) -> None:
        """Change a choice.

        :param values: the columns ``key``, ``label``, ``stop``, ``translations``.
        :raises Refused: when the key is taken, or was chosen already or is named by a condition.
        """
        changed = changes(choice, {**values, "key": values["key"] or choice.key})
        others = [row for row in self.choices(question) if row.id != choice.id]
        if "key" in changed:
            if any(row.key == values["key"] for row in others):
                raise Refused(CHOICE_TAKEN)
            if self._was_chosen(choice) or self._dependents(question, choice.key):
                raise RefusedField(_("This choice is in use: its code stays."), "key")
        if any(row.active and row.label == values["label"] for row in others):
            raise Refused(SAME_TEXT)
        for name, (_old, new) in changed.items():
            setattr(choice, name, new)
        if changed:
            self._record("choice", question, choice=choice.key, changes=changed)

    def move_choice(self, question: CategoryQuestion, choice: QuestionChoice, step: int) -> None:
        """Swap a choice with its neighbour."""
        rows = self.choices(question)
        if swap(rows, choice, step):
            _number(rows)
            self._record("choice_move", question, choice=choice.key, step=step)

    def place_choice(self, question: CategoryQuestion, choice: QuestionChoice, position: int) -> None:
        """Move a choice to a position among all of its question, from 1."""
        rows = self.choices(question)
        if place(rows, choice, position):
            _number(rows)
            self._record("choice_move", question, choice=choice.key, position=position)

    def set_choice_active(self, question: CategoryQuestion, choice: QuestionChoice, active: bool) -> None:
        """Offer a choice again, or no longer.

        :raises Refused: when another question depends on it, or it is the last one, or there would be too many, or
            two with the same label.
        """
        offered = [row for row in self.choices(question) if row.active and row.id != choice.id]
        if not active and self._dependents(question, choice.key):
            raise Refused(_("Another question depends on this choice."))
        if not active and not offered:
            raise Refused(NO_CHOICE)
        if active and len(offered) >= MOST_CHOICES:
            raise RefusedField(TOO_MANY_CHOICES, "active")
        if active and any(row.label == choice.label for row in offered):
            raise Refused(SAME_TEXT)
        choice.active = active
        self._record("choice_open" if active else "choice_retire", question, choice=choice.key)

    def may_delete_choice(self, question: CategoryQuestion, choice: QuestionChoice) -> bool:
        """Return whether a choice was never chosen and no question depends on it."""
        return not self._was_chosen(choice) and not self._dependents(question, choice.key, retired=True)

    def delete_choice(self, question: CategoryQuestion, choice: QuestionChoice) -> None:
        """Delete a choice that was never chosen.

        :raises Refused: when it was, when another question depends on it, and when it is the last one.
        """
        if not self.may_delete_choice(question, choice):
            raise Refused(_("It was chosen already, or another question depends on it. It can be retired."))
        if not any(row.active for row in self.choices(question) if row.id != choice.id):
            raise Refused(NO_CHOICE)
        self._record("choice_delete", question, choice=choice.key, label=choice.label)
        self.session.delete(choice)

    # -- inside ---------------------------------------------------------------------------------------------

    def _complete(self, question: CategoryQuestion, choices: Sequence[Values]) -> None:
        """Add the choices of a list, which needs at least one."""
        if not question.variable or question.datatype not in LISTS:
            return
        if choices:
            self.add_choices(question, choices)
        elif not any(row.active for row in self.choices(question)):
            raise Refused(NO_CHOICE)

    def _key_is_taken(self, question: CategoryQuestion, key: str) -> bool:
        others = self.questions(self.category(question.category_id))
        return any(row.key == key for row in others if row.id != question.id)

    def _was_chosen(self, choice: QuestionChoice) -> bool:
        return bool(self.session.scalar(select(exists().where(CaseAnswer.choice_id == choice.id))))

    def _dependents(
        self, question: CategoryQuestion, key: str = "", *, retired: bool = False
    ) -> list[CategoryQuestion]:
        """Return the questions that depend on a question, or on one of its choices."""
        rows = self.session.scalars(
            select(CategoryQuestion).where(CategoryQuestion.condition_id == question.id)
        )
        return [row for row in rows if (retired or row.active) and (not key or key in row.condition_keys)]

    def _refuse_if_others_depend(self, question: CategoryQuestion) -> None:
        if dependents := self._dependents(question):
            raise Refused(_("The question “${label}” depends on it.", mapping={"label": dependents[0].label}))

    def _refuse_if_condition_is_retired(self, question: CategoryQuestion) -> None:
        if question.condition_id is None:
            return
        needed = self.session.get_one(CategoryQuestion, question.condition_id)
        offered = {row.key for row in self.choices(needed) if row.active}
        if not needed.active or not offered & {*question.condition_keys}:
            raise Refused(_("The question on which it depends is not asked any more."))

    def _record(self, what: str, question: CategoryQuestion, **data: object) -> None:
        self.work.get(AuditService).record(
            f"category_question:{what}",
            subject_id=None,
            case_id=None,
            id=question.id,
            category=question.category_id,
            key=question.key,
            **data,
        )


def with_texts(
    row: CategoryQuestion | QuestionChoice | None, texts: Mapping[str, Values]
) -> dict[str, Values]:
    """Return the column ``translations`` of a row with the texts of a form or body, by language."""
    return {**(row.translations if row else {}), **texts}


def _number(rows: Sequence[CategoryQuestion | QuestionChoice]) -> None:
    for position, row in enumerate(rows):
        row.weight = -position


def _free_key(prefix: str, taken: set[str]) -> str:
    return next(key for number in range(1, len(taken) + 2) if (key := f"{prefix}{number}") not in taken)
