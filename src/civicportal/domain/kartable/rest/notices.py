"""The choice of citizens to be told of their cases, in the API."""

from typing import Annotated, TypedDict

from civicportal.core.security import PagePermission
from civicportal.domain.cases.followers import FollowerService
from civicportal.domain.cases.schemas import NotificationChoice
from civicportal.domain.kartable.rest.cases import CODE, READ, fetch
from civicportal.domain.kartable.rest.steps import WRITE
from civicportal.util.i18n import _
from civicportal.web.rest.operations import Call, Operation
from civicportal.web.schema import Flag, Node

PATH = f"/cases/{CODE}/notices"


class NoticesItem(TypedDict):
    """Whether the caller is told of the changes of a case."""

    wanted: Annotated[bool, _("Whether an SMS tells of every change")]


class NoticesBody(NotificationChoice):
    """The choice to be told of the changes of a case."""

    wanted = Node(Flag(), title=_("SMS at every change"))


def notices(call: Call) -> NoticesItem:
    """Return whether the citizen of a case is told of its changes."""
    return {"wanted": not call.work.get(FollowerService).is_muted(fetch(call))}


def set_notices(call: Call) -> NoticesItem:
    """Set whether the citizen of a case is told of its changes."""
    case = fetch(call)
    call.work.get(FollowerService).mute(case, not call.body["wanted"])
    call.work.session.flush()
    return {"wanted": call.body["wanted"]}


OPERATIONS = (
    Operation(
        name="cases.notices",
        path=PATH,
        title=_("Show whether the citizen is told of every change"),
        call=notices,
        returns=NoticesItem,
        scope=READ,
        permission=PagePermission.CITIZEN,
    ),
    Operation(
        name="cases.set_notices",
        path=PATH,
        title=_("Set whether the citizen is told of every change"),
        call=set_notices,
        returns=NoticesItem,
        method="POST",
        scope=WRITE,
        permission=PagePermission.CITIZEN,
        body=NoticesBody,
    ),
)
