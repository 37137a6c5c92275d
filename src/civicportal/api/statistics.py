"""Statistics of a kind of case."""

from civicportal.domain.statistics.pages import FiguresPage
from civicportal.domain.statistics.schemas import PeriodFields
from civicportal.domain.statistics.selection import Facet, Subject
from civicportal.domain.statistics.tables import figure_tables

__all__ = ["Facet", "FiguresPage", "PeriodFields", "Subject", "figure_tables"]
