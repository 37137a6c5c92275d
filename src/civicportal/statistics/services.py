"""Comparing the counters with what the cases say, and making them anew: both by the database, never row by row."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, Subquery, delete, exists, func, insert, literal, or_, select, union_all

from civicportal.calendar.sql import city_day
from civicportal.cases.models import Case
from civicportal.statistics.conditions import MEASURED
from civicportal.statistics.counters import MEASURES, CountKey, Values
from civicportal.statistics.models import CaseCount

if TYPE_CHECKING:
    from civicportal.work import Work


class StatisticsService:
    """The counters of cases."""

    def __init__(self, work: "Work") -> None:
        self.work = work
        self.session = work.session

    def verify(self) -> dict[CountKey, tuple[Values, Values]]:
        """Return the counters that are wrong, as (stored, live); the numbers in the order of the measures."""
        both = union_all(_stored(), self._live()).subquery()
        sums = [func.sum(both.c[f"{side}_{name}"]) for side in ("stored", "live") for name in MEASURES]
        keys = [both.c[name] for name in CountKey._fields]
        half = len(MEASURES)
        differ = [stored != live for stored, live in zip(sums[:half], sums[half:], strict=True)]
        query = select(*keys, *sums).group_by(*keys).having(or_(*differ)).order_by(*keys)
        found = {}
        for row in self.session.execute(query):
            numbers = tuple(int(number) for number in row[len(keys) :])
            found[CountKey(*row[: len(keys)])] = (numbers[:half], numbers[half:])
        return found

    def missing(self) -> bool:
        """Tell whether there are cases and no counter."""
        counters, cases = (self.session.scalar(select(exists().select_from(of))) for of in (CaseCount, Case))
        return bool(cases) and not counters

    def rebuild(self) -> int:
        """Make the counters anew.

        :returns: how many there are.
        """
        self.session.execute(delete(CaseCount))
        rows = self._rows()
        keys = [rows.c[name] for name in CountKey._fields]
        grouped = select(*keys, *(func.sum(rows.c[name]).label(name) for name in MEASURES)).group_by(*keys)
        self.session.execute(insert(CaseCount).from_select([*CountKey._fields, *MEASURES], grouped))
        return self.session.scalar(select(func.count()).select_from(CaseCount)) or 0

    def _rows(self) -> Subquery:
        """Return every case as its key and what is counted of it."""
        values = {
            "kind": Case.kind,
            "day": city_day(Case.created_at, self.work.site.calendar.timezone),
            "stage": Case.stage,
            "status": Case.status,
            "category_id": func.coalesce(Case.category_id, 0),
            "unit_id": func.coalesce(Case.unit_id, 0),
            **MEASURED,
        }
        return select(*(value.label(name) for name, value in values.items())).subquery()

    def _live(self) -> Select[Any]:
        rows = self._rows()
        keys = [rows.c[name] for name in CountKey._fields]
        sums = [func.sum(rows.c[name]).label(f"live_{name}") for name in MEASURES]
        return select(*keys, *(literal(0).label(f"stored_{name}") for name in MEASURES), *sums).group_by(
            *keys
        )


def _stored() -> Select[Any]:
    keys = [getattr(CaseCount, name) for name in CountKey._fields]
    numbers = [getattr(CaseCount, name).label(f"stored_{name}") for name in MEASURES]
    return select(*keys, *numbers, *(literal(0).label(f"live_{name}") for name in MEASURES))
