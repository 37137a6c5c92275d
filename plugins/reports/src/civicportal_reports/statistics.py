"""Statistics of reports: the query of the list, and its facets."""

from dataclasses import replace

from civicportal.api.cases import kind_of
from civicportal.api.database import Work
from civicportal.api.forms import Values
from civicportal.api.lists import Rows, Selected
from civicportal.api.organization import OrganizationService
from civicportal.api.statistics import SOURCE_FACET, Facet, Span, Subject, unit_facet
from civicportal_reports.i18n import _
from civicportal_reports.models import Report
from civicportal_reports.search import Filters, ReportSearch
from civicportal_reports.workflow import KIND

DISTRICT = Facet(name="district", title=_("By district"), head=_("District"), column=Report.district)


def subject(work: Work, values: Values) -> Subject:
    """Return the subject of the statistics page.

    :param values: of :class:`~civicportal_reports.schemas.FigureSchema`.
    """
    search, filters = work.get(ReportSearch), Filters.of(values)

    def query(span: Span, *columns: Selected) -> Rows:
        return search.query(replace(filters, first_day=span.first, last_day=span.last), *columns)

    return Subject(
        kind=kind_of(work.site, KIND),
        values=values,
        query=query,
        facets=(unit_facet(work.get(OrganizationService), filters.unit), DISTRICT, SOURCE_FACET),
    )
