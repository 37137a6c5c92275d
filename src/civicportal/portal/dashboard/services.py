"""Figures of the home page."""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select

from civicportal.core.work import Service
from civicportal.domain.cases.counter_models import CaseCount
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.models import Rating
from civicportal.domain.statistics.hiding import FEWEST
from civicportal.domain.statistics.remembered import remembered

SPAN = timedelta(days=30)
_MEANS = "means of ratings"


@dataclass(frozen=True, kw_only=True)
class CityMetrics:
    """Figures of the last 30 days.

    :ivar done_share: closed ÷ registered, in percent.
    :ivar satisfaction: mean of the stars, 1 to 5, or None when there are too few.
    :ivar satisfied_share: percent of those with one of two answers who were satisfied, or None when there are too few.
    """

    cases: int
    done_share: int
    satisfaction: float | None
    satisfied_share: int | None


class CityMetricsService(Service):
    """Read the counters, never the cases."""

    def city(self) -> CityMetrics | None:
        """Return the figures, or None if there are too few cases."""
        now = self.work.clock.now()
        since = self.work.site.calendar.today(now - SPAN)
        query = (
            select(CaseCount.stage, func.sum(CaseCount.n))
            .where(CaseCount.kind.in_(kinds_of(self.work.site)), CaseCount.day > since)
            .group_by(CaseCount.stage)
        )
        by_stage = {stage: int(number) for stage, number in self.work.session.execute(query)}
        cases = sum(by_stage.values())
        if cases < FEWEST:
            return None
        closed = by_stage.get("done", 0) + by_stage.get("rejected", 0)
        means = self._means(cases, tuple(sorted(by_stage.items())))
        stars, answers = means.get(False), means.get(True)
        return CityMetrics(
            cases=cases,
            done_share=round(100 * closed / cases),
            satisfaction=None if stars is None else round(stars, 1),
            # The two answers are stored as 1 and 5.
            satisfied_share=None if answers is None else round(25 * (answers - 1)),
        )

    def _means(self, cases: int, stamp: Hashable) -> dict[bool, float]:
        """Return the mean of each scale with enough ratings; the key is whether it has two answers.

        A city with many cases reads them once a minute, see :func:`remembered`.

        :param cases: their number.
        :param stamp: the counts that have just been read.
        """
        query = (
            select(Rating.two_answers, func.avg(Rating.stars), func.count())
            .where(Rating.updated_at > self.work.clock.now() - SPAN)
            .group_by(Rating.two_answers)
        )
        rows = remembered(
            self.work.site, _MEANS, stamp, number=cases, read=lambda: self.work.session.execute(query).all()
        )
        return {two_answers: float(mean) for two_answers, mean, number in rows if number >= FEWEST}
