"""Exports of the list of permits and of its statistics."""

from civicportal.api.cases import Case
from civicportal.api.exports import CaseRow, CaseSource, Export, ExportColumn, StatisticsExport
from civicportal.api.lists import Rows, Selected
from civicportal.api.statistics import statistics_tables
from civicportal_parking_permits.i18n import _
from civicportal_parking_permits.models import Permit, Zone
from civicportal_parking_permits.schemas import DeskFilters, StatisticsSchema
from civicportal_parking_permits.search import Filters, PermitSearch
from civicportal_parking_permits.statistics import choices, subject
from civicportal_parking_permits.workflow import PERMITS, TITLE


class PermitSource(CaseSource):
    """The source of the list's rows."""

    entities = (Case, Permit, Zone)

    def query(self, *columns: Selected) -> Rows:
        """Return the query of the list."""
        return self.work.get(PermitSearch).query(Filters.of(self.values), *columns)


def _permit(row: CaseRow) -> Permit:
    permit: Permit = row.details[0]
    return permit


LIST = Export(
    name="parking_permits.list",
    title=TITLE,
    permissions=(PERMITS.permission("export"),),
    route="parking_permits.desk",
    schema=DeskFilters,
    bindings=choices,
    columns=CaseSource.columns(
        without=("kind", "subject", "category", "topic", "place", "urgent"),
        more=(
            ExportColumn(name="zone", title=_("Zone"), value=lambda row: row.details[1].name, printed=True),
            ExportColumn(name="plate", title=_("Plate"), value=lambda row: _permit(row).plate, printed=True),
            ExportColumn(name="fee", title=_("Fee"), value=lambda row: _permit(row).fee, kind="number"),
            ExportColumn(
                name="receipt", title=_("Receipt"), value=lambda row: _permit(row).receipt, kind="code"
            ),
            ExportColumn(
                name="first_day", title=_("First day"), value=lambda row: _permit(row).first_day, kind="day"
            ),
            ExportColumn(
                name="last_day",
                title=_("Last day"),
                value=lambda row: _permit(row).last_day,
                kind="day",
                printed=True,
            ),
        ),
    ),
    source=PermitSource,
)

FIGURES = StatisticsExport(
    name="parking_permits.figures",
    title=_("Figures of the permits"),
    permissions=(PERMITS.permission("view"),),
    route="parking_permits.statistics",
    schema=StatisticsSchema,
    bindings=choices,
    tables=lambda work, values: statistics_tables(work, subject(work, values)),
)

EXPORTS = (LIST, FIGURES)
