"""Changes of the choices of a question in the API: with the version of the question, which is the answer too."""

from civicportal.domain.organization.models import Category
from civicportal.domain.questionnaires.answers import SAME_TEXT
from civicportal.domain.questionnaires.editing import CHOICE_TAKEN, QuestionEditor
from civicportal.domain.questionnaires.models import CategoryQuestion, QuestionChoice
from civicportal.portal.admin.arranging import CATEGORIES
from civicportal.portal.admin.rest.bodies import WRITE, PositionInOrder, further_languages
from civicportal.portal.admin.rest.questions import (
    KEPT,
    ONE,
    ChoiceBody,
    WholeQuestion,
    category_of,
    columns_of_choice,
    created,
    locked,
    naming,
    whole,
)
from civicportal.util.i18n import _
from civicportal.web.rest.operations import Call, Operation
from civicportal.web.schema import Flag, Node, StrictSchema

CHOICES = f"{ONE}/choices"
CHOICE = f"{CHOICES}/{{choice:[a-z][a-z0-9_]{{0,39}}}}"
FIELDS = {CHOICE_TAKEN: "key", SAME_TEXT: "label"}


class ChangedChoice(ChoiceBody):
    """A choice with other texts."""

    key = ChoiceBody()["key"].clone()
    key.description = KEPT


class OfferedOrNot(StrictSchema):
    """Whether a choice is offered."""

    active = Node(Flag(), title=_("Whether it is offered"))


def create(call: Call) -> WholeQuestion:
    """Add a choice behind the others."""
    category, editor = category_of(call, lock=True), call.work.get(QuestionEditor)
    question = editor.named(category, call.matched["question"])
    with naming(FIELDS):
        editor.add_choices(question, [columns_of_choice(call, call.body, None)])
    call.made(str(question.id))
    return whole(call, category, question)


def change(call: Call) -> WholeQuestion:
    """Replace the fields of a choice by those of the body."""
    category, question, found = _locked(call)
    values = columns_of_choice(call, call.body, found)
    with naming(FIELDS):
        call.work.get(QuestionEditor).change_choice(question, found, values)
    return whole(call, category, question)


def move(call: Call) -> WholeQuestion:
    """Move a choice to another position."""
    category, question, found = _locked(call)
    call.work.get(QuestionEditor).place_choice(question, found, call.body["position"])
    return whole(call, category, question)


def switch(call: Call) -> WholeQuestion:
    """Offer a choice again, or no longer."""
    category, question, found = _locked(call)
    call.work.get(QuestionEditor).set_choice_active(question, found, call.body["active"])
    return whole(call, category, question)


def delete(call: Call) -> WholeQuestion:
    """Delete a choice that was never chosen."""
    category, question, found = _locked(call)
    call.work.get(QuestionEditor).delete_choice(question, found)
    return whole(call, category, question)


def _locked(call: Call) -> tuple[Category, CategoryQuestion, QuestionChoice]:
    """Return category, question and choice of the path, locked, if the question is what the caller has read."""
    category, question = locked(call)
    return category, question, call.work.get(QuestionEditor).choice_named(question, call.matched["choice"])


OPERATIONS = (
    Operation(
        name="choices.create",
        path=CHOICES,
        title=_("Add a choice to a question"),
        call=create,
        again=created,
        returns=WholeQuestion,
        method="POST",
        scope=WRITE,
        permission=CATEGORIES,
        body=ChoiceBody,
        bindings=further_languages,
        creates=True,
        status=201,
    ),
    Operation(
        name="choices.update",
        path=CHOICE,
        title=_("Change a choice of a question"),
        call=change,
        returns=WholeQuestion,
        method="POST",
        scope=WRITE,
        permission=CATEGORIES,
        body=ChangedChoice,
        bindings=further_languages,
        has_version=True,
    ),
    Operation(
        name="choices.move",
        path=f"{CHOICE}/move",
        title=_("Move a choice in its order"),
        call=move,
        returns=WholeQuestion,
        method="POST",
        scope=WRITE,
        permission=CATEGORIES,
        body=PositionInOrder,
        has_version=True,
    ),
    Operation(
        name="choices.switch",
        path=f"{CHOICE}/active",
        title=_("Offer a choice again, or no longer"),
        call=switch,
        returns=WholeQuestion,
        method="POST",
        scope=WRITE,
        permission=CATEGORIES,
        body=OfferedOrNot,
        has_version=True,
    ),
    Operation(
        name="choices.delete",
        path=f"{CHOICE}/delete",
        title=_("Delete a choice that was never chosen"),
        call=delete,
        returns=WholeQuestion,
        method="POST",
        scope=WRITE,
        permission=CATEGORIES,
        has_version=True,
    ),
)
