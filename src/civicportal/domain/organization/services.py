"""Read access to the organisation."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from sqlalchemy import select

# Until Python 3.12 functools.cached_property holds one lock for all objects of a class while it computes: a thread
# that waits for the database would block the one that has the connection.
from sqlalchemy.util import memoized_property

from civicportal.core.translated import in_language
from civicportal.core.work import Service
from civicportal.domain.organization.models import Category, Closure, Holiday, OfficeHours, Unit
from civicportal.util.errors import CivicportalError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from civicportal.util.calendar import CityCalendar


class UnknownUnit(CivicportalError):
    """There is no unit with this key."""


Node = TypeVar("Node", Unit, Category)


class Tree(Generic[Node]):
    """Rows with parents, in their order.

    Cycles, as a restored table may contain them, are visited once.
    """

    def __init__(self, rows: Iterable[Node]) -> None:
        self.by_id: dict[int, Node] = {row.id: row for row in rows}
        self._children: dict[int | None, list[Node]] = {}
        for row in self.by_id.values():
            self._children.setdefault(row.parent_id, []).append(row)
        self._parts: dict[str, Tree[Node]] = {}

    def of(self, belongs: Callable[[Node], bool]) -> "Tree[Node]":
        """Return the tree of some rows."""
        return Tree(row for row in self.by_id.values() if belongs(row))

    def in_language(self, locale: str) -> "Tree[Node]":
        """Return copies of the rows with their texts in a language."""
        return Tree(in_language(row, locale) for row in self.by_id.values())

    def part(self, name: str, belongs: Callable[[Node], bool]) -> "Tree[Node]":
        """Return the tree of some rows, cached by name."""
        if name not in self._parts:
            self._parts[name] = self.of(belongs)
        return self._parts[name]

    @property
    def roots(self) -> list[Node]:
        """Return the rows without a parent."""
        return self.children(None)

    def children(self, node_id: int | None) -> list[Node]:
        """Return the children of a row."""
        return self._children.get(node_id, [])

    def subtree(self, node_id: int) -> frozenset[int]:
        """Return the ids of a row and of all its descendants."""
        found, waiting = set[int](), [node_id]
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting += (child.id for child in self.children(one))
        return frozenset(found)

    def descendants(self, node_id: int) -> list[Node]:
        """Return all rows below a row, each before those below it."""
        found: dict[int, Node] = {}
        waiting = self.children(node_id)[::-1]
        while waiting:
            one = waiting.pop()
            if one.id not in found and one.id != node_id:
                found[one.id] = one
                waiting += self.children(one.id)[::-1]
        return list(found.values())

    def path(self, node_id: int | None) -> list[Node]:
        """Return the path from the root to a row, inclusive.

        It is empty if there is none.
        """
        found: dict[int, Node] = {}
        node = self.by_id.get(node_id or 0)
        while node is not None and node.id not in found:
            found[node.id] = node
            node = self.by_id.get(node.parent_id or 0)
        return list(reversed(found.values()))

    def root_of(self, node_id: int) -> Node:
        """Return the root above a row, or the row itself."""
        return self.path(node_id)[0]


class OrganizationService(Service):
    """Units, categories and holidays, cached by each process."""

    @memoized_property
    def units(self) -> Tree[Unit]:
        """Return all units, including inactive ones, to which old cases refer.

        Their names are in the language of the unit of work. The rows are cached and read-only.
        """
        return self.units_in(self.work.locale)

    @memoized_property
    def categories(self) -> Tree[Category]:
        """Return the categories of all kinds in the language of the unit of work; cached, read-only."""
        return self.categories_in(self.work.locale)

    def units_in(self, locale: str) -> Tree[Unit]:
        """Return all units with their names in a language."""
        return self._tree("units", read_units, locale)

    def categories_in(self, locale: str) -> Tree[Category]:
        """Return the categories of all kinds with their texts in a language."""
        return self._tree("categories", read_categories, locale)

    def _tree(self, name: str, load: "Callable[[Session], Tree[Node]]", locale: str) -> Tree[Node]:
        if locale == self.work.site.locale:
            return self.work.reference(name, load)
        return self.work.reference(f"{name}:{locale}", lambda session: load(session).in_language(locale))

    def categories_of(self, kind: str) -> Tree[Category]:
        """Return the categories of one kind of case."""
        return self.categories.part(kind, lambda category: category.kind == kind)

    def unit(self, key: str) -> Unit:
        """Return the unit with a key.

        :raises UnknownUnit: names the key.
        """
        for unit in self.units.by_id.values():
            if unit.key == key:
                return unit
        raise UnknownUnit(f"there is no unit {key!r}")

    def category(self, kind: str, key: str) -> Category | None:
        """Return the category with a key, or None."""
        for category in self.categories_of(kind).by_id.values():
            if category.key == key:
                return category
        return None

    def unit_name(self, unit_id: int | None, locale: str | None = None) -> str:
        """Return a unit's name, or an empty text.

        :param locale: that of the unit of work by default; texts that are stored have that of the site.
        """
        units = self.units if locale in (None, self.work.locale) else self.units_in(locale)
        unit = units.by_id.get(unit_id or 0)
        return unit.name if unit else ""

    def category_name(self, category_id: int | None, locale: str | None = None) -> str:
        """Return a category's name, or an empty text.

        :param locale: that of the unit of work by default; texts that are stored have that of the site.
        """
        categories = self.categories if locale in (None, self.work.locale) else self.categories_in(locale)
        category = categories.by_id.get(category_id or 0)
        return category.name if category else ""

    @memoized_property
    def calendar(self) -> "CityCalendar":
        """Return the city's calendar with its office hours, holidays and closures.

        The annual holidays of the country always count, whether they are in the table or not.
        """
        return self.work.reference("calendar", partial(read_calendar, self.work.site.calendar))


def read_units(session: "Session") -> Tree[Unit]:
    """Load all units, as rows of a session."""
    return Tree(session.scalars(select(Unit).order_by(Unit.weight.desc(), Unit.id)))


def read_categories(session: "Session") -> Tree[Category]:
    """Load the categories of all kinds, as rows of a session."""
    return Tree(session.scalars(select(Category).order_by(Category.weight.desc(), Category.id)))


def read_calendar(calendar: "CityCalendar", session: "Session") -> "CityCalendar":
    """Return a calendar with the stored hours and days off."""
    if hours := session.get(OfficeHours, 1):
        calendar = replace(calendar, **hours.rules)
    closed = (day for closure in session.scalars(select(Closure)) for day in closure.days)
    return calendar.with_holidays([*session.scalars(select(Holiday.day)), *closed])
