"""Statistics of reports: the query of the list, and its facets."""

from civicportal.api.database import Work
from civicportal.api.forms import Values
from civicportal.api.organization import OrganizationService
from civicportal.api.statistics import Facet, Subject
from civicportal_reports.i18n import _
from civicportal_reports.models import Report
from civicportal_reports.search import Filters, ReportSearch

DISTRICT = Facet(name="district", title=_("By district"), head=_("District"), column=Report.district)


def subject(work: Work, values: Values) -> Subject:
    """Return the subject of the statistics page.

    :param values: of :class:`~civicportal_reports.schemas.StatisticsSchema`.
    """
    search, filters = work.get(ReportSearch), Filters.of(values)

    by_unit = Facet.of_units(work.get(OrganizationService), filters.unit)
    return search.subject(filters, values, (by_unit, DISTRICT, Facet.of_sources()))
