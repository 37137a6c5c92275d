"""Lists of cases: filters, search, pages and totals."""

from civicportal.domain.cases.finding import SearchFields, search_list
from civicportal.domain.cases.narrowing import CaseFilters, StatisticsFields
from civicportal.domain.statistics.case_list import CaseList
from civicportal.util.queries import Rows, Selected
from civicportal.web.forms.filters import ListAddress

__all__ = [
    "CaseFilters",
    "CaseList",
    "ListAddress",
    "Rows",
    "SearchFields",
    "Selected",
    "StatisticsFields",
    "search_list",
]
