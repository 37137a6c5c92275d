"""Confirmation of referrals that would be unattended or unread."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from civicportal.domain.accounts.services import AccountService
from civicportal.domain.cases.kinds import kind_of
from civicportal.domain.cases.models import Case
from civicportal.domain.kartable.custody import CustodyService
from civicportal.domain.kartable.types import Addressee
from civicportal.domain.kartable.views import forms
from civicportal.domain.organization.services import OrganizationService
from civicportal.web.request import Request

if TYPE_CHECKING:
    from civicportal.core.work import Work


@dataclass(frozen=True, kw_only=True)
class Unread:
    """A copy or an inquiry that no one could read.

    :ivar type: "copy" or "inquiry".
    :ivar token: value of the checkbox that confirms this one only.
    """

    type: str
    unit: str
    token: str


@dataclass(frozen=True, kw_only=True)
class UnattendedUnits:
    """Cases of a referral that no member of the unit attends to.

    :ivar person: name of the person to whom they are sent; empty for the whole unit.
    :ivar unattended: the cases that would be unattended.
    :ivar head: the cases that the head would get.
    :ivar heads: names of the heads of the unit.
    :ivar topics: categories of all these cases, each once.
    :ivar token: value of the checkbox that confirms this referral only.
    """

    unit: str
    person: str
    unattended: Sequence[Case]
    head: Sequence[Case]
    heads: Sequence[str]
    topics: Sequence[str]
    token: str


def doubt(request: Request, work: "Work", cases: Sequence[Case], to: Addressee) -> UnattendedUnits | None:
    """Return what must be confirmed before a referral, if anything.

    :param to: ``unit_id`` and ``user_id`` of the recipient.
    """
    unit_id, user_id = to["unit_id"], to["user_id"]
    token = f"{unit_id}-{user_id or ''}"
    if token in request.POST.getall(forms.ANYWAY):
        return None
    custody, organization = work.get(CustodyService), work.get(OrganizationService)
    asked = [(case, custody.before(case.kind, case.category_id, unit_id, user_id)) for case in cases]
    unattended = [case for case, answer in asked if answer == "none"]
    head = [case for case, answer in asked if answer == "head"]
    if not unattended and not head:
        return None
    heads = custody.heads(unit_id) if head else []
    names = work.get(AccountService).names([*heads, user_id])
    topics = [
        organization.category_name(case.category_id) or kind_of(work.site, case.kind).title
        for case in (*unattended, *head)
    ]
    return UnattendedUnits(
        unit=organization.unit_name(unit_id),
        person=names.get(user_id or 0, ""),
        unattended=unattended,
        head=head,
        heads=[names[user_id] for user_id in heads if user_id in names],
        topics=list(dict.fromkeys(topics)),
        token=token,
    )


def unread(request: Request, work: "Work", case: Case, type_: str, to: Addressee) -> Unread | None:
    """Return what must be confirmed before a copy or an inquiry.

    It is None if anyone reads it or it is confirmed.
    """
    unit_id, user_id = to["unit_id"], to["user_id"]
    token = f"{type_}-{unit_id}"
    if request.POST.get(forms.ANYWAY) == token or work.get(CustodyService).is_read(case, unit_id, user_id):
        return None
    unit = work.get(OrganizationService).unit_name(unit_id)
    return Unread(type=type_, unit=unit, token=token)
