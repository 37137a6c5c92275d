"""Export of the list of requests."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from translationstring import TranslationString

from civicportal.api.cases import Case, kind_of
from civicportal.api.database import Work
from civicportal.api.exports import CaseRow, CaseSource, Export, ExportColumn, Masked, StatisticsExport
from civicportal.api.forms import Option, Values
from civicportal.api.kartable import KartableService
from civicportal.api.lists import Rows, Selected
from civicportal.api.organization import OrganizationService
from civicportal.api.statistics import statistics_tables
from civicportal_meetings.correction import PARTIES
from civicportal_meetings.desk_schemas import DeskFilters, StatisticsSchema
from civicportal_meetings.i18n import _
from civicportal_meetings.models import Appointment, MeetingRequest
from civicportal_meetings.names import KIND
from civicportal_meetings.services.search import Filters, MeetingSearch
from civicportal_meetings.statistics import subject

ALL = ("all", _("Every status"))


@dataclass(frozen=True, kw_only=True)
class MeetingRow(CaseRow):
    """A request with its appointment, if any."""

    appointment: datetime | None
    national_code: Masked | None

    @property
    def request(self) -> MeetingRequest:
        """Return the request's detail row."""
        request: MeetingRequest = self.details[0]
        return request


class MeetingSource(CaseSource):
    """The rows of the list."""

    entities = (Case, MeetingRequest)

    @property
    def sort_name(self) -> str:
        """Return the name of the list's order."""
        return Filters.of(self.values).order

    def query(self, *columns: Selected) -> Rows:
        """Return the list's own query."""
        return self.work.get(MeetingSearch).query(Filters.of(self.values), *columns)

    def rows(self, found: Sequence[tuple[Any, ...]]) -> Iterable[MeetingRow]:
        """Return the rows with their appointments.

        National codes are decrypted only if requested.
        """
        times = self._times([case.id for case, _request in found])
        return [
            MeetingRow(
                **vars(row), appointment=times.get(case.id), national_code=self._national_code(request)
            )
            for row, (case, request) in zip(super().rows(found), found, strict=True)
        ]

    def _times(self, case_ids: Sequence[int]) -> dict[int, datetime]:
        standing = Appointment.ended_at.is_(None) | (Appointment.ended_how == "hold")
        query = select(Appointment.case_id, Appointment.start).where(
            Appointment.case_id.in_(case_ids), standing
        )
        return dict(self.work.session.execute(query.order_by(Appointment.id)).all())

    def _national_code(self, request: MeetingRequest) -> Masked | None:
        if "national_code" not in self.names or not request.national_code:
            return None
        site = self.work.site
        code = site.keys.decrypt(request.national_code)
        return Masked(masked=site.country.mask_national_code(code), full=code)


def desk_choices(work: Work) -> dict[str, object]:
    """Return the options of the list's filters."""
    states = kind_of(work.site, KIND).workflow.states
    units = work.get(OrganizationService).units.by_id.values()
    return {
        "states": [*((state.name, state.title) for state in states), ALL],
        "units": [*(Option(value=unit.key, label=unit.name) for unit in units), Option.none()],
        "holders": work.get(KartableService).holders(),
    }


def waiting_only(values: Values) -> Iterable[tuple[TranslationString, TranslationString]]:
    """Return the filter that the list applies by default, without a status."""
    if Filters.of(values).waiting_only:
        yield _("Status"), _("Waiting for a time")


LIST = Export(
    name="meetings.list",
    title=_("Requests for meetings"),
    permissions=("meetings:case:export",),
    route="meetings.desk",
    schema=DeskFilters,
    bindings=desk_choices,
    columns=CaseSource.columns(
        without=("kind", "category", "topic", "place", "citizen"),
        more=(
            ExportColumn(
                name="appointment",
                title=_("Time of the meeting"),
                value=lambda row: row.appointment,
                kind="moment",
                printed=True,
            ),
            ExportColumn(
                name="party", title=_("Applicant"), value=lambda row: PARTIES.get(row.request.party)
            ),
            ExportColumn(
                name="name",
                title=_("Name of the applicant"),
                value=lambda row: row.request.name,
                personal="contact",
                width=24,
                chosen=False,
            ),
            ExportColumn(
                name="organization",
                title=_("Organisation"),
                value=lambda row: row.request.organization,
                personal="contact",
                width=24,
                chosen=False,
            ),
            ExportColumn(
                name="companions",
                title=_("Companions"),
                value=lambda row: len(row.request.companions),
                kind="number",
                width=10,
            ),
            ExportColumn(
                name="national_code",
                title=_("National code"),
                value=lambda row: row.national_code,
                kind="code",
                personal="identity",
                chosen=False,
            ),
        ),
    ),
    source=MeetingSource,
    sortable=False,
    unsaid=waiting_only,
)

FIGURES = StatisticsExport(
    name="meetings.figures",
    title=_("Figures of the meetings"),
    permissions=("meetings:case:view",),
    route="meetings.statistics",
    schema=StatisticsSchema,
    bindings=desk_choices,
    tables=lambda work, values: statistics_tables(work, subject(work, values)),
)

EXPORTS = (LIST, FIGURES)
