"""Forms of administrators for questions and choices."""

import re

import colander

from civicportal.domain.questionnaires.answers import (
    DATATYPES,
    LISTS,
    MOST_CHOICES,
    SAME_TEXT,
    TOO_MANY_CHOICES,
)
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import RadioWidget, TextAreaWidget, TextWidget
from civicportal.web.schema import Choice, CleanText, Flag, ListOf, Node, StrictSchema

INFO = "info"
"""Choice of the form for a text without an answer."""
LONGEST_LABEL = 200
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)


def _is_key(node: colander.SchemaNode, text: str) -> None:
    if text and not _KEY.fullmatch(text):
        raise colander.Invalid(
            node, _("Write small Latin letters, digits and underscores, beginning with a letter.")
        )


def _are_labels(node: colander.SchemaNode, text: str) -> None:
    labels = lines(text)
    if any(len(label) > LONGEST_LABEL for label in labels):
        raise colander.Invalid(
            node, _("Write at most ${count} characters on a line.", mapping={"count": LONGEST_LABEL})
        )
    if len(labels) > MOST_CHOICES:
        raise colander.Invalid(node, TOO_MANY_CHOICES)
    if len({*labels}) < len(labels):
        raise colander.Invalid(node, SAME_TEXT)


def lines(text: str) -> list[str]:
    """Return the lines of a text that are not empty."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def _are_of_one_question(node: colander.SchemaNode, values: list[str]) -> None:
    if len({value.partition(":")[0] for value in values}) > 1:
        raise colander.Invalid(node, _("Only answers to one question can be taken."))


def _key() -> Node:
    return Node(
        CleanText(0, 40),
        title=_("Code for other software"),
        description=_("Small Latin letters, digits and underscores. Empty: it is made."),
        missing="",
        validator=_is_key,
        widget=TextWidget(css_class="ltr d-block w-100", autocomplete="off"),
    )


class QuestionRules:
    """What forms and bodies of a question share: which fields fit the sort of answer.

    :cvar required_field: name of the field that requires an answer.
    :cvar choices_field: name of the field with choices.
    """

    required_field, choices_field = "must_answer", "choices"

    def validator(self, node: colander.SchemaNode, values: Values) -> None:
        """Refuse what does not fit the sort of answer."""
        error = colander.Invalid(node)
        datatype = values["datatype"]
        is_text_only = datatype == INFO or not values.get("variable", True)
        if values["public"] and datatype not in LISTS:
            error["public"] = _("Only answers with choices can be published.")
        if values[self.required_field] and is_text_only:
            error[self.required_field] = _("A text without an answer cannot require one.")
        if values[self.choices_field] and datatype not in LISTS:
            error[self.choices_field] = _("This sort of answer has no choices.")
        if is_text_only and datatype not in (INFO, "string"):
            error["datatype"] = _("A text without an answer has the datatype “string”.")
        if error.children:
            raise error


class QuestionForm(QuestionRules, StrictSchema):
    """A question of a category."""

    label = Node(CleanText(2, LONGEST_LABEL), title=_("Question"))
    hint = Node(CleanText(0, 500, multiline=True), title=_("Help for the answer"), missing="", rows=2)
    datatype = Node(
        Choice([*DATATYPES.items(), (INFO, _("No answer: only the text is shown"))]),
        title=_("Sort of answer"),
        widget=RadioWidget(),
    )
    choices = Node(
        CleanText(0, 6500, multiline=True),
        title=_("Choices"),
        description=_("One on each line; only for answers with choices."),
        missing="",
        validator=_are_labels,
        widget=TextAreaWidget(rows=4, counter=False),
    )
    must_answer = Node(
        Flag(),
        title=_("An answer is required"),
        description=_("Without one the report cannot be sent."),
        missing=False,
        switch=True,
    )
    condition = Node(
        ListOf(Choice("conditions"), max=MOST_CHOICES),
        title=_("Ask it only after one of these answers"),
        description=_("Empty: it is always asked. Only answers to one question can be taken."),
        missing=(),
        validator=_are_of_one_question,
        widget=RadioWidget(),
    )
    public = Node(
        Flag(),
        title=_("Everybody may read the answer once the report is published"),
        description=_("Only for answers with choices: what people type is never published."),
        missing=False,
        switch=True,
    )
    key = _key()


class ChoiceForm(StrictSchema):
    """A choice of a question."""

    label = Node(CleanText(1, LONGEST_LABEL), title=_("Text of the choice"))
    stop = Node(
        CleanText(0, 300),
        title=_("Message that stops the report"),
        description=_(
            "With this choice the report cannot be sent; the message says what to do instead, for instance whom to call."
        ),
        missing="",
        rows=2,
    )
    key = _key()
