"""Publication of cases in the API."""

from typing import Annotated, TypedDict

from civicportal.core.security import PagePermission
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.public_texts import PublicTexts
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.rest.cases import CODE, READ, fetch
from civicportal.domain.kartable.rest.items import WholeCase
from civicportal.domain.kartable.rest.steps import WRITE, act_on
from civicportal.domain.kartable.schemas import PublicTextSchema
from civicportal.util.i18n import _
from civicportal.web.rest.operations import Call, Operation
from civicportal.web.schema import Flag, Node, StrictSchema

PATH = f"/cases/{CODE}/publication"


class PublicationItem(TypedDict):
    """What everybody reads of a case, or could read."""

    possible: Annotated[bool, _("Whether cases of this kind can be shown to everybody")]
    public: Annotated[bool, _("Whether it is shown to everybody")]
    words: Annotated[str | None, _("The text that was published last")]
    proposed: Annotated[str, _("The text without name, numbers and address of the sender, as a proposal")]


class PublicationBody(StrictSchema):
    """Whether a case is public, and with which text."""

    public = Node(Flag(), title=_("Everybody sees it"))
    words = PublicTextSchema()["words"].clone()
    words.missing = None
    allowed = PublicTexts.allowed_node()


def publication(call: Call) -> PublicationItem:
    """Return whether a case is public, and a proposal of its text."""
    case = fetch(call)
    call.tag(case.version)
    return {
        "possible": call.work.get(CaseService).kind(case).publishable,
        "public": case.public,
        "words": case.public_body or None,
        "proposed": call.work.get(PublicTexts).composed(case, case.public_body or case.body),
    }


def publish(call: Call) -> WholeCase:
    """Publish a case, or hide it again."""
    body = call.body
    allowed = PublicTexts.allowed_words(body)

    def act(case: Case) -> None:
        service = call.work.get(CaseService)
        if body["public"]:
            service.publish(case, True, body=body["words"], allowed=allowed)
        else:
            service.publish(case, False)

    return act_on(call, act)


OPERATIONS = (
    Operation(
        name="cases.publication",
        path=PATH,
        title=_("Show the public text of a case, or a proposal"),
        call=publication,
        returns=PublicationItem,
        scope=READ,
        permission=PagePermission.STAFF,
        has_version=True,
    ),
    Operation(
        name="cases.publish",
        path=PATH,
        title=_("Publish a case, or hide it again"),
        call=publish,
        returns=WholeCase,
        method="POST",
        scope=WRITE,
        permission=PagePermission.STAFF,
        body=PublicationBody,
        has_version=True,
    ),
)
