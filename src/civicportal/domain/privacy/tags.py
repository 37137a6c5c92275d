"""Access to data by the privacy tags of columns."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, Column, ColumnElement, Select, String, Table, false, null, or_, select

from civicportal.core.tags import links, owner_column
from civicportal.domain.cases.models import Case

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.domain.accounts.models import User


@dataclass(frozen=True, kw_only=True)
class Owner:
    """The owner of rows.

    :ivar mobile: E.164; None if unknown.
    :ivar cases: selects the ids of the person's cases.
    """

    user_id: int
    mobile: str | None
    cases: Select[int]


def owner_of(user: "User", *, closed_by: datetime | None = None) -> Owner:
    """Return a person as owner of all their cases, or of those closed before a time."""
    cases = select(Case.id).where(Case.citizen_id == user.id)
    if closed_by is not None:
        cases = cases.where(Case.closed_at <= closed_by)
    return Owner(user_id=user.id, mobile=user.mobile, cases=cases)


def tables(site: "Site") -> Iterator[Table]:
    """Yield every table, referenced ones first."""
    yield from site.metadata.sorted_tables
    for models in site.models.values():
        yield from models.metadata.sorted_tables


def belongs(table: Table, link: str, owner: Owner) -> ColumnElement[bool]:
    """Return the condition for the linked rows of an owner."""
    column, sort = table.columns[link], links(table)[link]
    if sort == "case":
        return column.in_(owner.cases)
    if sort == "mobile":
        return _belongs_by_number(table, column, owner)
    mine: ColumnElement[bool] = column == owner.user_id
    if link != owner_column(table):
        return mine
    # A row without a user id, from before the account existed, belongs to its number.
    numbers = [table.columns[name] for name, sort in links(table).items() if sort == "mobile"]
    return or_(mine, *(_belongs_by_number(table, number, owner) for number in numbers))


def _belongs_by_number(table: Table, number: Column[object], owner: Owner) -> ColumnElement[bool]:
    if owner.mobile is None:
        return false()
    mine: ColumnElement[bool] = number == owner.mobile
    if "user_id" in table.columns:
        # A number that changed its owner: messages belong to the person at that time.
        someone = table.columns["user_id"]
        mine &= or_(someone.is_(None), someone == owner.user_id)
    return mine


def sealed_columns(site: "Site") -> Iterator[Column[object]]:
    """Yield every encrypted column."""
    for table in tables(site):
        yield from (column for column in table.columns if column.info.get("sealed"))


def blank(column: Column[object]) -> object:
    """Return the value of an emptied column."""
    if column.nullable:
        return null()
    if isinstance(column.type, JSON):
        make: Any = getattr(column.default, "arg", None)
        return make(None) if callable(make) else {}
    return "" if isinstance(column.type, String) else 0
