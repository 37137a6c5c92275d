"""The address of a list whose filters live in it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus

from civicportal.web.forms.form import BoundForm
from civicportal.web.request import Request
from civicportal.web.schema import Flag, RowId, whole_number

_quoted = lru_cache(1000)(quote_plus)
"""A page of figures holds two hundred addresses, of the same few names and values."""


def with_query(path: str, parts: Mapping[str, Any]) -> str:
    """Return an address with those parts in its query that are neither None nor empty."""
    given = ((name, str(value)) for name, value in parts.items() if value not in (None, ""))
    query = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in given)
    return f"{path}?{query}" if query else path


def page_ends(request: Request) -> dict[str, int | None]:
    """Return ``before`` and ``after`` of the address, the ids between which a page lies; None where it names none."""
    return {name: whole_number(request.GET.get(name, "")) or None for name in ("before", "after")}


@dataclass(frozen=True, kw_only=True)
class Chip:
    """A filter that is on.

    :ivar value: as people read it; empty where the label says all.
    :ivar url: the address without it.
    """

    label: str
    value: str
    url: str


def chips(form: BoundForm, without: Callable[[str], str]) -> list[Chip]:
    """Return the filters that are on, in the order of the form.

    :param form: of the filters, read from the address.
    :param without: returns the address without the filter of a name.
    """
    return [
        Chip(
            label=field.label,
            # A tick says what its label does, and the number of a row says nothing to people.
            value="" if isinstance(field.typ, (Flag, RowId)) else field.words,
            url=without(field.name),
        )
        for field in form.narrowing
    ]


class ListAddress:
    """Builds addresses that keep the filters of a list, as far as they could be read.

    :param form: of the filters, read from the address.
    :param route: of the list itself.
    :param keep: what else of the address is kept.
    :param anchor: id of the list on its page, where other things stand above it.
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
        self._request, self._form, self.route = request, form, route
        self._path = request.route_path(route)
        self._anchor = f"#{anchor}" if anchor else ""
        self.also = {name: value for name in keep if (value := request.GET.get(name, ""))}
        """What is kept besides the filters."""
        read = (name for name, field in fields.items() if not (field.is_empty or field.error))
        self._kept = {**{name: str(fields[name].cstruct) for name in read}, **self.also}
        self.chosen = len(form.narrowing)
        """How many filters are in use."""

    def __call__(self, route: str = "", **changed: Any) -> str:
        """Return the address of the list, or of another page with the same filters, with some of them changed.

        :param changed: None takes a filter away.
        """
        path = self._request.route_path(route) if route else self._path
        anchor = self._anchor if route in ("", self.route) else ""
        return with_query(path, {**self._kept, **changed}) + anchor

    def chips(self, route: str = "") -> list[Chip]:
        """Return the filters in use, each with the address of the list, or of another page, without it."""
        return chips(self._form, lambda name: self(route, **{name: None}))

    def cleared(self, route: str = "") -> str:
        """Return the address of the list, or of another page, without any filter."""
        return self(route, **dict.fromkeys(field.name for field in self._form.narrowing))
