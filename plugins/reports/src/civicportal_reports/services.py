"""Submission of reports, and following of others' reports."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from civicportal.api.cases import Case, CaseService, FollowerService, kind_of
from civicportal.api.database import Service, Work
from civicportal.api.forms import Values
from civicportal.api.organization import Category, OrganizationService
from civicportal.api.plugins import Forbidden, NotFound
from civicportal.api.submission import QuestionnaireService
from civicportal_reports.models import Report
from civicportal_reports.places import Location, subject_of
from civicportal_reports.workflow import KIND


@dataclass(frozen=True, kw_only=True)
class NewReport:
    """A new report.

    :ivar photos: keys of uploaded pictures.
    :ivar owner: their uploader.
    :ivar idempotency_key: of the form; one citizen's key opens one case.
    :ivar answers: to the questions of the category, by their keys; None if they were not asked.
    """

    category: Category
    location: Location
    body: str
    urgent: bool = False
    photos: Sequence[str] = ()
    owner: str = ""
    idempotency_key: str = ""
    source: str = "web"
    answers: Values | None = None


class ReportService(Service):
    """Rules of reports besides those of every case."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.cases = work.get(CaseService)
        self.organization = work.get(OrganizationService)
        self.settings = work.site.plugin_settings[KIND]

    # -- sending --------------------------------------------------------------------------------------------

    def submit(self, new: NewReport) -> Case:
        """Open a report of the acting citizen.

        A resubmitted form returns the same case.

        :raises Forbidden: below the identity level of the kind.
        :raises AttachmentNotFound: when a picture is missing or not the owner's.
        :raises Refused: when the questions of the category were changed since they were answered.
        """
        actor = self.work.actor
        if actor.user_id is None or actor.level < kind_of(self.work.site, KIND).level:
            raise Forbidden("the mobile number is not proved")
        key = f"{KIND}:{actor.user_id}:{new.idempotency_key}" if new.idempotency_key else None
        citizen_id = actor.user_id
        return self.work.get(CaseService).open_once(key, lambda: self._open(new, citizen_id, key))

    def make_for(self, citizen_id: int | None, new: NewReport, key: str | None = None) -> Case:
        """Open a report for another person.

        :param citizen_id: None if the sender is unknown.
        :param key: the case's ``idempotency_key``.
        :raises AttachmentNotFound: when a picture is missing or not the owner's.
        """
        return self._open(new, citizen_id, key)

    def _open(self, new: NewReport, citizen_id: int | None, key: str | None) -> Case:
        place = new.location
        topic = self.organization.category_name(new.category.id, self.work.site.locale)
        questionnaires = self.work.get(QuestionnaireService)
        with questionnaires.opening(new.answers, new.category.id):
            case = self.cases.open(
                kind_of(self.work.site, KIND),
                subject=subject_of(self.work, topic, place.street or place.district),
                body=new.body,
                citizen_id=citizen_id,
                place=place.name(self.work),
                category=new.category,
                detail=Report(**place.columns),
                attachments=new.photos,
                owner=new.owner,
                source=new.source,
                urgent=new.urgent,
                idempotency_key=key,
            )
        if new.answers is not None:
            questionnaires.write(case, new.answers)
        return case

    # -- others' reports -------------------------------------------------------------------------------------

    def open_case(self, case_id: int, *, lock: bool = False) -> Case:
        """Return a report that others may follow: open or published.

        :param lock: lock it for update.
        :raises NotFound: when there is none.
        """
        query = select(Case).where(Case.id == case_id, Case.kind == KIND)
        case = self.session.scalar(query.with_for_update(of=Case) if lock else query)
        if case is None or not (case.is_open or case.public):
            raise NotFound("no such report")
        return case

    def me_too(self, case: Case) -> None:
        """Let the acting citizen follow another person's report.

        :raises Forbidden: without a verified mobile number.
        """
        actor = self.work.actor
        if not actor.is_citizen or actor.level < 1:
            raise Forbidden("only citizens with a proved mobile number follow a report")
        if case.citizen_id != actor.user_id:
            self.work.get(FollowerService).follow(case)
