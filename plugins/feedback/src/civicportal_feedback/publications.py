"""Publication of a message and its answer, with the sender's consent and edited by an officer."""

from collections.abc import Collection, Sequence
from typing import Literal

from sqlalchemy import Select, and_, select, tuple_
from translationstring import TranslationString

from civicportal.api.cases import AccessService, Case, CaseChange, CaseService
from civicportal.api.database import Service, Work
from civicportal.api.plugins import Forbidden, Refused
from civicportal.api.publishing import PersonalDataFound, PublicTexts
from civicportal_feedback.i18n import _
from civicportal_feedback.models import Feedback, Publication
from civicportal_feedback.search import FeedbackSearch, Filters
from civicportal_feedback.services import FeedbackService

PERMISSION = "feedback:answer:publish"
LATEST = 500
"""Publications that the findings examine."""
LONGEST_HEARD = 300
"""Characters of the public text of a message."""
State = Literal["candidate", "published", "withdrawn"]
"""Of a message: one that can be published and never was, a published one, or one whose publication was withdrawn."""
Pair = tuple[Publication, Feedback]
Row = tuple[Case, Feedback, Publication | None]


class PublicationService(Service):
    """Publish, withdraw and list messages."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.cases = work.get(CaseService)

    def of(self, case: Case) -> Publication | None:
        """Return the publication of a case, withdrawn or not."""
        return self.session.get(Publication, case.id)

    def answer(self, case: Case) -> str:
        """Return the answer that the sender has read last; empty without one."""
        events = self.cases.events(case, public=True)
        return next((event.public_text for event in events if event.after == "answered"), "")

    def wording(self, case: Case) -> dict[str, str]:
        """Return ``heard`` and ``done`` to begin with: the published words, else message and answer without the sender."""
        publication = self.of(case)
        if publication:
            return {"heard": publication.heard, "done": publication.done}
        texts = self.work.get(PublicTexts)
        heard = " ".join(texts.composed(case, case.body).split())
        return {"heard": heard[:LONGEST_HEARD], "done": texts.composed(case, self.answer(case))}

    def refusal_reason(self, case: Case) -> TranslationString | None:
        """Return why a case cannot be published, or None."""
        feedback = self.work.get(FeedbackService).detail(case)
        if feedback is None or not feedback.consent:
            return _("The sender has not agreed to it.")
        return None if case.status == "answered" else _("Only what was answered is published.")

    def publish(self, case: Case, heard: str, done: str, *, allowed: Collection[str] = ()) -> Publication:
        """Publish message and answer in these words, or change the published words.

        :param allowed: words that are not names in them, see ``PublicTexts``.
        :raises PersonalDataFound: when they identify the sender of the message.
        :raises Forbidden: without the right.
        :raises Refused: when the sender has not agreed, or there is no answer.
        """
        self._require(case)
        reason = self.refusal_reason(case)
        if reason:
            raise Refused(reason)
        texts = self.work.get(PublicTexts).check(case, {"heard": heard, "done": done}, allowed=allowed)
        row = self.of(case) or Publication(case_id=case.id)
        row.heard, row.done = texts["heard"], texts["done"]
        row.public, row.published_at = True, self.work.clock.now()
        self.session.add(row)
        self._note(case, "published")
        return row

    def take_back(self, case: Case) -> None:
        """Withdraw a publication; the text is kept.

        :raises Forbidden: without the right.
        """
        self._require(case)
        self._hide(case)

    def follow(self, change: CaseChange) -> None:
        """Withdraw the publication when its case is reopened."""
        if change.reopens:
            self._hide(change.case)

    def latest(self, limit: int, *, before: int | None = None) -> Sequence[Pair]:
        """Return the publications, latest first.

        :param before: id of the last case of the previous page.
        """
        query: Select[Publication, Feedback] = (
            select(Publication, Feedback)
            .join(Feedback, Feedback.case_id == Publication.case_id)
            .where(Publication.public)
            .order_by(Publication.published_at.desc(), Publication.case_id.desc())
            .limit(limit)
        )
        last = self.session.get(Publication, before) if before else None
        if last is not None:
            place = tuple_(Publication.published_at, Publication.case_id)
            query = query.where(place < tuple_(last.published_at, last.case_id))
        return [(publication, feedback) for publication, feedback in self.session.execute(query)]

    def of_staff(self, state: State, limit: int, *, before: int | None = None) -> list[Row]:
        """Return the messages in a state that the actor may see, latest first.

        :param before: id of the last case of the previous page.
        """
        search = self.work.get(FeedbackSearch)
        query = search.query(Filters(), Case, Feedback, Publication)
        query = query.outerjoin(Publication, Publication.case_id == Case.id)
        if state == "candidate":
            query = query.where(
                Publication.case_id.is_(None), and_(Feedback.consent, Case.status == "answered")
            )
        else:
            query = query.where(Publication.public.is_(state == "published"))
        if before is not None:
            query = query.where(Case.id < before)
        rows = self.session.execute(query.order_by(Case.id.desc()).limit(limit)).all()
        return [(case, feedback, publication) for case, feedback, publication in rows]

    def codes_naming_senders(self) -> list[str]:
        """Return the codes of publications that identify their sender, from before texts were checked."""
        query = (
            select(Case, Publication)
            .join(Publication, Publication.case_id == Case.id)
            .where(Publication.public)
            .order_by(Publication.published_at.desc())
            .limit(LATEST)
        )
        rows = [(case, publication) for case, publication in self.session.execute(query)]
        self.work.get(PublicTexts).people(case for case, _publication in rows)
        return [case.code for case, publication in rows if self._names_sender(case, publication)]

    def _names_sender(self, case: Case, publication: Publication) -> bool:
        texts = {"heard": publication.heard, "done": publication.done}
        try:
            self.work.get(PublicTexts).check(case, texts)
        except PersonalDataFound as found:
            # Uncertain findings were confirmed by an officer.
            return any(not one.word for data in found.fields.values() for one in data)
        return False

    def _hide(self, case: Case) -> None:
        row = self.of(case)
        if row is not None and row.public:
            row.public = False
            self._note(case, "hidden")

    def _require(self, case: Case) -> None:
        if not self.work.get(AccessService).may_act(case, PERMISSION):
            raise Forbidden("may not publish it")

    def _note(self, case: Case, what: str) -> None:
        case.updated_at = self.work.clock.now()
        self.cases.record(case, what)
