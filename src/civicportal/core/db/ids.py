"""Many ids as one parameter.

An officer of a large unit may see twenty thousand cases of other units. As Python integers these take a megabyte, and
ten milliseconds to parse and to serialise again, though no code looks at them.
"""

from collections.abc import Collection, Mapping

from sqlalchemy import ColumnElement, SelectBase, Text, any_, bindparam, func, literal, select, union_all
from sqlalchemy import cast as as_type
from sqlalchemy.orm import Session
from sqlalchemy.types import UserDefinedType

from civicportal.core.db.connections import PLANNED_EACH_TIME
from civicportal.util.queries import Expression

FEW_IDS = 100
"""Maximum ids for which a generic plan is acceptable."""


class _Written(UserDefinedType[str]):
    """A PostgreSQL array, sent in its text format."""

    cache_ok = True
    render_bind_cast = True

    def get_col_spec(self, **_more: object) -> str:
        return "BIGINT[]"


def among(column: Expression, ids: Collection[int] | str, dialect: str) -> ColumnElement[bool]:
    """Return the condition that a number is one of many.

    :param ids: numbers, or the result of :func:`gathered`.
    """
    many = isinstance(ids, str) or len(ids) > FEW_IDS
    text = ids if isinstance(ids, str) else _written(ids, dialect)
    if dialect == "postgresql":
        array = bindparam(PLANNED_EACH_TIME if many else None, text, type_=_Written(), unique=True)
        return column == any_(array)
    each = func.json_each(text).table_valued("value")
    return column.in_(select(each.c.value))


def gathered(session: Session, queries: Mapping[str, SelectBase], dialect: str) -> dict[str, tuple[str, int]]:
    """Return the numbers that each query selects, for :func:`among`, and their count, by one statement.

    :param queries: by name; each selects one column of integers that are never NULL.
    :returns: by the same names, without those that select none.
    """
    parts = [select(literal(name).label("name"), *query.subquery().c) for name, query in queries.items()]
    if not parts:
        return {}
    name, number = union_all(*parts).subquery().c
    all_of_them = (
        as_type(func.array_agg(number), Text) if dialect == "postgresql" else func.json_group_array(number)
    )
    rows = session.execute(select(name, all_of_them, func.count()).group_by(name))
    return {name: (text, count) for name, text, count in rows}


def _written(ids: Collection[int], dialect: str) -> str:
    begin, end = "{}" if dialect == "postgresql" else "[]"
    return f"{begin}{','.join(map(str, ids))}{end}"
