"""Cases, events and pictures as objects of the API."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, TypedDict, cast

from civicportal.core.db import NEVER
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.kinds import kind_of
from civicportal.domain.cases.models import Attachment, Case
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.workflow import Stage
from civicportal.domain.kartable.rows import holder_id
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.questionnaires.services import QuestionnaireService
from civicportal.util.i18n import _
from civicportal.web.rest.operations import Call


class NamedItem(TypedDict):
    """A thing with a key, and its name in the caller's language."""

    key: str
    name: str


class OfficerItem(TypedDict):
    """A member of staff."""

    id: int
    name: str


class CaseItem(TypedDict):
    """A case."""

    code: Annotated[str, _("The tracking code")]
    kind: str
    version: Annotated[int, _("Rises with every change; the ETag of the case")]
    subject: str
    body: str
    place: Annotated[str, _("The place in words")]
    category: NamedItem | None
    unit: Annotated[NamedItem | None, _("The unit that has it")]
    holder: Annotated[OfficerItem | None, _("Who has taken it in hand; only for staff")]
    status: str
    status_title: Annotated[str, _("The status in the caller's language")]
    stage: Stage
    urgent: bool
    public: Annotated[bool, _("Whether it is shown to everybody")]
    source: Annotated[str, _("How it came in")]
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    deadline: datetime | None
    paused: Annotated[bool, _("Whether its deadline waits for the citizen")]
    reopenings: int


class PictureItem(TypedDict):
    """A picture of a case."""

    key: str
    url: Annotated[str, _("Address of the file, below the host")]
    content_type: str
    width: int
    height: int
    purpose: Annotated[str, _("before or after the work")]
    public: bool


class AnswerItem(TypedDict):
    """An answer of a case to a question of its category."""

    question: Annotated[str, _("Key of the question")]
    label: Annotated[str, _("What was asked")]
    value: Annotated[object, _("A text, a number, a day or time, the key of a choice, or keys of choices")]
    text: Annotated[str, _("The answer in the caller's language")]


class WholeCase(CaseItem):
    """A case with what its list leaves out."""

    citizen: Annotated[str | None, _("Name of the citizen; only with the right to see it")]
    pictures: list[PictureItem]
    detail: Annotated[
        dict[str, object] | None, _("What this kind of case has besides, such as the place of a report")
    ]
    answers: Annotated[list[AnswerItem], _("Answers to the questions of its category")]


def case_items(call: Call, rows: Iterable[tuple[Case, Referral | None]]) -> list[CaseItem]:
    """Return cases as items of a list, in one statement.

    :param rows: cases with their open referrals, if they are known.
    """
    found = list(rows)
    is_staff = call.work.actor.is_staff
    holders = {case.id: holder_id(referral) if is_staff else None for case, referral in found}
    names = call.work.get(AccountService).names(holders.values())
    return [_item(call, case, person_item(holders[case.id], names)) for case, _referral in found]


def whole_case(call: Call, case: Case, pictures: Sequence[Attachment]) -> WholeCase:
    """Return one case.

    :param pictures: those that the caller may see.
    """
    actor, access = call.work.actor, call.work.get(AccessService)
    holder, citizen = None, case.citizen_id if actor.is_citizen else None
    if actor.is_staff:
        holder = holder_id(access.action_referral(case))
        citizen = case.citizen_id if access.can(case, "contact") else None
    names = call.work.get(AccountService).names((holder, citizen))
    read_detail = kind_of(call.work.site, case.kind).api_detail
    return {
        **_item(call, case, person_item(holder, names)),
        "citizen": names.get(citizen or 0) or None,
        "pictures": [picture_item(call, picture) for picture in pictures],
        "detail": dict(read_detail(case, call.work) or {}) or None if read_detail else None,
        "answers": [
            {"question": one.question.key, "label": one.label, "value": one.value, "text": one.words}
            for one in call.work.get(QuestionnaireService).of(case)
        ],
    }


def picture_item(call: Call, picture: Attachment) -> PictureItem:
    """Return a picture."""
    return {
        "key": picture.key,
        "url": call.link("attachments.show", key=picture.key),
        "content_type": picture.content_type,
        "width": picture.width,
        "height": picture.height,
        "purpose": picture.purpose,
        "public": picture.audience == "public",
    }


def person_item(user_id: int | None, names: Mapping[int, str]) -> OfficerItem | None:
    """Return a member of staff.

    :param names: by user id.
    """
    return {"id": user_id, "name": names.get(user_id, "")} if user_id else None


def named_unit(call: Call, unit_id: int | None) -> NamedItem | None:
    """Return a unit."""
    unit = call.work.get(OrganizationService).units.by_id.get(unit_id or 0)
    return {"key": unit.key, "name": unit.name} if unit else None


def _item(call: Call, case: Case, holder: OfficerItem | None) -> CaseItem:
    work = call.work
    organization, kind = work.get(OrganizationService), kind_of(work.site, case.kind)
    category = organization.categories.by_id.get(case.category_id or 0)
    state = kind.workflow.by_name.get(case.status)
    title = state.title if state and work.actor.is_staff else kind.public_status(case.status, own=True)
    return {
        "code": case.code,
        "kind": case.kind,
        "version": case.version,
        "subject": work.get(CaseService).subject(case),
        "body": case.body,
        "place": case.place,
        "category": {"key": category.key, "name": category.name} if category else None,
        "unit": named_unit(call, case.unit_id),
        "holder": holder,
        "status": case.status,
        "status_title": call.say(title),
        "stage": cast("Stage", case.stage),
        "urgent": case.urgent,
        "public": case.public,
        "source": case.source,
        "created_at": case.created_at,
        "updated_at": case.updated_at,
        "closed_at": case.closed_at,
        "deadline": None if case.deadline == NEVER else case.deadline,
        "paused": case.paused_at is not None,
        "reopenings": case.reopenings,
    }
