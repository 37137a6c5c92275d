"""Figures by category, one level of the tree at a time."""

from collections.abc import Mapping
from dataclasses import dataclass

from civicportal.domain.organization.models import Category
from civicportal.domain.organization.services import Tree


@dataclass(frozen=True, kw_only=True)
class CategoryRow:
    """A row of the table.

    :ivar category: None for cases without one.
    :ivar itself: cases of the category itself, not of its subcategories.
    :ivar inner: there are subcategories.
    """

    category: Category | None
    number: int
    itself: bool = False
    inner: bool = False


@dataclass(frozen=True, kw_only=True)
class CategoryRows:
    """One level of the tree.

    :ivar above: the path from the root to the shown category, inclusive.
    """

    rows: list[CategoryRow]
    above: list[Category]


def category_rows(tree: Tree[Category], numbers: Mapping[int, int], key: str | None) -> CategoryRows:
    """Return the subcategories with numbers, largest first, or the top level.

    The sum equals that of all numbers.

    :param numbers: number of cases by id of their own category, 0 for none.
    :param key: of the shown category.
    """
    chosen = next((one for one in tree.by_id.values() if one.key == key), None)
    rows = [_row(tree, numbers, child) for child in tree.children(chosen.id if chosen else None)]
    if chosen:
        inner = bool(rows)
        rows.append(CategoryRow(category=chosen, number=numbers.get(chosen.id, 0), itself=inner))
    rows.append(CategoryRow(category=None, number=_without_category(tree, numbers)))
    shown = sorted((row for row in rows if row.number), key=lambda row: -row.number)
    return CategoryRows(rows=shown, above=tree.path(chosen.id if chosen else None))


def _row(tree: Tree[Category], numbers: Mapping[int, int], category: Category) -> CategoryRow:
    number = sum(numbers.get(one, 0) for one in tree.subtree(category.id))
    return CategoryRow(category=category, number=number, inner=bool(tree.children(category.id)))


def _without_category(tree: Tree[Category], numbers: Mapping[int, int]) -> int:
    return sum(number for one, number in numbers.items() if one not in tree.by_id)
