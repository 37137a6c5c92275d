"""Figures of the reports that the actor may see: the same query as the list, grouped."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func

from civicportal.api import OPEN_STAGES, Case, OrganizationService, Work
from civicportal_reports.models import Report
from civicportal_reports.search import Filters, ReportSearch


@dataclass(frozen=True, kw_only=True)
class Figures:
    """How many reports stand where.

    :ivar citizens: different citizens who sent them.
    :ivar overdue: open ones past their deadline.
    :ivar by_category: key of the root category, or of the one that was asked for, to number, the largest first.
    :ivar by_unit: key of the unit to number, the largest first; as in its list, what lies with units below it counts too.
    """

    total: int
    by_stage: Mapping[str, int]
    by_status: Mapping[str, int]
    by_category: Mapping[str, int]
    by_unit: Mapping[str, int]
    by_district: Mapping[str, int]
    citizens: int
    overdue: int

    @property
    def open(self) -> int:
        """Return how many still wait for somebody."""
        return sum(self.by_stage.get(stage, 0) for stage in OPEN_STAGES)


class ReportStatistics:
    """Counts live, by the filters of the desk."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.session = work.session
        self.search = work.get(ReportSearch)
        self.organization = work.get(OrganizationService)

    def figures(self, filters: Filters) -> Figures:
        """Return the figures of what the filters leave."""
        by_state = self.session.execute(
            self.search.query(filters, Case.stage, Case.status, func.count()).group_by(
                Case.stage, Case.status
            )
        ).all()
        by_stage: dict[str, int] = {}
        for stage, _status, number in by_state:
            by_stage[stage] = by_stage.get(stage, 0) + number
        citizens = self.session.scalar(self.search.query(filters, func.count(func.distinct(Case.citizen_id))))
        return Figures(
            total=sum(by_stage.values()),
            by_stage=by_stage,
            by_status={status: number for _stage, status, number in by_state},
            by_category=self._by_category(filters),
            by_unit=self._by_unit(filters),
            by_district=_largest_first(self._grouped(filters, Report.district)),
            citizens=citizens or 0,
            overdue=self.search.count(replace(filters, overdue=True)),
        )

    def _grouped(self, filters: Filters, column: Any) -> dict[Any, int]:
        rows = self.session.execute(self.search.query(filters, column, func.count()).group_by(column))
        return dict(rows.all())

    def _by_category(self, filters: Filters) -> dict[str, int]:
        tree = self.organization.categories
        found: dict[str, int] = {}
        for category_id, number in self._grouped(filters, Case.category_id).items():
            root = tree.root_of(category_id).key if category_id in tree.by_id else ""
            key = filters.category or root
            found[key] = found.get(key, 0) + number
        return _largest_first(found)

    def _by_unit(self, filters: Filters) -> dict[str, int]:
        units = self.organization.units
        alone = self._grouped(filters, Case.unit_id)
        found = {"": alone[None]} if None in alone else {}
        for unit_id in alone.keys() & units.by_id.keys():
            below = units.subtree(unit_id)
            found[units.by_id[unit_id].key] = sum(number for key, number in alone.items() if key in below)
        return _largest_first(found)


def _largest_first(numbers: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(numbers.items(), key=lambda item: (-item[1], item[0])))
