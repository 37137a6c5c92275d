"""Comparing the counters with what the cases say, and making them anew."""

from collections import Counter
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select

from civicportal.cases.models import Case
from civicportal.statistics.counters import CountKey, write_counts
from civicportal.statistics.models import CaseCount

if TYPE_CHECKING:
    from civicportal.work import Work


class StatisticsService:
    """The counters of cases."""

    def __init__(self, work: "Work") -> None:
        self.work = work
        self.session = work.session

    def stored(self) -> dict[CountKey, int]:
        """Return the counters that are not zero."""
        rows = self.session.execute(
            select(
                CaseCount.kind,
                CaseCount.day,
                CaseCount.stage,
                CaseCount.status,
                CaseCount.category_id,
                CaseCount.unit_id,
                CaseCount.n,
            ).where(CaseCount.n != 0)
        )
        return {CountKey(*row[:-1]): row.n for row in rows}

    def live(self) -> dict[CountKey, int]:
        """Count the cases themselves."""
        calendar = self.work.site.calendar
        counts: Counter[CountKey] = Counter()
        rows = self.session.execute(
            select(
                Case.kind,
                Case.created_at,
                Case.stage,
                Case.status,
                func.coalesce(Case.category_id, 0),
                func.coalesce(Case.unit_id, 0),
            ).execution_options(yield_per=1000)
        )
        for kind, created_at, stage, status, category_id, unit_id in rows:
            counts[CountKey(kind, calendar.today(created_at), stage, status, category_id, unit_id)] += 1
        return dict(counts)

    def verify(self) -> dict[CountKey, tuple[int, int]]:
        """Return the counters that are wrong, as (stored, live)."""
        stored, live = self.stored(), self.live()
        return {
            key: (stored.get(key, 0), live.get(key, 0))
            for key in sorted(stored.keys() | live.keys())
            if stored.get(key, 0) != live.get(key, 0)
        }

    def rebuild(self) -> int:
        """Make the counters anew.

        :returns: how many there are.
        """
        live = self.live()
        self.session.execute(delete(CaseCount))
        keys = sorted(live)
        for start in range(0, len(keys), 500):
            write_counts(
                self.work.site.engines, self.session, {key: live[key] for key in keys[start : start + 500]}
            )
        return len(keys)
