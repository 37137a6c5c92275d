"""Words of names that came from before they were kept beside the name."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select, update

from civicportal.accounts.models import User
from civicportal.persian import folded

if TYPE_CHECKING:
    from civicportal.site import Site

BATCH = 2000
"""People in one transaction."""


def fold_names(site: "Site") -> int:
    """Keep the words of names that have none, in short transactions.

    :returns: how many people got words.
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
