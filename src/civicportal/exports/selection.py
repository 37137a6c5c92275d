"""What the address of a list selects, read for its export: values, texts and words of the filters."""

from collections.abc import Mapping, Sequence
from typing import Any

from civicportal.errors import NotFound
from civicportal.exports.types import Offer
from civicportal.forms import BoundForm
from civicportal.forms.filters import with_query
from civicportal.i18n import _


class Selection:
    """An export and the filters of the present address.

    :ivar values: of the filters.
    :ivar address: their texts by name, as far as they narrow.
    :ivar filters: label and words of those that people see.
    """

    def __init__(self, request: Any, export: Offer) -> None:
        self._request, self.export = request, export
        with request.site.work(actor=request.identity, write=False) as work:
            form = BoundForm(request, export.schema(), bindings=export.bindings(work))
            self.values: Mapping[str, Any] = form.read_filters(request.GET)
        fields = [form[node.name] for node in form.schema.children]
        chosen = [
            field for field in fields if not field.is_empty and self.values[field.name] not in (None, False)
        ]
        self.address: dict[str, str] = {field.name: str(field.cstruct) for field in chosen}
        self.filters: Sequence[tuple[str, str]] = [
            (field.label, field.words) if field.label else (request.translate(_("Only")), self._hidden(field))
            for field in chosen
        ]

    def url(self, route: str, **parts: str) -> str:
        """Return the address of a page with the same filters."""
        return with_query(self._request.route_path(route, **parts), self.address)

    @property
    def list_url(self) -> str:
        """Return the address of the list itself."""
        return self.url(self.export.route)

    def _hidden(self, _field: Any) -> str:
        # Such a field holds the number of a person, which says nothing to people.
        return str(self._request.translate(_("Cases of one citizen")))


def selection(request: Any) -> Selection:
    """Return what the address names.

    :raises NotFound: when there is no such export, or it is not for this person.
    """
    export = request.site.exports.get(request.matchdict["name"])
    if export is None or not export.is_for(request.identity):
        raise NotFound("no such export")
    return Selection(request, export)
