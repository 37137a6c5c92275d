"""Data of the case page besides its history."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, func, literal, or_, select
from translationstring import TranslationString

from civicportal.core.db import BigId
from civicportal.core.security import Identity
from civicportal.core.work import Service
from civicportal.domain.accounts.identity_levels import IdentityFact
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.verification import VerificationService, identity_facts
from civicportal.domain.audit.services import VIEWERS, AuditService, viewers_parameters
from civicportal.domain.cases.access.rights import AccessService, holds
from civicportal.domain.cases.links import LinkedCase, LinkService
from civicportal.domain.cases.models import Case, CaseLink, Follower
from civicportal.domain.cases.references import earlier_code
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.sources import SOURCES
from civicportal.domain.kartable.counters import KEPT
from civicportal.domain.kartable.models import RoutingRule
from civicportal.domain.kartable.neighbours import neighbour_columns
from civicportal.domain.kartable.routing import ESCALATED, UNATTENDED
from civicportal.domain.kartable.rows import InboxItem, RowService, holder_id
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.i18n import _
from civicportal.util.queries import NamedRecord, Rows

if TYPE_CHECKING:
    from civicportal.core.work import Work

JUST_NOW = timedelta(minutes=10)
RULES: dict[str, TranslationString] = {
    "plugin": _("Decided by the service"),
    "category": _("Unit of the category"),
    "fallback": _("No rule fitted"),
    "import": _("Imported from another system"),
    UNATTENDED: _("The unit that it belongs to has no one for it"),
}


@dataclass(frozen=True, kw_only=True)
class CaseDetails:
    """A case as its page shows it.

    :ivar citizen: None without the right to see the citizen, and for a case without one.
    :ivar identity: what is known of the person's identity; empty without the right to see it.
    :ivar nameless: the case has no citizen.
    :ivar author: the author of a case that originated within the municipality; else empty.
    :ivar category: the path of names, root first.
    :ivar returner: name of the person who returned the case, else empty.
    :ivar held_since: creation time of the open referral for action.
    :ivar rule: what routed the case here: title of a rule or a description.
    :ivar earlier: the code by which an earlier system knew the case, else empty.
    :ivar viewers: other people who opened the case in the last ten minutes.
    :ivar neighbours: codes of the previous and the next case of the actor's kartable.
    :ivar names: of people by id: who holds the case, and who is named in its history.
    """

    row: InboxItem
    citizen: User | None
    identity: Sequence[IdentityFact]
    nameless: bool
    author: str
    category: Sequence[str]
    returner: str
    held_since: datetime | None
    source: TranslationString | str
    rule: TranslationString | str
    earlier: str
    followers: int
    links: Sequence[LinkedCase]
    viewers: Sequence[str]
    neighbours: tuple[str | None, str | None]
    names: Mapping[int, str]


@dataclass(frozen=True, kw_only=True)
class AskedInquiry:
    """An inquiry that the actor may answer.

    :ivar id: of its referral.
    :ivar unit: name of the unit that was asked.
    """

    id: int
    unit: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Rights:
    """Actions that the page offers the actor.

    :ivar referral: the open referral for action; its holder may take over, release, refer.
    :ivar hand_over: the case may be assigned to an officer of its unit, or returned to the unit.
    :ivar take_over: someone else holds the case, and the actor may work on it, as the head of the unit may.
    :ivar correct: the case is in a unit of the actor; ``work`` is also true in units that had it before.
    :ivar asked: the inquiries in the actor's kartable, oldest first.
    :ivar copies: a copy in the actor's kartable.
    """

    referral: Referral | None
    refer: bool
    take: bool
    release: bool
    hand_over: bool
    take_over: bool
    give_back: bool
    comment: bool
    work: bool
    correct: bool
    contact: bool
    identity: bool
    asked: Sequence[AskedInquiry]
    copies: bool


class FactsService(Service):
    """Read the data of the case page."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.access = work.get(AccessService)
        self.organization = work.get(OrganizationService)

    def of(self, case: Case, named: Iterable[int | None] = ()) -> CaseDetails:
        """Return the facts of a case.

        :param named: ids of further people whose names the page shows.
        """
        referral = self.access.action_referral(case)
        may_know = self.access.can(case, "contact")
        returner = referral.from_user_id if referral and referral.returned else None
        citizen_id = case.citizen_id if may_know else None
        around = self._around(case, {citizen_id, holder_id(referral), returner, *named})
        people = {row.User.id: row.User for row in around if row.User is not None}
        names = {user_id: user.name for user_id, user in people.items()}
        found = around[0]
        return CaseDetails(
            row=self.work.get(RowService).row(case, referral, names),
            citizen=people.get(case.citizen_id or 0) if may_know else None,
            identity=self._identity(case) if may_know or self.access.can(case, "identity") else (),
            nameless=case.citizen_id is None,
            author=self._author(case),
            category=self._category_path(case),
            returner=names.get(returner or 0, ""),
            held_since=referral.created_at if referral else None,
            source=SOURCES.get(case.source, case.source),
            rule=self._rule(case),
            earlier=earlier_code(self.work.get(CaseService).events(case)),
            followers=found.followers,
            links=self.work.get(LinkService).of(case) if found.has_links else (),
            viewers=self.work.get(AuditService).recent_viewers(case.id, JUST_NOW)
            if found.has_viewers
            else (),
            neighbours=(found.before, found.after),
            names=names,
        )

    def rights(self, case: Case) -> Rights:
        """Return what the actor may do with a case."""
        cases, actor = self.work.get(CaseService), self.work.actor
        kind = cases.kind(case)
        referral = self.access.action_referral(case)
        works = referral is not None and self.access.may_act(case, kind.permission("work"))
        refers = referral is not None and self.access.may_act(case, kind.permission("refer"))
        mine = [one for one in self.access.referrals(case) if holds(actor, case, one)]
        return Rights(
            referral=referral,
            refer=refers,
            take=works
            and referral is not None
            and referral.taken_by_id is None
            and referral.to_user_id is None,
            release=works and referral is not None and referral.taken_by_id == actor.user_id,
            hand_over=refers,
            take_over=works and holder_id(referral) not in (None, actor.user_id),
            give_back=refers and referral is not None and referral.from_unit_id is not None,
            comment=cases.may_comment(case),
            work=self.access.can(case, "work"),
            correct=self.access.may_correct(case),
            contact=self.access.can(case, "contact"),
            identity=self.access.can(case, "identity"),
            asked=[
                AskedInquiry(id=one.id, unit=self.organization.unit_name(one.to_unit_id), text=one.note)
                for one in mine
                if one.type == "inquiry"
            ],
            copies=any(one.type == "copy" for one in mine),
        )

    def _identity(self, case: Case) -> Sequence[IdentityFact]:
        """Return the identity data of the case's person.

        They come from the kind, else from the verification of the person.
        """
        kind = self.work.get(CaseService).kind(case)
        if kind.identity is not None:
            return kind.identity(case, self.work)
        citizen = self.session.get(User, case.citizen_id) if case.citizen_id else None
        claim = self.work.get(VerificationService).own(citizen) if citizen else None
        return identity_facts(self.work.site, claim) if claim else ()

    def _author(self, case: Case) -> str:
        if case.source != "office":
            return ""
        return self.work.get(CaseService).events(case)[-1].actor_name

    def _category_path(self, case: Case) -> list[str]:
        return [category.name for category in self.organization.categories.path(case.category_id)]

    def _rule(self, case: Case) -> TranslationString | str:
        referrals = reversed(self.access.referrals(case))
        rule = next((one.rule for one in referrals if one.rule and not one.rule.startswith(ESCALATED)), "")
        if not rule.startswith("rule:"):
            return RULES.get(rule, "")
        key = rule.removeprefix("rule:")
        title = self.session.scalar(select(RoutingRule.title).where(RoutingRule.key == key))
        return title or key

    def _around(self, case: Case, people: Iterable[int | None]) -> Sequence[NamedRecord]:
        """Return a row for each of the people, at least one.

        Each has the same number of followers, whether there are links and viewers, which most cases lack, and the
        neighbours.
        """
        query = _around_query(self.work.actor.scope_key, self.work.site.engines.dialect)
        asked = {
            "case_id": case.id,
            "deadline": case.deadline,
            "people": [user_id for user_id in people if user_id],
            **viewers_parameters(self.work, JUST_NOW),
        }
        return self.session.execute(query, asked).all()


@lru_cache(maxsize=KEPT)
def _around_query(scope_key: Identity, dialect: str) -> Rows:
    case_id = bindparam("case_id", type_=BigId)
    followers = select(func.count()).select_from(Follower).where(Follower.case_id == case_id)
    links = select(CaseLink.id).where(or_(CaseLink.from_id == case_id, CaseLink.to_id == case_id))
    one_row = select(literal(1).label("one")).subquery()
    return select(
        followers.scalar_subquery().label("followers"),
        links.exists().label("has_links"),
        VIEWERS.exists().label("has_viewers"),
        *neighbour_columns(scope_key, dialect),
        User,
    ).join_from(one_row, User, User.id.in_(bindparam("people", expanding=True)), isouter=True)
