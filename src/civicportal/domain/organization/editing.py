"""Shared editing of units and categories: order, references, audit data."""

from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_hex
from typing import TYPE_CHECKING

from sqlalchemy import Column, exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from translationstring import TranslationString

from civicportal.core.db import Base
from civicportal.domain.organization.models import Category, Unit
from civicportal.domain.organization.services import Node, Tree
from civicportal.util import lists
from civicportal.util.errors import Refused
from civicportal.util.i18n import _
from civicportal.util.values import Values

if TYPE_CHECKING:
    from civicportal.core.work import Work


class RefusedField(Refused):
    """A rule forbids the values of fields.

    :param fields: their names in the body of a call; none for the whole body.
    """

    def __init__(self, reason: TranslationString, *fields: str) -> None:
        super().__init__(reason)
        self._fields = fields

    @property
    def pointers(self) -> dict[str, str]:
        """See :class:`~civicportal.util.errors.Refused`."""
        return {f"#/{field}": self.reason for field in self._fields} or {"#": self.reason}


@contextmanager
def unless_taken(work: "Work") -> Iterator[None]:
    """Refuse a key that another row has, also one of a concurrent request.

    :raises RefusedField: by the constraint of the table.
    """
    try:
        with work.savepoint():
            yield
    except IntegrityError as error:
        raise RefusedField(_("Another one has this key."), "key") from error


def locked_parents(session: Session, model: type[Unit | Category]) -> dict[int, int | None]:
    """Return the parent of each unit or category, locked because what was read before may have changed."""
    # This lock does not block transactions that add cases and memberships.
    query = select(model.id, model.parent_id).order_by(model.id).with_for_update(key_share=True)
    return dict(session.execute(query).all())


def new_key(prefix: str) -> str:
    """Return a key for a new row for which no one has chosen one.

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
    moved = lists.swap(tree.children(row.parent_id), row, step)
    if moved:
        number(tree)
    return moved


def place(tree: Tree[Node], row: Node, position: int) -> bool:
    """Move a row to a position among those of the same parent.

    :param position: from 1; behind the last one it is the last.
    :returns: whether it was elsewhere.
    """
    moved = lists.place(tree.children(row.parent_id), row, position)
    if moved:
        number(tree)
    return moved


def position(tree: Tree[Node], row: Node) -> int:
    """Return the position of a row among those of the same parent, from 1."""
    return tree.children(row.parent_id).index(row) + 1


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
