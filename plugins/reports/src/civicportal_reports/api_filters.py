"""Filters of reports in the list of cases of the API."""

from sqlalchemy import ColumnElement, select

from civicportal.api.cases import Case
from civicportal.api.database import Work
from civicportal.api.forms import CleanText, Flag, Node, Option, StrictSchema
from civicportal_reports.i18n import _
from civicportal_reports.models import Report


class ReportFilters(StrictSchema):
    """The filters of the list of reports that not every case has."""

    district = Node(
        CleanText(1, 100), title=_("District"), description=_("Its name; “-” for none"), missing=None
    )
    located = Node(Flag(), title=_("With a place on the map"), missing=None)


def report_condition(name: str, value: str, work: Work) -> ColumnElement[bool] | None:
    """Return the condition of one of the filters; None for a district that does not exist."""
    if name == "located":
        found: ColumnElement[bool] = Report.lat.is_not(None)
    elif value == Option.NONE:
        found = Report.district == ""
    elif work.site.map is not None and value in work.site.map.districts:
        found = Report.district == value
    else:
        return None
    return Case.id.in_(select(Report.case_id).where(found))
