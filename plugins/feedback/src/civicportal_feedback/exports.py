"""Export of the list of messages."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from civicportal.api.cases import Case
from civicportal.api.exports import CaseRow, CaseSource, Export, ExportColumn, Masked, StatisticsExport
from civicportal.api.lists import Rows, Selected
from civicportal.api.statistics import statistics_tables
from civicportal_feedback.choices import desk_choices
from civicportal_feedback.i18n import _
from civicportal_feedback.kinds import TYPES
from civicportal_feedback.models import Feedback
from civicportal_feedback.schemas import DeskFilters, StatisticsSchema
from civicportal_feedback.search import FeedbackSearch, Filters
from civicportal_feedback.statistics import subject


class FeedbackSource(CaseSource):
    """The rows of the list, with the unit that each is about."""

    entities = (Case, Feedback)

    def query(self, *columns: Selected) -> Rows:
        """Return the list's own query."""
        return self.work.get(FeedbackSearch).query(Filters.of(self.values), *columns)

    def row(
        self, case: Case, details: Sequence[Any], people: Mapping[int, tuple[str, Masked | None]]
    ) -> CaseRow:
        """Return one row, with the name of the unit."""
        return super().row(case, (*details, self.organization.unit_name(details[0].unit_id)), people)


def _feedback(row: CaseRow) -> Feedback:
    feedback: Feedback = row.details[0]
    return feedback


#: The subject of a message is the name of its type: its text says more.
COMMON = tuple(
    replace(column, chosen=True) if column.name == "body" else column
    for column in CaseSource.columns(without=("kind", "subject", "category", "topic", "place"))
)

LIST = Export(
    name="feedback.list",
    title=_("Messages of citizens"),
    permissions=("feedback:case:export",),
    route="feedback.desk",
    schema=DeskFilters,
    bindings=desk_choices,
    columns=(
        *COMMON,
        ExportColumn(
            name="type",
            title=_("Kind of message"),
            value=lambda row: TYPES[_feedback(row).type].title,
            printed=True,
        ),
        ExportColumn(
            name="about", title=_("About the unit"), value=lambda row: row.details[1], width=24, printed=True
        ),
        ExportColumn(
            name="anonymous",
            title=_("Without a name"),
            value=lambda row: _feedback(row).anonymous,
            kind="flag",
        ),
        ExportColumn(
            name="consent",
            title=_("May be published"),
            value=lambda row: _feedback(row).consent,
            kind="flag",
        ),
    ),
    source=FeedbackSource,
)

FIGURES = StatisticsExport(
    name="feedback.figures",
    title=_("Figures of the messages"),
    permissions=("feedback:case:view",),
    route="feedback.statistics",
    schema=StatisticsSchema,
    bindings=desk_choices,
    tables=lambda work, values: statistics_tables(work, subject(work, values)),
)

EXPORTS = (LIST, FIGURES)
