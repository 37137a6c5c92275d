"""The address of a list whose filters live in it."""

from typing import Any
from urllib.parse import urlencode

from civicportal.forms.form import BoundForm


class ListAddress:
    """Builds addresses that keep the filters of a list.

    :param form: of the filters, read from the address.
    :param route: of the list itself.
    """

    def __init__(self, request: Any, form: BoundForm, route: str) -> None:
        names = {field.name for field in form} | {"sort"}
        self._request, self.route = request, route
        self._kept = {name: value for name, value in request.GET.items() if name in names and value}

    def __call__(self, route: str = "", **changed: Any) -> str:
        """Return the address of the list, or of another page with the same filters, with some of them changed.

        :param changed: None takes a filter away.
        """
        query = {name: value for name, value in {**self._kept, **changed}.items() if value}
        path = self._request.route_path(route or self.route)
        return f"{path}?{urlencode(query)}" if query else str(path)

    @property
    def chosen(self) -> int:
        """Return how many filters are in use."""
        return len(set(self._kept) - {"sort"})
