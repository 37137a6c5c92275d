"""Cases of others that citizens follow, in the API: what their page shows of them, and no more."""

from datetime import datetime
from typing import Annotated, TypedDict, cast

from civicportal.core.security import PagePermission
from civicportal.domain.cases.follow_up import CaseSummary, FollowUpService
from civicportal.domain.cases.followers import FollowerService
from civicportal.domain.cases.history import PublicHistory
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.public_texts import PublicTexts
from civicportal.domain.cases.schemas import CitizenNote
from civicportal.domain.cases.workflow import Stage
from civicportal.domain.kartable.rest.cases import READ
from civicportal.domain.kartable.rest.inquiries import ROW
from civicportal.domain.kartable.rest.items import NamedItem, PictureItem, picture_item
from civicportal.domain.kartable.rest.notes import add_note_of_citizen, count_message
from civicportal.domain.kartable.rest.notices import NoticesBody
from civicportal.domain.kartable.rest.ratings import RatingBody, RatingItem, rate_case
from civicportal.domain.kartable.rest.steps import WRITE
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.i18n import _
from civicportal.web.rest.operations import Call, Listed, Operation

MOST = 500
"""Followed cases that are listed, the latest ones."""
PATH = f"/followed/{ROW}"


class FollowedItem(TypedDict):
    """A case of another person that the caller follows."""

    id: int
    kind: str
    category: NamedItem | None
    status_title: Annotated[str, _("The status in the caller's language")]
    stage: Stage
    public: Annotated[bool, _("Whether it is shown to everybody")]
    created_at: datetime
    updated_at: datetime
    deadline: datetime | None


class FollowedEvent(TypedDict):
    """An entry of the public history of a case."""

    title: Annotated[str, _("What happened, in the caller's language")]
    at: datetime
    author: Annotated[str, _("The unit, or what the text is")]
    text: str


class FollowedCase(FollowedItem):
    """A followed case with what its list leaves out."""

    words: Annotated[str | None, _("The public text, once it is published")]
    place: Annotated[str | None, _("The public place, once it is published")]
    pictures: Annotated[list[PictureItem], _("Public pictures, once it is published")]
    history: Annotated[list[FollowedEvent], _("Latest first")]
    wanted: Annotated[bool, _("Whether an SMS tells of every change")]


class FollowingItem(TypedDict):
    """Whether the caller follows a case."""

    id: int
    following: bool


def listing(call: Call) -> Listed:
    """Return a page of the followed cases, in the order of ids."""
    rows = sorted(call.work.get(FollowUpService).followed(limit=MOST), key=lambda one: one.case.id)
    found, following = call.window(rows, lambda one: one.case.id)
    return Listed(items=[_item(call, one) for one in found], next=following)


def show(call: Call) -> FollowedCase:
    """Return one followed case."""
    return _whole(call, _fetch(call))


def set_notices(call: Call) -> FollowedCase:
    """Set whether the caller is told of the changes of a followed case."""
    case = _fetch(call)
    call.work.get(FollowerService).mute(case, not call.body["wanted"])
    call.work.session.flush()
    return _whole(call, case)


def rate(call: Call) -> RatingItem:
    """Rate a followed case that was closed."""
    return rate_case(call, _fetch(call, lock=True))


def add_note(call: Call) -> FollowedCase:
    """Add a message of a follower, which staff and its author read."""
    case, event = add_note_of_citizen(call, lambda: _fetch(call, lock=True))
    call.work.session.flush()
    call.made(str(event.id))
    return _whole(call, case)


def stop(call: Call) -> FollowingItem:
    """Stop following a case."""
    case = _fetch(call)
    call.work.get(FollowerService).stop(case)
    return {"id": case.id, "following": False}


def _fetch(call: Call, *, lock: bool = False) -> Case:
    """Return the case of the path.

    :raises NotFound: when the caller does not follow it.
    """
    found: Case = call.work.get(FollowUpService).fetch_followed(int(call.matched["id"]), lock=lock)
    return found


def _item(call: Call, row: CaseSummary) -> FollowedItem:
    case = row.case
    category = call.work.get(OrganizationService).categories.by_id.get(case.category_id or 0)
    return {
        "id": case.id,
        "kind": case.kind,
        "category": {"key": category.key, "name": category.name} if category else None,
        "status_title": call.say(row.status),
        "stage": cast("Stage", case.stage),
        "public": case.public,
        "created_at": case.created_at,
        "updated_at": case.updated_at,
        "deadline": row.deadline,
    }


def _whole(call: Call, case: Case) -> FollowedCase:
    work, audiences = call.work, ("public",) if case.public else ()
    history, texts = work.get(PublicHistory), work.get(PublicTexts)
    return {
        **_item(call, work.get(FollowUpService).summary(case)),
        "words": texts.body(case) if case.public else None,
        "place": texts.place(case) if case.public else None,
        "pictures": [picture_item(call, one) for one in history.photos(case, audiences)],
        "history": [
            {
                "title": call.say(one.title),
                "at": one.moment,
                "author": call.say(one.author),
                "text": one.text,
            }
            for one in history.of(case, audiences=audiences)
        ],
        "wanted": not work.get(FollowerService).is_muted(case),
    }


OPERATIONS = (
    Operation(
        name="followed.list",
        path="/followed",
        title=_("List the cases of others that the caller follows"),
        call=listing,
        returns=FollowedItem,
        scope=READ,
        permission=PagePermission.CITIZEN,
        is_list=True,
    ),
    Operation(
        name="followed.show",
        path=PATH,
        title=_("Show a followed case"),
        call=show,
        returns=FollowedCase,
        scope=READ,
        permission=PagePermission.CITIZEN,
    ),
    Operation(
        name="followed.set_notices",
        path=f"{PATH}/notices",
        title=_("Set whether the caller is told of every change of a followed case"),
        call=set_notices,
        returns=FollowedCase,
        method="POST",
        scope=WRITE,
        permission=PagePermission.CITIZEN,
        body=NoticesBody,
    ),
    Operation(
        name="followed.rate",
        path=f"{PATH}/rating",
        title=_("Rate a followed case that was closed"),
        call=rate,
        returns=RatingItem,
        method="POST",
        scope=WRITE,
        permission=PagePermission.CITIZEN,
        body=RatingBody,
    ),
    Operation(
        name="followed.add_message",
        path=f"{PATH}/messages",
        title=_("Add a message of a follower"),
        call=add_note,
        count=count_message,
        again=lambda call, _made: show(call),
        returns=FollowedCase,
        method="POST",
        scope=WRITE,
        permission=PagePermission.CITIZEN,
        body=CitizenNote,
        creates=True,
        status=201,
    ),
    Operation(
        name="followed.stop",
        path=f"{PATH}/stop",
        title=_("Stop following a case"),
        call=stop,
        returns=FollowingItem,
        method="POST",
        scope=WRITE,
        permission=PagePermission.CITIZEN,
    ),
)
