"""Questions of categories in the API."""

from typing import Annotated, TypedDict

from civicportal.core.security import PagePermission
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.questionnaires.answers import AskedQuestion
from civicportal.domain.questionnaires.services import QuestionnaireService
from civicportal.util.errors import NotFound
from civicportal.util.i18n import _
from civicportal.web.rest.operations import Call, Operation


class ChoiceItem(TypedDict):
    """A choice of a question."""

    key: str
    label: str
    stop: Annotated[str, _("With this choice no report is taken, and this is why; empty for an ordinary one")]


class QuestionDescription(TypedDict):
    """What a question asks, and where."""

    key: Annotated[str, _("Unique within the category")]
    label: str
    hint: str
    datatype: Annotated[
        str, _("string, text, number, datetime, singlevaluelist or multivaluelist, as in Open311")
    ]
    variable: Annotated[bool, _("False for a text that is shown without an answer")]
    required: Annotated[bool, _("Whether an answer is required where the question is asked")]
    public: Annotated[bool, _("Whether everybody may read the answer of a published case")]
    after: Annotated[str | None, _("Key of the earlier question on which it depends")]
    after_choices: Annotated[list[str], _("It is asked if that question has one of these choices")]


class QuestionItem(QuestionDescription):
    """A question of a category."""

    choices: list[ChoiceItem]


class QuestionnaireItem(TypedDict):
    """The questions of a category, in their order."""

    questions: list[QuestionItem]


def questions(call: Call) -> QuestionnaireItem:
    """Return the questions that a new case of a category is asked."""
    kind, key = call.matched["kind"], call.matched["key"]
    category = call.work.get(OrganizationService).category(kind, key)
    if category is None or kind not in kinds_of(call.work.site):
        raise NotFound("no such category")
    if not (category.active or call.work.actor.is_staff):
        raise NotFound("the category is not offered")
    return {"questions": [_item(one) for one in call.work.get(QuestionnaireService).questions(category.id)]}


def _item(question: AskedQuestion) -> QuestionItem:
    return {
        "key": question.key,
        "label": question.label,
        "hint": question.hint,
        "datatype": question.datatype,
        "variable": question.variable,
        "required": question.required,
        "public": question.public,
        "after": question.after or None,
        "after_choices": list(question.after_keys),
        "choices": [
            {"key": choice.key, "label": choice.label, "stop": choice.stop} for choice in question.offered
        ],
    }


OPERATIONS = (
    Operation(
        name="categories.questions",
        path="/categories/{kind:[a-z][a-z0-9_]{0,39}}/{key:[A-Za-z0-9_-]{1,40}}/questions",
        title=_("Show the questions of a category"),
        call=questions,
        returns=QuestionnaireItem,
        permission=PagePermission.EVERYBODY,
    ),
)
