"""Statistics of a kind of case."""

from civicportal.domain.statistics.facets import SOURCE as SOURCE_FACET
from civicportal.domain.statistics.facets import unit_facet
from civicportal.domain.statistics.figures import FigureService
from civicportal.domain.statistics.pages import FiguresPage, figures_page
from civicportal.domain.statistics.periods import Span
from civicportal.domain.statistics.schemas import PeriodFields
from civicportal.domain.statistics.selection import Facet, Subject
from civicportal.domain.statistics.tables import figure_tables
from civicportal.domain.statistics.tally_service import TallyService

__all__ = [
    "SOURCE_FACET",
    "Facet",
    "FigureService",
    "FiguresPage",
    "PeriodFields",
    "Span",
    "Subject",
    "TallyService",
    "figure_tables",
    "figures_page",
    "unit_facet",
]
