"""Statistics of permits: the query of the list, and its facets."""

from civicportal.api.cases import kind_of
from civicportal.api.database import Work
from civicportal.api.forms import Values
from civicportal.api.statistics import Facet, Subject
from civicportal_parking_permits.i18n import _
from civicportal_parking_permits.models import Zone
from civicportal_parking_permits.names import KIND
from civicportal_parking_permits.search import Filters, PermitSearch
from civicportal_parking_permits.zones import ZoneService


def subject(work: Work, values: Values) -> Subject:
    """Return the subject of the statistics page.

    :param values: of :class:`~civicportal_parking_permits.schemas.StatisticsSchema`.
    """
    search, filters = work.get(PermitSearch), Filters.of(values)
    titles = {zone.key: zone.name for zone in work.get(ZoneService).all()}
    by_zone = Facet(name="zone", title=_("By zone"), head=_("Zone"), column=Zone.key, titles=titles)

    return search.subject(filters, values, (by_zone,), counted=frozenset())


def choices(work: Work) -> dict[str, object]:
    """Return the options of the desk's filters."""
    return {
        "zones": [(zone.key, zone.name) for zone in work.get(ZoneService).all()],
        "states": [(state.name, state.title) for state in kind_of(work.site, KIND).workflow.states],
    }
