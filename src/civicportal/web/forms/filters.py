"""URLs of lists with filters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl, quote_plus

from civicportal.web.forms.form import BoundForm
from civicportal.web.request import Request
from civicportal.web.schema import Flag, RowId, whole_number

LONGEST_QUERY = 4000
"""Maximum characters of the query string of a list that a form contains."""
_MOST_PARAMETERS = 60
_quoted = lru_cache(1000)(quote_plus)
"""Cache size: a statistics page has two hundred URLs of the same few names and values."""


def with_query(path: str, parts: Mapping[str, object]) -> str:
    """Return a URL with the parameters that are neither None nor empty."""
    given = ((name, str(value)) for name, value in parts.items() if value not in (None, ""))
    query = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in given)
    return f"{path}?{query}" if query else path


def parse_query(query: str) -> dict[str, str]:
    """Return the parameters of a query string that a form contains; none of one that is too long."""
    try:
        return dict(parse_qsl(query, max_num_fields=_MOST_PARAMETERS)) if len(query) <= LONGEST_QUERY else {}
    except ValueError:
        return {}


def page_ends(request: Request) -> dict[str, int | None]:
    """Return the ids ``before`` and ``after`` of the URL, by which a page begins or ends.

    It is None if missing.
    """
    return {name: whole_number(request.GET.get(name, "")) or None for name in ("before", "after")}


@dataclass(frozen=True, kw_only=True)
class Chip:
    """An active filter.

    :ivar value: for display; empty if the label says everything.
    :ivar url: without this filter.
    """

    label: str
    value: str
    url: str


def chips(form: BoundForm, without: Callable[[str], str]) -> list[Chip]:
    """Return the active filters, in the order of the form.

    :param form: of the filters, read from the URL.
    :param without: returns the URL without the filter of a name.
    """
    return [
        Chip(
            label=field.label,
            # For a checkbox the label says everything, and the id of a row means nothing to people.
            value="" if isinstance(field.typ, (Flag, RowId)) else field.words,
            url=without(field.name),
        )
        for field in form.narrowing
    ]


class ListAddress:
    """Build URLs that keep the valid filters of a list.

    :param form: of the filters, read from the URL.
    :param route: of the list itself.
    :param keep: further parameters to keep.
    :param anchor: id of the list on a page that has other content above it.
    :ivar form: of the filters.
    :ivar route: of the list.
    """

    def __init__(
        self,
        request: Request,
        form: BoundForm,
        route: str,
        *,
        keep: tuple[str, ...] = ("sort",),
        anchor: str = "",
    ) -> None:
        fields = {field.name: field for field in form}
        self._request, self.form, self.route = request, form, route
        self._path = request.route_path(route)
        self._anchor = f"#{anchor}" if anchor else ""
        self.also = {name: value for name in keep if (value := request.GET.get(name, ""))}
        """Parameters kept besides the filters."""
        read = (name for name, field in fields.items() if not (field.is_empty or field.error))
        self._kept = {**{name: str(fields[name].cstruct) for name in read}, **self.also}
        self.chosen = len(form.narrowing)
        """Number of active filters."""

    def __call__(self, route: str = "", **changed: object) -> str:
        """Return the URL of a list with changed filters.

        :param changed: None removes a filter.
        """
        path = self._request.route_path(route) if route else self._path
        anchor = self._anchor if route in ("", self.route) else ""
        return with_query(path, {**self._kept, **changed}) + anchor

    def chips(self, route: str = "") -> list[Chip]:
        """Return the active filters with URLs that remove them."""
        return chips(self.form, lambda name: self(route, **{name: None}))

    def of_query(self, query: Mapping[str, str]) -> str:
        """Return the URL of the list with these parameters only."""
        return with_query(self._path, query) + self._anchor

    def cleared(self, route: str = "") -> str:
        """Return the URL of the list, or of another page, without filters."""
        return self(route, **dict.fromkeys(field.name for field in self.form.narrowing))
