"""Statistics of a kind of case."""

from civicportal.domain.statistics.pages import StatisticsPage
from civicportal.domain.statistics.schemas import PeriodFields
from civicportal.domain.statistics.selection import Facet, Subject
from civicportal.domain.statistics.tables import statistics_tables

__all__ = ["Facet", "PeriodFields", "StatisticsPage", "Subject", "statistics_tables"]
