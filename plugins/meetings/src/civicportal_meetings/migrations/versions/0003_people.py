"""Move names of applicants and organisations to the case.

``search_name`` stays for the nodes of the release before, which write and search it until they are restarted.
"""

import sqlalchemy as sa
from alembic import op

from civicportal.util.persian import folded

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BATCH = 1000
MOST = 400
"""Characters of ``cases.search_person``."""

request = sa.table("meetings_request", *map(sa.column, ("case_id", "name", "organization", "search_name")))
case = sa.table("cases", *map(sa.column, ("id", "citizen_id", "people", "search_person")))
person = sa.table("users", *map(sa.column, ("id", "name", "erased_at")))


def upgrade() -> None:
    """Write the names of all requests into their cases."""
    _be_patient()
    query = (
        sa.select(request.c.case_id, request.c.name, request.c.organization, person.c.name.label("citizen"))
        .join(case, case.c.id == request.c.case_id)
        .outerjoin(person, person.c.id == case.c.citizen_id)
        # An open request of an erased person keeps its text, but is not found by a name.
        .where(person.c.erased_at.is_(None))
    )
    write = case.update().where(case.c.id == sa.bindparam("case"))
    write = write.values(people=sa.bindparam("names"), search_person=sa.bindparam("words"))
    for rows in _in_batches(query):
        op.get_bind().execute(write, [_names(row) for row in rows])


def downgrade() -> None:
    """Restore the names for searching in requests."""
    _be_patient()
    write = request.update().where(request.c.case_id == sa.bindparam("case"))
    write = write.values(search_name=sa.bindparam("words"))
    for rows in _in_batches(sa.select(request.c.case_id, request.c.name, request.c.organization)):
        words = [{"case": row.case_id, "words": folded(row.name, row.organization)} for row in rows]
        op.get_bind().execute(write, words)


def _be_patient() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL statement_timeout = '30min'")


def _in_batches(query):
    last = 0
    in_order = query.order_by(request.c.case_id).limit(BATCH)
    while rows := op.get_bind().execute(in_order.where(request.c.case_id > last)).all():
        yield rows
        last = rows[-1].case_id


def _names(row):
    names = [name for name in (row.name, row.organization) if name]
    words = folded(row.citizen or "", *names)
    if len(words) > MOST:
        words = words[: MOST + 1].rpartition(" ")[0]
    return {"case": row.case_id, "names": "\n".join(names), "words": words}
