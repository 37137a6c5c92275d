"""Own views, columns and bulk actions on the page of a list of cases."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode

from civicportal.domain.cases.models import Case
from civicportal.domain.kartable.rows import RowService
from civicportal.domain.kartable.views.bulk import bulk_actions
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.own_views.models import SavedView
from civicportal.domain.own_views.services import PERSONAL, OwnViewService
from civicportal.util.queries import Record
from civicportal.web.forms import BoundForm
from civicportal.web.request import Request

SORT, VIEW = "sort", "view"
"""Parameters of a list's URL besides its filters."""


class FilteredList(Protocol):
    """The URL of a list, see :class:`~civicportal.web.forms.filters.ListAddress`."""

    @property
    def route(self) -> str:
        """Return the name of the route of the list."""

    @property
    def form(self) -> BoundForm:
        """Return the form of the filters."""

    def of_query(self, query: Mapping[str, str]) -> str:
        """Return the URL of the list with these parameters only."""


@dataclass(frozen=True, kw_only=True)
class ViewLink:
    """A view as the list shows it.

    :ivar unit: name of the unit that shares it; empty for an own one.
    """

    name: str
    url: str
    is_open: bool
    unit: str = ""


class ListTools:
    """Own views, columns and bulk actions of a list, for its template.

    :ivar route: name of the route of the list.
    :ivar query: parameters of the current view; empty if nothing is filtered.
    :ivar views: own views, then shared ones.
    :ivar offered: titles of the columns that can be chosen, by name.
    :ivar is_usual: the columns are those of everyone without a choice.
    """

    def __init__(
        self,
        request: Request,
        address: FilteredList,
        columns: Mapping[str, str],
        further: Mapping[str, str],
    ) -> None:
        self._request, self.route = request, address.route
        self._work = request.work
        service = self._work.get(OwnViewService)
        found = service.of_page(self.route)
        given = _given(request, address.form)
        self.query = {name: text for name, text in given.items() if name != SORT or len(given) > 1}
        self.has_flaw = bool(address.form.errors)
        opened = _opened(found, given)
        unit_name = self._work.get(OrganizationService).unit_name
        self.views = [
            ViewLink(
                name=view.name,
                url=address.of_query(view.query),
                is_open=view is opened,
                unit=unit_name(view.unit_id) if view.unit_id else "",
            )
            for view in found
        ]
        self.offered = {**columns, **further}
        chosen = service.columns(self.route)
        self.is_usual = chosen is None
        self._shown = frozenset(columns if chosen is None else chosen)
        self.actions = bulk_actions(self._work)

    @property
    def open(self) -> ViewLink | None:
        """Return the view whose filters the URL has."""
        return next((view for view in self.views if view.is_open), None)

    @property
    def can_save(self) -> bool:
        """Return whether the current filters can be saved as a view."""
        return bool(self.query) and self.open is None and not self.has_flaw

    @property
    def query_string(self) -> str:
        """Return the current filters as a query string."""
        return urlencode(self.query)

    @property
    def return_query(self) -> str:
        """Return the parameters of the URL, for the way back after a bulk action."""
        return str(self._request.query_string)

    def shows(self, column: str) -> bool:
        """Return whether a column is shown."""
        return column in self._shown

    def holders(self, rows: Sequence[Record]) -> dict[int, str]:
        """Return the names of the holders of open cases by case id, if that column is shown.

        :param rows: of the list; their first column is the case.
        """
        cases: list[Case] = [row[0] for row in rows]
        return self._work.get(RowService).holders(cases) if self.shows("holder") else {}


def list_tools(
    request: Request,
    address: FilteredList,
    columns: Mapping[str, str],
    further: Mapping[str, str],
) -> ListTools:
    """Return the tools of a list; a request method.

    :param columns: titles of the columns shown by default, by name.
    :param further: titles of those that are shown only if chosen.
    """
    return ListTools(request, address, columns, further)


def _given(request: Request, form: BoundForm) -> dict[str, str]:
    """Return the parameters of the URL that a view contains."""
    names = {field.name for field in form} | {SORT, VIEW}
    return {
        name: text
        for name, text in request.GET.items()
        if text.strip() and name in names and name not in PERSONAL
    }


def _opened(views: Iterable[SavedView], given: Mapping[str, str]) -> SavedView | None:
    """Return the view with exactly these parameters, else one that differs in the order only."""
    views = list(views)
    exact = next((view for view in views if view.query == given), None)
    return exact or next((view for view in views if _unsorted(view.query) == _unsorted(given)), None)


def _unsorted(query: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in query.items() if name != SORT}
