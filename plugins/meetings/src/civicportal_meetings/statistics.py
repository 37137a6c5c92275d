"""Statistics of meetings: the query of the list, and its facets."""

from dataclasses import replace

from civicportal.api.database import Work
from civicportal.api.forms import Values
from civicportal.api.organization import OrganizationService
from civicportal.api.statistics import Facet, Subject
from civicportal_meetings.services.search import Filters, MeetingSearch

ALL = "all"


def subject(work: Work, values: Values) -> Subject:
    """Return the subject of the statistics page, with every status by default.

    :param values: of :class:`~civicportal_meetings.desk_schemas.StatisticsSchema`.
    """
    search, read = work.get(MeetingSearch), Filters.of(values)
    filters = replace(read, status=read.status or ALL)

    asked = {**values, "status": None if read.status == ALL else read.status}
    by_unit = Facet.of_units(work.get(OrganizationService), filters.unit)
    return search.subject(filters, asked, (by_unit, Facet.of_sources()))
