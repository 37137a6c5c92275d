"""Lists of cases: filters, search, pages and totals."""

from civicportal.domain.cases.access.reach import in_own_counters
from civicportal.domain.cases.access.rights import sees_all, visible
from civicportal.domain.cases.conditions import in_stage, stages_of
from civicportal.domain.cases.finding import SearchFields, search_list
from civicportal.domain.cases.hits import searched_page
from civicportal.domain.cases.narrowing import (
    NONE,
    CaseFilters,
    FigureFields,
    category_ids,
    has_one_of,
    none_option,
    unit_ids,
)
from civicportal.domain.cases.paging import SORTS, Page, Sort, case_page
from civicportal.domain.cases.scope import CaseScope
from civicportal.domain.cases.search import CaseSearch
from civicportal.domain.cases.sources import SOURCES
from civicportal.domain.cases.suggestions import SuggestionService
from civicportal.domain.statistics.exact import list_total
from civicportal.domain.statistics.lookup import CounterService
from civicportal.util.lists import Total
from civicportal.util.queries import Rows, Selected
from civicportal.web.forms.filters import ListAddress

__all__ = [
    "NONE",
    "SORTS",
    "SOURCES",
    "CaseFilters",
    "CaseScope",
    "CaseSearch",
    "CounterService",
    "FigureFields",
    "ListAddress",
    "Page",
    "Rows",
    "SearchFields",
    "Selected",
    "Sort",
    "SuggestionService",
    "Total",
    "case_page",
    "category_ids",
    "has_one_of",
    "in_own_counters",
    "in_stage",
    "list_total",
    "none_option",
    "search_list",
    "searched_page",
    "sees_all",
    "stages_of",
    "unit_ids",
    "visible",
]
