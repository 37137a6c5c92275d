"""Options of the list's filters."""

from civicportal.api.cases import kind_of
from civicportal.api.database import Work
from civicportal.api.forms import Option
from civicportal.api.kartable import KartableService
from civicportal.api.organization import OrganizationService
from civicportal_feedback.workflow import KIND


def desk_choices(work: Work) -> dict[str, object]:
    """Return the bindings of :class:`~civicportal_feedback.schemas.DeskFilters`."""
    units = work.get(OrganizationService).units.by_id.values()
    return {
        "states": [(state.name, state.title) for state in kind_of(work.site, KIND).workflow.states],
        "units": [*(Option(value=unit.key, label=unit.name) for unit in units), Option.none()],
        "holders": work.get(KartableService).holders(),
    }


def unit_choices(work: Work) -> dict[str, object]:
    """Return the units that a message can be about."""
    units = work.get(OrganizationService).units.by_id.values()
    return {"units": [Option(value=unit.key, label=unit.name) for unit in units if unit.active]}
