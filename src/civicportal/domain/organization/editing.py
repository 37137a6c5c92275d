"""Shared editing of units and categories: order, references, audit data."""

from collections.abc import Iterator
from secrets import token_hex
from typing import TYPE_CHECKING

from sqlalchemy import Column, exists, select

from civicportal.core.db import Base
from civicportal.domain.organization.models import Category, Unit
from civicportal.domain.organization.services import Node, Tree
from civicportal.util.lists import swap
from civicportal.util.values import Values

if TYPE_CHECKING:
    from civicportal.core.work import Work


def new_key(prefix: str) -> str:
    """Return a key for a row created in the browser.

    It never changes.
    """
    return f"{prefix}_{token_hex(4)}"


def in_order(tree: Tree[Node], parent_id: int | None = None) -> Iterator[tuple[int, Node]]:
    """Yield every row of a tree in depth-first order, with its depth."""
    for row in tree.children(parent_id):
        yield 0, row
        yield from ((depth + 1, below) for depth, below in in_order(tree, row.id))


def move(tree: Tree[Node], row: Node, step: int) -> bool:
    """Swap a row with a neighbour of the same parent.

    :param step: -1 up, 1 down.
    :returns: whether there was such a neighbour.
    """
    moved = swap(tree.children(row.parent_id), row, step)
    if moved:
        number(tree)
    return moved


def number(tree: Tree[Node]) -> None:
    """Write the order of a tree to its rows."""
    for position, (_depth, row) in enumerate(in_order(tree)):
        row.weight = -position


def last_weight(tree: Tree[Node]) -> int:
    """Return the weight of a new row, which comes last."""
    return min((row.weight for row in tree.by_id.values()), default=1) - 1


def is_used(work: "Work", row: Unit | Category) -> bool:
    """Return whether any row refers to a unit or category."""
    target = type(row).__table__.c.id
    metadatas = [work.site.metadata, *(models.metadata for models in work.site.models.values())]
    columns = (
        column
        for metadata in metadatas
        for table in metadata.tables.values()
        for column in table.columns
        if any(key.column is target for key in column.foreign_keys)
    )
    # Indexed columns first: for most rows that is enough, and no large table is scanned.
    queries = (exists().where(column == row.id) for column in sorted(columns, key=_is_indexed, reverse=True))
    return any(work.session.scalar(select(query)) for query in queries)


def changes(row: Base, values: Values) -> dict[str, list[object]]:
    """Return the changed values of a row: old and new by name."""
    return {
        name: [getattr(row, name), value] for name, value in values.items() if getattr(row, name) != value
    }


def _is_indexed(column: Column[object]) -> bool:
    return any(next(iter(index.columns), None) is column for index in column.table.indexes)
