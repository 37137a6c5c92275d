"""Work on the spot: the open reports of a crew in the order in which they are driven to."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import select

from civicportal.api.cases import AccessService, Case
from civicportal.api.database import Service
from civicportal.api.geo import Point
from civicportal.api.kartable import Referral
from civicportal.api.lists import Rows
from civicportal_reports.models import Report
from civicportal_reports.tour import driving_order
from civicportal_reports.workflow import KIND, OPEN

MOST_STOPS = 25
"""Maximum number of reports of a day: the most urgent ones."""
WHOSE: dict[str, bool | None] = {"all": None, "mine": True, "unit": False}
"""Choices of a list, as the argument of :meth:`AccessService.in_kartable`."""


@dataclass(frozen=True, kw_only=True)
class Stop:
    """A report to drive to.

    :ivar mine: the actor holds it; otherwise it is unassigned.
    :ivar metres: from the stop before it, or from where the way begins; None for the beginning of a way and without a
        point.
    """

    case: Case
    report: Report
    mine: bool
    metres: float | None = None


@dataclass(frozen=True, kw_only=True)
class Tour:
    """The reports of a day.

    :ivar stops: in driving order, after them those without a point.
    :ivar more: whether there are further, less urgent ones.
    """

    stops: Sequence[Stop]
    more: bool


class FieldService(Service):
    """The reports that the actor may finish on the spot."""

    def tour(self, whose: str = "all", start: Point | None = None) -> Tour:
        """Return the most urgent reports that the actor holds, and the unassigned ones of their units.

        Those that wait for their citizen are left out.

        :param whose: one of :data:`WHOSE`.
        :param start: where the crew is; by default the way begins at the most urgent report.
        """
        rows = self.session.execute(self._query(whose).limit(MOST_STOPS + 1)).all()
        stops = [
            Stop(case=case, report=report, mine=bool(referral.taken_by_id or referral.to_user_id))
            for case, report, referral in rows[:MOST_STOPS]
        ]
        return Tour(stops=_in_order(stops, start), more=len(rows) > MOST_STOPS)

    def _query(self, whose: str) -> Rows:
        access = self.work.get(AccessService)
        return (
            select(Case, Report, Referral)
            .join(Report, Report.case_id == Case.id)
            .join(Referral, Referral.case_id == Case.id)
            .where(
                access.in_kartable(mine=WHOSE[whose]),
                Referral.type == "action",
                Case.kind == KIND,
                Case.status.in_(OPEN),
                Case.paused_at.is_(None),
            )
            .order_by(Case.urgent.desc(), Referral.deadline, Case.id)
        )


def _in_order(stops: Sequence[Stop], start: Point | None) -> list[Stop]:
    placed = [(stop, point) for stop in stops if (point := stop.report.point)]
    order = [placed[index] for index in driving_order([point for _stop, point in placed], start)]
    way = [start, *(point for _stop, point in order)]
    metres = [one.distance_to(other) if one and other else None for one, other in pairwise(way)]
    found = [
        Stop(case=stop.case, report=stop.report, mine=stop.mine, metres=length)
        for (stop, _point), length in zip(order, metres, strict=True)
    ]
    return [*found, *(stop for stop in stops if stop.report.point is None)]
