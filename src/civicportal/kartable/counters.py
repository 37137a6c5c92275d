"""How many cases wait in a kartable, for the marks beside links: exact as long as they are few."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, func, literal, select

from civicportal.kartable.models import Referral
from civicportal.kartable.parts import parts, some_of
from civicportal.lists import MOST_COUNTED, Total, so_many

if TYPE_CHECKING:
    from sqlalchemy.orm import InstrumentedAttribute

    from civicportal.cases.paging import Rows
    from civicportal.work import Work

NONE = Total(0)


@dataclass(frozen=True, kw_only=True)
class OpenLines:
    """Open action lines of a kartable, in all and by kind of case."""

    total: Total = NONE
    by_kind: Mapping[str, Total] = field(default_factory=dict)


def open_lines(work: "Work") -> OpenLines:
    """Count the actor's open action lines in one statement; of each part no more than are counted for a list."""
    identity = work.actor
    whole, split = parts(identity), parts(identity, work.site.kinds)
    if not whole:
        return OpenLines()
    query = _counted(whole, literal("")).union_all(_counted(split, Referral.kind))
    found = {kind: so_many(number, MOST_COUNTED) for kind, number in work.session.execute(query)}
    return OpenLines(total=found.pop("", NONE), by_kind=found)


def _counted(
    lines: list[ColumnElement[bool]], kind: "ColumnElement[Any] | InstrumentedAttribute[Any]"
) -> "Rows":
    action = Referral.type == "action"
    found = some_of([and_(line, action) for line in lines], kind.label("kind")).subquery()
    return select(found.c.kind, func.count()).group_by(found.c.kind)
