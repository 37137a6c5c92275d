"""Ratings and objections of citizens in the API."""

from datetime import datetime
from typing import Annotated, TypedDict

from civicportal.core.security import PagePermission
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.ratings import RatingService
from civicportal.domain.cases.schemas import LONGEST_WORDS, Objection
from civicportal.domain.kartable.rest.cases import CODE, READ, fetch, pictures_of
from civicportal.domain.kartable.rest.items import WholeCase, whole_case
from civicportal.domain.kartable.rest.steps import WRITE
from civicportal.util.i18n import _
from civicportal.web.rest.operations import Call, Operation
from civicportal.web.schema import BoundedInt, CleanText, Node, StrictSchema

PATH = f"/cases/{CODE}/rating"


class RatingItem(TypedDict):
    """The rating of the last closing by the caller."""

    possible: Annotated[bool, _("Whether the caller may rate the case now")]
    until: Annotated[datetime | None, _("Until when")]
    stars: int | None
    words: str
    objection_until: Annotated[
        datetime | None, _("Until when an objection of the caller opens the case again; empty if none does")
    ]


class RatingBody(StrictSchema):
    """A rating."""

    stars = Node(BoundedInt(1, 5), title=_("Stars, from 1 to 5"))
    words = Node(
        CleanText(0, LONGEST_WORDS, multiline=True), title=_("What would have been better?"), missing=""
    )


def rating(call: Call) -> RatingItem:
    """Return the caller's rating, and whether they may rate."""
    return _rating(call, fetch(call))


def _rating(call: Call, case: Case) -> RatingItem:
    service = call.work.get(RatingService)
    standing = service.standing(case)
    mine = standing.mine if standing else None
    return {
        "possible": standing is not None,
        "until": standing.until if standing else None,
        "stars": mine.stars if mine else None,
        "words": mine.words if mine else "",
        "objection_until": service.objection_end(case),
    }


def rate(call: Call) -> RatingItem:
    """Set or change the caller's rating of the last closing."""
    return rate_case(call, fetch(call, lock=True))


def rate_case(call: Call, case: Case) -> RatingItem:
    """Rate a case as the body says."""
    call.work.get(RatingService).rate(case, call.body["stars"], call.body["words"])
    call.work.session.flush()
    return _rating(call, case)


def object_(call: Call) -> WholeCase:
    """Open a closed case again on the objection of its citizen."""
    case = fetch(call, lock=True)
    call.require_version(case.version)
    call.work.get(RatingService).object(case, call.body["reason"], version=call.version)
    call.work.session.flush()
    call.tag(case.version)
    return whole_case(call, case, pictures_of(call, case))


OPERATIONS = (
    Operation(
        name="cases.rating",
        path=PATH,
        title=_("Show the citizen's rating of a closed case"),
        call=rating,
        returns=RatingItem,
        scope=READ,
        permission=PagePermission.CITIZEN,
    ),
    Operation(
        name="cases.rate",
        path=PATH,
        title=_("Rate a closed case, or change the rating"),
        call=rate,
        returns=RatingItem,
        method="POST",
        scope=WRITE,
        permission=PagePermission.CITIZEN,
        body=RatingBody,
    ),
    Operation(
        name="cases.object",
        path=f"/cases/{CODE}/objection",
        title=_("Open a closed case again, by its citizen"),
        call=object_,
        returns=WholeCase,
        method="POST",
        scope=WRITE,
        permission=PagePermission.CITIZEN,
        body=Objection,
        has_version=True,
    ),
)
