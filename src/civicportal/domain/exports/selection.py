"""The filters of a list's URL for its export."""

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.domain.cases.paging import SORTS
from civicportal.domain.exports.types import SORT, ExportDefinition
from civicportal.util.errors import NotFound
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundField, BoundForm
from civicportal.web.forms.filters import with_query
from civicportal.web.request import Request

CITIZEN = "citizen"
"""Name of the filter with a person's number."""
DAYS = ("first_day", "last_day")


class ExportSelection:
    """An export and the filters of the current URL.

    :ivar values: of the filters.
    :ivar address: the active ones by name, as in the URL.
    :ivar filters: label and value of the active ones, and of the order, for display.
    :ivar narrows: any filter is active.
    :ivar refused: a filter is invalid: the list shows which.
    """

    def __init__(self, request: Request, export: ExportDefinition) -> None:
        self._request, self.export = request, export
        with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
            form = BoundForm(request, export.schema(), bindings=export.bindings(work))
            self.values: Values = form.read_filters(request.GET)
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
        """Use the order in the URL."""
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
        """Return the URL of the list itself."""
        return self.url(self.export.route)

    def _is_chosen(self, field: BoundField) -> bool:
        # Explicit days take precedence over a period.
        is_passed_over = field.name == "period" and any(self.values.get(name) for name in DAYS)
        value = self.values[field.name]
        # The number 0 is a filter too: it matches no one.
        return not (field.is_empty or value is None or value is False or is_passed_over)

    def _said(self, field: BoundField) -> tuple[str, str]:
        if field.name != CITIZEN:
            return field.label, field.words
        # A user id means nothing to readers.
        say = self._request.translate
        return say(_("Only")), say(_("Cases of one citizen"))


def selection(request: Request) -> ExportSelection:
    """Return the export and filters of the URL.

    :raises NotFound: when there is no such export, or it is not for this person.
    :raises HTTPSeeOther: to the list, if a filter is invalid: no file contains more than intended.
    """
    export = request.site.exports.get(request.matchdict["name"])
    if export is None or not export.is_for(request.identity):
        raise NotFound("no such export")
    found = ExportSelection(request, export)
    if found.refused:
        raise HTTPSeeOther(request.route_path(export.route, _query=request.GET))
    return found
