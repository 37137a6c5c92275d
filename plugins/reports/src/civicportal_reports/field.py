"""Work on the spot: the open reports of a crew in the order in which they are driven to."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from civicportal.api.cases import (
    AccessService,
    Attachment,
    AttachmentService,
    Case,
    CaseEvent,
    CaseService,
)
from civicportal.api.database import Service, Work
from civicportal.api.geo import Point
from civicportal.api.kartable import JobWorkService, ReadyTextService, Referral
from civicportal.api.lists import Rows
from civicportal.api.localization import format_number
from civicportal.api.plugins import NotFound, Site
from civicportal.api.publishing import PublicTexts
from civicportal.api.submission import QuestionnaireService
from civicportal_reports.i18n import _
from civicportal_reports.models import Report
from civicportal_reports.tour import driving_order
from civicportal_reports.workflow import KIND, OPEN

MOST_STOPS = 25
"""Maximum number of reports of a day: the most urgent ones."""
CLOSE = "close"
"""The step of :data:`~civicportal_reports.workflow.WORKFLOW` that finishes the work."""
_JOB = aliased(Referral)
WHOSE: dict[str, bool | None] = {"all": None, "mine": True, "unit": False}
"""Choices of a list, as the argument of :meth:`AccessService.in_kartable`."""


@dataclass(frozen=True, kw_only=True)
class Stop:
    """A report to drive to, for the whole work on it or for a job of it.

    :ivar mine: the actor holds it; otherwise it is unassigned.
    :ivar job: the open job of a split report; None for the whole work.
    :ivar metres: from the stop before it, or from where the way begins; None for the beginning of a way and without a
        point.
    """

    case: Case
    report: Report
    mine: bool
    job: Referral | None = None
    metres: float | None = None

    @property
    def due(self) -> datetime:
        """Return when the job is due, or else the report."""
        return (last_moment(self.job) if self.job else None) or self.case.deadline


@dataclass(frozen=True, kw_only=True)
class Tour:
    """The reports of a day.

    :ivar stops: in driving order, after them those without a point.
    :ivar more: whether there are further, less urgent ones.
    """

    stops: Sequence[Stop]
    more: bool


@dataclass(frozen=True, kw_only=True)
class Device:
    """When and where pictures were taken, by the device itself; a person may leave out both."""

    moment: datetime | None = None
    point: Point | None = None


class FieldService(Service):
    """The reports that the actor may finish on the spot."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.cases = work.get(CaseService)

    # -- the list -------------------------------------------------------------------------------------------

    def tour(self, whose: str = "all", start: Point | None = None) -> Tour:
        """Return the most urgent reports and jobs that the actor holds, and the unassigned ones of their units.

        Reports that wait for their citizen are left out, as are split ones: only their jobs are done on the spot.

        :param whose: one of :data:`WHOSE`.
        :param start: where the crew is; by default the way begins at the most urgent report.
        """
        rows = self.session.execute(self._query(whose).limit(MOST_STOPS + 1)).all()
        stops = [
            Stop(
                case=case,
                report=report,
                mine=bool(referral.taken_by_id or referral.to_user_id),
                job=referral if referral.type == "job" else None,
            )
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
                or_(
                    Referral.type == "job",
                    and_(Referral.type == "action", Case.paused_at.is_(None), ~_has_open_jobs()),
                ),
                Case.kind == KIND,
                Case.status.in_(OPEN),
            )
            .order_by(Case.urgent.desc(), func.coalesce(Referral.due_at, Referral.deadline), Referral.id)
        )

    # -- one report -----------------------------------------------------------------------------------------

    def fetch(self, code: str, *, lock: bool = False) -> tuple[Case, Report]:
        """Return a report that the actor may see.

        :raises NotFound: when there is none, or it is a case of another kind.
        """
        case = self.cases.fetch(code, lock=lock)
        report = self.session.get(Report, case.id)
        if report is None:
            raise NotFound("no such report")
        return case, report

    def words(self, case: Case) -> str:
        """Return what was reported, without what could identify the citizen: the page is kept on a telephone."""
        return self.work.get(PublicTexts).shown(case, case.body)

    def answers(self, case: Case) -> list[tuple[str, str]]:
        """Return what was asked and answered; typed texts without what could identify the citizen."""
        texts = self.work.get(PublicTexts)
        return [
            (one.label, one.words if one.question.is_list else texts.shown(case, one.words))
            for one in self.work.get(QuestionnaireService).of(case)
        ]

    def photos(self, case: Case) -> list[Attachment]:
        """Return the pictures of the report."""
        return [one for one in self.work.get(AttachmentService).of_case(case) if one.purpose == "before"]

    def answer(self, case: Case) -> str:
        """Return the public answer that the form shows at first: a ready text, or a general one."""
        step = self.cases.finishing_step(case)
        return self.work.get(ReadyTextService).preset(case, step) if step else ""

    def finish(
        self,
        case: Case,
        *,
        version: int,
        text: str,
        photos: Sequence[str] = (),
        owner: str = "",
        device: Device | None = None,
        allowed: Collection[str] = (),
        once: str = "",
    ) -> CaseEvent:
        """Finish the work on a report; its form sent again is the same event.

        :param case: locked.
        :param version: of the case in the form.
        :param photos: keys of uploaded pictures, and ``owner`` their uploader.
        :param device: noted in the history for staff, not published.
        :param allowed: words of the answer that are not names, as in :meth:`CaseService.apply`.
        :param once: the idempotency key of the form.
        :raises PersonalDataFound: when the report is public and the answer contains personal data.
        :raises StaleVersion: when the case was changed since the form was shown.
        :raises Forbidden: when a colleague holds it now.
        :raises Refused: when a rule forbids it now.
        """
        step = self.cases.finishing_step(case)
        return self.cases.apply(
            case,
            step.name if step else CLOSE,
            version=version,
            public_text=text,
            internal_text=self._noted(case, device or Device()),
            attachments=photos,
            owner=owner,
            allowed=allowed,
            once=once,
        )

    def finish_job(
        self,
        case: Case,
        job_id: int,
        *,
        text: str,
        photos: Sequence[str] = (),
        owner: str = "",
        device: Device | None = None,
        once: str = "",
    ) -> CaseEvent:
        """Finish a job of a report; the parameters are those of :meth:`finish`.

        :raises Forbidden: when a colleague has the job now.
        :raises Refused: when it has ended.
        """
        result = "\n".join(filter(None, [text, self._noted(case, device or Device())]))
        jobs = self.work.get(JobWorkService)
        return jobs.finish(case, job_id, text=result, attachments=photos, owner=owner, once=once)

    def _noted(self, case: Case, device: Device) -> str:
        """Return time and position of a device as a note."""
        site, lines = self.work.site, []
        report = self.session.get_one(Report, case.id)
        if device.moment:
            moment = site.calendar.format_datetime(device.moment, locale=site.locale)
            lines.append(_("Time of the device: ${moment}", mapping={"moment": moment}))
        if device.point:
            place = f"{device.point.lat:.5f}, {device.point.lon:.5f}"
            lines.append(_("Position of the device: ${place}", mapping={"place": place}))
        if device.point and report.point:
            metres = format_number(round(device.point.distance_to(report.point)), site.locale)
            lines.append(_("${metres} m from the place of the report", mapping={"metres": metres}))
        return "\n".join(map(site.localizer().translate, lines))


def _has_open_jobs() -> ColumnElement[bool]:
    return exists().where(_JOB.case_id == Case.id, _JOB.type == "job", _JOB.closed_at.is_(None))


def last_moment(job: Referral) -> datetime | None:
    """Return the end of the last day of a job."""
    return job.due_at - timedelta(microseconds=1) if job.due_at else None


def directions(site: Site, report: Report) -> str:
    """Return the address that leads to a report, empty without a point."""
    if report.point is None:
        return ""
    template = site.plugin_settings[KIND]["directions_url"] or "geo:{lat},{lon}?q={lat},{lon}"
    return str(template).format(lat=report.lat, lon=report.lon)


def _in_order(stops: Sequence[Stop], start: Point | None) -> list[Stop]:
    placed = [(stop, point) for stop in stops if (point := stop.report.point)]
    order = [placed[index] for index in driving_order([point for _stop, point in placed], start)]
    way = [start, *(point for _stop, point in order)]
    metres = [one.distance_to(other) if one and other else None for one, other in pairwise(way)]
    found = [replace(stop, metres=length) for (stop, _point), length in zip(order, metres, strict=True)]
    return [*found, *(stop for stop in stops if stop.report.point is None)]
