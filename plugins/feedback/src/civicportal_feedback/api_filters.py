"""Filters of messages in the list of cases of the API."""

from sqlalchemy import ColumnElement, select

from civicportal.api.cases import Case
from civicportal.api.database import Work
from civicportal.api.forms import Choice, CleanText, Node, Option, StrictSchema
from civicportal.api.lists import CaseList
from civicportal.api.organization import OrganizationService
from civicportal_feedback.i18n import _
from civicportal_feedback.kinds import TITLES
from civicportal_feedback.models import Feedback
from civicportal_feedback.opinions import OPINIONS, has_opinion


class FeedbackFilters(StrictSchema):
    """The filters of the list of messages that not every case has."""

    type = Node(Choice(TITLES), title=_("Kind of message"), missing=None)
    about = Node(
        CleanText(1, 40),
        title=_("Key of the unit it is about, or of one above it"),
        description=_("“-” for none"),
        missing=None,
    )
    opinion = Node(Choice([*OPINIONS.items()]), title=_("Opinion of a unit"), missing=None)


def message_condition(name: str, value: str, work: Work) -> ColumnElement[bool] | None:
    """Return the condition of one of the filters; None for a unit that does not exist."""
    if name == "opinion":
        return has_opinion(value)
    if name == "type":
        found = Feedback.type == value
    elif value == Option.NONE:
        found = Feedback.unit_id.is_(None)
    else:
        units = work.get(OrganizationService).units
        unit = next((one for one in units.by_id.values() if one.key == value), None)
        if unit is None:
            return None
        found = CaseList.has_one_of(Feedback.unit_id, units.subtree(unit.id))
    return Case.id.in_(select(Feedback.case_id).where(found))
