"""Forms of administrators for questions and choices."""

import re

import colander

from civicportal.domain.questionnaires.answers import DATATYPES, LISTS, MOST_CHOICES
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
        raise colander.Invalid(
            node, _("A question offers at most ${count} choices.", mapping={"count": MOST_CHOICES})
        )
    if len({*labels}) < len(labels):
        raise colander.Invalid(node, _("Two choices have the same text."))


def lines(text: str) -> list[str]:
    """Return the lines of a text that are not empty."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def _key() -> Node:
    return Node(
        CleanText(0, 40),
        title=_("Code for other software"),
        description=_("Small Latin letters, digits and underscores. Empty: it is made."),
        missing="",
        validator=_is_key,
        widget=TextWidget(css_class="ltr d-block w-100", autocomplete="off"),
    )


class QuestionForm(StrictSchema):
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

    def validator(self, node: colander.SchemaNode, values: Values) -> None:
        """Refuse what does not fit the sort of answer."""
        error = colander.Invalid(node)
        is_list = values["datatype"] in LISTS
        if values["public"] and not is_list:
            error["public"] = _("Only answers with choices can be published.")
        if values["must_answer"] and values["datatype"] == INFO:
            error["must_answer"] = _("A text without an answer cannot require one.")
        if values["choices"] and not is_list:
            error["choices"] = _("This sort of answer has no choices.")
        if len({value.partition(":")[0] for value in values["condition"]}) > 1:
            error["condition"] = _("Only answers to one question can be taken.")
        if error.children:
            raise error


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
