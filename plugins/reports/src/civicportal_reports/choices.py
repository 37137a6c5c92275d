"""Options of the list's filters."""

from civicportal.api.cases import kind_of
from civicportal.api.database import Work
from civicportal.api.forms import Option
from civicportal.api.kartable import KartableService
from civicportal.api.organization import OrganizationService
from civicportal.api.submission import QuestionnaireService
from civicportal_reports.categories import every_option, filter_options, topics
from civicportal_reports.i18n import _
from civicportal_reports.workflow import KIND


def public_choices(work: Work) -> dict[str, object]:
    """Return the bindings of the public filters: categories and districts."""
    return {
        "categories": filter_options(topics(work)),
        "districts": work.site.map.districts if work.site.map else [],
    }


def desk_choices(work: Work, category: str | None = None) -> dict[str, object]:
    """Return the bindings of :class:`~civicportal_reports.schemas.DeskFilters`.

    :param category: key of the category whose answers are offered, empty for none; None for those of all.
    """
    site = work.site
    units = work.get(OrganizationService).units.by_id.values()
    return {
        "categories": [*every_option(work), Option.none(_("No category"))],
        "states": [(state.name, state.title) for state in kind_of(site, KIND).workflow.states],
        "units": [*(Option(value=unit.key, label=unit.name) for unit in units), Option.none()],
        "answers": work.get(QuestionnaireService).choice_options(_below(work, category)),
        "districts": [*(site.map.districts if site.map else ()), Option.none()],
        "holders": work.get(KartableService).holders(),
    }


def _below(work: Work, key: str | None) -> frozenset[int] | None:
    """Return the ids of a category and those below it; None for all."""
    if key is None:
        return None
    organization = work.get(OrganizationService)
    category = organization.category(KIND, key)
    return organization.categories.subtree(category.id) if category else frozenset()
