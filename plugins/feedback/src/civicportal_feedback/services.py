"""Submission of messages, with a name or anonymously."""

from collections.abc import Sequence
from dataclasses import dataclass

from civicportal.api.cases import Case, CaseService, FollowUpService, kind_of
from civicportal.api.database import Service, Work
from civicportal.api.organization import OrganizationService, Unit
from civicportal.api.people import Identity
from civicportal.api.plugins import Forbidden
from civicportal_feedback.i18n import _
from civicportal_feedback.kinds import TYPES
from civicportal_feedback.models import Feedback
from civicportal_feedback.workflow import KIND, NAMED


@dataclass(frozen=True, kw_only=True)
class NewFeedback:
    """A new message.

    :ivar unit: which it is about; None for the municipality in general.
    :ivar consent: to an anonymous publication of message and answer.
    :ivar photos: keys of uploaded pictures.
    :ivar owner: their uploader.
    :ivar idempotency_key: of the form; one sender's key opens one case.
    """

    type: str
    body: str
    unit: Unit | None = None
    consent: bool = False
    photos: Sequence[str] = ()
    owner: str = ""
    idempotency_key: str = ""
    source: str = "web"


class FeedbackService(Service):
    """Rules of feedback besides those of every case."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.cases = work.get(CaseService)

    def submit(self, new: NewFeedback) -> Case:
        """Open a case of the acting citizen.

        A resubmitted form returns the same case.

        :raises Forbidden: when the mobile number is not verified.
        :raises AttachmentNotFound: when a picture is missing or not the owner's.
        """
        actor = self.work.actor
        if not actor.is_citizen or actor.user_id is None or actor.level < NAMED:
            raise Forbidden("the mobile number is not proved")
        return self._open_once(new, actor.user_id)

    def submit_anonymously(self, new: NewFeedback) -> tuple[Case, str]:
        """Open an anonymous case and return it with its PIN.

        A resubmitted form returns the same case and PIN. The actor is not recorded: case, history and pictures have no
        person and no session.

        :raises AttachmentNotFound: when a picture is missing or not the owner's.
        """
        with self.work.acting_as(Identity.VISITOR):
            case = self._open_once(new, None)
        return case, self.work.get(FollowUpService).give_pin(case, new.idempotency_key)

    def make_for(self, citizen_id: int | None, new: NewFeedback, key: str) -> Case:
        """Open a case for a caller.

        :param citizen_id: None if the sender is unknown.
        :param key: the case's ``idempotency_key``.
        :raises AttachmentNotFound: when a picture is missing or not the owner's.
        """
        return self._open(new, citizen_id, key)

    def detail(self, case: Case) -> Feedback | None:
        """Return the detail of a case, if it is a message."""
        return self.work.session.get(Feedback, case.id) if case.kind == KIND else None

    def _open_once(self, new: NewFeedback, citizen_id: int | None) -> Case:
        key = f"{KIND}:{citizen_id or ''}:{new.idempotency_key}" if new.idempotency_key else None
        return self.work.get(CaseService).open_once(key, lambda: self._open(new, citizen_id, key))

    def _open(self, new: NewFeedback, citizen_id: int | None, key: str | None) -> Case:
        return self.cases.open(
            kind_of(self.work.site, KIND),
            subject=self._subject(new),
            body=new.body,
            citizen_id=citizen_id,
            detail=Feedback(
                type=new.type,
                unit_id=new.unit.id if new.unit else None,
                anonymous=citizen_id is None,
                consent=new.consent,
            ),
            attachments=new.photos,
            owner=new.owner,
            source=new.source,
            idempotency_key=key,
        )

    def _subject(self, new: NewFeedback) -> str:
        """Return the subject of a message, never its first words, which may contain a name."""
        one, translate = TYPES[new.type], self.work.site.localizer().translate
        if new.unit is None:
            return str(translate(one.title))
        unit = self.work.get(OrganizationService).unit_name(new.unit.id, self.work.site.locale)
        return str(translate(_(one.about, mapping={"unit": unit})))[:200]
