"""Counted properties of a case in SQL.

:mod:`civicportal.domain.cases.measures` has the same for one loaded case.
"""

from sqlalchemy import ColumnElement, case, literal

from civicportal.domain.cases.conditions import closed_late, closed_on_time, mostly_satisfied
from civicportal.domain.cases.models import Case
from civicportal.util.queries import Expression


def _one_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


#: The value of one case for each of :data:`~civicportal.domain.cases.counters.MEASURES`.
MEASURED: dict[str, Expression] = {
    "n": literal(1),
    "on_time": _one_if(closed_on_time()),
    "late": _one_if(closed_late()),
    "reopened": _one_if(Case.reopenings > 0),
    "rated": _one_if(Case.rated > 0),
    "satisfied": _one_if(mostly_satisfied()),
    "hops": Case.hops,
}
