"""Statistics of meetings: the query of the list, and its facets."""

from dataclasses import replace

from civicportal.api.cases import kind_of
from civicportal.api.database import Work
from civicportal.api.forms import Values
from civicportal.api.lists import Rows, Selected
from civicportal.api.organization import OrganizationService
from civicportal.api.statistics import SOURCE_FACET, Span, Subject, unit_facet
from civicportal_meetings.names import KIND
from civicportal_meetings.services.search import Filters, MeetingSearch

ALL = "all"


def subject(work: Work, values: Values) -> Subject:
    """Return the subject of the statistics page, with every status by default.

    :param values: of :class:`~civicportal_meetings.desk_schemas.FigureSchema`.
    """
    search, read = work.get(MeetingSearch), Filters.of(values)
    filters = replace(read, status=read.status or ALL)

    def query(span: Span, *columns: Selected) -> Rows:
        return search.query(replace(filters, first_day=span.first, last_day=span.last), *columns)

    return Subject(
        kind=kind_of(work.site, KIND),
        values={**values, "status": None if read.status == ALL else read.status},
        query=query,
        facets=(unit_facet(work.get(OrganizationService), filters.unit), SOURCE_FACET),
    )
