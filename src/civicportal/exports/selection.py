"""What the address of a list selects, read for its export: values, texts and words of the filters."""

from collections.abc import Mapping
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.cases.paging import SORTS
from civicportal.errors import NotFound
from civicportal.exports.types import SORT, Offer
from civicportal.forms import BoundForm
from civicportal.forms.filters import with_query
from civicportal.i18n import _
from civicportal.web.request import Request

CITIZEN = "citizen"
"""Name of the filter that holds somebody's number."""
DAYS = ("first_day", "last_day")


class Selection:
    """An export and the filters of the present address.

    :ivar values: of the filters.
    :ivar address: their texts by name, as far as they narrow.
    :ivar filters: label and words of the same, and of the order, as people read them.
    :ivar narrows: they leave something out.
    :ivar refused: something typed cannot be read: the list says what.
    """

    def __init__(self, request: Request, export: Offer) -> None:
        self._request, self.export = request, export
        with request.site.work(actor=request.identity, write=False) as work:
            form = BoundForm(request, export.schema(), bindings=export.bindings(work))
            self.values: Mapping[str, Any] = form.read_filters(request.GET)
        self.refused = bool(form.errors)
        fields = [form[node.name] for node in form.schema.children]
        chosen = [field for field in fields if self._is_chosen(field)]
        self.address: dict[str, str] = {field.name: str(field.cstruct) for field in chosen}
        self.filters: list[tuple[str, str]] = [self._said(field) for field in chosen]
        say = request.translate
        self.filters += [(say(label), say(words)) for label, words in export.unsaid(self.values)]
        self.narrows = len(self.filters) > (SORT in self.address)
        self._sort()

    def _sort(self) -> None:
        """Take over the order that the address names."""
        sort = SORTS.get(self._request.GET.get(SORT, ""))
        if sort is None or SORT in self.address or not getattr(self.export, "sortable", False):
            return
        say = self._request.translate
        self.values = {**self.values, SORT: sort.name}
        self.address[SORT] = sort.name
        self.filters.append((say(_("Sort by")), say(sort.title)))

    def url(self, route: str, **parts: str) -> str:
        """Return the address of a page with the same filters."""
        return with_query(self._request.route_path(route, **parts), self.address)

    @property
    def list_url(self) -> str:
        """Return the address of the list itself."""
        return self.url(self.export.route)

    def _is_chosen(self, field: Any) -> bool:
        # Days that are named go before a period.
        is_passed_over = field.name == "period" and any(self.values.get(name) for name in DAYS)
        value = self.values[field.name]
        # The number 0 narrows: it belongs to nobody.
        return not (field.is_empty or value is None or value is False or is_passed_over)

    def _said(self, field: Any) -> tuple[str, str]:
        if field.name != CITIZEN:
            return field.label, field.words
        # The number of a person says nothing to people.
        say = self._request.translate
        return say(_("Only")), say(_("Cases of one citizen"))


def selection(request: Request) -> Selection:
    """Return what the address names.

    :raises NotFound: when there is no such export, or it is not for this person.
    :raises HTTPSeeOther: back to the list, where a filter cannot be read: no file holds more than was meant.
    """
    export = request.site.exports.get(request.matchdict["name"])
    if export is None or not export.is_for(request.identity):
        raise NotFound("no such export")
    found = Selection(request, export)
    if found.refused:
        raise HTTPSeeOther(request.route_path(export.route, _query=request.GET))
    return found
