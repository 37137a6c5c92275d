"""Citizens' lists of cases, and tracking by code without signing in."""

import secrets
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime

from pyramid.httpexceptions import HTTPForbidden
from sqlalchemy import select, tuple_
from sqlalchemy.orm import joinedload
from translationstring import TranslationString

from civicportal.core.crypto import same
from civicportal.core.db import NEVER
from civicportal.core.work import Service
from civicportal.domain.cases.codes import CodeService
from civicportal.domain.cases.models import Case, Follower
from civicportal.domain.cases.proofs import proved_codes
from civicportal.domain.cases.questions import QuestionService, asking_state
from civicportal.domain.cases.references import ReferenceService
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.workflow import CaseKind
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.errors import NotFound
from civicportal.web.request import Request

PIN_DIGITS = 4
_NO_PROOF = "-" * PIN_DIGITS
"""Compared where a case has no mobile or no PIN: no digits equal it."""
_STEPS = {"registered": 1, "in_progress": 2, "done": 3, "rejected": 3}


@dataclass(frozen=True, kw_only=True)
class CaseSummary:
    """A case in a citizen's list.

    :ivar deadline: the public deadline; None where there is none, it is closed, or its status hides it.
    :ivar steps: progress, 0 to 3.
    :ivar asks: it waits for an answer of the reader.
    """

    case: Case
    kind_title: TranslationString
    status: TranslationString
    icon: str
    tone: str
    deadline: datetime | None
    steps: int
    asks: bool = False


class FollowUpService(Service):
    """Read cases for their citizens and followers, and verify tracking codes."""

    def own(self, *, before: int | None = None, limit: int = 20) -> list[CaseSummary]:
        """Return the actor's own cases, latest first.

        The first page begins with those that wait for an answer of the actor, up to half of its length.

        :param before: id of the last case of the previous page.
        """
        place = (Case.created_at, Case.id)
        questions = self.work.get(QuestionService).own[: limit // 2]
        query = select(Case).where(
            Case.citizen_id == self.work.actor.user_id, Case.id.not_in([case.id for case in questions])
        )
        if before is not None:
            query = query.where(tuple_(*place) < select(*place).where(Case.id == before).scalar_subquery())
        first = questions if before is None else ()
        query = query.order_by(*(column.desc() for column in place)).limit(limit - len(first))
        return self.summaries([*first, *self.session.scalars(query)])

    def followed(self, *, limit: int = 50) -> list[CaseSummary]:
        """Return the cases of others that the actor follows, latest first."""
        me = self.work.actor.user_id
        query = (
            select(Case)
            .join(Follower, Follower.case_id == Case.id)
            .where(Follower.user_id == me, Case.citizen_id.is_distinct_from(me))
            .order_by(Case.id.desc())
            .limit(limit)
        )
        return self.summaries(self.session.scalars(query).all())

    def fetch_followed(self, case_id: int, *, lock: bool = False) -> Case:
        """Return a case that the actor follows.

        :raises NotFound: when there is none, or the actor does not follow it.
        """
        query = (
            select(Case)
            .join(Follower, Follower.case_id == Case.id)
            .where(Case.id == case_id, Follower.user_id == self.work.actor.user_id)
        )
        case = self.session.scalar(query.with_for_update(of=Case) if lock else query)
        if case is None:
            raise NotFound("no such case")
        return case

    def summaries(self, cases: Sequence[Case]) -> list[CaseSummary]:
        """Return the cases with their titles, icons and colours."""
        return [self.summary(case) for case in cases]

    def summary(self, case: Case) -> CaseSummary:
        """Return one case with its title, icon and colour."""
        kind = self.work.get(CaseService).kind(case)
        categories = self.work.get(OrganizationService).categories
        own = self.work.actor.user_id in (None, case.citizen_id)
        root = categories.root_of(case.category_id) if case.category_id in categories.by_id else None
        return CaseSummary(
            case=case,
            kind_title=kind.title,
            status=kind.public_status(case.status, own=own),
            icon=root.icon if root else kind.icon,
            tone=root.tint if root else "t",
            deadline=case.deadline if case.deadline != NEVER and _tells_deadline(kind, case) else None,
            steps=_STEPS[case.stage],
            asks=own and asking_state(self.work.site, case) is not None,
        )

    # -- without a session ----------------------------------------------------------------------------------

    def give_pin(self, case: Case, form_key: str = "") -> str:
        """Set the PIN of a case without a citizen.

        It is shown once and stored as a keyed hash.

        :param form_key: of the form that opened the case: resubmitted, it gets the same PIN. None gives a new one.
        """
        number = secrets.randbelow(10**PIN_DIGITS)
        if form_key:
            number = int.from_bytes(self.work.site.keys.mac("new pin", form_key)) % 10**PIN_DIGITS
        pin = f"{number:0{PIN_DIGITS}}"
        case.pin_hash = self._pin_hash(case.code, pin)
        return pin

    def known_codes(self, code: str) -> list[str]:
        """Return the tracking codes of the cases with a code, which may be that of an earlier system."""
        if self.work.get(CodeService).id_of(code):
            return [code]
        return self.work.get(ReferenceService).codes_of(code)

    def prove(self, code: str, proof: str) -> Case | None:
        """Return the case of a tracking code with its proof.

        The proof is the last four digits of the mobile, or the PIN.

        A case without a mobile and a PIN cannot be opened, nor can cases of a deleted citizen by their mobile. A wrong
        code and a wrong proof take the same time.

        :param code: the case's own, or that of an earlier system.
        :param proof: four Latin digits; anything else is wrong.
        """
        codes = [code, *self.work.get(ReferenceService).codes_of(code)]
        found = [self._proved(one, proof) for one in codes]
        return next((case for case in found if case is not None), None)

    def _proved(self, code: str, proof: str) -> Case | None:
        case = self.session.scalar(select(Case).where(Case.code == code).options(joinedload(Case.citizen)))
        citizen = case.citizen if case else None
        mobile = citizen.mobile if citizen and citizen.deleted_at is None else None
        is_proof = len(proof) == PIN_DIGITS and proof.isascii() and proof.isdigit()
        by_mobile = same((mobile or _NO_PROOF)[-PIN_DIGITS:], proof)
        by_pin = same((case.pin_hash if case else None) or _NO_PROOF, self._pin_hash(code, proof))
        return case if is_proof and (by_mobile or by_pin) else None

    def owner(self, code: str) -> int | None:
        """Return the id of the citizen of a case, by code."""
        return self.session.scalar(select(Case.citizen_id).where(Case.code == code))

    def fetch_proved(self, code: str, proved: Container[str]) -> Case:
        """Return a case that this browser has verified.

        :raises NotFound: otherwise.
        """
        case = self.session.scalar(select(Case).where(Case.code == code)) if code in proved else None
        if case is None:
            raise NotFound("not proved")
        return case

    def fetch_own_or_proved(self, request: Request, code: str) -> Case:
        """Return a case to its citizen or a verified browser.

        :raises HTTPForbidden: for a visitor who has verified none, who is shown the sign-in page.
        :raises NotFound: otherwise.
        """
        proved = proved_codes(request)
        if self.work.actor.realm == "visitor" and code not in proved:
            raise HTTPForbidden
        if self.work.actor.is_citizen:
            try:
                return self.work.get(CaseService).fetch_own(code)
            except NotFound:
                pass
        return self.fetch_proved(code, proved)

    def _pin_hash(self, code: str, pin: str) -> str:
        return self.work.site.keys.mac("pin", code, pin).hex()


def _tells_deadline(kind: CaseKind, case: Case) -> bool:
    state = kind.workflow.by_name.get(case.status)
    return case.is_open and (state is None or state.tells_deadline)
