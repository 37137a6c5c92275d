"""Options of the list's filters."""

from typing import Any

from civicportal.api import Option, OrganizationService, Work, kind_of, none_option
from civicportal_feedback.workflow import KIND


def desk_choices(work: Work) -> dict[str, Any]:
    """Return the bindings of :class:`~civicportal_feedback.schemas.DeskFilters`."""
    units = work.get(OrganizationService).units.by_id.values()
    return {
        "states": [(state.name, state.title) for state in kind_of(work.site, KIND).workflow.states],
        "units": [*(Option(value=unit.key, label=unit.name) for unit in units), none_option()],
    }
