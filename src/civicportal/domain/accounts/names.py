"""Names of people: alphabetical order, and search words."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select, update

from civicportal.domain.accounts.models import User
from civicportal.util.persian import alphabetical, folded

if TYPE_CHECKING:
    from civicportal.core.site import Site

BATCH = 2000
"""People per transaction."""


def by_name(people: Iterable[User]) -> list[User]:
    """Sort people alphabetically in a language.

    Databases do not guarantee that order.
    """
    return sorted(people, key=lambda user: (alphabetical(user.name), user.id))


def fold_names(site: "Site") -> int:
    """Store the missing search words of names, in short transactions.

    :returns: how many people were updated.
    """
    found = last = 0
    while True:
        with site.work() as work:
            lacking = (User.id > last, User.search_name == "", User.name != "")
            query = select(User.id, User.name).where(*lacking).order_by(User.id).limit(BATCH)
            rows = work.session.execute(query).all()
            if rows:
                table: Any = User.__table__
                statement = update(table).where(table.c.id == bindparam("person"))
                values = [{"person": row.id, "words": folded(row.name)} for row in rows]
                work.session.connection().execute(statement.values(search_name=bindparam("words")), values)
        if not rows:
            return found
        found, last = found + len(rows), rows[-1].id
