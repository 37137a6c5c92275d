"""Questions of categories as fields of a form that opens a case."""

from collections.abc import Mapping, Sequence

import colander

from civicportal.domain.questionnaires.answers import (
    MOST_QUESTIONS,
    AnswersInvalid,
    AnswerValue,
    AskedQuestion,
    asked_of,
    check_answers,
)
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm, FormInvalid, RadioWidget, SelectWidget
from civicportal.web.schema import BoundedInt, ListOf, Node
from civicportal.web.schema.numbers import LARGEST_ID

MOST_RADIOS = 8
"""Choices that are radio buttons; more are a drop-down list."""


class QuestionFields:
    """The questions of several categories in one form, of which those of the chosen category are asked.

    The template ``partials/questions.jinja2`` draws them. A question that was drawn is named in the field ``asked``:
    without a script the form comes back once with the questions of the chosen category, and again with those that
    depend on an answer.

    :ivar by_category: the questions by the key of their category.
    """

    def __init__(self, by_category: Mapping[str, Sequence[AskedQuestion]]) -> None:
        self.by_category = {key: own for key, own in by_category.items() if own}

    def __bool__(self) -> bool:
        """Return whether there is any question."""
        return bool(self.by_category)

    def add_to(self, schema: colander.SchemaNode) -> colander.SchemaNode:
        """Add the fields to an unbound schema, and return it."""
        schema.add(Node(ListOf(BoundedInt(1, LARGEST_ID), max=MOST_QUESTIONS), name="asked", missing=()))
        for own in self.by_category.values():
            for question in own:
                if question.variable:
                    schema.add(self._node(question))
        return schema

    def shown(self, form: BoundForm, category: str) -> set[int]:
        """Return the ids of the questions of a category that are asked with the form's present input."""
        own = self.by_category.get(category, ())
        return {question.id for question in asked_of(own, _given(own, form.readable()))}

    def names(self, category: str) -> dict[str, str]:
        """Return the names of the fields by the keys of the questions of a category."""
        return {question.key: question.name for question in self.by_category.get(category, ())}

    def read(self, form: BoundForm, values: Values, category: str) -> dict[str, AnswerValue] | None:
        """Return the checked answers by the keys of their questions; None if the form has to be shown with more of them.

        :param values: of the valid form.
        :param category: key of the chosen category.
        :raises FormInvalid: with the errors in the form.
        """
        own = self.by_category.get(category, ())
        given = _given(own, values)
        asked = asked_of(own, given)
        if {question.id for question in asked} - {*values["asked"]}:
            return None
        keys = {question.key for question in asked}
        try:
            return check_answers(own, {key: value for key, value in given.items() if key in keys})
        except AnswersInvalid as invalid:
            names = self.names(category)
            for key, reason in invalid.errors.items():
                form.fail(names[key], reason)
            raise FormInvalid from invalid

    @staticmethod
    def _node(question: AskedQuestion) -> colander.SchemaNode:
        node = question.node()
        if question.datatype == "singlevaluelist":
            node.widget = RadioWidget() if len(question.offered) <= MOST_RADIOS else SelectWidget()
        return node


def _given(questions: Sequence[AskedQuestion], values: Values) -> dict[str, AnswerValue]:
    """Return the answers among the values of a form."""
    return {one.key: value for one in questions if (value := values.get(one.name)) is not None}
