"""The questions of a category in the API as they are written, and their changes.

What a new case is asked is in :mod:`civicportal.domain.questionnaires.rest`, changes of their choices in
:mod:`civicportal.portal.admin.rest.choices`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, TypedDict, cast

import colander
from translationstring import TranslationString

from civicportal.core.security import PagePermission
from civicportal.domain.organization.editing import RefusedField
from civicportal.domain.organization.models import Category
from civicportal.domain.questionnaires.answers import DATATYPES, MOST_CHOICES, SAME_TEXT, TOO_MANY_CHOICES
from civicportal.domain.questionnaires.editing import (
    CHOICE_TAKEN,
    NO_CHOICE,
    QUESTION_TAKEN,
    QuestionEditor,
    with_texts,
)
from civicportal.domain.questionnaires.models import CategoryQuestion, QuestionChoice
from civicportal.domain.questionnaires.rest import ChoiceItem, QuestionDescription
from civicportal.domain.questionnaires.schemas import ChoiceForm, QuestionForm, QuestionRules
from civicportal.portal.admin.arranging import CATEGORIES
from civicportal.portal.admin.rest.bodies import (
    KEY,
    READ,
    WRITE,
    PositionInOrder,
    TranslatedBody,
    further_languages,
    sent_translations,
    shown_translations,
)
from civicportal.util.errors import Refused
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.rest.operations import Call, Listed, Operation
from civicportal.web.schema import Choice, CleanText, Flag, ListOf, Node, StrictSchema

ALL = f"/categories/{{kind:[a-z][a-z0-9_]{{0,39}}}}/{KEY}/questions"
ONE = f"{ALL}/{{question:[a-z][a-z0-9_]{{0,39}}}}"
OF_CHOICES = (NO_CHOICE, SAME_TEXT, CHOICE_TAKEN, TOO_MANY_CHOICES)
"""Refusals that are about choices of a body."""
KEPT = _("Small Latin letters, digits and underscores; it stays if it is left out")


class QuestionTexts(TypedDict, total=False):
    """Texts of a question in another language."""

    label: str
    hint: str


class ChoiceTexts(TypedDict, total=False):
    """Texts of a choice in another language."""

    label: str
    stop: str


class WholeChoice(ChoiceItem):
    """A choice of a question as it is written, in the language of the site."""

    active: Annotated[bool, _("Whether it is offered")]
    position: Annotated[int, _("Position among the choices, retired ones included; 1 is the first")]
    translations: Annotated[dict[str, ChoiceTexts], _("Texts of the site's further languages")]


class WholeQuestion(QuestionDescription):
    """A question of a category as it is written, in the language of the site."""

    choices: Annotated[list[WholeChoice], _("All of them, retired ones included")]
    active: Annotated[bool, _("Whether it is asked")]
    position: Annotated[int, _("Position among the questions, retired ones included; 1 is the first")]
    translations: Annotated[dict[str, QuestionTexts], _("Texts of the site's further languages")]
    answered: Annotated[bool, _("Whether there are answers: key and sort of answer then stay")]
    version: Annotated[int, _("The ETag of the question with its choices")]


class ChoiceBody(TranslatedBody):
    """A choice of a question, with the fields of its form."""

    translated = ("label", "stop")
    label = ChoiceForm()["label"].clone()
    stop = ChoiceForm()["stop"].clone()
    key = ChoiceForm()["key"].clone()


class QuestionBody(QuestionRules, TranslatedBody):
    """A question, with the fields of its form."""

    translated = ("label", "hint")
    required_field = "required"
    label = QuestionForm()["label"].clone()
    hint = QuestionForm()["hint"].clone()
    datatype = Node(Choice([*DATATYPES.items()]), title=_("Sort of answer"))
    variable = Node(Flag(), title=_("False for a text that is shown without an answer"), missing=True)
    must_answer = QuestionForm()["must_answer"].clone()
    must_answer.name = "required"
    public = QuestionForm()["public"].clone()
    after = Node(CleanText(1, 40), title=_("Key of the earlier question on which it depends"), missing=None)
    after_choices = Node(
        ListOf(CleanText(1, 40), max=MOST_CHOICES),
        title=_("It is asked if that question has one of these choices"),
        missing=(),
    )


def _choices(title: str) -> colander.SchemaNode:
    return colander.SchemaNode(
        colander.Sequence(),
        ChoiceBody(name="choice"),
        title=title,
        missing=(),
        validator=colander.Length(max=MOST_CHOICES),
    )


class NewQuestion(QuestionBody):
    """A new question."""

    key = QuestionForm()["key"].clone()
    choices = _choices(_("Choices"))


class ChangedQuestion(QuestionBody):
    """A question with other texts, and further choices."""

    choices_field = "further_choices"
    key = QuestionForm()["key"].clone()
    key.description = KEPT
    further_choices = _choices(_("Further choices"))


class AskedOrNot(StrictSchema):
    """Whether a question is asked."""

    active = Node(Flag(), title=_("Whether it is asked"))


def questions(call: Call) -> Listed:
    """Return a page of the questions of a category, in their order."""
    category = category_of(call)
    items = _items(call, category)
    found, following = call.window(items, lambda item: item["position"])
    return Listed(items=found, next=following)


def question(call: Call) -> WholeQuestion:
    """Return a question as it is written."""
    category = category_of(call)
    return whole(call, category, call.work.get(QuestionEditor).named(category, call.matched["question"]))


def create(call: Call) -> WholeQuestion:
    """Add a question with its choices, last of its category."""
    category = category_of(call, lock=True)
    values = _values(call, category, None)
    with naming({QUESTION_TAKEN: "key", **dict.fromkeys(OF_CHOICES, "choices")}):
        added = call.work.get(QuestionEditor).add(category, values, choice_values(call, "choices"))
    call.made(str(added.id))
    return whole(call, category, added)


def created(call: Call, made: str) -> WholeQuestion:
    """Return a question that was added before, or that got a choice."""
    found = call.work.get(QuestionEditor).fetch(int(made))
    return whole(call, category_of(call), found)


def change(call: Call) -> WholeQuestion:
    """Replace the fields of a question by those of the body, and add further choices."""
    category, found = locked(call)
    values = _values(call, category, found)
    with naming({QUESTION_TAKEN: "key", **dict.fromkeys(OF_CHOICES, "further_choices")}):
        call.work.get(QuestionEditor).change(found, values, choice_values(call, "further_choices"))
    return whole(call, category, found)


def move(call: Call) -> WholeQuestion:
    """Move a question to another position."""
    category, found = locked(call)
    call.work.get(QuestionEditor).place(found, call.body["position"])
    return whole(call, category, found)


def switch(call: Call) -> WholeQuestion:
    """Ask a question again, or no longer."""
    category, found = locked(call)
    call.work.get(QuestionEditor).set_active(found, call.body["active"])
    return whole(call, category, found)


def delete(call: Call) -> WholeQuestion:
    """Delete a question without answers, and return what it was."""
    category, found = locked(call)
    shown = whole(call, category, found)
    call.work.get(QuestionEditor).delete(found)
    return shown


def category_of(call: Call, *, lock: bool = False) -> Category:
    """Return the category of the path."""
    editor = call.work.get(QuestionEditor)
    return editor.category_named(call.matched["kind"], call.matched["key"], lock=lock)


def locked(call: Call) -> tuple[Category, CategoryQuestion]:
    """Return category and question of the path, locked, if the question still is what the caller has read.

    :raises Problem: 412 if it is not.
    """
    category = category_of(call, lock=True)
    found = call.work.get(QuestionEditor).named(category, call.matched["question"])
    call.require_version(_item(call, category, found)["version"])
    return category, found


def whole(call: Call, category: Category, found: CategoryQuestion) -> WholeQuestion:
    """Return a question with its choices, with its version as the ETag of the answer."""
    call.work.session.flush()
    item = _item(call, category, found)
    call.tag(item["version"])
    return item


@contextmanager
def naming(fields: Mapping[TranslationString, str]) -> Iterator[None]:
    """Name the field of the body that a refusal is about.

    :param fields: names by the reason.
    """
    try:
        yield
    except Refused as refusal:
        if refusal.reason in fields:
            raise RefusedField(refusal.reason, fields[refusal.reason]) from refusal
        raise


def choice_values(call: Call, name: str) -> list[Values]:
    """Return the columns of the choices in a field of the body."""
    return [columns_of_choice(call, body, None) for body in call.body[name]]


def columns_of_choice(call: Call, body: Values, found: QuestionChoice | None) -> Values:
    """Return the columns of a choice of a body."""
    columns = {name: body[name] for name in ("label", "stop", "key")}
    return {**columns, "translations": with_texts(found, sent_translations(call, body))}


def _values(call: Call, category: Category, found: CategoryQuestion | None) -> Values:
    names = ("label", "hint", "public", "key", "required", "datatype", "variable")
    return {
        **{name: call.body[name] for name in names},
        **_condition(call, category, found),
        "translations": with_texts(found, sent_translations(call)),
    }


def _condition(call: Call, category: Category, found: CategoryQuestion | None) -> Values:
    """Return the columns of the condition, which may also stay what it is.

    :raises Problem: 422 for a question or choice on which this one cannot depend.
    """
    after, keys = call.body["after"], list(call.body["after_choices"])
    if after is None:
        if keys:
            raise call.wrong_field("#/after", _("Please name the question of these choices."))
        return {"condition_id": None, "condition_keys": []}
    editor = call.work.get(QuestionEditor)
    earlier = next((one for one in editor.questions(category) if one.key == after), None)
    possible = [
        choice.key
        for choice in editor.conditions(category, found)
        if earlier is not None and choice.question_id == earlier.id
    ]
    if found is not None and earlier is not None and earlier.id == found.condition_id:
        possible += found.condition_keys
    if earlier is None or not possible:
        raise call.wrong_field("#/after", _("No earlier question with choices has this key."))
    if not keys:
        raise call.wrong_field("#/after_choices", _("Please choose at least one."))
    for place, key in enumerate(keys):
        if key not in possible:
            raise call.wrong_field(f"#/after_choices/{place}", _("There is no such choice."))
    return {"condition_id": earlier.id, "condition_keys": keys}


def _item(call: Call, category: Category, found: CategoryQuestion) -> WholeQuestion:
    return next(item for item in _items(call, category) if item["key"] == found.key)


def _items(call: Call, category: Category) -> list[WholeQuestion]:
    # Rows and not QuestionnaireService, whose questions have not seen this change.
    editor = call.work.get(QuestionEditor)
    rows = editor.questions(category)
    choices, answered = editor.choices_of(rows), editor.answered(category)
    keys = {row.id: row.key for row in rows}
    items = []
    for position, row in enumerate(rows, 1):
        written = {
            "key": row.key,
            "label": row.label,
            "hint": row.hint,
            "datatype": row.datatype,
            "variable": row.variable,
            "required": row.required,
            "public": row.public,
            "after": keys.get(row.condition_id or 0),
            "after_choices": list(row.condition_keys),
            "choices": _choice_items(call, choices[row.id]),
            "active": row.active,
            "position": position,
            "translations": shown_translations(call, row, QuestionBody.translated),
        }
        # Not whether there are answers: the first one would make a change stale that has nothing to do with it.
        shown = {**written, "answered": row.id in answered, "version": call.version_of(written)}
        items.append(cast(WholeQuestion, shown))
    return items


def _choice_items(call: Call, choices: Sequence[QuestionChoice]) -> list[WholeChoice]:
    return [
        {
            "key": choice.key,
            "label": choice.label,
            "stop": choice.stop,
            "active": choice.active,
            "position": position,
            "translations": cast(
                dict[str, ChoiceTexts], shown_translations(call, choice, ChoiceBody.translated)
            ),
        }
        for position, choice in enumerate(choices, 1)
    ]


OPERATIONS = (
    Operation(
        name="questions.list",
        path=f"{ALL}/as-written",
        title=_("List the questions of a category as they are written"),
        call=questions,
        returns=WholeQuestion,
        scope=READ,
        permission=PagePermission.STAFF,
        is_list=True,
    ),
    Operation(
        name="questions.show",
        path=ONE,
        title=_("Show a question as it is written"),
        call=question,
        returns=WholeQuestion,
        scope=READ,
        permission=PagePermission.STAFF,
        has_version=True,
    ),
    Operation(
        name="questions.create",
        path=ALL,
        title=_("Add a question to a category"),
        call=create,
        again=created,
        returns=WholeQuestion,
        method="POST",
        scope=WRITE,
        permission=CATEGORIES,
        body=NewQuestion,
        bindings=further_languages,
        creates=True,
        status=201,
    ),
    Operation(
        name="questions.update",
        path=ONE,
        title=_("Change a question"),
        call=change,
        returns=WholeQuestion,
        method="POST",
        scope=WRITE,
        permission=CATEGORIES,
        body=ChangedQuestion,
        bindings=further_languages,
        has_version=True,
    ),
    Operation(
        name="questions.move",
        path=f"{ONE}/move",
        title=_("Move a question in its order"),
        call=move,
        returns=WholeQuestion,
        method="POST",
        scope=WRITE,
        permission=CATEGORIES,
        body=PositionInOrder,
        has_version=True,
    ),
    Operation(
        name="questions.switch",
        path=f"{ONE}/active",
        title=_("Ask a question again, or no longer"),
        call=switch,
        returns=WholeQuestion,
        method="POST",
        scope=WRITE,
        permission=CATEGORIES,
        body=AskedOrNot,
        has_version=True,
    ),
    Operation(
        name="questions.delete",
        path=f"{ONE}/delete",
        title=_("Delete a question without answers"),
        call=delete,
        returns=WholeQuestion,
        method="POST",
        scope=WRITE,
        permission=CATEGORIES,
        has_version=True,
    ),
)
