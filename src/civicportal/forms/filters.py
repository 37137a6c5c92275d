"""The address of a list whose filters live in it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from civicportal.forms.form import BoundForm
from civicportal.schema import whole_number


def with_query(path: str, parts: Mapping[str, Any]) -> str:
    """Return an address with those parts in its query that are neither None nor empty."""
    query = urlencode({name: value for name, value in parts.items() if value not in (None, "")})
    return f"{path}?{query}" if query else path


def page_ends(request: Any) -> dict[str, int | None]:
    """Return ``before`` and ``after`` of the address, the ids between which a page lies; None where it names none."""
    return {name: whole_number(request.GET.get(name, "")) or None for name in ("before", "after")}


class ListAddress:
    """Builds addresses that keep the filters of a list.

    :param form: of the filters, read from the address.
    :param route: of the list itself.
    :param keep: what else of the address is kept.
    """

    def __init__(
        self, request: Any, form: BoundForm, route: str, *, keep: tuple[str, ...] = ("sort",)
    ) -> None:
        names = {field.name for field in form}
        self._request, self.route = request, route
        self._path = request.route_path(route)
        self._kept = {
            name: value for name, value in request.GET.items() if name in names.union(keep) and value
        }
        self.chosen = len(names.intersection(self._kept))
        """How many filters are in use."""

    def __call__(self, route: str = "", **changed: Any) -> str:
        """Return the address of the list, or of another page with the same filters, with some of them changed.

        :param changed: None takes a filter away.
        """
        path = self._request.route_path(route) if route else self._path
        return with_query(path, {**self._kept, **changed})
