"""Statistics of messages: the query of the list, and its facets."""

from civicportal.api.database import Work
from civicportal.api.forms import Values
from civicportal.api.organization import OrganizationService
from civicportal.api.statistics import Facet, Subject
from civicportal_feedback.i18n import _
from civicportal_feedback.kinds import TYPES
from civicportal_feedback.models import Feedback
from civicportal_feedback.search import FeedbackSearch, Filters

TYPE = Facet(
    name="type",
    title=_("By kind of message"),
    head=_("Kind of message"),
    column=Feedback.type,
    titles={name: type_.title for name, type_ in TYPES.items()},
)


def subject(work: Work, values: Values) -> Subject:
    """Return the subject of the statistics page.

    :param values: of :class:`~civicportal_feedback.schemas.StatisticsSchema`.
    """
    search, filters = work.get(FeedbackSearch), Filters.of(values)
    about = Facet.of_units(
        work.get(OrganizationService),
        filters.unit,
        column=Feedback.unit_id,
        title=_("By the unit they are about"),
        head=_("About the unit"),
    )

    return search.subject(filters, values, (TYPE, about, Facet.of_sources()), counted=frozenset())
