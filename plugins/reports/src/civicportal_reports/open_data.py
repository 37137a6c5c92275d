"""The published reports in open data."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from civicportal.api.database import Work
from civicportal.api.geo import Point
from civicportal.api.opendata import OpenDataset
from civicportal_reports.i18n import _
from civicportal_reports.models import Report
from civicportal_reports.workflow import KIND


def _places(work: Work, case_ids: Sequence[int]) -> Mapping[int, tuple[Point | None, str]]:
    query = select(Report).where(Report.case_id.in_(case_ids))
    return {one.case_id: (one.point, one.district) for one in work.session.scalars(query)}


REPORTS_DATASET = OpenDataset.of_cases(
    name=f"{KIND}.cases",
    kind=KIND,
    title=_("Reports of problems in the city"),
    description=_(
        "The published and closed reports, one a row, without texts, pictures, codes and people. A row has its subject, "
        "time and place only as exactly as at least five reports have the same. New rows come once a month, when all "
        "that they tell has ended; a row does not change afterwards."
    ),
    places=_places,
)
