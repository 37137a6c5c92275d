"""Options of the list's filters."""

from civicportal.api.cases import kind_of
from civicportal.api.database import Work
from civicportal.api.forms import Option
from civicportal.api.kartable import KartableService
from civicportal.api.organization import OrganizationService
from civicportal_reports.categories import every_option
from civicportal_reports.i18n import _
from civicportal_reports.workflow import KIND


def desk_choices(work: Work) -> dict[str, object]:
    """Return the bindings of :class:`~civicportal_reports.schemas.DeskFilters`."""
    site = work.site
    units = work.get(OrganizationService).units.by_id.values()
    return {
        "categories": [*every_option(work), Option.none(_("No category"))],
        "states": [(state.name, state.title) for state in kind_of(site, KIND).workflow.states],
        "units": [*(Option(value=unit.key, label=unit.name) for unit in units), Option.none()],
        "districts": [*(site.map.districts if site.map else ()), Option.none()],
        "holders": work.get(KartableService).holders(),
    }
