"""Export of the list of reports."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select

from civicportal.api.cases import Case, CaseEvent, Workflow
from civicportal.api.exports import CaseRow, CaseSource, Export, ExportColumn, StatisticsExport
from civicportal.api.forms import Values
from civicportal.api.lists import Rows, Selected
from civicportal.api.publishing import PublicTexts
from civicportal.api.statistics import statistics_tables
from civicportal_reports.choices import desk_choices
from civicportal_reports.i18n import _
from civicportal_reports.models import Report
from civicportal_reports.schemas import DeskFilters, StatisticsSchema
from civicportal_reports.search import Filters, ReportSearch
from civicportal_reports.statistics import subject
from civicportal_reports.workflow import KIND

PERMISSIONS = ("reports:case:export",)


class ReportSource(CaseSource):
    """The rows of the list."""

    entities = (Case, Report)

    def query(self, *columns: Selected) -> Rows:
        """Return the list's own query."""
        return self.work.get(ReportSearch).query(Filters.of(self.values), *columns)


@dataclass(frozen=True, kw_only=True)
class GeoReportRow(CaseRow):
    """The public part of a report, for publication.

    :ivar words: the text of a published report.
    :ivar notes: the last public comment.
    """

    words: str
    address: str
    notes: str


class GeoReportSource(ReportSource):
    """The same rows with the public texts."""

    def rows(self, found: Sequence[tuple[Any, ...]]) -> Iterable[GeoReportRow]:
        """Return the rows with the latest public text of the city."""
        said = self._said([case.id for case, _report in found])
        texts = self.work.get(PublicTexts)
        texts.people(case for case, _report in found)
        return [
            GeoReportRow(
                **vars(row),
                words=texts.body(row.case) if row.case.public else "",
                address=texts.place(row.case),
                notes=texts.said(row.case, *said.get(row.case.id, ("", {}))),
            )
            for row in super().rows(found)
        ]

    def _said(self, case_ids: Sequence[int]) -> dict[int, tuple[str, Values]]:
        query = (
            select(CaseEvent.id, CaseEvent.case_id, CaseEvent.type, CaseEvent.public_text, CaseEvent.data)
            .where(CaseEvent.case_id.in_(case_ids), CaseEvent.realm != "citizen")
            .where(or_(CaseEvent.public, CaseEvent.type == "undone"))
            .order_by(CaseEvent.id)
        )
        found = self.work.session.execute(query).all()
        undone = {event.data.get("event") for event in found if event.type == "undone"}
        return {
            event.case_id: (event.public_text, event.data)
            for event in found
            if event.public_text and event.id not in undone
        }


def _report(row: CaseRow) -> Report:
    report: Report = row.details[0]
    return report


LIST = Export(
    name="reports.list",
    title=_("City reports"),
    permissions=PERMISSIONS,
    route="reports.desk",
    schema=DeskFilters,
    bindings=desk_choices,
    columns=CaseSource.columns(
        without=("kind",),
        answers=KIND,
        more=(
            ExportColumn(
                name="district",
                title=_("District"),
                value=lambda row: _report(row).district,
                printed=True,
            ),
            ExportColumn(
                name="street", title=_("Street"), value=lambda row: _report(row).street, chosen=False
            ),
            ExportColumn(
                name="lat", title=_("Latitude"), value=lambda row: _report(row).lat, kind="number", width=11
            ),
            ExportColumn(
                name="lon", title=_("Longitude"), value=lambda row: _report(row).lon, kind="number", width=11
            ),
        ),
    ),
    source=ReportSource,
)

#: Source: the proposed GeoReport Bulk of Open311; a case is identified by its id, never its tracking code.
GEOREPORT = Export(
    name="reports.georeport",
    title=_("CSV of GeoReport v2"),
    permissions=PERMISSIONS,
    route="reports.desk",
    schema=DeskFilters,
    bindings=desk_choices,
    columns=(
        ExportColumn(
            name="service_request_id", title="service_request_id", value=lambda row: str(row.case.id)
        ),
        ExportColumn(
            name="requested_datetime",
            title="requested_datetime",
            value=lambda row: row.case.created_at,
            kind="moment",
        ),
        ExportColumn(
            name="updated_datetime",
            title="updated_datetime",
            value=lambda row: row.case.updated_at,
            kind="moment",
        ),
        ExportColumn(
            name="closed_date", title="closed_date", value=lambda row: row.case.closed_at, kind="moment"
        ),
        ExportColumn(
            name="status_description",
            title="status_description",
            value=lambda row: "open" if row.case.stage in Workflow.OPEN_STAGES else "closed",
        ),
        ExportColumn(name="status_notes", title="status_notes", value=lambda row: row.notes),
        ExportColumn(name="source", title="source", value=lambda row: row.case.source),
        ExportColumn(name="service_name", title="service_name", value=lambda row: row.category),
        ExportColumn(name="service_subtype", title="service_subtype", value=lambda row: row.topic),
        ExportColumn(name="description", title="description", value=lambda row: row.words),
        ExportColumn(name="agency_responsible", title="agency_responsible", value=lambda row: row.unit),
        ExportColumn(name="address", title="address", value=lambda row: row.address),
        ExportColumn(name="lat", title="lat", value=lambda row: _report(row).lat, kind="number"),
        ExportColumn(name="long", title="long", value=lambda row: _report(row).lon, kind="number"),
    ),
    source=GeoReportSource,
    machine=True,
)

FIGURES = StatisticsExport(
    name="reports.figures",
    title=_("Figures of the city reports"),
    permissions=("reports:case:view",),
    route="reports.statistics",
    schema=StatisticsSchema,
    bindings=desk_choices,
    tables=lambda work, values: statistics_tables(
        work, subject(work, values), people=_("Reporting citizens")
    ),
)

EXPORTS = (LIST, GEOREPORT, FIGURES)
