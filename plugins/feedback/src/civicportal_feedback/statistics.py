"""Statistics of messages: the query of the list, and its facets."""

from dataclasses import replace

from civicportal.api.cases import kind_of
from civicportal.api.database import Work
from civicportal.api.forms import Values
from civicportal.api.lists import Rows, Selected
from civicportal.api.organization import OrganizationService
from civicportal.api.statistics import SOURCE_FACET, Facet, Span, Subject, unit_facet
from civicportal_feedback.i18n import _
from civicportal_feedback.kinds import TYPES
from civicportal_feedback.models import Feedback
from civicportal_feedback.search import FeedbackSearch, Filters
from civicportal_feedback.workflow import KIND

TYPE = Facet(
    name="type",
    title=_("By kind of message"),
    head=_("Kind of message"),
    column=Feedback.type,
    titles={name: type_.title for name, type_ in TYPES.items()},
)


def subject(work: Work, values: Values) -> Subject:
    """Return the subject of the statistics page.

    :param values: of :class:`~civicportal_feedback.schemas.FigureSchema`.
    """
    search, filters = work.get(FeedbackSearch), Filters.of(values)
    about = unit_facet(
        work.get(OrganizationService),
        filters.unit,
        column=Feedback.unit_id,
        title=_("By the unit they are about"),
        head=_("About the unit"),
    )

    def query(span: Span, *columns: Selected) -> Rows:
        return search.query(replace(filters, first_day=span.first, last_day=span.last), *columns)

    return Subject(
        kind=kind_of(work.site, KIND),
        values=values,
        query=query,
        facets=(TYPE, about, SOURCE_FACET),
        counted=frozenset(),
    )
